/** What callbacks may do while a network is in use: as without them, or a typed error. */
import type { Network } from 'neurite';
import { codeOf, find, grow, Neighbours, OURS, parametersOf, type Report, report, small, threw } from './victims.js';

// biome-ignore lint/suspicious/noExplicitAny: the attack is on what types forbid
type Any = any;

const rows = () => ({ x: Array.from({ length: 12 }, (_, i) => [i / 12, 1, -i / 12]), y: Array.from({ length: 12 }, (_, i) => [i / 6, 1]) });

const acts: Record<string, (net: Network, other: Network) => unknown> = {
  nothing: () => {},
  predict: (net) => net.predict([5, 6, 7]),
  evaluate: (net) => net.evaluate(rows() as Any),
  step: (net) => net.step([5, 6, 7], [1, 1] as Any),
  gradient: (net) => net.gradient([5, 6, 7], [1, 1] as Any),
  fit: (net) => void net.fit(rows() as Any).catch(() => {}),
  configure: (net) => net.configure({ loss: net.loss as Any }),
  reset: (net) => net.reset(),
  dispose: (net) => net.dispose(),
  'step of another': (_, other) => other.step([5, 6, 7], [1, 1] as Any),
  'evaluate of another': (_, other) => other.evaluate(rows() as Any),
  grow: () => grow(),
  throw: () => {
    throw OURS;
  },
};

/** Runs the act; typed errors stay inside, as a careful caller would have it. */
const careful = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    if (codeOf(error) !== undefined && error !== OURS) return;
    throw error;
  }
};

const row = (act: () => void): Any => {
  const r: Any = [1, 2, 3];
  let once = false;
  Object.defineProperty(r, 1, {
    enumerable: true,
    get: () => {
      if (!once) {
        once = true;
        act();
      }
      return 2;
    },
  });
  return r;
};
const metric = (on: string, act: () => void): Any => ({
  name: on || 'plain',
  begin: () => {
    if (on === 'begin') act();
    let n = 0;
    return {
      add: (batch: Any) => {
        if (on === 'add') act();
        n += Array.from((batch.outputs ?? batch.output ?? []) as Float32Array).reduce((sum, v) => sum + v, batch.rows ?? 1);
      },
      value: () => {
        if (on === 'value') act();
        return n;
      },
    };
  },
});

const places: Record<string, (net: Network, act: () => void) => unknown> = {
  'learningRate of fit': (net, act) =>
    net.fit(rows() as Any, {
      epochs: 2,
      batchSize: 4,
      learningRate: ((s: number) => {
        if (s === 0) act();
        return 0.1;
      }) as Any,
    }),
  onProgress: (net, act) => net.fit(rows() as Any, { epochs: 2, onProgress: act }),
  onEpoch: (net, act) => net.fit(rows() as Any, { epochs: 2, onEpoch: act }),
  'asynchronous onEpoch': (net, act) =>
    net.fit(rows() as Any, {
      epochs: 2,
      onEpoch: async () => {
        await null;
        act();
      },
    }),
  monitor: (net, act) =>
    net.fit(rows() as Any, {
      epochs: 2,
      earlyStopping: {
        patience: 5,
        monitor: (e: Any) => {
          act();
          return e.loss;
        },
      } as Any,
    }),
  ...Object.fromEntries(
    ['begin', 'add', 'value'].map((on) => [
      `metric ${on}`,
      (net: Network, act: () => void) => net.evaluate(rows() as Any, { metrics: [metric(on, act), metric('', () => {})] }),
    ]),
  ),
  'row of predict': (net, act) => net.predict(row(act)),
  'row of rows of predict': (net, act) => net.predict([[1, 1, 1], row(act)] as Any),
  'row of step': (net, act) => net.step(row(act), [1, 0] as Any),
  'row of fit': (net, act) =>
    net.fit({
      x: [row(act), [1, 1, 1]],
      y: [
        [1, 0],
        [0, 1],
      ],
    } as Any),
  'row of evaluate': (net, act) =>
    net.evaluate({
      x: [row(act), [1, 1, 1]],
      y: [
        [1, 0],
        [0, 1],
      ],
    } as Any),
};

const told = (value: unknown) =>
  JSON.stringify(value, (key, v) =>
    /second|time|duration|longestBlock/i.test(key)
      ? undefined
      : ArrayBuffer.isView(v)
        ? Array.from(v as Float32Array, String)
        : typeof v === 'number' && !Number.isFinite(v)
          ? String(v)
          : v,
  );

export async function attackReentrancy(): Promise<Report> {
  const out = report('reentrancy');
  const neighbours = new Neighbours();
  for (const [place, call] of Object.entries(places)) {
    let expected: string | undefined;
    for (const [name, act] of Object.entries(acts)) {
      const program = `${name} in ${place}`;
      const net = small(3);
      const other = small(4);
      let own = false;
      let happened = false;
      out.calls++;
      try {
        // An act that succeeds and changes this network lawfully gives no expectation; one that is refused must leave no trace.
        const result = told(
          await call(net, () =>
            careful(() => {
              if (name === 'throw') own = true;
              act(net, other);
              happened = true;
            }),
          ),
        );
        if (own) find(out, `SWALLOWED the error of ${place}`, program);
        const changes = happened && /^(step|gradient|fit|configure|reset|dispose)$/.test(name);
        const state = changes ? '' : `${result} ${parametersOf(net)}`;
        if (name === 'nothing') expected = state;
        else if (!changes && state !== expected) find(out, `RESULT: ${program}`, `${state} instead of ${expected}`.slice(0, 300));
        else if (/NaN|null/.test(result ?? '')) find(out, `NaN: ${program}`, String(result).slice(0, 200));
      } catch (error) {
        threw(out, error, program, program);
      }
      const said = neighbours.changed();
      if (said) find(out, `${said.split(':')[0]}: ${program}`, said);
      if (said?.startsWith('CORE')) return out;
      try {
        net.dispose();
        other.dispose();
      } catch (error) {
        threw(out, error, `dispose after ${program}`, program);
      }
    }
  }
  return out;
}
