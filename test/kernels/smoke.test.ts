import { expect, test } from 'vitest';
import { Opcode } from '../../assembly/opcodes.js';
import { bits, builds, Machine } from './machine.js';

test.each(builds)('affine %s', (build) => {
  const m = new Machine(build);
  const x = m.tensor([1, 2, 3, 4, 5]);
  const y = m.tensor(5);
  m.run([Opcode.Affine, y, x, 5, bits(2), bits(1)]);
  expect([...m.read(y, 5)]).toEqual([3, 5, 7, 9, 11]);
});
