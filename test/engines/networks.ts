/**
 * Four trainings that leave hardly a kernel out: what each has to leave in memory, to the bit, is in golden.json. Their data are integers over a
 * power of two, which every engine makes alike: `Math.sin` and its like are not.
 */
import {
  adam,
  adamW,
  add,
  batchNorm,
  concat,
  cosine,
  crossEntropy,
  decayMatrices,
  dense,
  dropout,
  gelu,
  input,
  l2,
  layerNorm,
  lbfgs,
  meanSquaredError,
  type Network,
  network,
  sequential,
  sgd,
} from 'neurite';

/** The steps after which a training is looked at. */
export const STEPS = [1, 10, 100, 1000] as const;

/** A network, and what takes its training from one step to another. */
export interface Training {
  readonly net: Network<never, number, number>;
  /** Trains on, from the step `from` (0 at first) until `to` are done. */
  train(from: number, to: number): void | Promise<void>;
}

/** A multiple of 1/128 in [−1, 1), of an integer: murmur3's last rounds (Appleby 2011). */
function drawn(seed: number): number {
  let bits = Math.imul(seed + 0x9e3779b9, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 24) / 128 - 1;
}

/** Rows of drawn numbers, those of one salt apart from those of another. */
function drawnRows(rows: number, features: number, salt: number): Float32Array {
  return Float32Array.from({ length: rows * features }, (_, i) => drawn(i + 1_000_003 * salt));
}

/** A class for each row: which of a few of its numbers is the largest. */
function largest(x: Float32Array, features: number, classes: number): Uint8Array {
  return Uint8Array.from({ length: x.length / features }, (_, row) => {
    const first = x.subarray(row * features, row * features + classes);
    return first.indexOf(first.reduce((a, b) => (a > b ? a : b)));
  });
}

/** Steps over batches one after another, those of the last rows followed by the first again. */
function overBatches(net: Network<never, number, number>, x: Float32Array, y: Uint8Array, features: number, batch: number): Training {
  const batches = Math.floor(y.length / batch);
  return {
    net,
    train(from, to) {
      for (let step = from; step < to; step++) {
        const row = (step % batches) * batch;
        net.step(x.subarray(row * features, (row + batch) * features) as never, y.subarray(row, row + batch) as never);
      }
    },
  };
}

/** An MLP with odd sizes, momentum and batches of 29 rows: products, their edges, softmax. */
function mlp(): Training {
  const features = 37;
  const x = drawnRows(290, features, 1);
  const net = sequential(features, [dense(53, 'relu'), dense(24, 'sigmoid'), dense(10, 'softmax')], {
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
    seed: 1,
    build: 'simd',
  });
  return overBatches(net as never, x, largest(x, features, 10), features, 29);
}

/** A graph with two inputs, two losses and a residual path under Adam, in shuffled epochs of one step with a rate that falls as a cosine. */
function residual(): Training {
  const rows = 48;
  const left = input(8, 'left');
  const right = input(5, 'right');
  const h = dense(32, 'gelu')(concat(left, right));
  const u = layerNorm()(add(h, dense(32, 'silu')(h)));
  const net = network({
    inputs: [left, right],
    outputs: [dense(3, 'softmax')(u), gelu(dense(2, 'tanh')(u))],
    loss: [crossEntropy({ labelSmoothing: 0.05 }), { loss: meanSquaredError(), weight: 0.5 }],
    optimizer: adam({ learningRate: 0.01 }),
    seed: 2,
    build: 'simd',
  });
  const x = [drawnRows(rows, 8, 2), drawnRows(rows, 5, 3)] as const;
  const y = [largest(x[0], 8, 3), drawnRows(rows, 2, 4)] as const;
  return {
    net: net as never,
    async train(from, to) {
      // One schedule over all of it, whose epochs are counted from its beginning.
      const learningRate = cosine(0.01, { epochs: STEPS[STEPS.length - 1] as number, final: 1e-4 });
      await net.fit({ x, y }, { epochs: to, initialEpoch: from, batchSize: rows, learningRate });
    },
  };
}

/** Dropout and batch norms under AdamW with clipped gradients and decay for matrices alone: the generator, statistics of the batch, norms. */
function regularized(): Training {
  const features = 24;
  const x = drawnRows(256, features, 5);
  const net = sequential(
    features,
    [
      dense(48, 'elu'),
      batchNorm(),
      dropout(0.3),
      dense(32, 'softplus', { weightRegularizer: l2(1e-4) }),
      batchNorm(),
      dropout(0.1),
      dense(5, 'softmax'),
    ],
    {
      loss: crossEntropy({ classWeights: [1, 2, 1, 1, 0.5] }),
      optimizer: adamW({ learningRate: 0.005, weightDecay: 0.01, clipNorm: 1, groups: decayMatrices() }),
      seed: 3,
      build: 'simd',
    },
  );
  return overBatches(net as never, x, largest(x, features, 5), features, 32);
}

/** A regression by L-BFGS with line searches, all rows at once: losses that decide what is tried next, vectors kept in float32, sums in float64. */
function searched(): Training {
  const x = drawnRows(64, 3, 6);
  const y = Float32Array.from({ length: 64 }, (_, row) => {
    const [a = 0, b = 0, c = 0] = x.subarray(3 * row, 3 * row + 3);
    return a * b - c * c + a * a * c;
  });
  const net = sequential(3, [dense(12, 'tanh'), dense(8, 'tanh'), dense(1)], {
    loss: meanSquaredError(),
    optimizer: lbfgs({ maxIterations: 2, historySize: 20, toleranceGradient: 0, toleranceChange: 0 }),
    seed: 4,
    build: 'simd',
  });
  return {
    net: net as never,
    train(from, to) {
      for (let step = from; step < to; step++) net.step(x, y);
    },
  };
}

/** By the names that the table and golden.json have for them. */
export const TRAININGS: Readonly<Record<string, () => Training>> = {
  MLP: mlp,
  'residual, Adam, cosine': residual,
  'dropout, batch norm': regularized,
  'L-BFGS': searched,
};
