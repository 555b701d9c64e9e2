/**
 * What every host with shared memory runs: the same training on one thread and on two comes to the same bits. Imports nothing: what it runs is handed
 * to it.
 *
 * @param neurite what `import * as` of neurite gives, or the names that are used here
 * @param threads of neurite/threads
 * @throws where a value or an error is not what it has to be
 */
export async function programOnThreads({ adam, crossEntropy, dense, sequential }, threads) {
  const x = Float32Array.from({ length: 256 * 64 }, (_, i) => ((i * 37) % 64) / 32 - 1);
  const y = Uint8Array.from({ length: 256 }, (_, row) => (x[row * 64] > 0 ? 1 : 0) + (x[row * 64 + 1] > 0 ? 1 : 0));
  const two = await threads(2, { build: 'simd' });
  const make = (options) =>
    sequential(64, [dense(256, 'tanh'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), seed: 7, build: 'simd', ...options });
  const [alone, shared] = [make({}), make({ threads: two })];
  for (const net of [alone, shared]) await net.fit({ x, y }, { epochs: 5, batchSize: 64 });
  const expected = alone.predict(x);
  if (!shared.predict(x).every((p, i) => p === expected[i])) throw new Error('two threads came to other bits than one');
  if (Object.prototype.toString.call(shared.parameters.buffer) !== '[object SharedArrayBuffer]') throw new Error('the memory is not shared');
  const view = shared.parameters;
  const kept = view[0];
  shared.dispose();
  make({ threads: two }).parameters.fill(5);
  if (view[0] !== kept) throw new Error('a view shows another network');
  two.dispose();
  let error;
  try {
    make({ threads: two });
  } catch (refused) {
    error = refused;
  }
  if (error?.code !== 'DISPOSED') throw new Error(`threads that were disposed of give ${error}`);
  alone.dispose();
}
