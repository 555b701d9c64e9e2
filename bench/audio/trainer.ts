/** Trains a network of two layers of 16 as fast as it can, and sends its parameters ten times a second. */
import { adam, copyParameters, dense, meanSquaredError, sequential } from 'neurite';

const net = sequential(1, [dense(16, 'tanh'), dense(16, 'tanh'), dense(1)], { loss: meanSquaredError(), optimizer: adam(), seed: 3 });
const x = Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1);
const y = x.map((sample) => Math.sin(8 * sample));

/** Milliseconds of training, and of a rest in which messages are sent. */
const [TRAINS, SWAP] = [8, 100];

setInterval(() => {
  const end = performance.now() + TRAINS;
  while (performance.now() < end) net.step(x, y);
}, TRAINS + 2);

setInterval(() => {
  const parameters = copyParameters(net);
  postMessage(parameters, { transfer: [parameters.buffer] });
}, SWAP);
