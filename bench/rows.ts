/** The rows that can be measured within one page or process: neurite beside plain loops, and beside itself. */
import type { Network } from 'neurite';
import { hvp, jacobian } from 'neurite/derivatives';
import { type Split, uniformArray } from './data.js';
import { predictWithLoops, trainWithLoops } from './loops.js';
import type { Build, Contender, Effort, Unit } from './measure.js';
import { network, onThreads, predictWithNeurite, trainWithNeurite } from './neurite.js';
import { agents, frames, steps, trained } from './populations.js';
import { updates } from './updates.js';
import { frozen, paced, predictions, shared, stepping, type Training, trainings } from './workloads.js';

/** Every repetition of a training is one run: each system then has trained as long as the others when its accuracy is taken, but for `paced`. */
export const trainingEffort = (repetitions: number): Effort => ({ repetitions, time: 0, warmup: 0 });
export const predictionEffort = (repetitions: number): Effort => ({ repetitions, time: 50, warmup: 300 });

/** A row of the report: what is measured, and who does it. The first is compared with the others. */
export interface Row {
  readonly workload: string;
  readonly unit: Unit;
  readonly effort: (repetitions: number) => Effort;
  readonly contenders: () => Contender[] | Promise<Contender[]>;
}

/** Calls of a derivative to one measured run. */
const CALLS = 16;

/** A derivative beside as many predictions or gradients as it may cost, in 784-128-10. */
function derivative(
  workload: string,
  work: string,
  times: number,
  build: 'auto' | Build,
  calls: (net: Network) => [() => unknown, () => unknown],
): Row {
  const contenders = () => {
    const net = network(trainings[0] as Training, build);
    const [own, known] = calls(net);
    const repeat = (n: number, f: () => unknown) => () => {
      for (let i = 0; i < n; i++) f();
    };
    const shared = { system: 'neurite', build: net.build, amount: CALLS };
    return [
      { ...shared, run: repeat(CALLS, own), free: () => net.dispose() },
      { ...shared, work, run: repeat(times * CALLS, known) },
    ];
  };
  return { workload, unit: 'µs', effort: predictionEffort, contenders };
}

export function rows(mnist: () => Split, build: 'auto' | Build): Row[] {
  const training = (work: Training, by: 'fit' | 'step'): Row => ({
    ...{ workload: work.id, unit: work.unit, effort: trainingEffort },
    contenders() {
      const data = work.data(mnist);
      return [trainWithNeurite(work, data, build, by), trainWithLoops(paced(work, 'plain-js'), data)];
    },
  });
  const x = uniformArray(32 * 784, 1, 0, 1);
  const y = Uint8Array.from({ length: 32 }, (_, i) => i % 10);
  return [
    ...trainings.map((work) => training(work, 'fit')),
    training(stepping, 'step'),
    ...predictions.flatMap((work) =>
      (work.id === 'I3' ? (['out', 'fresh'] as const) : (['out'] as const)).map((given) => ({
        ...{ workload: given === 'out' ? work.id : `${work.id} fresh`, unit: work.unit, effort: predictionEffort },
        contenders: () => [predictWithNeurite(work, build, given), predictWithLoops(work)],
      })),
    ),
    { workload: agents.id, unit: agents.unit, effort: predictionEffort, contenders: () => frames(build).contenders },
    { workload: trained.id, unit: trained.unit, effort: trainingEffort, contenders: () => steps(build) },
    ...frozen.map((work) => ({
      ...{ workload: work.id, unit: work.unit, effort: predictionEffort },
      contenders: () => [predictWithNeurite(work, build, 'frozen'), { ...predictWithNeurite(work, build, 'out'), work: `${work.id}, not frozen` }],
    })),
    ...frozen.map((work) => ({
      ...{ workload: work.id.replace('F', 'Q'), unit: work.unit, effort: predictionEffort },
      contenders: () => [
        predictWithNeurite(work, build, 'int8'),
        { ...predictWithNeurite(work, build, 'frozen'), work: `${work.id.replace('F', 'Q')}, floats` },
      ],
    })),
    ...shared.map(({ work, ...counts }) => ({
      ...{ workload: `${work.id} ${counts.threads} threads`, unit: work.unit, effort: 'optimizer' in work ? trainingEffort : predictionEffort },
      contenders: () => onThreads(work, 'optimizer' in work ? work.data(mnist) : undefined, build, counts),
    })),
    derivative('D jacobian', 'D 4 × predict 10 rows', 4, build, (net) => [
      () => jacobian(net, x.subarray(0, 784)),
      () => net.predict(x.subarray(0, 7840)),
    ]),
    derivative('D hvp', 'D 5 × gradient', 5, build, (net) => {
      const v = uniformArray(net.parameterCount, 2);
      const out = new Float32Array(net.parameterCount);
      return [() => hvp(net, x, y, v, { out }), () => net.gradient(x, y)];
    }),
    { workload: 'O composed', unit: 'µs', effort: predictionEffort, contenders: () => updates('O 3 × adam', 3, build) },
  ];
}
