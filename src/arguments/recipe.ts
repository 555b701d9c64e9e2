/** What a value was made by: a name of neurite's, with the arguments of a maker. A worker makes it again from that. */
export type Recipe = readonly [name: string, ...args: readonly unknown[]];

// Of all copies of neurite in a realm: a CommonJS and an ES module one know each other's.
const RECIPE = /* @__PURE__ */ Symbol.for('neurite.recipe');

/** Notes on a value what it was made by. @returns the value */
export function made<T extends object>(recipe: Recipe, value: T): T {
  return Object.defineProperty(value, RECIPE, { value: recipe });
}

/** What a value was made by; undefined for one of the caller's own. */
export function recipeOf(value: unknown): Recipe | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, RECIPE)?.value as Recipe | undefined;
}
