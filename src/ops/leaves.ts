import { NeuriteError } from '../errors.js';
import { fillInstruction } from '../graph/instruction.js';
import { type Attributes, type Float64Value, Node, type Op } from '../graph/node.js';
import { batch, elements, type Shape } from '../graph/shape.js';

/** An end of a graph: what comes from outside. It has no inputs, so its rules are never asked. */
/* @__NO_SIDE_EFFECTS__ */
export function leaf(name: string, more: Partial<Op> = {}): Op {
  return {
    name,
    inputs: 0,
    attributes: {},
    diagonal: true,
    shape: () => {
      throw new NeuriteError('GRAPH', `${name}: a leaf has no shape rule`);
    },
    backward: () => [],
    ...more,
  };
}

export const inputOp = leaf('input');
export const targetOp = leaf('target');
export const parameterOp = leaf('parameter');
export const stateOp = leaf('state');
export const constantOp = leaf('constant');
/** Elements that all have one value: the only leaf that a program makes itself. */
export const fillOp = leaf('fill', {
  attributes: { value: 'number', factors: 'factors' },
  kernel: (y) => [fillInstruction(y, y.attributes.value as number, y.attributes.factors as number)],
});

export const fillValue: Float64Value = {
  all: (node, _, rows) => new Float64Array(elements(node.shape) * (node.shape.batched ? rows : 1)).fill(node.attributes.value as number),
};

/** How a parameter starts: uniform on [low, high), normal(mean, deviation), or all one value. */
export type Initial =
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'constant'; readonly value: number };

/** The numbers of each kind of start. */
export const INITIALS: Readonly<Record<string, readonly string[]>> = { uniform: ['low', 'high'], normal: ['mean', 'deviation'], constant: ['value'] };

/** A parameter: trained, and kept by the network that uses it. */
export class Parameter extends Node {
  constructor(
    shape: Shape,
    readonly initial: Initial,
    name?: string,
  ) {
    super(parameterOp, [], shape, {}, name);
  }
}

/**
 * A state: kept by the network that uses it as a parameter is, and changed by training steps, but by no gradient. Running statistics are states.
 */
export class State extends Node {
  constructor(
    shape: Shape,
    readonly initial: Initial,
    name?: string,
  ) {
    super(stateOp, [], shape, {}, name);
  }
}

/** A tensor of fixed values, stored with the program. */
export class Constant extends Node {
  constructor(
    shape: Shape,
    readonly values: Float32Array,
  ) {
    super(constantOp, [], shape);
  }
}

/** A batch of `[rows, features]` that the caller gives. */
export function input(features: number, name = 'x'): Node {
  return new Node(inputOp, [], batch(features), {}, name);
}

/** The targets of a loss: values of the output's width, or (`classes`) one id a row. */
export function target(features: number, classes: boolean, name = 'y'): Node {
  return new Node(targetOp, [], batch(classes ? 1 : features), { classes }, name);
}

/** A tensor whose elements all are `value`, times the factors (`Factor`) known only when it runs. It costs nothing until something other than a product needs it. */
export function fill(shape: Shape, value: number, factors = 0): Node {
  return new Node(fillOp, [], shape, { value, factors });
}

/** The uniform value of a node, where it has one. */
export function uniformValue(node: Node): { value: number; factors: number } | undefined {
  if (node.op !== fillOp) return undefined;
  return node.attributes as Attributes & { value: number; factors: number };
}

/** What an op makes of one value repeated, or of its sum: one value again, for which no kernel runs. Undefined for any other node. */
export function repeatUniform(x: Node, shape: Shape, times = 1): Node | undefined {
  const u = uniformValue(x);
  return u && fill(shape, u.value * times, u.factors);
}
