/** Two spirals that wind around each other, told apart and tested on points between those of the training. The argument is the seed. */
import { accuracy, adam, crossEntropy, dense, sequential } from 'neurite';
import { decisionBoundary } from './terminal.js';

const seed = Number(process.argv[2] ?? 1);

/** n points of each spiral of one and a half turns; `phase` shifts them along it. */
function spirals(n: number, phase: number) {
  const x: number[][] = [];
  const y: number[] = [];
  for (let i = 0; i < n; i++) {
    const t = (i + phase) / n;
    const angle = 3 * Math.PI * t;
    for (const spiral of [0, 1]) {
      const radius = 0.1 + 0.9 * t;
      x.push([radius * Math.cos(angle + Math.PI * spiral), radius * Math.sin(angle + Math.PI * spiral)]);
      y.push(spiral);
    }
  }
  return { x, y };
}

const training = spirals(200, 0);
const net = sequential(2, [dense(32, 'gelu'), dense(32, 'gelu'), dense(2, 'softmax')], {
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
  seed,
});
await net.fit(training, { epochs: 100 });
const { accuracy: right } = net.evaluate(spirals(500, 0.5), { metrics: [accuracy] });

const plane = { x: [-1.1, 1.1], y: [-1.1, 1.1], points: training.x.flat(), labels: training.y } as const;
console.log(decisionBoundary((points) => net.classify(points), plane));
console.log(`\ntwo spirals: ${(100 * right).toFixed(1)} % of 1000 points between those of the training`);
