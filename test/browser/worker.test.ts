/** A Web Worker: the same bits in a page, which stays awake, and the ways in which a worker ends there. */
import { adam, crossEntropy, dense, load, sequential } from 'neurite';
import { inWorker, startWorker, WorkerError } from 'neurite/worker';
import { expect, inject, test } from 'vitest';
import { bitsOf, problem } from './trained.js';

const trained = inject('trained');
const file = () => Uint8Array.from(trained.file);

async function thrown(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => expect.fail('it gave a value'),
    (error) => error,
  );
}

test('a model trains on in a worker to the bits of Node', async () => {
  const net = await inWorker(file());
  expect(net.build).toBe('simd');
  expect(bitsOf((await net.predict(Float32Array.from(trained.x))) as Float32Array)).toEqual(trained.predictions);
  let told = 0;
  await net.fit(problem(), { epochs: 2, batchSize: 8, onProgress: () => told++, onEpoch: () => true });
  expect(told).toBeGreaterThan(0);
  expect(bitsOf(await net.snapshot())).toEqual(trained.trainedOn);
  await net.dispose();
  expect(net.worker.ended).toBe(true);
});

test('a network of the page goes to a worker, and its newest weights come back while it trains', async () => {
  const make = () => sequential(4, [dense(64, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam(), reproducible: true });
  const net = await inWorker(make());
  const here = make().freeze();
  const x = problem().x;
  const before = bitsOf(here.predict(x));
  const controller = new AbortController();
  const training = thrown(
    net.fit(problem(), { epochs: 1e9, signal: controller.signal, snapshots: true, onProgress: ({ parameters }) => here.update(parameters as never) }),
  );
  await new Promise((resolve) => setTimeout(resolve, 60));
  controller.abort();
  expect((await training).name).toBe('AbortError');
  expect(bitsOf(here.predict(x))).not.toEqual(before);
  here.update(await net.snapshot());
  expect(bitsOf(here.predict(x))).toEqual(bitsOf((await net.predict(x)) as Float32Array));
  await net.dispose();
});

test('while it trains, a frame comes when it is due', async () => {
  const net = await inWorker(file());
  const controller = new AbortController();
  const training = thrown(net.fit(problem(), { epochs: 1e9, signal: controller.signal }));
  const longest = await new Promise<number>((resolve) => {
    let [last, most, frames] = [performance.now(), 0, 0];
    const frame = () => {
      const now = performance.now();
      most = Math.max(most, now - last);
      last = now;
      if (++frames < 30) setTimeout(frame, 5);
      else resolve(most);
    };
    setTimeout(frame, 5);
  });
  controller.abort();
  await training;
  // A page that trained itself would be blocked by a slice of 10 ms each time; a loaded machine may take its time all the same.
  expect(longest).toBeLessThan(1000);
  await net.dispose();
});

test('a worker that is terminated from outside is noticed', async () => {
  const raw = new Worker(new URL('../../dist/worker/host.js', import.meta.url));
  const net = await inWorker(file(), { worker: raw });
  const training = thrown(net.fit(problem(), { epochs: 1e9 }));
  await net.snapshot();
  raw.terminate();
  const error = await training;
  expect(error).toBeInstanceOf(WorkerError);
  expect(error.message).toBe('fit: the worker ended; make another with inWorker()');
});

test('the script works as a module worker too', async () => {
  const worker = await startWorker(new Worker(new URL('../../dist/worker/host.js', import.meta.url), { type: 'module' }));
  const net = await inWorker(load(file()), { worker });
  expect(bitsOf((await net.predict(Float32Array.from(trained.x))) as Float32Array)).toEqual(trained.predictions);
  worker.terminate();
});

test('a script that throws says what', async () => {
  const url = URL.createObjectURL(new Blob(["throw new Error('not today')"], { type: 'text/javascript' }));
  const error = await thrown(startWorker(new Worker(url)));
  expect(error).toBeInstanceOf(WorkerError);
  expect(error.message).toContain('not today');
});

test('a script that is not there says so', async () => {
  const error = await thrown(startWorker(new Worker('/nothing/here.js')));
  expect(error).toBeInstanceOf(WorkerError);
});
