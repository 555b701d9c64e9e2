import { isNumericArray, type NumericArray } from '../arguments/arrays.js';
import { describe, isList } from '../arguments/describe.js';
import { checkOptions } from '../arguments/options.js';
import { checkSize } from '../arguments/size.js';
import { ShapeError, ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { elements, matrix, type Shape, vector } from '../graph/shape.js';
import { Constant, input as inputNode, Parameter, State } from '../ops/leaves.js';
import { glorotUniform, type Initializer, zeros } from './initializers.js';
import { initialOf } from './initialOf.js';

/** A length, or rows and columns. */
export type Size = number | readonly [number, number];

function shapeOf(call: string, size: Size): Shape {
  if (typeof size === 'number') {
    checkSize(call, 'the length', size);
    return vector(size);
  }
  if (!isList(size) || size.length !== 2) throw new ShapeError(`${call}: size is ${describe(size)}, expected a length n, or [m, n]`);
  const [m, n] = size as readonly [number, number];
  checkSize(call, 'the number of rows', m);
  checkSize(call, 'the number of columns', n);
  return matrix(m, n);
}

function checkName(call: string, name: unknown): void {
  if (name !== undefined && typeof name !== 'string') throw new ValueError(`${call}: name is ${describe(name)}, expected a string`);
}

/** An input of a graph: a batch `[rows, features]` that the caller passes. */
export function input(features: number, name?: string): Node {
  checkSize('input', 'features', features);
  checkName('input', name);
  return inputNode(features, name);
}

/**
 * A free parameter: a vector `[n]`, which meets a batch on each of its rows, or a matrix `[m, n]` for `matmul`.
 * @param options.init how it starts, from n and m as fan-in and fan-out. Default `glorotUniform`
 */
export function parameter(size: Size, options: { readonly init?: Initializer; readonly name?: string } = {}): Node {
  const { init = glorotUniform, name } = checkOptions('parameter', options, ['init', 'name']);
  if (typeof init !== 'function')
    throw new ValueError(`parameter: init is ${describe(init)}, expected an initializer, such as heUniform or constantInit(0)`);
  checkName('parameter', name);
  const shape = shapeOf('parameter', size);
  const [fanOut, fanIn] = shape.size.length === 2 ? (shape.size as [number, number]) : [1, shape.size[0] as number];
  return new Parameter(shape, initialOf('parameter', init, fanIn, fanOut), name);
}

/**
 * A state: a vector `[n]` or a matrix `[m, n]` that belongs to the model and to its file and that no gradient changes. A layer says in its `updates`
 * what a training step leaves in it. Running statistics are states.
 * @param options.init how it starts. Default `zeros`
 */
export function state(size: Size, options: { readonly init?: Initializer; readonly name?: string } = {}): Node {
  const { init = zeros, name } = checkOptions('state', options, ['init', 'name']);
  if (typeof init !== 'function') throw new ValueError(`state: init is ${describe(init)}, expected an initializer, such as zeros or constantInit(1)`);
  checkName('state', name);
  const shape = shapeOf('state', size);
  const [fanOut, fanIn] = shape.size.length === 2 ? (shape.size as [number, number]) : [1, shape.size[0] as number];
  return new State(shape, initialOf('state', init, fanIn, fanOut), name);
}

/** Fixed numbers: a vector, or a matrix given row by row with its size. */
export function constant(values: NumericArray | readonly number[] | number, size?: Size): Node {
  const list = typeof values === 'number' ? [values] : values;
  if (!isNumericArray(list) && !(isList(list) && Array.from(list).every((v) => typeof v === 'number'))) {
    throw new ValueError(`constant: values is ${describe(values)}, expected a number, an array of numbers or a typed array`);
  }
  const shape = shapeOf('constant', size ?? list.length);
  if (elements(shape) !== list.length)
    throw new ShapeError(`constant: ${list.length} numbers came for a size of ${elements(shape)}, expected as many`);
  return new Constant(shape, Float32Array.from(list as ArrayLike<number>));
}
