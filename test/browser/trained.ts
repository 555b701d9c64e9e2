import { adam, crossEntropy, dense, save, sequential } from 'neurite';
import type { TestProject } from 'vitest/node';

/** A network trained in Node, for the page to compare with: its file, some inputs, and the bits of what Node predicts for them. */
export interface Trained {
  readonly file: number[];
  readonly x: number[];
  readonly predictions: number[];
  /** The bits of the parameters after further training in Node. */
  readonly trainedOn: number[];
}

declare module 'vitest' {
  export interface ProvidedContext {
    trained: Trained;
  }
}

export const ROWS = 60;

/** Inputs and class ids that need no random numbers, so that page and Node have the same. */
export function problem(): { x: Float32Array; y: Uint8Array } {
  const x = Float32Array.from({ length: ROWS * 4 }, (_, i) => ((i * 37) % 64) / 32 - 1);
  return { x, y: Uint8Array.from({ length: ROWS }, (_, i) => ((x[i * 4] as number) > 0 ? 1 : 0) + ((x[i * 4 + 1] as number) > 0 ? 1 : 0)) };
}

export function bitsOf(values: Float32Array): number[] {
  return Array.from(new Uint32Array(values.slice().buffer));
}

export default async function trainInNode(project: TestProject): Promise<void> {
  const { x, y } = problem();
  const net = sequential(4, [dense(16, 'tanh'), dense(8, 'gelu'), dense(3, 'softmax')], {
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 0.01 }),
    seed: 7,
    reproducible: true,
  });
  await net.fit({ x, y }, { epochs: 5, batchSize: 8 });
  const file = Array.from(save(net, { optimizerState: true }));
  const predictions = bitsOf(net.predict(x));
  await net.fit({ x, y }, { epochs: 2, batchSize: 8 });
  project.provide('trained', { file, x: Array.from(x), predictions, trainedOn: bitsOf(net.parameters) });
}
