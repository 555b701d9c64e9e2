/** Sizes around every fixed room. */
import { adam, concat, dense, input, meanSquaredError, network, sequential, sgd } from 'neurite';
import { CORE, find, Neighbours, parametersOf, type Report, report, threw } from './victims.js';

type Any = any; // biome-ignore lint/suspicious/noExplicitAny: the attack is on what types forbid

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
  for (const n of [31, 32, 33, 40, 64, 300, 1024, 1025, 1100])
    for (const how of ['evaluate', 'fit'] as const)
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
          await (net as Any)[how](data);
          surround();
          const before = parametersOf(net);
          await (net as Any)[how](data);
          if (how === 'evaluate' && parametersOf(net) !== before) find(out, `CHANGED: ${n} inputs`, 'evaluate changes its own network');
          net.dispose();
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
  for (const batchSize of [1, 2, 3, 4, 5])
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
          net.hessian(new Float32Array(400), new Float32Array(net.outFeatures) as Any);
        } finally {
          net.dispose();
        }
      },
    ]);
  for (const [program, act] of cases) if (await attempt(program, act)) break;
  return out;
}
