import { describe } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Inputs, Targets, Values, Weights } from '../arguments/values.js';
import { areIds, type GivenTargets, type ReadColumn, readBatchOf } from '../data/batch.js';
import type { Read } from '../data/values.js';
import { inputGradient, parameterGradient } from '../derivatives/loss.js';
import { ValueError } from '../errors.js';
import { type Node, topological } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { graph } from '../inspect/graph.js';
import { minimised } from '../losses/minimised.js';
import { targetForm, weightingOf } from '../losses/targetForm.js';
import type { MinimisedTerm } from '../losses/term.js';
import type { AnyNetwork, Network } from '../network/network.js';
import { internals } from '../network/network.js';
import { Constant, State } from '../ops/leaves.js';
import { forward, type Numbers, sidesOf } from './forward.js';

/** Options of `checkGradients`. */
export interface CheckOptions {
  /** How many entries are compared, drawn at random where there are more; `Infinity` for all. Default 200. */
  readonly entries?: number;
  /** The largest error that passes. Default 1e-4. */
  readonly tolerance?: number;
  /** Of what is drawn. Default 0. */
  readonly seed?: number;
  /** Weights of the rows or elements of y, as data sets have them. */
  readonly weight?: Weights;
}

/** One number of the gradient, as the network has it and as differences give it. */
export interface CheckedEntry {
  /** The parameter, as `parameterNames` calls it, or the input. */
  readonly name: string;
  /** Which of its numbers. */
  readonly index: number;
  /** ∂L/∂entry by the network. */
  readonly gradient: number;
  /** (L(entry + h) − L(entry − h)) / 2h in float64. */
  readonly difference: number;
  /** |gradient − difference| by the largest |difference| of its tensor (at least a thousandth of that of all). */
  readonly error: number;
}

/** What `checkGradients` found. */
export class GradientCheck {
  constructor(
    /** The entry with the largest error. */
    readonly worst: CheckedEntry,
    /** How many entries were compared. */
    readonly entries: number,
    /** The steps h of the Taylor expansion, 2⁻⁴ … 2⁻¹⁰. */
    readonly steps: readonly number[],
    /** |L(p + h·d) − L(p) − h·⟨gradient, d⟩| for each h, the largest of several directions d. */
    readonly remainders: readonly number[],
    /** The slope of log remainder over log h: about 2 for a right gradient, 1 for a wrong one. Undefined where the loss is linear along d, or nowhere smooth. */
    readonly slope: number | undefined,
    /** How often a point within 4h of a kink was drawn again. */
    readonly redrawn: number,
    readonly tolerance: number,
  ) {}

  /** Whether every compared entry is within the tolerance. */
  get passed(): boolean {
    return this.worst.error <= this.tolerance;
  }

  toString(): string {
    const { name, index, gradient, difference, error } = this.worst;
    return [
      `${this.passed ? 'passed' : 'FAILED'}: ${this.entries} entries, the worst ${name}[${index}] with error ${error.toExponential(1)} (at most ${this.tolerance})`,
      `  gradient ${gradient}, central difference ${difference}`,
      `  Taylor remainder falls with h^${this.slope === undefined ? '? (no curvature to see)' : this.slope.toFixed(2)}; ${this.redrawn} points near a kink drawn again`,
    ].join('\n');
  }
}

/** h = 2⁻⁴ … 2⁻¹⁰. */
const STEPS = [4, 5, 6, 7, 8, 9, 10].map((n) => 2 ** -n);

/** The step of a central difference for a number of order 1: the cube root of the rounding error, where that and the curvature weigh the same. */
const DIFFERENCE_STEP = Math.cbrt(2 ** -52);

/** Directions of the Taylor expansion: at a single one the curvature may happen to vanish. */
const DIRECTIONS = 4;

/** How often a point is drawn again before it is taken as it is. */
const REDRAWS = 200;

/** A tensor whose gradient is checked: a parameter or an input. */
interface Checked {
  readonly name: string;
  readonly node: Node;
  /** Where it begins in the run of all checked numbers. */
  readonly offset: number;
  readonly length: number;
}

/** xorshift32: numbers in [−1, 1). */
function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

/** The numbers of a state as they are. */
function valuesOf(net: AnyNetwork, state: State): Float32Array {
  const { engine } = internals('checkGradients', net);
  return engine.viewValues(state);
}

/** The loss of a network in float64, at any point near its own: parameters and inputs one behind the other. */
class Float64Loss {
  readonly tensors: Checked[] = [];
  readonly rows: number;
  readonly length: number;
  readonly #order: Node[];
  readonly #terms: readonly MinimisedTerm[];
  readonly #xs: readonly Read[];
  /** Targets and weights. */
  readonly #leaves = new Map<Node, Float64Array>();

  constructor(
    readonly net: AnyNetwork,
    readonly x: unknown,
    readonly given: GivenTargets,
  ) {
    const { engine } = internals('checkGradients', net);
    const { inputs } = graph(net);
    const { rows, columns, forms } = readBatchOf('checkGradients', engine, x, given);
    // Class ids stand as rows of 0 and 1.
    this.#terms = minimised(
      engine,
      forms.map((form) => targetForm(false, weightingOf(form))),
    );
    this.#order = topological([...inputs, ...this.#terms.map(({ node }) => node)]);
    this.rows = rows;
    this.#xs = columns.slice(0, inputs.length).map(({ values }) => values as Read);
    const weights = columns.slice(inputs.length + forms.length);
    forms.forEach((form, i) => {
      const { target, weight } = this.#terms[i] as MinimisedTerm;
      const { values } = columns[inputs.length + i] as ReadColumn;
      this.#leaves.set(target as Node, areIds(values) ? oneHot(values, features((target as Node).shape)) : numbersOf(values));
      if (weightingOf(form)) this.#leaves.set(weight as Node, numbersOf((weights.shift() as ReadColumn).values as Read));
    });
    let offset = 0;
    const names = net.parameterNames;
    const add = (name: string, node: Node) => {
      const length = elements(node.shape) * (node.shape.batched ? this.rows : 1);
      this.tensors.push({ name, node, offset, length });
      offset += length;
    };
    graph(net).parameters.forEach((node, i) => add(names[i] as string, node));
    inputs.forEach((node, i) => {
      // Ids have no derivative.
      if (engine.ids?.[i]) this.#leaves.set(node, numbersOf(this.#xs[i] as Read));
      else add(node.name ?? `x[${i}]`, node);
    });
    this.length = offset;
  }

  /** The point where the network is. */
  point(): Float64Array {
    const p = new Float64Array(this.length);
    p.set(this.net.parameters);
    graph(this.net).inputs.forEach((node, i) => {
      const tensor = this.tensors.find((one) => one.node === node);
      if (tensor) p.set(new Float32Array((this.#xs[i] as Read).values), tensor.offset);
    });
    return p;
  }

  /** The inputs at a point. */
  inputsAt(point: Float64Array): Float32Array[] {
    return graph(this.net).inputs.map((node, i) => {
      const tensor = this.tensors.find((one) => one.node === node);
      return tensor ? new Float32Array(point.subarray(tensor.offset, tensor.offset + tensor.length)) : new Float32Array((this.#xs[i] as Read).values);
    });
  }

  #values(point: Float64Array): Map<Node, Numbers> {
    const leaves = new Map<Node, ArrayLike<number>>(this.#leaves);
    for (const { node, offset, length } of this.tensors) leaves.set(node, point.subarray(offset, offset + length));
    for (const node of this.#order) {
      if (node instanceof Constant) leaves.set(node, node.values);
      else if (node instanceof State) leaves.set(node, valuesOf(this.net, node));
    }
    return forward(this.#order, leaves, this.rows);
  }

  /** The reduced loss. */
  at(point: Float64Array): number {
    const values = this.#values(point);
    return this.#terms.reduce((total, { node, scale, mean }) => {
      const sum = (values.get(node) as Numbers).reduce((a, b) => a + b, 0);
      return total + (scale * sum) / (mean ? this.rows : 1);
    }, 0);
  }

  /** On which side of every kink a point lies. */
  sides(point: Float64Array): number[] {
    return sidesOf(this.#order, this.#values(point), this.rows);
  }
}

/** Numbers as the network takes them, in float32. */
function numbersOf({ values }: Read): Float64Array {
  return new Float64Array(new Float32Array(values));
}

function oneHot(ids: Uint32Array, width: number): Float64Array {
  return Float64Array.from({ length: ids.length * width }, (_, i) => Number(ids[Math.floor(i / width)] === i % width));
}

const same = (a: readonly number[], b: readonly number[]) => a.every((v, i) => v === b[i]);

/** p + h·d. */
function moved(p: Float64Array, h: number, d: Float64Array): Float64Array {
  return p.map((v, i) => v + h * (d[i] as number));
}

/**
 * Checks a network's gradients, to its parameters and its inputs, against central differences of its loss in float64, and by the remainder
 * of the Taylor expansion: a right gradient leaves a remainder that falls with h², a wrong one with h.
 *
 * Differences say nothing across a kink (of relu, abs, clip, max …): where one lies within 4h, inputs are moved a little and all is
 * compared there; the Taylor expansion is along another direction. Changes nothing of the network but the gradients of its last batch.
 *
 * @param net a network with a loss
 * @param x inputs, a list of them where there are several
 * @param y targets, a list of them where there are several losses
 * @throws what `net.gradient(x, y)` throws, as `checkGradients`
 */
export function checkGradients<In extends number, Out extends number>(
  net: Network<AnyTargets, In, Out>,
  x: Inputs<In>,
  y: Targets | readonly Targets[],
  options: CheckOptions = {},
): GradientCheck {
  const { entries = 200, tolerance = 1e-4, seed = 0, weight } = checkOptions('checkGradients', options, ['entries', 'tolerance', 'seed', 'weight']);
  internals('checkGradients', net as AnyNetwork)
    .idle('checkGradients')
    .need('checkGradients', 'loss');
  if (!(typeof entries === 'number' && entries >= 1)) throw new ValueError(`checkGradients: entries is ${describe(entries)}, expected a number ≥ 1`);
  if (!(typeof tolerance === 'number' && tolerance >= 0))
    throw new ValueError(`checkGradients: tolerance is ${describe(tolerance)}, expected a number ≥ 0`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw new ValueError(`checkGradients: seed is ${describe(seed)}, expected a whole number from 0 to 4294967295`);
  const loss = new Float64Loss(net as AnyNetwork, x, { y, weight });
  // What is not finite is found before anything is compared.
  net.gradient(x, y, weight === undefined ? undefined : { weight });
  const next = generator(seed);
  const chosen = choose(loss.length, entries, next);
  let point = loss.point();
  let redrawn = 0;
  while (redrawn < REDRAWS && nearKink(loss, point, chosen)) {
    point = redraw(loss, next);
    redrawn++;
  }
  const gradient = gradientAt(loss, point);
  const worst = worstEntry(loss, point, gradient, chosen);
  const taylor = expansion(loss, point, gradient, next);
  return new GradientCheck(worst, chosen.length, STEPS, taylor.remainders, taylor.slope, redrawn + taylor.redrawn, tolerance);
}

/** Which entries are compared: all, or as many as wanted, each once. */
function choose(length: number, wanted: number, next: () => number): number[] {
  if (wanted >= length) return Array.from({ length }, (_, i) => i);
  const chosen = new Set<number>();
  while (chosen.size < wanted) chosen.add(Math.floor(((next() + 1) / 2) * length));
  return [...chosen].sort((a, b) => a - b);
}

function stepOf(value: number): number {
  return DIFFERENCE_STEP * Math.max(1, Math.abs(value));
}

/** Whether a kink lies within 4h of a point, along any of the entries. */
function nearKink(loss: Float64Loss, point: Float64Array, chosen: readonly number[]): boolean {
  const here = loss.sides(point);
  if (here.length === 0) return false;
  return chosen.some((i) => {
    const value = point[i] as number;
    return [-4, 4].some((times) => {
      point[i] = value + times * stepOf(value);
      const there = loss.sides(point);
      point[i] = value;
      return !same(here, there);
    });
  });
}

/** A point with other inputs, a thousandth away; as the network takes them, in float32. */
function redraw(loss: Float64Loss, next: () => number): Float64Array {
  const point = loss.point();
  for (const { node, offset, length } of loss.tensors) {
    if (!node.shape.batched) continue;
    for (let i = offset; i < offset + length; i++)
      point[i] = Math.fround((point[i] as number) + 1e-3 * next() * Math.max(1, Math.abs(point[i] as number)));
  }
  return point;
}

/** The network's gradient, to parameters and inputs, where its inputs are those of a point. */
function gradientAt(loss: Float64Loss, point: Float64Array): Float64Array {
  const { net, tensors, given } = loss;
  const y = given.y as AnyTargets;
  const options = given.weight === undefined ? undefined : { weight: given.weight as Weights };
  const xs = loss.inputsAt(point);
  const x = (xs.length === 1 ? xs[0] : xs) as readonly Values[];
  const gradient = new Float64Array(loss.length);
  const dx = inputGradient(net, x, y, options);
  graph(net).inputs.forEach((node, i) => {
    const tensor = tensors.find((one) => one.node === node);
    if (tensor) gradient.set(xs.length === 1 ? (dx as Float32Array) : ((dx as Float32Array[])[i] as Float32Array), tensor.offset);
  });
  if (hasModes(internals('checkGradients', net).engine)) {
    // What is differentiated here is what predictions run.
    gradient.set(parameterGradient(net, x, y, options));
  } else {
    net.gradient(x, y, options);
    gradient.set(net.gradients);
  }
  return gradient;
}

function worstEntry(loss: Float64Loss, point: Float64Array, gradient: Float64Array, chosen: readonly number[]): CheckedEntry {
  const differences = chosen.map((i) => {
    const value = point[i] as number;
    const h = stepOf(value);
    point[i] = value + h;
    const above = loss.at(point);
    const right = point[i] as number;
    point[i] = value - h;
    const difference = (above - loss.at(point)) / (right - (point[i] as number));
    point[i] = value;
    return difference;
  });
  const tensorOf = (i: number) => loss.tensors.find(({ offset, length }) => i < offset + length) as Checked;
  const largest = (list: readonly number[]) => list.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const all = largest(differences);
  const sizes = new Map(
    loss.tensors.map((tensor) => [tensor, Math.max(largest(differences.filter((_, k) => tensorOf(chosen[k] as number) === tensor)), all * 1e-3)]),
  );
  const compared = chosen.map((i, k): CheckedEntry => {
    const tensor = tensorOf(i);
    const difference = differences[k] as number;
    const distance = Math.abs((gradient[i] as number) - difference);
    const error = distance === 0 ? 0 : distance / (sizes.get(tensor) as number);
    return {
      name: tensor.name,
      index: i - tensor.offset,
      gradient: gradient[i] as number,
      difference,
      error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error,
    };
  });
  return compared.reduce((worst, entry) => (entry.error > worst.error ? entry : worst));
}

/** The remainders of the Taylor expansion along random directions, and how fast they fall. */
function expansion(
  loss: Float64Loss,
  point: Float64Array,
  gradient: Float64Array,
  next: () => number,
): { remainders: number[]; slope: number | undefined; redrawn: number } {
  const start = loss.at(point);
  const here = loss.sides(point);
  const farthest = 4 * (STEPS[0] as number);
  const remainders = STEPS.map(() => 0);
  let redrawn = 0;
  let rounding = 0;
  for (let i = 0; i < DIRECTIONS; i++) {
    let moving = loss.length;
    let d = direction(loss.length, moving, next);
    let tries = 0;
    const crosses = () => here.length > 0 && [-farthest, farthest].some((h) => !same(here, loss.sides(moved(point, h, d))));
    while (tries < REDRAWS && crosses()) {
      tries++;
      // Many numbers that move at once pass some kink; fewer may not.
      if (tries % 4 === 0) moving = Math.max(1, moving >> 1);
      d = direction(loss.length, moving, next);
    }
    redrawn += tries;
    if (tries === REDRAWS) continue;
    const along = gradient.reduce((total, g, k) => total + g * (d[k] as number), 0);
    const size = gradient.reduce((total, g, k) => total + Math.abs(g * (d[k] as number)), 0);
    STEPS.forEach((h, k) => {
      remainders[k] = Math.max(remainders[k] as number, Math.abs(loss.at(moved(point, h, d)) - start - h * along));
    });
    rounding = Math.max(rounding, size * 2 ** -20);
  }
  // What float32 leaves of a gradient makes a remainder of its own, proportional to h.
  const curved = (remainders[0] as number) > 16 * rounding * (STEPS[0] as number);
  return { remainders, slope: curved ? slopeOf(remainders) : undefined, redrawn };
}

/** A direction with `moving` numbers in [−1, 1) and the rest 0. */
function direction(length: number, moving: number, next: () => number): Float64Array {
  const d = new Float64Array(length);
  if (moving >= length) return d.map(next);
  for (let i = 0; i < moving; i++) d[Math.floor(((next() + 1) / 2) * length)] = next();
  return d;
}

/** The slope of log remainder over log h, by least squares. */
function slopeOf(remainders: readonly number[]): number {
  const middle = (remainders.length - 1) / 2;
  let [xy, xx] = [0, 0];
  remainders.forEach((r, i) => {
    xy -= (i - middle) * Math.log2(r);
    xx += (i - middle) ** 2;
  });
  return xy / xx;
}

/** Whether training steps run another graph than predictions. */
function hasModes(engine: ReturnType<typeof internals>['engine']): boolean {
  return [...engine.graph.outputs, ...engine.penalties].some((node) => engine.inMode('training', node) !== engine.inMode('prediction', node));
}
