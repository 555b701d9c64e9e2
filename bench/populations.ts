/** Many small nets at once: a population beside the same nets one by one, and beside plain loops. */
import { dataset } from 'neurite';
import { type Population, population } from 'neurite/population';
import { moons, uniformArray } from './data.js';
import type { Build, Contender } from './measure.js';
import { network, trainWithNeurite } from './neurite.js';
import { PlainNetwork } from './plain.js';
import { type Training, trainingAmount, trainings } from './workloads.js';

/** Agents of a game: a row each, per frame. */
export const agents = { id: 'P1', nets: 300, sizes: [8, 16, 4], activations: ['tanh', 'sigmoid'], rows: 1, unit: 'µs', calls: 64 } as const;

/** Nets that are trained as T4 is, each with its own seed. */
export const trained = { ...(trainings[3] as Training), id: 'P2', nets: 256, epochs: 1 };

/** A frame of all agents: by the population, by each of the same networks, and by loops. */
export function frames(build: 'auto' | Build): Contender[] {
  const { nets: count, sizes, calls } = agents;
  const [inputs, , outputs] = sizes;
  const template = network({ ...agents, sizes: [...sizes] }, build);
  const herd: Population = population(template, count);
  const nets = Array.from({ length: count }, (_, i) => herd.network(i));
  const x = uniformArray(count * inputs, 1);
  const out = new Float32Array(count * outputs);
  const rows = nets.map((_, i) => x.slice(i * inputs, (i + 1) * inputs));
  const outs = nets.map(() => new Float32Array(outputs));
  const plain = nets.map((net) => {
    const one = new PlainNetwork(sizes, [...agents.activations], 1);
    one.parameters.set(net.parameters);
    return one;
  });
  const each = (run: (net: number) => unknown) => () => {
    for (let call = 0; call < calls; call++) for (let net = 0; net < count; net++) run(net);
  };
  const shared = { system: 'neurite', build: herd.build, amount: calls };
  return [
    {
      ...shared,
      run: () => {
        for (let call = 0; call < calls; call++) herd.predictEach(x, out);
      },
      free: () => {
        for (const one of [herd, template, ...nets]) one.dispose();
      },
    },
    { ...shared, work: 'P1 one by one', run: each((i) => nets[i]?.predict(rows[i] as Float32Array, outs[i] as Float32Array)) },
    { system: 'plain-js', amount: calls, run: each((i) => plain[i]?.predict(rows[i] as Float32Array, 1)) },
  ];
}

/** An epoch of all nets, counted in steps of single nets; T4 by `fit` beside it; loops, as many steps. */
export function steps(build: 'auto' | Build): Contender[] {
  const data = { train: moons(4000, 3) };
  const template = network(trained, build);
  const herd = population(template, trained.nets);
  const set = dataset({ x: data.train.x, y: data.train.y });
  const amount = trainingAmount(trained, data.train.rows) * trained.nets;
  const single = { ...trained, epochs: 20 };
  const plain = new PlainNetwork(trained.sizes, trained.activations, trained.batch, trained.optimizer);
  return [
    {
      ...{ system: 'neurite', build: herd.build, amount, asynchronous: true },
      run: () => herd.fit(set, { batchSize: trained.batch }),
      free: () => {
        for (const one of [herd, template, set]) one.dispose();
      },
    },
    { ...trainWithNeurite(single, data, build), work: 'P2 as T4, one net' },
    {
      system: 'plain-js',
      amount: trainingAmount(single, data.train.rows),
      run: () => {
        for (let epoch = 0; epoch < single.epochs; epoch++) plain.train(data.train);
      },
    },
  ];
}
