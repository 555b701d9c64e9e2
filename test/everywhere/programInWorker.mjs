/**
 * What every host with workers runs: the same training in the page and in a worker comes to the same bits. Imports nothing: what it runs is handed to it.
 *
 * @param neurite what `import * as` of neurite gives, or the names that are used here
 * @param inWorker of neurite/worker
 * @throws where a value or an error is not what it has to be
 */
export async function programInWorker({ adam, crossEntropy, dense, sequential }, inWorker, options) {
  const x = Float32Array.from({ length: 96 * 4 }, (_, i) => ((i * 37) % 64) / 32 - 1);
  const y = Uint8Array.from({ length: 96 }, (_, row) => (x[row * 4] > 0 ? 1 : 0) + (x[row * 4 + 1] > 0 ? 1 : 0));
  const make = () =>
    sequential(4, [dense(16, 'tanh'), dense(3, 'softmax')], {
      loss: crossEntropy(),
      optimizer: adam({ learningRate: 0.02 }),
      seed: 7,
      reproducible: true,
    });
  const here = make();
  await here.fit({ x, y }, { epochs: 30, batchSize: 16 });
  const there = await inWorker(make(), options);
  let told = 0;
  await there.fit({ x, y }, { epochs: 30, batchSize: 16, onProgress: () => told++ });
  if (told === 0) throw new Error('the worker told of no progress');
  const expected = here.predict(x);
  const predicted = await there.predict(x);
  if (predicted.length !== expected.length || !expected.every((p, i) => p === predicted[i]))
    throw new Error('the worker came to other bits than the page');
  const refused = await there.predict(x.slice(0, 3)).then(
    () => undefined,
    (error) => error,
  );
  if (refused?.code !== 'SHAPE') throw new Error(`the worker gives ${refused} for a row that is too short`);
  await there.dispose();
  return { prediction: Array.from(predicted.slice(0, 3)) };
}
