/** Ops that no table knows: each is one definition in this file, and works everywhere that the library's own do. */
import {
  constant,
  dense,
  fromJSON,
  input,
  load,
  meanSquaredError,
  type Node,
  named,
  network,
  parameter,
  save,
  sequential,
  sgd,
  toJSON,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { hvp, inputGradient, jacobian, jvp, vjp } from 'neurite/derivatives';
import { explain, summary, toMermaid, trace } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import { unaryInstruction } from '../../src/graph/instruction.js';
import { apply, type Op, shapeOfOnly } from '../../src/graph/node.js';
import { scale } from '../../src/ops/affine.js';
import { clip } from '../../src/ops/clip.js';
import { mul } from '../../src/ops/mul.js';
import { square } from '../../src/ops/square.js';
import { builds } from '../kernels/machine.js';

/** y = α·x³, composed of ops that have kernels, with rules of its own. */
const cubeOp: Op = {
  name: 'cube',
  inputs: 1,
  attributes: { alpha: 'number' },
  diagonal: true,
  shape: shapeOfOnly,
  backward: (y, dy) => [mul(dy, slope(y))],
  compose: ({ inputs: [x], attributes }) => scale(mul(square(x as Node), x as Node), attributes.alpha as number),
  constants: ({ attributes }) => `${attributes.alpha}·x³`,
};
const slope = ({ inputs: [x], attributes }: Node) => scale(square(x as Node), 3 * (attributes.alpha as number));
const cube = (x: Node, alpha = 0.25) => apply(cubeOp, [x], { alpha });

/** y = max(0, x)², by two instructions of the core. */
const rampOp: Op = {
  name: 'ramp',
  inputs: 1,
  attributes: {},
  diagonal: true,
  shape: shapeOfOnly,
  backward: (y, dy) => [mul(dy, rampSlope(y))],
  kernel: (y) => [unaryInstruction(Opcode.Relu, y, y.inputs[0] as Node, 0, 0), { ...unaryInstruction(Opcode.Square, y, y, 0, 0), inPlace: [] }],
  range: () => [0, Number.POSITIVE_INFINITY],
  value: { each: (x) => Math.max(x, 0) ** 2, side: (x) => Math.sign(x) },
};
/** y' = 2·max(0, x) = 2·√y. */
const rampSlope = ({ inputs: [x] }: Node) => scale(reluOf(x as Node), 2);
const reluOf = (x: Node) => mul(x, apply(signOp, [x]));
/** 1 where x > 0, else 0. */
const signOp: Op = {
  name: 'positive',
  inputs: 1,
  attributes: {},
  diagonal: true,
  shape: shapeOfOnly,
  backward: () => [undefined],
  kernel: (y) => [unaryInstruction(Opcode.Heaviside, y, y.inputs[0] as Node, 0, 0)],
  value: { each: (x) => Number(x > 0) },
};
const ramp = (x: Node) => apply(rampOp, [x]);

const definitions: [name: string, op: Op, f: (x: Node) => Node, value: (x: number) => number, slope: (x: number) => number][] = [
  ['composed', cubeOp, cube, (x) => 0.25 * x ** 3, (x) => 0.75 * x * x],
  ['with a kernel', rampOp, ramp, (x) => Math.max(x, 0) ** 2, (x) => 2 * Math.max(x, 0)],
];
const x = Float32Array.of(-1.5, 0.5, 2, -0.25, 1, 0.75);

describe.each(builds)("an op of one's own (%s)", (build) => {
  test.each(definitions)('%s: value and derivatives', (_, __, f, value, slope) => {
    const at = input(3);
    using net = network({ inputs: at, outputs: f(at), build });
    expect([...net.predict(x)]).toEqual(Array.from(x, (v) => expect.closeTo(value(v), 5)));
    const ones = new Float32Array(6).fill(1);
    const expected = Array.from(x, (v) => expect.closeTo(slope(v), 5));
    expect([...(vjp(net, x, ones).inputs[0] as Float32Array)]).toEqual(expected);
    expect([...jvp(net, x, { x: ones }).tangent]).toEqual(expected);
    expect(jacobian(net, x.subarray(0, 3))[4]).toBeCloseTo(slope(x[1] as number), 5);
  });

  test.each(definitions)('%s: trains, is evaluated, checked, traced, shown, saved and loaded', async (_, op, f, __, slope) => {
    const make = () =>
      sequential(3, [dense(6, f), dense(4, 'tanh'), dense(2, 'identity')], {
        loss: meanSquaredError(),
        optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
        seed: 3,
        build,
      });
    using net = make();
    const y = Float32Array.of(0.3, -0.2, 0.6, 0.1);
    const before = net.evaluate({ x, y }).loss;
    net.step(x, y);
    await net.fit({ x, y }, { epochs: 30, batchSize: 2 });
    expect(net.evaluate({ x, y }).loss).toBeLessThan(before / 2);

    const checked = checkGradients(net, x, y);
    expect(checked.passed, checked.toString()).toBe(true);
    expect(checked.slope ?? 2).toBeGreaterThan(1.9);
    expect(inputGradient(net, x, y)).toHaveLength(6);
    expect(hvp(net, x, y, new Float32Array(net.parameterCount).fill(0.1)).every(Number.isFinite)).toBe(true);

    const { z } = trace(net, x, y).layer('dense1');
    const seen = trace(net, x, y).slope('dense1', 'dense1.z');
    expect([...seen.values]).toEqual(Array.from(z.values, (v) => expect.closeTo(slope(v), 4)));
    expect(summary(net)).toContain('dense1');
    expect(explain(net)).not.toBe('');

    const file = save(net, { optimizerState: true });
    expect(() => load(file)).toThrow(
      `op is "${op.name}", expected an op that this version knows, or one whose definition is passed as { ops: [op] }`,
    );
    using loaded = load(file, { ops: [op] });
    expect(loaded.predict(x)).toEqual(net.predict(x));
    expect(Buffer.compare(save(loaded, { optimizerState: true }), file)).toBe(0);
    expect(loaded.step(x, y)).toBe(net.step(x, y));
    const text = JSON.stringify(toJSON(net));
    using fresh = fromJSON(text, { ops: [op] });
    expect(JSON.stringify(toJSON(fresh))).toBe(text);
  });
});

test('a diagram has its name and constants', () => {
  const at = input(2);
  using net = network({ inputs: at, outputs: named(cube(at, 0.5), 'wide') });
  expect(toMermaid(net)).toContain('wide<br>cube 0.5·x³');
});

test('two ops of one name stay two', () => {
  const at = input(2);
  const other: Op = { ...cubeOp, compose: ({ inputs: [node] }) => square(node as Node) };
  using net = network({ inputs: at, outputs: [cube(at, 1), apply(other, [at], { alpha: 1 })] });
  expect(net.predict([2, 3]).map((values) => [...values])).toEqual([
    [8, 27],
    [4, 9],
  ]);
  expect(() => save(net)).toThrow(/is made by an op that files have no word for, since another op is called 'cube'/);
});

test('what is composed wrongly is refused where it is compiled', () => {
  const at = input(2);
  const wrong = (compose: Op['compose']) => () =>
    network({ inputs: at, outputs: apply({ ...cubeOp, ...(compose && { compose }) }, [at]) }).predict([1, 2]);
  expect(wrong(() => parameter(2))).toThrow(/cube \[rows, 2\]: its op is composed to .*\[2\], expected the shape of its own rule/);
  expect(wrong(({ inputs: [node] }) => mul(node as Node, parameter(2)))).toThrow(
    /composed to something of parameter \[2\], expected its inputs only/,
  );
  expect(wrong(({ inputs: [node] }) => mul(node as Node, constant([1, 2])))).toThrow(
    /composed to something of constant \[2\], expected its inputs only/,
  );
  const { compose: _, ...without } = cubeOp;
  expect(() => network({ inputs: at, outputs: apply(without, [at]) }).predict([1, 2])).toThrow('no kernel makes cube [rows, 2]');
});

test('definitions that load is handed are checked before anything is read', () => {
  const none = new Uint8Array(3);
  const read = (ops: unknown) => () => load(none, { ops: ops as Op[] });
  expect(read(5)).toThrow('load: ops is 5, expected a list of definitions');
  expect(read([5])).toThrow('load: ops[0] is 5, expected the definition of an op');
  expect(read([{ ...cubeOp, shape: 1 }])).toThrow('expected the definition of an op');
  expect(read([{ ...cubeOp, name: 'tanh' }])).toThrow("load: ops[0] is called 'tanh', as another op is, expected a name of its own");
  expect(read([{ ...cubeOp, name: 'input' }])).toThrow("load: ops[0] is called 'input', as another op is");
  expect(read([cubeOp, { ...cubeOp }])).toThrow("load: ops[1] is called 'cube', as another op is");
  expect(() => fromJSON('{}', { ops: [null] as never })).toThrow('fromJSON: ops[0] is null, expected the definition of an op');
});

test('a backward rule that is no derivative, as one that clips what comes, has no derivatives forward', () => {
  const clippedOp: Op = { ...cubeOp, name: 'clipped', backward: (y, dy) => [clip(mul(dy, slope(y)), -0.1, 0.1)] };
  const x = input(2);
  const z = dense(2)(apply(clippedOp, [x], { alpha: 1 }));
  using net = network({ inputs: x, outputs: z, loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }) });
  expect(net.step([1, 2], [1, 2])).toBeGreaterThan(0);
  expect(() => jvp(net, [1, 2], { x: [1, 1] })).toThrow(
    'clipped: its backward rule is not linear in dy, so there are no derivatives forward through',
  );
});
