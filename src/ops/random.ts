import { Opcode } from '../../assembly/opcodes.js';
import { ShapeError } from '../errors.js';
import { f32, rowsOf, tensor, word } from '../graph/instruction.js';
import { apply, type Node, type Op } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';

/** The elements of a key: two floats, whose bits are what is drawn with. */
export const KEY_SIZE = 2;

/* @__NO_SIDE_EFFECTS__ */
function randomOp(name: string, isNormal: boolean): Op {
  return {
    name,
    inputs: 2,
    attributes: { alpha: 'number', rate: 'number' },
    diagonal: false,
    shape([x, key]) {
      if (!x?.shape.batched || !key || key.shape.batched || elements(key.shape) !== KEY_SIZE)
        throw new ShapeError(`${name}: ${x} and ${key} came, expected a batch, and a key of ${KEY_SIZE} numbers`);
      return x.shape;
    },
    // What is drawn follows neither from x, whose shape it has, nor from the key as from a number.
    backward: () => [undefined, undefined],
    kernel: (y) => [
      {
        opcode: Opcode.Random,
        operands: {
          y: tensor(y),
          key: tensor(y.inputs[1]),
          rows: rowsOf(y.shape),
          features: word(features(y.shape)),
          kind: word(Number(isNormal)),
          alpha: f32(y.attributes.alpha as number),
          rate: f32(y.attributes.rate as number),
        },
        writes: ['y'],
        inPlace: [],
      },
    ],
  };
}

/** y = α with probability 1 − rate, else 0: drawn anew in each training step, of the key, the step and the place in the batch. */
export const randomMaskOp = /* @__PURE__ */ randomOp('randomMask', false);

/** y = α·n, n normal deviates: drawn in the same way. */
export const randomNormalOp = /* @__PURE__ */ randomOp('randomNormal', true);

/** A mask of x's shape: α with probability 1 − rate, else 0. */
export function randomMask(x: Node, key: Node, rate: number, alpha: number): Node {
  return apply(randomMaskOp, [x, key], { alpha, rate });
}

/** Normal deviates of x's shape, times a deviation. */
export function randomNormal(x: Node, key: Node, deviation: number): Node {
  return apply(randomNormalOp, [x, key], { alpha: deviation, rate: 0 });
}
