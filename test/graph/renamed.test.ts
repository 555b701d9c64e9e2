/** Names of version 0.1 fail, and say what they are called now. */
import { amax, amin, dense, input, max, min, NeuriteError, step, ValueError } from 'neurite';
import { expect, test } from 'vitest';

const [x, y] = [input(3, 'x'), input(3, 'y')];

test.each<[string, () => unknown, string]>([
  ['amax', () => amax(x), 'amax is now called max'],
  ['amin', () => amin(x), 'amin is now called min'],
  ['step', () => step(x, 0.5), 'step is now called heaviside'],
  [
    'max of two',
    () => (max as (...nodes: unknown[]) => unknown)(x, y),
    'max: two nodes came, expected one; of two, element by element, it is maximum(a, b)',
  ],
  [
    'min of two',
    () => (min as (...nodes: unknown[]) => unknown)(x, y),
    'min: two nodes came, expected one; of two, element by element, it is minimum(a, b)',
  ],
])('%s', (_, call, message) => {
  expect(call).toThrow(NeuriteError);
  expect(call).toThrow(message);
});

test("the activation 'step'", () => {
  const call = () => dense(2, 'step' as never);
  expect(call).toThrow(ValueError);
  expect(call).toThrow('dense: activation is "step", expected \'heaviside\'');
});

test('a list of nodes may still be mapped', () => {
  expect([x, y].map(max).map((node) => node.shape.size)).toEqual([[1], [1]]);
});
