/** What an attack must not change: neighbour networks, and the bits that a fresh network learns. */
import { openSync, writeSync } from 'node:fs';
import { type AnyNetwork, adam, dense, meanSquaredError, type Network, NeuriteError, save, sequential, sgd } from 'neurite';
import { int8 } from 'neurite/int8';
import { type Population, population } from 'neurite/population';
import { type Build, type Core, coreOf, useCore } from '../../src/core/core.js';
import { laneCoreOf, useLaneCore } from '../../src/population/core.js';
import { debugCore } from '../debugCore.js';

/** The build under attack. */
export const CORE: Build = 'simd';

/** Makes the debug core the one of the build under attack: guards stand behind its blocks, and its assertions trap. The one before. */
export function useDebugCore(): Core {
  const before = coreOf(CORE);
  useCore(debugCore(CORE));
  useLaneCore(debugCore(CORE, 'population'));
  return before;
}

export function small(seed = 1, loss = true): Network {
  return sequential(3, [dense(4, 'tanh'), dense(2)], { ...(loss ? { loss: meanSquaredError(), optimizer: adam() } : {}), seed, build: CORE });
}

/** Nets of the graph of `small`. */
export function smallHerd(count = 3, seed = 1): Population {
  const net = small(seed);
  const made = population(net, count);
  net.dispose();
  return made;
}

/** FNV-1a over bytes. */
export function hash(bytes: Uint8Array, h = 2166136261): number {
  for (const byte of bytes) h = Math.imul(h ^ byte, 16777619);
  return h >>> 0;
}

const bytesOf = (a: Float32Array) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/** Parameters, gradients, optimizer state and a prediction, as one number. */
export function stateOf(net: Network): number {
  let h = hash(save(net, { optimizerState: net.optimizer !== undefined }));
  if (net.loss) h = hash(bytesOf(net.gradients), h);
  return hash(bytesOf(net.predict(new Float32Array(net.inFeatures).fill(0.25)) as Float32Array), h);
}

/** Parameters alone: what a call that throws leaves as it was. */
export function parametersOf(net: AnyNetwork): number {
  return hash(bytesOf(net.parameters));
}

/** Parameters of all nets of a population, and what they predict, as one number. */
export function herdState(herd: Population): number {
  let h = hash(bytesOf(herd.predict(new Float32Array([0.25, 0.5, -0.25])) as Float32Array));
  for (let net = 0; net < herd.count; net++) h = hash(bytesOf(herd.parameters(net) as Float32Array), h);
  return h;
}

function learnt(): number {
  const net = small(7);
  net.step([1, 2, 3], [1, 0] as never);
  const bits = parametersOf(net);
  net.dispose();
  return bits;
}

export class Neighbours {
  readonly nets = Array.from({ length: 20 }, (_, i) => {
    const net = sequential(1 + (i % 5), [dense(1 + i, 'relu'), dense(2)], {
      loss: meanSquaredError(),
      optimizer: i % 2 ? adam() : sgd({ momentum: 0.5 }),
      seed: i,
      build: CORE,
    });
    net.step(new Float32Array(1 + (i % 5)).fill(0.5), [1, 0] as never);
    return net;
  });
  /** Of fewer nets than a vector has lanes, of as many, and of more. */
  readonly herds = [1, 3, 4, 9].map((count, i) => {
    const herd = smallHerd(count, i);
    herd.step([1, 2, 3], [1, 0] as never);
    return herd;
  });
  readonly predictors = [1, 2].map((seed) => {
    const net = sequential(3, [dense(9, 'tanh'), dense(4, 'relu'), dense(2)], { seed, build: CORE });
    const predictor = net.freeze({ quantize: int8 });
    net.dispose();
    return predictor;
  });
  #states = this.nets.map(stateOf);
  #herdStates = this.herds.map(herdState);
  readonly #learnt = learnt();
  readonly #predicted = this.#predict();

  #predict(): number {
    const rows = Float32Array.from({ length: 21 }, (_, i) => i / 7 - 1);
    return this.predictors.reduce((h, predictor) => hash(bytesOf(predictor.predict(rows) as Float32Array), h), 1);
  }

  /** What changed since the last look: nothing, or a sentence. */
  changed(): string | undefined {
    try {
      // Zero on a core without guards.
      const block = coreOf(CORE).exports.damaged() || laneCoreOf(CORE).core.exports.damaged();
      if (block) return `DAMAGED: somebody wrote past the end of the block at ${block}`;
      const now = this.nets.map(stateOf);
      const n = now.filter((state, i) => state !== this.#states[i]).length;
      this.#states = now;
      if (n) return `NEIGHBOUR: ${n} of ${now.length} other networks changed`;
      const herds = this.herds.map(herdState);
      const changed = herds.filter((state, i) => state !== this.#herdStates[i]).length;
      this.#herdStates = herds;
      if (changed) return `POPULATION: ${changed} of ${herds.length} other populations changed`;
      if (this.#predict() !== this.#predicted) return 'INT8: other predictors of eight bits give other results';
      if (learnt() !== this.#learnt) return 'CORE: a fresh network learns other bits';
    } catch (error) {
      return `CORE: no longer works (${error})`;
    }
    return undefined;
  }

  dispose(): void {
    for (const one of [...this.nets, ...this.herds, ...this.predictors]) one.dispose();
  }
}

/** Makes memory grow, so that every view taken before is detached. */
export function grow(): void {
  const { memory } = coreOf(CORE);
  const before = memory.buffer.byteLength;
  const made: Network[] = [];
  while (memory.buffer.byteLength === before && made.length < 200) made.push(sequential(400, [dense(400)], { build: CORE }));
  for (const net of made) net.dispose();
  // That of populations too: by a page, all at once.
  laneCoreOf(CORE).core.memory.grow(1);
  smallHerd(1).dispose();
}

/** The error an attack's own code throws: it must come through as it is. */
export const OURS = new Error('thrown by the attack');

/** Where the runner finds what a part that hangs was about to do: a file, since who hangs sends nothing. */
const last = process.env.NEURITE_ATTACK_LAST;
const file = last === undefined ? undefined : openSync(last, 'w');

/** Notes what comes next. */
export function about(program: string): void {
  if (file !== undefined) writeSync(file, `${program}\n`.padEnd(600), 0);
}

/** The code of a typed error, `own` for the attack's own, undefined for a raw one. */
export function codeOf(error: unknown): string | undefined {
  if (error === OURS) return 'own';
  // A class that is called as a function: the caller's own function throws.
  if (error instanceof TypeError && /^Class constructors? .*without 'new'/.test(error.message)) return 'own';
  return error instanceof NeuriteError ? error.code : undefined;
}

export interface Report {
  readonly part: string;
  calls: number;
  readonly codes: Map<string, number>;
  /** Kind of finding, with how often and the first program. */
  readonly findings: Map<string, { count: number; first: string }>;
}

export const report = (part: string): Report => ({ part, calls: 0, codes: new Map(), findings: new Map() });

export function find(to: Report, kind: string, program: string): void {
  const known = to.findings.get(kind);
  if (known) known.count++;
  else to.findings.set(kind, { count: 1, first: program });
}

export function threw(to: Report, error: unknown, where: string, program: string): void {
  const code = codeOf(error);
  // A core that traps is a finding, whatever the error is called.
  if (code && code !== 'CORE') to.codes.set(code, (to.codes.get(code) ?? 0) + 1);
  else
    find(
      to,
      `RAW ${where}: ${String(error instanceof Error ? `${error.name}: ${error.message}` : typeof error)
        .replace(/\d+/g, 'N')
        .slice(0, 90)}`,
      program,
    );
}
