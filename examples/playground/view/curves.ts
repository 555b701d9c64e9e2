/** Loss and accuracy over the steps, of what is learnt from and what is held back. */
import uPlot from 'uplot';
import type { Sample } from '../model/run.js';
import type { Samples } from '../model/samples.js';
import { onTheme } from './colours.js';

export class Curves {
  readonly #loss: HTMLElement;
  readonly #right: HTMLElement;
  #plots: { loss: uPlot; right: uPlot } | undefined;
  readonly #samples: Samples;

  constructor(loss: HTMLElement, right: HTMLElement, samples: Samples) {
    this.#samples = samples;
    this.#loss = loss;
    this.#right = right;
    this.#make();
    onTheme(() => this.#make());
    new ResizeObserver(() => {
      if (!this.#plots) return;
      this.#plots.loss.setSize(sizeOf(this.#loss));
      this.#plots.right.setSize(sizeOf(this.#right));
    }).observe(loss);
  }

  /** Shows the samples as they are now. */
  draw(): void {
    if (!this.#plots) return;
    const { kept } = this.#samples;
    const column = <K extends keyof Sample>(key: K) => kept.map((one) => one[key] ?? null) as (number | null)[];
    const steps = kept.map(({ step }) => step);
    this.#plots.loss.setData([steps, column('training'), column('test')]);
    this.#plots.right.setData([steps, column('trainingRight'), column('testRight')]);
  }

  #make(): void {
    this.#plots?.loss.destroy();
    this.#plots?.right.destroy();
    const style = getComputedStyle(this.#loss);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const make = (host: HTMLElement, range: uPlot.Scale.Range | undefined, size: number, text: (value: number) => string) => {
      const axis = {
        stroke: colour('faint'),
        font: '12px system-ui, sans-serif',
        grid: { stroke: colour('line'), width: 1 },
        ticks: { show: false },
      };
      return new uPlot(
        {
          ...sizeOf(host),
          padding: [8, 22, 0, 0],
          cursor: { show: false },
          legend: { show: false },
          scales: { x: { time: false }, y: range ? { range } : { range: (_, __, most) => [0, (most || 1) * 1.05] } },
          axes: [
            { ...axis, size: 28, values: (_, all) => all.map((v) => (v >= 10_000 ? `${v / 1000} k` : String(v))) },
            { ...axis, size, values: (_, all) => all.map(text) },
          ],
          series: [
            {},
            { stroke: colour('high'), width: 2, points: { show: false } },
            { stroke: colour('low'), width: 2, dash: [6, 4], points: { show: false } },
          ],
        },
        [[], [], []],
        host,
      );
    };
    this.#plots = {
      loss: make(this.#loss, undefined, 48, (v) => String(Number(v.toPrecision(3)))),
      right: make(this.#right, [0, 1.02], 48, (v) => `${Math.round(100 * v)} %`),
    };
    this.draw();
  }
}

function sizeOf({ clientWidth, clientHeight }: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, clientWidth), height: Math.max(90, clientHeight) };
}
