import { NeuriteError, ValueError } from '../errors.js';
import { describe, fieldOf, hasFields, REVOKED } from './describe.js';
import { type Remedies, remedyFor } from './foreignNames.js';

/**
 * Copies options. Each field is read once, so a getter or a later change has no effect. Unknown fields are rejected, so a typing error is
 * not ignored. Fields that are undefined are left out.
 *
 * @param also fields accepted with exactly this value, so that a description can be passed as options
 * @param remedies for names of other libraries, besides the usual ones
 * @throws ValueError with the known names, and the remedy for a name of another library
 */
export function checkOptions<T extends object>(
  call: string,
  options: T,
  known: readonly string[],
  also: Readonly<Record<PropertyKey, unknown>> = {},
  what = 'options',
  remedies: Remedies = {},
): T {
  if (!hasFields(options)) {
    throw new ValueError(`${call}: ${what} is ${describe(options)}, expected an object, such as { ${known[0] ?? Object.keys(also)[0]} }`);
  }
  try {
    const copy: Record<string, unknown> = {};
    for (const name of Reflect.ownKeys(options)) {
      if (Object.hasOwn(also, name) || (typeof name === 'string' && known.includes(name))) continue;
      const remedy = typeof name === 'string' ? remedyFor(name, known, remedies) : undefined;
      const names = known.length > 0 ? `expected ${known.join(', ')}` : 'expected none';
      throw new ValueError(
        `${call}: there is no option ${typeof name === 'symbol' ? String(name) : describe(name)}, ${names}${remedy ? `; ${remedy}` : ''}`,
      );
    }
    for (const name of known) {
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined) copy[name] = value;
    }
    for (const name of Reflect.ownKeys(also)) {
      const value = (options as Record<PropertyKey, unknown>)[name];
      const usual = also[name];
      if (value !== undefined && value !== usual) throw new ValueError(`${call}: ${String(name)} is ${describe(value)}, expected ${describe(usual)}`);
    }
    return copy as T;
  } catch (error) {
    if (error instanceof NeuriteError) throw error;
    const shown = describe(options);
    if (shown === REVOKED) throw new ValueError(`${call}: ${what} is ${shown}, expected an object`);
    throw new ValueError(`${call}: ${what} cannot be read: ${String(fieldOf(error, 'message') ?? 'a getter throws')}`);
  }
}
