/**
 * The program that every host runs: it trains, predicts, saves and loads. It asks nothing of its host, no timer and no console, and imports
 * nothing: what it runs is handed to it.
 */

const FEATURES = 4;
const ROWS = 96;

/** Inputs in [−1, 1) and the classes 0, 1 and 2, in integers and their halves: the same in every engine. */
function problem() {
  const x = new Float32Array(ROWS * FEATURES);
  const y = new Uint8Array(ROWS);
  for (let i = 0; i < x.length; i++) x[i] = ((i * 37) % 64) / 32 - 1;
  for (let row = 0; row < ROWS; row++) y[row] = (x[row * FEATURES] > 0 ? 1 : 0) + (x[row * FEATURES + 1] > 0 ? 1 : 0);
  return { x, y };
}

/** @throws unless it holds: what was looked at, and what came */
function must(holds, what) {
  if (!holds) throw new Error(`the program's ${what}`);
}

/**
 * Trains a classifier in the baseline build to known bits and in the build that the host chooses, predicts one row, saves, loads, predicts
 * again, and hands over a row of the wrong size.
 *
 * @param neurite what `import * as`, `require` or the global of a script gives
 * @returns the loss of the last epoch, the prediction of the first row, and the saved file
 * @throws where a value, a bit or an error is not what it has to be
 */
export async function program(neurite) {
  const { adam, crossEntropy, dense, load, NeuriteError, save, sequential } = neurite;
  const { x, y } = problem();
  const first = x.slice(0, FEATURES);
  const make = (options) =>
    sequential(FEATURES, [dense(16, 'tanh'), dense(3, 'softmax')], {
      loss: crossEntropy(),
      optimizer: adam({ learningRate: 0.02 }),
      seed: 7,
      ...options,
    });

  const net = make({ reproducible: true });
  const { epochs } = await net.fit({ x, y }, { epochs: 30, batchSize: 16 });
  const loss = epochs[epochs.length - 1].loss;
  const prediction = Array.from(net.predict(first));
  must(net.build === 'simd', `reproducible network has the build ${net.build}`);
  must(loss === LOSS, `loss is ${loss}, not ${LOSS}: other bits than elsewhere`);
  must(
    prediction.length === 3 && prediction.every((p, k) => p === PREDICTION[k]),
    `prediction is [${prediction.join(', ')}], not [${PREDICTION.join(', ')}]: other bits than elsewhere`,
  );
  must(net.classify(first) === y[0], `class of the first row is ${net.classify(first)}, not ${y[0]}`);

  const bytes = save(net);
  const loaded = load(bytes);
  const again = Array.from(loaded.predict(first));
  must(
    again.every((p, k) => p === prediction[k]),
    `loaded network predicts [${again.join(', ')}], the saved one [${prediction.join(', ')}]`,
  );
  const { accuracy } = loaded.evaluate({ x, y });
  must(accuracy > 0.9, `accuracy is ${accuracy}`);

  const usual = make({});
  const trained = await usual.fit({ x, y }, { epochs: 30, batchSize: 16 });
  const difference = trained.epochs[trained.epochs.length - 1].loss - loss;
  must(difference < 0.01 && difference > -0.01, `loss in the build ${usual.build} is off by ${difference}`);

  let error;
  try {
    net.predict(x.slice(0, FEATURES - 1));
  } catch (refused) {
    error = refused;
  }
  must(error instanceof NeuriteError && error.code === 'SHAPE', `row that is too short gives ${error}`);

  for (const each of [net, loaded, usual]) each.dispose();
  return { loss, prediction, bytes };
}

/** The loss and the prediction that every engine comes to, to the last bit. */
const LOSS = 0.04176120495920562;
const PREDICTION = [0.003294167574495077, 0.996698260307312, 0.0000076232963692746125];
