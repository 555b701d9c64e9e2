/** Memory: what comes back, what a view shows after its network is gone, and what a refused allocation leaves. */

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { adam, dense, load, MemoryError, meanSquaredError, type Network, save, sequential, sgd } from 'neurite';
import { hessian, hvp, jacobian, parameterJacobian, vjp } from 'neurite/derivatives';
import { trace } from 'neurite/inspect';
import { Core, coreOf } from '../../src/core/core.js';
import { CORE, find, grow, Neighbours, parametersOf, type Report, report, small, stateOf, threw } from './victims.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is alive on the JavaScript heap, in bytes. Finalizers run between two collections. */
async function heapInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}

/** Rounds that a heap may take to settle, as the engine's own records of the code it runs grow until they are complete. */
const ROUNDS = 8;

/** Growth of the heap that says nothing: what is alive goes up and down by more. 5,000 objects left behind are more too. */
const NOISE = 50_000;

/** Finds a leak unless a round of n calls, at least 5,000, leaves linear memory as it was, and the heap but for two bytes a call. */
export async function flat(out: Report, program: string, n: number, round: (n: number) => unknown): Promise<void> {
  const most = Math.max(NOISE, 2 * n);
  await round(Math.ceil(n / 10));
  const { memory } = coreOf(CORE);
  const bytes = memory.buffer.byteLength;
  const growth: number[] = [];
  let heap = await heapInUse();
  const watch = refuse(Number.POSITIVE_INFINITY);
  while (growth.length < ROUNDS && (growth.length === 0 || (growth.at(-1) as number) >= most)) {
    await round(n);
    const now = await heapInUse();
    growth.push(now - heap);
    heap = now;
    out.calls += n;
  }
  watch.undo();
  if (watch.blocks() > 0) find(out, `LEAK of blocks: ${program}`, `${watch.blocks()} blocks are out after rounds of ${n}`);
  if (memory.buffer.byteLength !== bytes) find(out, `LEAK of linear memory: ${program}`, `${bytes} bytes became ${memory.buffer.byteLength}`);
  if ((growth.at(-1) as number) >= most) find(out, `LEAK on the heap: ${program}`, `growth by round of ${n}: ${growth.join(', ')}`);
}

const x = [0.5, 1, -0.5];
const y = [1, 0];
const rows = (n: number) => ({ x: new Float32Array(3 * n).fill(0.5), y: new Float32Array(2 * n) });

/** Every view of linear memory that a network gives away. */
function viewsOf(net: Network): Float32Array[] {
  return [net.parameters, net.gradients, ...net.parameterNames.map((name) => net.parameter(name) as unknown)].flatMap((one) =>
    ArrayBuffer.isView(one) ? [one as Float32Array] : [],
  );
}

/** Writes through views as a caller would who kept them; a detached view shows nothing. */
function scribble(views: readonly Float32Array[]): void {
  // By index: a detached view ignores that.
  for (const view of views) for (let i = 0; i < view.length; i++) view[i] = 1e9;
}

/** What takes memory, each after the other; all but the first few lines of a network's life. */
const life: Record<string, (net: Network) => unknown> = {
  predict: (net) => net.predict(new Float32Array(3 * 300)),
  logits: (net) => net.logits(x),
  gradient: (net) => net.gradient(x, y as never),
  step: (net) => net.step(x, y as never),
  'step of another batch': (net) => net.step(rows(9).x, rows(9).y as never),
  trace: (net) => trace(net, x, y as never),
  jacobian: (net) => jacobian(net, x),
  parameterJacobian: (net) => parameterJacobian(net, x),
  vjp: (net) => vjp(net, x, y),
  hvp: (net) => hvp(net, x, y as never, new Float32Array(net.parameterCount)),
  hessian: (net) => hessian(net, x, y as never),
  evaluate: (net) => net.evaluate(rows(9) as never),
  evaluateAsync: (net) => net.evaluateAsync(rows(9) as never),
  fit: (net) => net.fit(rows(9) as never, { batchSize: 4, validationData: rows(5) as never }),
  'fit in chunks': (net) => net.fit({ ...rows(9), budget: 0 } as never, { batchSize: 4 }),
  configure: (net) => net.configure({ optimizer: sgd({ momentum: 0.9 }) }),
  reset: (net) => net.reset(),
  freeze: (net) => net.freeze().dispose(),
  'save and load': (net) => load(save(net), { build: CORE }).dispose(),
};

/** Refuses the nth allocation from now on; how many blocks are out, and the way back. */
function refuse(n: number): { blocks: () => number; refused: () => boolean; disarm: () => void; undo: () => void } {
  const { allocate, free, retire } = Core.prototype;
  const out = new Set<number>();
  let left = n;
  Core.prototype.allocate = function (this: Core, bytes, what) {
    if (left-- === 0) throw new MemoryError(what, bytes, 0);
    const address = allocate.call(this, bytes, what);
    out.add(address);
    return address;
  };
  Core.prototype.free = function (this: Core, address) {
    out.delete(address);
    free.call(this, address);
  };
  Core.prototype.retire = function (this: Core, address, bytes) {
    out.delete(address);
    retire.call(this, address, bytes);
  };
  return {
    blocks: () => out.size,
    refused: () => left < 0,
    disarm: () => {
      left = -1;
    },
    undo: () => Object.assign(Core.prototype, { allocate, free, retire }),
  };
}

/** Networks made, steps and fits leave memory as it was. @param share how much of the full attack: 1 for all */
async function attackFlatness(out: Report, share: number): Promise<void> {
  const cycle = (i: number) => {
    const net = small(i % 7);
    if (i % 10 === 0) net.step(x, y as never);
    net.dispose();
  };
  await flat(out, 'networks made and disposed of', Math.ceil(1e5 * share), (n) => {
    for (let i = 0; i < n; i++) cycle(i);
  });
  for (const optimizer of [adam(), sgd({ momentum: 0.5 })]) {
    const net = sequential(3, [dense(4, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer, build: CORE });
    await flat(out, `steps of ${optimizer.name}`, Math.ceil(5e5 * share), (n) => {
      for (let i = 0; i < n; i++) net.step(x, y as never);
    });
    net.dispose();
  }
  {
    const net = small();
    const data = rows(4000);
    await flat(out, 'steps of fit', Math.ceil(1e6 * share), (n) =>
      net.fit(data as never, { epochs: Math.max(1, Math.round(n / 1000)), batchSize: 4 }),
    );
    net.dispose();
  }
}

function looker(out: Report): (program: string) => void {
  const neighbours = new Neighbours();
  return (program) => {
    const said = neighbours.changed();
    if (said) find(out, `${said.split(':')[0]}: ${program}`, said);
  };
}

/** Kept views are written while others take the freed memory, and those others must not notice. */
export async function attackViews(out: Report, disposed: number, collected: number): Promise<void> {
  const look = looker(out);
  const kept: Float32Array[] = [];
  for (let i = 0; i < disposed; i++) {
    const program = 'a view written after dispose';
    out.calls++;
    const units = 1 + (i % 40);
    const net = sequential(units, [dense(units, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: adam(), seed: i, build: CORE });
    net.step(new Float32Array(units), y as never);
    kept.push(...viewsOf(net));
    if (i % 3 === 0) net.configure({ optimizer: sgd({ momentum: 0.5 }) });
    kept.push(...viewsOf(net));
    try {
      net.dispose();
      if (i % 50 === 49) grow();
      const heirs = Array.from({ length: 3 }, (_, k) =>
        sequential(units, [dense(units, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: adam(), seed: k, build: CORE }),
      );
      for (const heir of heirs) heir.step(new Float32Array(units), y as never);
      const before = heirs.map(stateOf);
      scribble(kept);
      if (heirs.some((heir, k) => stateOf(heir) !== before[k])) find(out, `NEIGHBOUR: ${program}`, `round ${i}, ${kept.length} views`);
      for (const heir of heirs) heir.dispose();
    } catch (error) {
      // What was written over may be the allocator's own.
      threw(out, error, program, `round ${i}, ${kept.length} views`);
      return;
    }
    if (i % 10 === 9) look(program);
  }

  // A view outlives the network that nobody holds any more.
  for (let i = 0; i < collected; i++) {
    const program = 'a view written after its network was collected';
    out.calls++;
    const views = (() => viewsOf(small(i)))();
    await heapInUse();
    const heirs = Array.from({ length: 5 }, (_, k) => small(k));
    const before = heirs.map(stateOf);
    scribble(views);
    if (heirs.some((heir, k) => stateOf(heir) !== before[k])) find(out, `NEIGHBOUR: ${program}`, `round ${i}`);
    for (const heir of heirs) heir.dispose();
    look(program);
  }
}

/** Every allocation of everything that allocates is refused once. */
export async function attackRefusals(out: Report): Promise<void> {
  const look = looker(out);
  for (let n = 0, over = false; !over; n++) {
    const program = `allocation ${n} of creation refused`;
    out.calls++;
    const watch = refuse(n);
    let error: unknown;
    try {
      small().dispose();
    } catch (thrown) {
      error = thrown;
    } finally {
      watch.undo();
    }
    over = !watch.refused();
    if (!over && !(error instanceof MemoryError)) find(out, 'RESULT: a refused allocation gives no MemoryError', `${program}: ${error}`);
    if (watch.blocks() > 0) find(out, 'LEAK of blocks', program);
    look(program);
  }
  for (const [name, act] of Object.entries(life))
    for (let n = 0, over = false; !over; n++) {
      const program = `allocation ${n} of ${name} refused`;
      out.calls++;
      const net = small(3);
      const before = parametersOf(net);
      const watch = refuse(n);
      let error: unknown;
      try {
        await act(net);
      } catch (thrown) {
        error = thrown;
      }
      over = !watch.refused();
      if (over) {
        watch.disarm();
        if (error) threw(out, error, program, program);
      } else {
        if (!(error instanceof MemoryError)) find(out, 'RESULT: a refused allocation gives no MemoryError', `${program}: ${error}`);
        if (parametersOf(net) !== before) find(out, `CHANGED: ${name}`, program);
        try {
          await act(net);
        } catch (thrown) {
          find(out, `RESULT: ${name} fails after an allocation was refused`, `${program}: ${thrown}`);
        }
      }
      net.dispose();
      watch.undo();
      if (watch.blocks() > 0) find(out, `LEAK of blocks: ${name}`, program);
      look(program);
    }
}

/** @param share how much of the full attack: 1 for all, and not below 1/20 */
export async function attackMemory(share: number): Promise<Report> {
  const out = report('memory');
  await attackFlatness(out, share);
  await attackViews(out, share < 1 ? 40 : 300, share < 1 ? 4 : 20);
  await attackRefusals(out);
  return out;
}
