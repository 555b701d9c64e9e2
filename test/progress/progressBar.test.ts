import { adam, confusionMatrix, crossEntropy, dense, type FitProgress, f1, sequential } from 'neurite';
import { progressBar } from 'neurite/progress';
import { describe, expect, test } from 'vitest';

const rows = 60;
const x = Float32Array.from({ length: rows * 2 }, (_, i) => Math.sin(5 * i));
const y = Uint8Array.from({ length: rows }, (_, i) => Number((x[2 * i] as number) > 0));
const make = () => sequential(2, [dense(4, 'tanh'), dense(2, 'softmax')], { loss: crossEntropy(), optimizer: adam() });

function recorder(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  return { written, stream: { write: (text: string) => written.push(text), isTTY, ...(columns && { columns }) } };
}

describe('a progress bar', () => {
  test('writes a line for each epoch where the output is no terminal', async () => {
    const { written, stream } = recorder(false);
    const options = { epochs: 2, validationSplit: 0.25, metrics: [f1, confusionMatrix] };
    const { epochs } = await make().fit({ x, y }, { ...options, ...progressBar({ stream }) });
    expect(written).toHaveLength(2);
    epochs.forEach(({ epoch, loss, accuracy, validation }, i) => {
      const [share, held] = [accuracy, validation?.accuracy].map((v) => `${(100 * (v as number)).toFixed(1)} %`);
      const [l, v, f] = [loss, validation?.loss, validation?.f1.macro].map((n) => String(Number((n as number).toPrecision(4))));
      expect(written[i]).toMatch(
        `epoch ${epoch}/2  loss ${l}  accuracy ${share}  validation loss ${v}  validation accuracy ${held}  validation f1 ${f}  `,
      );
      expect(written[i]).toMatch(/ {2}[\d.]+ s\n$/);
    });
  });

  const progress: FitProgress = {
    epoch: 3,
    epochs: 12,
    step: 5,
    steps: 8,
    loss: 0.123456,
    losses: undefined,
    accuracy: 0.5,
    seconds: 1,
    samplesPerSecond: 10,
    secondsLeft: 75,
    longestBlock: 0.01,
  };

  test('writes over its own line in a terminal, and never wraps', () => {
    for (const columns of [20, 80, 200]) {
      const { written, stream } = recorder(true, columns);
      const { onProgress } = progressBar({ stream, width: 8 });
      onProgress(progress);
      onProgress({ ...progress, step: 8 });
      expect(written).toEqual([`\r\x1b[K${'epoch  3/12  █████░░░  62 %  loss 0.1235  accuracy 50.0 %  75 s left'.slice(0, columns - 1)}`]);
    }
  });

  test('shows several losses, long times and what is no number', () => {
    const { written, stream } = recorder(true, 200);
    const { onProgress } = progressBar({ stream, width: 2 });
    onProgress({ ...progress, losses: [0.1, 0.0234567], accuracy: undefined, loss: Number.NaN, secondsLeft: 3600 });
    onProgress({ ...progress, secondsLeft: Number.POSITIVE_INFINITY });
    expect(written[0]).toContain('62 %  loss NaN  (0.1 + 0.02346)  60 min left');
    expect(written[1]).toContain('  ? left');
  });

  test('refuses what it cannot write to', () => {
    expect(() => progressBar({ stream: {} as never })).toThrow('progressBar: stream is an object without fields, expected a stream');
    expect(() => progressBar({ width: 0 })).toThrow('progressBar: width is 0, expected a whole number > 0');
    expect(() => progressBar({ bar: 1 } as never)).toThrow('progressBar: there is no option "bar"');
  });
});
