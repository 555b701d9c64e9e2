/** Sizes around every fixed room. */

import { adam, concat, dense, input, meanSquaredError, network, sequential, sgd } from 'neurite';
import { hessian, inputGradient, jacobian } from 'neurite/derivatives';
import { CORE, find, Neighbours, parametersOf, type Report, report, threw } from './victims.js';

// biome-ignore lint/suspicious/noExplicitAny: the attack is on what types forbid
type Any = any;

/** Acts, and disposes of the network in any case. */
async function settle(net: { dispose(): void }, act: () => unknown): Promise<void> {
  try {
    await act();
  } finally {
    net.dispose();
  }
}

export async function attackLimits(): Promise<Report> {
  const out = report('limits');
  let neighbours = new Neighbours();
  // Made after the network that is used, so that they lie behind its blocks.
  const surround = () => {
    neighbours.dispose();
    neighbours = new Neighbours();
  };
  const attempt = async (program: string, act: () => unknown) => {
    out.calls++;
    try {
      await act();
    } catch (error) {
      threw(out, error, program, program);
    }
    const said = neighbours.changed();
    if (said) find(out, `${said.split(':')[0]}: ${program}`, said);
    return said?.startsWith('CORE');
  };
  const cases: [string, () => unknown][] = [];
  for (const n of [31, 32, 33, 40, 64, 200, 300, 1024, 1025, 1100])
    for (const how of ['evaluate', 'fit', 'step', 'predict', 'gradient'] as const)
      cases.push([
        `${n} inputs of one feature, ${how}`,
        async () => {
          const inputs = Array.from({ length: n }, () => input(1));
          const net = network({
            inputs,
            outputs: dense(1)(concat(...(inputs as [Any]))),
            loss: meanSquaredError(),
            optimizer: adam(),
            build: CORE,
          } as Any);
          // Once to have its blocks allocated, and again with the neighbours behind them.
          const data = { x: inputs.map(() => new Float32Array(8)), y: new Float32Array(8) };
          const call = async () => (how === 'evaluate' || how === 'fit' ? (net as Any)[how](data) : (net as Any)[how](data.x, data.y));
          await call();
          surround();
          const before = parametersOf(net);
          await call();
          if (/evaluate|predict|gradient/.test(how) && parametersOf(net) !== before)
            find(out, `CHANGED: ${n} inputs`, `${how} changes its own network`);
          net.dispose();
        },
      ]);
  for (const n of [33, 200, 1100])
    for (const how of ['evaluate', 'fit'] as const)
      cases.push([
        `${n} columns for a network of one input, ${how}`,
        () => {
          const net = sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: adam(), build: CORE });
          const x = Array.from({ length: n }, () => new Float32Array(8));
          return settle(net, () => (net as Any)[how]({ x, y: new Float32Array(8) }));
        },
      ]);
  for (const maxRows of [2 ** 20, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY])
    cases.push([
      `maxRows ${maxRows}`,
      () => {
        const net = sequential(3, [dense(4), dense(2)], { loss: meanSquaredError(), optimizer: adam(), maxRows, build: CORE } as Any);
        surround();
        return settle(net, () => {
          const y = net.predict([1, 2, 3]) as Any;
          if (!y.every(Number.isFinite)) find(out, 'RESULT: maxRows', `${y}`);
          net.step([1, 2, 3], [1, 0] as Any);
        });
      },
    ]);
  for (const units of [2 ** 15, 2 ** 16, 2 ** 28 - 1])
    cases.push([
      `${units} × ${units} weights`,
      () => {
        const net = sequential(units, [dense(units)], { build: CORE });
        net.dispose();
        find(out, 'RESULT: more weights than memory', `${units} × ${units} weights were allocated`);
      },
    ]);
  for (const rows of [1, 2, 7, 255, 256, 257, 1023, 1024, 1025, 4097])
    cases.push([
      `${rows} rows`,
      () => {
        const net = sequential(3, [dense(5, 'tanh'), dense(2)], { loss: meanSquaredError(), optimizer: adam(), build: CORE });
        const x = new Float32Array(3 * rows).fill(0.5);
        const y = new Float32Array(2 * rows);
        const again = () => {
          net.predict(x);
          net.gradient(x, y as Any);
          net.evaluate({ x, y } as Any);
          net.step(x, y as Any);
          jacobian(net, x);
          inputGradient(net, x, y as Any);
        };
        again();
        surround();
        return settle(net, again);
      },
    ]);
  cases.push([
    '3,000 networks made, 2,000 of them disposed of in another order',
    () => {
      const nets = Array.from({ length: 3000 }, (_, i) =>
        sequential(1 + (i % 9), [dense(1 + (i % 13)), dense(1)], { loss: meanSquaredError(), optimizer: adam(), seed: i, build: CORE }),
      );
      surround();
      const states = nets.map((net) => parametersOf(net));
      nets.forEach((net, i) => {
        if (i % 3) net.dispose();
      });
      const others = Array.from({ length: 1000 }, (_, i) => sequential(1 + (i % 7), [dense(3)], { build: CORE }));
      nets.forEach((net, i) => {
        if (i % 3 === 0 && parametersOf(net) !== states[i]) find(out, 'NEIGHBOUR: many networks', `network ${i} changed`);
        net.dispose();
        net.dispose();
      });
      for (const net of others) net.dispose();
    },
  ]);
  cases.push([
    'the fields of an optimizer changed after the network was made',
    () => {
      const given: Any = { ...sgd({ learningRate: 0.1 }) };
      const net = sequential(300, [dense(50)], { loss: meanSquaredError(), optimizer: given, seed: 1, build: CORE });
      const twin = sequential(300, [dense(50)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 0.1 }), seed: 1, build: CORE });
      surround();
      given.momentum = 0.9;
      given.nesterov = true;
      for (const one of [net, twin]) for (let i = 0; i < 3; i++) one.step(new Float32Array(300).fill(0.01), new Float32Array(50) as Any);
      if (parametersOf(net) !== parametersOf(twin)) find(out, 'RESULT: a live optimizer', 'the network follows a later change of its description');
      net.dispose();
      twin.dispose();
    },
  ]);
  cases.push([
    'net.optimizer.momentum = 0.9, then step',
    () => {
      const net = sequential(300, [dense(50)], { loss: meanSquaredError(), optimizer: sgd(), build: CORE });
      surround();
      try {
        (net.optimizer as Any).momentum = 0.9;
      } catch {
        /* frozen: well so */
      }
      net.step(new Float32Array(300).fill(1), new Float32Array(50) as Any);
      net.dispose();
    },
  ]);
  for (const batchSize of [1, 2, 3, 4, 5, 19_999, 20_000])
    cases.push([
      `fit, 20,000 rows, budget 0, batchSize ${batchSize}`,
      async () => {
        const net = sequential(1, [dense(1)], { loss: meanSquaredError(), optimizer: sgd({ learningRate: 1e-4 }), build: CORE });
        surround();
        await net.fit({ x: new Float32Array(20000), y: new Float32Array(20000), budget: 0 } as Any, { batchSize });
        net.dispose();
      },
    ]);
  for (const n of [160_400, 241_602])
    cases.push([
      `hessian of ${n} parameters`,
      () => {
        const net =
          n === 160_400
            ? sequential(400, [dense(400)], { loss: meanSquaredError(), build: CORE })
            : sequential(400, [dense(602, 'identity')], { loss: meanSquaredError(), build: CORE });
        try {
          hessian(net, new Float32Array(400), new Float32Array(net.outFeatures) as Any);
        } finally {
          net.dispose();
        }
      },
    ]);
  for (const [program, act] of cases) if (await attempt(program, act)) break;
  return out;
}
