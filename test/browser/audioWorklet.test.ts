/** A real AudioWorklet: a fit in it yields, so that blocks of sound are asked for while it trains. */
import { expect, test } from 'vitest';

/** What the worklet posts. */
interface Told {
  readonly error?: string;
  readonly blocks: number;
  readonly seconds: number;
  readonly longest: number;
}

const worklet = (entry: string) => `
import { adam, dense, meanSquaredError, sequential } from '${entry}';
registerProcessor('trainer', class extends AudioWorkletProcessor {
  blocks = 0;
  constructor() {
    super();
    this.port.onmessage = () => this.train().then((told) => this.port.postMessage(told), (error) => this.port.postMessage({ error: String(error?.stack ?? error) }));
  }
  async train() {
    const net = sequential(16, [dense(64, 'tanh'), dense(8)], { loss: meanSquaredError(), optimizer: adam(), seed: 1 });
    const data = { x: new Float32Array(16 * 512).fill(0.1), y: new Float32Array(8 * 512).fill(0.2) };
    const [began, before] = [Date.now(), this.blocks];
    const { epochs } = await net.fit(data, { epochs: 1e9, batchSize: 32, budgetMs: 4, onEpoch: () => Date.now() - began < 400 });
    return { blocks: this.blocks - before, seconds: (Date.now() - began) / 1000, longest: epochs.at(-1).longestBlock };
  }
  process() {
    this.blocks++;
    return true;
  }
});`;

test('a fit in an AudioWorklet lets blocks through', async () => {
  const entry = new URL('../../dist/index.js', import.meta.url).href;
  const url = URL.createObjectURL(new Blob([worklet(entry)], { type: 'text/javascript' }));
  const context = new AudioContext();
  try {
    await context.audioWorklet.addModule(url);
    const node = new AudioWorkletNode(context, 'trainer');
    node.connect(context.destination);
    await context.resume();
    const { error, blocks, seconds, longest } = await new Promise<Told>((resolve) => {
      node.port.onmessage = ({ data }) => resolve(data);
      node.port.postMessage('go');
    });
    expect(error).toBeUndefined();
    // A block lasts 2.7 ms; a machine without sound asks for them in bursts.
    expect(blocks).toBeGreaterThan(10);
    expect(longest).toBeLessThan(seconds / 2);
  } finally {
    URL.revokeObjectURL(url);
    await context.close();
  }
});
