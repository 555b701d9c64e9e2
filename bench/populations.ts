/** Many small nets at once: a population beside the same nets one by one, and beside plain loops. */
import { dataset } from 'neurite';
import { population } from 'neurite/population';
import { moons, uniformArray } from './data.js';
import { trainWithLoops } from './loops.js';
import { type Build, type Contender, checkClose } from './measure.js';
import { network, trainWithNeurite } from './neurite.js';
import { PlainNetwork } from './plain.js';
import { type Training, trainingAmount, trainings } from './workloads.js';

/** Agents of a game: a row each, per frame. */
export const agents = { id: 'P1', nets: 300, sizes: [8, 16, 4], activations: ['tanh', 'identity'], unit: 'µs', calls: 64 } as const;

/** Nets that are trained as T4 is, each with its own seed. */
export const trained = {
  ...(trainings[3] as Training),
  id: 'P2',
  nets: 256,
  epochs: 1,
  data: () => ({ train: moons(4000, 3), test: moons(1000, 4) }),
};

/** One of them: what others are counted by, in steps of single nets. */
export const single: Training = { ...trained, epochs: 20 };

/** Batches of the training after which parameters are compared. */
const COMPARED = 6;

/** In the baseline the numbers are the same; what the relaxed build may round otherwise: sums of 16 terms, each of some units. */
const toleranceOf = (build: Build) => (build === 'simd' ? 0 : 2 ** -18);

/** The agents, for somebody else to do the same: the parameters of each, what it sees, and what it answers. */
export interface Agents {
  readonly sizes: readonly number[];
  /** Frames to one measured run. */
  readonly calls: number;
  readonly parameters: readonly Float32Array[];
  readonly rows: readonly Float32Array[];
  readonly answers: readonly Float32Array[];
}

/** A frame of all agents: by the population, by each of the same networks, and by loops; checked to answer the same. The first one's `free` ends all. */
export function frames(build: 'auto' | Build): { contenders: Contender[]; agents: Agents } {
  const { id, nets: count, sizes, activations, calls } = agents;
  const [inputs, , outputs] = sizes;
  const template = network(agents, build);
  const herd = population(template, count);
  const nets = Array.from({ length: count }, (_, i) => herd.network(i));
  const x = uniformArray(count * inputs, 1);
  const out = new Float32Array(count * outputs);
  const rows = nets.map((_, i) => x.slice(i * inputs, (i + 1) * inputs));
  const outs = nets.map(() => new Float32Array(outputs));
  const plain = nets.map((net) => {
    const one = new PlainNetwork(sizes, activations, 1);
    one.parameters.set(net.parameters);
    return one;
  });
  const byLoops = nets.map(() => new Float32Array(outputs));
  const each = (run: (net: number) => unknown) => () => {
    for (let call = 0; call < calls; call++) for (let net = 0; net < count; net++) run(net);
  };
  const together = () => {
    for (let call = 0; call < calls; call++) herd.predictEach(x, out);
  };
  const oneByOne = each((i) => nets[i]?.predict(rows[i] as Float32Array, outs[i] as Float32Array));
  const loops = each((i) => {
    const u = plain[i]?.predict(rows[i] as Float32Array, 1) as Float32Array;
    const to = byLoops[i] as Float32Array;
    for (let j = 0; j < outputs; j++) to[j] = u[j] as number;
  });
  for (const run of [together, oneByOne, loops]) run();
  const flat = (parts: readonly Float32Array[]) => parts.flatMap((part) => [...part]);
  checkClose(`${id}: the population`, out, flat(outs), toleranceOf(herd.build));
  checkClose(`${id}: plain loops`, flat(byLoops), flat(outs), 2 ** -18);
  const shared = { system: 'neurite', build: herd.build, amount: calls };
  const free = () => {
    for (const one of [herd, template, ...nets]) one.dispose();
  };
  return {
    contenders: [
      { ...shared, run: together, free },
      { ...shared, work: `${id} one by one`, run: oneByOne },
      { system: 'plain-js', amount: calls, run: loops },
    ],
    agents: { sizes, calls, parameters: nets.map((net) => net.parameters.slice()), rows, answers: outs.map((answer) => answer.slice()) },
  };
}

/** @throws where the first or the last net of a population is trained to other parameters than by itself */
async function checkTraining(build: 'auto' | Build): Promise<void> {
  const template = network(trained, build);
  const herd = population(template, trained.nets);
  const few = moons(COMPARED * trained.batch, 3);
  const how = { epochs: 1, batchSize: trained.batch };
  const alone = [0, trained.nets - 1].map((i) => [i, herd.network(i)] as const);
  try {
    await herd.fit({ x: few.x, y: few.y }, how);
    for (const [i, net] of alone) {
      await net.fit({ x: few.x, y: few.y }, how);
      checkClose(`${trained.id}: net ${i}`, herd.parameters(i), net.parameters, toleranceOf(herd.build));
    }
  } finally {
    for (const one of [herd, template, ...alone.map(([, net]) => net)]) one.dispose();
  }
}

/** An epoch of all nets, counted in steps of single nets; T4 by `fit` beside it; loops, as many steps as T4. Checked against nets by themselves. */
export async function steps(build: 'auto' | Build): Promise<Contender[]> {
  await checkTraining(build);
  const { train, test } = trained.data();
  const template = network(trained, build);
  const herd = population(template, trained.nets);
  const [set, tested] = [train, test].map(({ x, y }) => dataset({ x, y }));
  return [
    {
      ...{ system: 'neurite', build: herd.build, asynchronous: true },
      amount: trainingAmount(trained, train.rows) * trained.nets,
      run: () => herd.fit(set as NonNullable<typeof set>, { batchSize: trained.batch }),
      // The mean of all nets.
      accuracy: () => {
        const { accuracy } = herd.evaluate(tested as NonNullable<typeof tested>);
        return (accuracy as Float64Array).reduce((sum, share) => sum + share, 0) / trained.nets;
      },
      free: () => {
        for (const one of [herd, template, set, tested]) one?.dispose();
      },
    },
    { ...trainWithNeurite(single, { train, test }, build), work: 'P2 as T4, one net' },
    trainWithLoops(single, { train, test }),
  ];
}
