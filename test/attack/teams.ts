/** Networks on threads beside their twins on one: whatever becomes of the threads, a call gives the twin's bits or a typed error. */

import { setTimeout as pause } from 'node:timers/promises';
import { type AnyNetwork, adam, crossEntropy, dataset, dense, dropout, load, type Network, type Predictor, save, sequential, sgd } from 'neurite';
import { int8 } from 'neurite/int8';
import { population } from 'neurite/population';
import { threads } from 'neurite/threads';
import type { Threads } from '../../src/core/core.js';
import { type Helper, startHelper } from '../../src/threads/helpers.js';
import { generator } from '../files/bits.js';
import { debugTeam } from '../threads/debugTeam.js';
import { about, CORE, codeOf, find, hash, Neighbours, OURS, type Report, report, smallHerd, threw } from './victims.js';

// biome-ignore lint/suspicious/noExplicitAny: the attack is on what types forbid
type Any = any;

const ROWS = 24;
/** So many that helpers copy a batch of seven rows themselves (4 kB and more). */
const FEATURES = 161;
const x = Float32Array.from({ length: ROWS * FEATURES }, (_, i) => ((i * 37) % 101) / 101);
const y = Uint8Array.from({ length: ROWS }, (_, i) => i % 5);

/** One for all networks, on whatever core. */
const shared = dataset({ x, y });

interface Team {
  readonly threads: Threads;
  readonly helpers: Helper[];
  /** Whether it was disposed of, or a helper of it killed. */
  isOver: boolean;
  isHurt: boolean;
}

/** A network on threads, and one that does the same without. */
interface Pair {
  readonly net: Network;
  readonly twin: Network;
  readonly team: Team;
  frozen: readonly [Predictor, Predictor] | undefined;
  /** Views that somebody keeps. */
  readonly kept: Float32Array[];
}

/** What a call gave, as bits. */
const told = (value: unknown): string =>
  JSON.stringify(value, (key, v) =>
    /second|longestBlock/i.test(key) ? undefined : ArrayBuffer.isView(v) ? hash(new Uint8Array(v.buffer, v.byteOffset, v.byteLength)) : v,
  ) ?? '';

/** A row that acts while it is read. */
const acting = (act: () => void): Any => {
  const row: Any = Array.from(x.subarray(0, FEATURES));
  let isDone = false;
  Object.defineProperty(row, 7, {
    enumerable: true,
    get: () => {
      if (!isDone) act();
      isDone = true;
      return 0.5;
    },
  });
  return row;
};

/** Acts where the stack has almost no room left, and again with a little more, until it has plenty; what overflows is forgotten. */
function deep(act: () => void, left: { turns: number }): void {
  try {
    deep(act, left);
  } catch {
    // No room.
  }
  if (left.turns-- > 0) act();
}

/** Calls on a network; `act` acts in the middle of some. */
const calls: Record<string, (net: Network, act: () => void) => unknown> = {
  predict: (net) => net.predict(x),
  'predict a row': (net) => net.predict(x.subarray(0, FEATURES), new Float32Array(5)),
  'predict an acting row': (net, act) => net.predict(acting(act)),
  'predict deep in the stack': (net) => {
    deep(() => net.predict(x), { turns: 60 });
    return net.predict(x);
  },
  logits: (net) => net.logits(x),
  classify: (net) => net.classify(x),
  step: (net) => net.step(x, y as Any),
  'step on an acting row': (net, act) => net.step(acting(act), [1] as Any),
  gradient: (net) => [net.gradient(x, y as Any), net.gradients.slice()],
  evaluate: (net) => net.evaluate(shared as Any),
  'evaluate with an acting metric': (net, act) =>
    net.evaluate(shared as Any, { metrics: [{ name: 'own', begin: () => ({ add: () => act(), value: () => 1 }) }] } as Any),
  fit: (net) => net.fit(shared as Any, { epochs: 2, batchSize: 7 }),
  'fit with an acting onEpoch': (net, act) => net.fit(shared as Any, { epochs: 3, batchSize: 7, onEpoch: act }),
  'fit with an acting rate': (net, act) =>
    net.fit(shared as Any, {
      epochs: 2,
      batchSize: 7,
      learningRate: ((_: number, step: number) => {
        if (step === 1) act();
        return 0.01;
      }) as Any,
    }),
  'fit, and act at once': (net, act) => {
    const running = net.fit(shared as Any, { epochs: 2, batchSize: 5 });
    act();
    return running;
  },
  'fit that throws': (net) =>
    net.fit(shared as Any, {
      epochs: 2,
      onEpoch: () => {
        throw OURS;
      },
    }),
  'fit in chunks': (net) => net.fit({ x, y, budget: 0 } as Any, { epochs: 1, batchSize: 7 }),
  reset: (net) => void net.reset(),
  configure: (net) => void net.configure({ optimizer: sgd({ momentum: 0.5 }) }),
  save: (net) => save(net, { optimizerState: true }),
  parameters: (net) => net.parameters.slice(),
};

/** @param until when to stop, of the clock of `performance` */
export async function attackTeams(seed: number, most: number, until = Number.POSITIVE_INFINITY): Promise<Report> {
  const out = report('teams');
  const next = generator(seed);
  const below = (n: number) => next() % n;
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const neighbours = new Neighbours();
  const teams: Team[] = [];
  const pairs: Pair[] = [];
  const dead: Float32Array[] = [];
  const layers = [dense(64, 'relu'), dropout(0.25), dense(40, 'tanh'), dense(5, 'softmax')] as const;

  const start = async (): Promise<Team> => {
    const helpers: Helper[] = [];
    const count = 1 + below(4);
    const threads = await debugTeam(CORE, count, async (...given) => {
      const helper = await startHelper(...given);
      helpers.push(helper);
      return helper;
    });
    return { threads, helpers, isOver: false, isHurt: false };
  };
  const made = (team: Team): Pair => {
    const options = { loss: crossEntropy(), optimizer: adam(), seed: below(5), build: CORE };
    const make = (besides: object) => sequential(FEATURES, layers, { ...options, ...besides }) as unknown as Network;
    return { net: make({ threads: team.threads }), twin: make({}), team, frozen: undefined, kept: [] };
  };
  const disposeOf = (team: Team) => {
    team.threads.dispose();
    team.isOver = true;
  };
  /** What happens in the middle of a call: to its own network's threads, or to others. */
  const acts: Record<string, (pair: Pair) => unknown> = {
    nothing: () => {},
    'disposes of the threads': ({ team }) => disposeOf(team),
    'disposes of the threads of another': () => disposeOf(pick(teams)),
    'predicts with another': ({ team }) => {
      const other = pick(pairs);
      if (other.team !== team && !other.team.isOver && !other.team.isHurt) other.net.predict(x);
    },
    'makes another on them': ({ team }) => void sequential(FEATURES, layers, { build: CORE, threads: team.threads }).dispose(),
    'lets memory grow': ({ team }) => {
      const core = team.threads.coreFor('attack');
      core.free(core.allocate(2 ** 21 + 2 ** 16 * below(64), 'a block'));
    },
    'kills a helper': ({ team }) => {
      if (team.helpers.length === 0) return;
      team.isHurt = true;
      pick(team.helpers).terminate();
    },
  };

  const call = async (run: () => unknown): Promise<{ readonly value?: string; readonly error?: unknown }> => {
    try {
      return { value: told(await run()) };
    } catch (error) {
      return { error };
    }
  };

  while (out.calls < most && performance.now() < until) {
    out.calls++;
    while (teams.filter(({ isOver }) => !isOver).length < 2) teams.push(await start());
    if (pairs.length < 4 || below(20) === 0) pairs.push(made(pick(teams.filter(({ isOver, isHurt }) => !isOver && !isHurt).concat(await start()))));
    for (const { team } of pairs) if (!teams.includes(team)) teams.push(team);
    const pair = pick(pairs);
    const { net, twin, team } = pair;
    const name = pick(Object.keys(calls));
    const act = below(3) ? 'nothing' : pick(Object.keys(acts));
    const program = `${name}; ${act}`;
    about(program);
    if (below(8) === 0) pair.kept.push(net.parameters as Float32Array);
    const run = calls[name] as (typeof calls)[string];
    let failure: unknown;
    const doing = () => {
      try {
        (acts[act] as (typeof acts)[string])(pair);
      } catch (error) {
        if (!codeOf(error)) failure = error;
      }
    };
    if (!name.includes('act') && below(2)) doing();
    const found = await call(() => run(net, doing));
    if (failure) threw(out, failure, act, program);
    const expected = await call(() => run(twin, () => {}));
    if ('error' in found) {
      const code = codeOf(found.error);
      out.codes.set(String(code), (out.codes.get(String(code)) ?? 0) + 1);
      const isDue =
        code === 'own' || (team.isOver && code === 'DISPOSED') || (team.isHurt && code === 'CORE') || (act !== 'nothing' && code === 'BUSY');
      if (!isDue) find(out, `RAW ${name}: ${String(found.error).replace(/\d+/g, 'N').slice(0, 120)}`, program);
    } else if (found.value !== expected.value && !(team.isOver || team.isHurt))
      find(out, `RESULT ${name}`, `${program}: ${found.value} instead of ${expected.value}`.slice(0, 300));
    if (!team.isOver && !team.isHurt && below(4) === 0) {
      pair.frozen ??= [net.freeze({ quantize: int8 }), twin.freeze({ quantize: int8 })];
      if (told(pair.frozen[0].predict(x)) !== told(pair.frozen[1].predict(x))) find(out, 'RESULT of eight bits', program);
      const again = load(save(net), { threads: team.threads }) as AnyNetwork;
      if (told(again.predict(x)) !== told(twin.predict(x))) find(out, 'RESULT of a file', program);
      again.dispose();
      const herd = population(net, 2);
      herd.setNetwork(1, net);
      if (told(herd.parameters(1)) !== told(twin.parameters.slice())) find(out, 'RESULT of a population', program);
      herd.dispose();
      const { exports } = team.threads.coreFor('attack');
      if (exports.damaged()) find(out, 'DAMAGED on threads', program);
    }
    if (team.isOver || team.isHurt || below(12) === 0) {
      const late = await call(() => net.predict(x));
      if (team.isOver && (!('error' in late) || !['DISPOSED', 'CORE'].includes(String(codeOf(late.error)))))
        find(out, 'ALIVE after dispose', program);
      for (const one of [...(pair.frozen ?? []), net, twin]) one.dispose();
      net.dispose();
      pairs.splice(pairs.indexOf(pair), 1);
      // Views of what is gone are written: nobody must notice.
      dead.push(...pair.kept);
      for (const view of dead) view.fill(1e9);
      if (dead.length > 40) dead.length = 0;
      if (team.isHurt && !team.isOver) disposeOf(team);
    }
    for (const gone of teams.filter(({ isOver }) => isOver)) if (!pairs.some((one) => one.team === gone)) teams.splice(teams.indexOf(gone), 1);
    if (below(10) === 0) await pause(below(3) * 5);
    if (out.calls % 50 === 0) {
      const said = neighbours.changed();
      if (said) find(out, said, program);
      if (said?.startsWith('CORE')) break;
      // Numbers that there cannot be start nothing.
      for (const n of [0, -1, 65, 1.5, Number.NaN, '2', null, {}, [2], 2n])
        await threads(n as number).then(
          () => find(out, 'ACCEPTED threads', String(n)),
          (error) => threw(out, error, 'threads', String(n)),
        );
      smallHerd().dispose();
    }
  }
  for (const { net, twin } of pairs) for (const one of [net, twin]) one.dispose();
  for (const team of teams) team.threads.dispose();
  const said = neighbours.changed();
  if (said) find(out, said, 'at the end');
  return out;
}
