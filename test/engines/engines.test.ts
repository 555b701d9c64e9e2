import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readSafetensors, save } from 'neurite';
import { describe, expect, test } from 'vitest';
import { differences } from './differences.mjs';
import { STEPS, TRAININGS } from './networks.js';
import { canonicalBytes, program, type Trained } from './program.js';
import { sha256 } from './sha256.js';

const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Trained;

describe('golden hashes', () => {
  test('are there for each training and step', () => {
    expect(Object.keys(golden)).toEqual(Object.keys(TRAININGS));
    for (const steps of Object.values(golden)) expect(Object.keys(steps)).toEqual(STEPS.map(String));
    // A training that stands still, or one that is another under a new name, would compare nothing.
    const all = Object.values(golden).flatMap((steps) => Object.values(steps).flatMap(({ parameters, optimizer }) => [parameters, optimizer]));
    expect(new Set(all).size).toBe(all.length);
  });

  test('are what this Node comes to in the first steps; npm run test:engines trains on, in every engine', async () => {
    const few = STEPS.filter((step) => step <= 10);
    const trained = await program(few);
    const first = Object.fromEntries(
      Object.entries(golden).map(([name, steps]) => [name, Object.fromEntries(few.map((step) => [step, steps[step]]))]),
    );
    expect(trained).toEqual(first);
  });

  test('a training in parts is one training', async () => {
    expect((await program([3, 10]))['residual, Adam, cosine']?.[10]).toEqual(golden['residual, Adam, cosine']?.[10]);
  });
});

describe('trainings', () => {
  test.each(Object.entries(TRAININGS))('%s moves, and its parameters stay finite', async (_, make) => {
    const { net, train } = make();
    await train(0, 1);
    const first = readSafetensors(save(net));
    await train(1, 50);
    const later = readSafetensors(save(net));
    const values = Object.values(later).flatMap(({ data }) => Array.from(data as Float32Array));
    expect(values.length).toBeGreaterThan(0);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(later).not.toEqual(first);
    net.dispose();
  });
});

describe('sha256', () => {
  test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])('%i bytes have the hash that Node gives', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 255);
    expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});

describe('canonicalBytes', () => {
  test('has one NaN, and tells the two zeros apart', () => {
    const other = new Float32Array(Uint32Array.of(0xffc00001).buffer);
    expect(canonicalBytes(other)).toEqual(canonicalBytes(Float32Array.of(Number.NaN)));
    const wide = new Float64Array(BigUint64Array.of(0xfff8000000000001n).buffer);
    expect(canonicalBytes(wide)).toEqual(canonicalBytes(Float64Array.of(Number.NaN)));
    expect(canonicalBytes(Float32Array.of(-0))).not.toEqual(canonicalBytes(Float32Array.of(0)));
  });
});

describe('differences', () => {
  const hashes = { parameters: 'a', optimizer: 'b' };
  test('names the training, the step and what differs', () => {
    expect(differences({ MLP: { 1: hashes } }, { MLP: { 1: hashes } })).toEqual([]);
    expect(differences({ MLP: { 1: hashes, 10: hashes } }, { MLP: { 1: hashes, 10: { ...hashes, optimizer: 'c' } } })).toMatchObject([
      { training: 'MLP', step: '10', of: 'optimizer', came: 'c', expected: 'b' },
    ]);
  });

  test('a hash that did not come is one', () => {
    expect(differences({ MLP: { 1: hashes } }, {})).toMatchObject([{ of: 'parameters', came: 'none' }, { of: 'optimizer' }]);
    expect(differences({ MLP: { 1: hashes } }, { MLP: { 1: { parameters: 'a' } } })).toMatchObject([{ of: 'optimizer', came: 'none' }]);
  });
});
