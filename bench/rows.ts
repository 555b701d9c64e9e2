/** The rows of the report that neurite and plain loops share. */
import { moons, type Split } from './data.js';
import { predictWithLoops, trainWithLoops } from './loops.js';
import type { Build, Contender, Effort, Unit } from './measure.js';
import { predictWithNeurite, stepWithNeurite, trainWithNeurite } from './neurite.js';
import { predictions, trainings } from './workloads.js';

/** Every repetition of a training is one run: each system then has trained as long as the others when its accuracy is taken. */
export const trainingEffort = (repetitions: number): Effort => ({ repetitions, time: 0, warmup: 0 });
export const predictionEffort = (repetitions: number): Effort => ({ repetitions, time: 50, warmup: 300 });

/** A row of the report: what is measured, and who does it. */
export interface Row {
  readonly workload: string;
  readonly unit: Unit;
  readonly effort: (repetitions: number) => Effort;
  readonly contenders: () => Contender[];
}

/** The workloads that can be measured within one page or process. */
export function rows(mnist: () => Split, build: 'auto' | Build): Row[] {
  return [
    ...trainings.map((work) => ({
      workload: work.id,
      unit: work.unit,
      effort: trainingEffort,
      contenders: () => {
        const data = work.data(mnist);
        return [trainWithNeurite(work, data, build), trainWithLoops(work, data)];
      },
    })),
    ...trainings
      .filter(({ unit }) => unit === 'steps/s')
      .map((work) => ({
        workload: `${work.id} step`,
        unit: work.unit,
        effort: trainingEffort,
        contenders: () => {
          const data = { train: moons(1000, 3), test: moons(1000, 4) };
          // A quarter of the rows, 250 batches: four times the epochs.
          const short = { ...work, epochs: work.epochs * 4 };
          return [stepWithNeurite(short, data, build), trainWithLoops(short, data)];
        },
      })),
    ...predictions.flatMap((work) => {
      const row = { unit: work.unit, effort: predictionEffort };
      const out = { ...row, workload: work.id, contenders: () => [predictWithNeurite(work, build, 'out'), predictWithLoops(work)] };
      if (work.id !== 'I3') return [out];
      return [out, { ...row, workload: 'I3 fresh', contenders: () => [predictWithNeurite(work, build, 'fresh'), predictWithLoops(work)] }];
    }),
  ];
}
