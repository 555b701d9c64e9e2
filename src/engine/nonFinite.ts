import { gradients } from '../compile/differentiate.js';
import type { Recipe } from '../compile/program.js';
import type { NonFiniteValue } from '../errors.js';
import { nameNodes } from '../graph/names.js';
import { dependents, type Node, topological } from '../graph/node.js';
import { elements, features, formatShape, sameShape } from '../graph/shape.js';
import { dataOf } from '../losses/networkLoss.js';
import type { TargetForm } from '../losses/targetForm.js';
import { constantOp, Parameter } from '../ops/leaves.js';
import type { Engine } from './engine.js';
import type { LoadedProgram } from './loadedProgram.js';

/** A program that keeps every value of a graph, and the nodes it keeps, in the order of computation. */
interface Search {
  readonly forward: readonly Node[];
  /** ∂L/∂node of the nodes that depend on parameters, the loss's first. */
  readonly backward: readonly { readonly node: Node; readonly gradient: Node }[];
  /** Nodes in which an infinity is reported as well as a NaN: what the caller gets. */
  readonly results: ReadonlySet<Node>;
}

const searches = new WeakMap<Recipe, Search>();

/** The program of a search: no fusion, no shared memory. With targets it includes the gradient of the loss. */
export function searchProgram(engine: Engine, rows: number, forms: readonly TargetForm[], withTargets: boolean): LoadedProgram {
  const key = `nonFinite:${withTargets ? forms : 'forward'}`;
  return engine.derived(key, rows, () => {
    const mode = withTargets ? 'training' : 'prediction';
    const { inputs } = engine.graph;
    const outputs = engine.graph.outputs.map((node) => engine.inMode(mode, node));
    const losses = withTargets ? engine.lossNodes('debug', forms, mode) : [];
    const terms = withTargets ? engine.terms(losses, mode) : [];
    const lossRows = terms.map((term) => term.rows);
    const order = topological([...outputs, ...lossRows]);
    const trained = dependents(order, engine.parameters);
    const backwards = order.filter((node) => trained.has(node)).reverse();
    const found = gradients(withTargets ? engine.seeds(losses, 0, mode) : [], backwards);
    const backward = backwards.flatMap((node, i) => {
      const gradient = found[i];
      return gradient ? [{ node, gradient }] : [];
    });
    const made = [...order, ...backward.map(({ gradient }) => gradient)].filter((node) => node.inputs.length > 0 || node.op.kernel);
    const recipe: Recipe = {
      roots: made,
      inputs: [...inputs, ...dataOf(losses)],
      outputs: made,
      places: engine.places,
      fuse: false,
      share: false,
    };
    const parameterGradients = backward.filter(({ node }) => node instanceof Parameter).map(({ gradient }) => gradient);
    searches.set(recipe, { forward: order, backward, results: new Set([...outputs, ...lossRows, ...parameterGradients]) });
    return recipe;
  });
}

/** Copies the inputs of a program for a search. Call it before anything else runs in the same workspace. */
export function inputsOf(engine: Engine, program: LoadedProgram, rows: number): Float32Array[] {
  return program.recipe.inputs.map((node, i) => {
    const at = program.inputIndex(i);
    return engine.core.f32.slice(at, at + rows * features(node.shape));
  });
}

/**
 * Runs a search whose inputs are written, and finds the first value that is NaN or infinite, in the order of computation. Undefined where no
 * value is NaN and no output, loss or gradient of a parameter is infinite: an infinity that vanishes on the way, such as a mask's, is valid.
 */
export function findNonFinite(engine: Engine, program: LoadedProgram, rows: number, names: ReadonlyMap<Node, string>): NonFiniteValue | undefined {
  program.run(rows);
  const { forward, backward, results } = searches.get(program.recipe) as Search;
  const { f32 } = engine.core;
  const values = (node: Node) => {
    const at = program.indexOf(node);
    return f32.subarray(at, at + elements(node.shape) * (node.shape.batched ? rows : 1));
  };
  const nameOf = nameNodes(forward, names);
  let first: NonFiniteValue | undefined;
  let worth = false;
  const look = (node: Node, name: string, beside: readonly { name: string; node: Node }[]) => {
    // Class ids are whole numbers, not floats; constants are as the user wants them.
    if (node.attributes.classes || node.op === constantOp) return;
    const of = values(node);
    const index = of.findIndex((v) => !Number.isFinite(v));
    if (index < 0) return;
    worth ||= results.has(node) || of.some(Number.isNaN);
    if (first) return;
    const width = features(node.shape);
    const inputs = beside.flatMap(({ name, node: x }) => {
      return node.op.diagonal && sameShape(x.shape, node.shape) ? [{ name, value: values(x)[index] as number }] : [];
    });
    const row = node.shape.batched ? Math.floor(index / width) : undefined;
    first = { name, shape: formatShape(node.shape), value: of[index] as number, row, index: row === undefined ? index : index % width, inputs };
  };
  for (const node of forward) {
    look(
      node,
      nameOf.get(node) as string,
      node.inputs.map((x) => ({ name: nameOf.get(x) as string, node: x })),
    );
  }
  for (const { node, gradient } of backward) {
    const name = nameOf.get(node) as string;
    look(gradient, `∂L/∂${name}`, [{ name, node }]);
  }
  return worth ? first : undefined;
}
