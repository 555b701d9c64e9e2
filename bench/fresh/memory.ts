/** Workload M: T2 from reading its data to its accuracy, in a process of its own. Prints the most memory it was in, in MB. */
import { mnist } from '../files.js';
import { asDataset, network } from '../neurite.js';
import { type Training, trainings } from '../workloads.js';
import { peakMemory } from './peak.js';

const net = network(trainings[1] as Training, 'auto');
const { train, test } = mnist();
await net.fit(asDataset(train), { epochs: 2, batchSize: 128 });
net.evaluate(asDataset(test));
console.log(peakMemory());
