/** States of optimizers that no training leaves: refused wherever they come from, before anything changes. */
import {
  adagrad,
  adam,
  adamW,
  checkpoint,
  dense,
  FileError,
  load,
  meanSquaredError,
  nadam,
  optimizerState,
  reduceOnPlateau,
  restore,
  rmsProp,
  save,
  sequential,
  setOptimizerState,
  ValueError,
} from 'neurite';
import { describe, expect, test } from 'vitest';

const made = (optimizer: ReturnType<typeof adam>) =>
  sequential(2, [dense(3, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer: optimizer as never, build: 'simd' });

describe.each([
  ['adam', adam(), 'v'],
  ['adamW', adamW(), 'v'],
  ['nadam', nadam(), 'v'],
  ['rmsProp', rmsProp(), 'squares'],
  ['adagrad', adagrad({ learningRateDecay: 0.1 }), 'sum'],
] as const)('%s', (name, optimizer, slot) => {
  test('refuses squares below 0', () => {
    using net = made(optimizer as never);
    net.step([1, 2], [3]);
    const state = optimizerState(net);
    const values = state.slots[slot]?.slice() as Float32Array<ArrayBuffer>;
    values[4] = -1;
    expect(() => setOptimizerState(net, { ...state, slots: { ...state.slots, [slot]: values } })).toThrow(ValueError);
    expect(() => setOptimizerState(net, { ...state, slots: { ...state.slots, [slot]: values } })).toThrow(`${slot}[4] is -1, expected a number ≥ 0`);
    expect(optimizerState(net)).toEqual(state);
    for (const [write, read] of [
      [() => save(net, { optimizerState: true }), load],
      [() => checkpoint(net), restore],
      [() => checkpoint(net), (bytes: Uint8Array) => restore(bytes, { into: net })],
    ] as const) {
      const bytes = write();
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      const header = Number(view.getBigUint64(0, true));
      const entry = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + header)))[`optimizer.${slot}`];
      view.setFloat32(8 + header + entry.data_offsets[0] + 16, -1, true);
      expect(() => read(bytes)).toThrow(FileError);
      expect(() => read(bytes)).toThrow(/number 4 of the tensor "optimizer\.\w+" is -1, expected numbers ≥ 0/);
    }
    expect(optimizerState(net)).toEqual(state);
  });

  test('refuses powers out of their range', () => {
    using net = made(optimizer as never);
    net.step([1, 2], [3]);
    const state = optimizerState(net);
    for (const power of name === 'adagrad' ? [-1] : [-0.5, 2]) {
      const powers = [power, ...state.powers.slice(1)];
      expect(() => setOptimizerState(net, { ...state, powers })).toThrow(`powers[0] is ${power}, expected a number from 0 to`);
    }
    expect(optimizerState(net)).toEqual(state);
  });
});

test('reduceOnPlateau refuses to observe what is no epoch', () => {
  for (const end of [undefined, null, 3]) {
    expect(() => reduceOnPlateau(0.1).observe?.(end as never)).toThrow(ValueError);
    expect(() => reduceOnPlateau(0.1, { monitor: () => 1 }).observe?.(end as never)).toThrow(/observe: end is/);
  }
});
