/** One step, frozen: forward values, the loss, then δ = ∂L/∂z back through the layers, with numbers of `trace` and the formula of each. */
import type { Network } from 'neurite';
import { type Trace, type TracedLayer, type TracedTensor, trace } from 'neurite/inspect';
import { features } from '../data/features.js';
import { lastActivation } from '../model/build.js';
import { activationFormulas, lossFormulas, updateFormulas } from '../model/formulas.js';
import type { Batch } from '../model/trainer.js';
import type { State } from '../state/state.js';
import { button, make } from './dom.js';
import type { NetworkView } from './network.js';

type Stage =
  | { readonly kind: 'forward'; readonly layer: number }
  | { readonly kind: 'loss' }
  | { readonly kind: 'backward'; readonly layer: number }
  | { readonly kind: 'update' };

const number = (v: number | undefined): string => {
  if (v === undefined) return '–';
  if (v === 0) return '0';
  const text = Math.abs(v) < 1e-3 || Math.abs(v) >= 1e4 ? v.toExponential(1) : v.toFixed(3);
  return text.replace('-', '−');
};

const weightsOf = ({ parameters }: TracedLayer<TracedTensor>) => (parameters.weights as NonNullable<typeof parameters.weights>).value.values;

const subscript = (n: number) => String(n).replace(/\d/g, (digit) => '₀₁₂₃₄₅₆₇₈₉'[Number(digit)] as string);

/** For a factor of a product. */
const factor = (v: number): string => (v < 0 ? `(${number(v)})` : number(v));

export class BackwardView {
  readonly #host: HTMLElement;
  readonly #network: NetworkView;
  readonly #start: Node[];
  #state: State | undefined;
  #net: Network | undefined;
  #batch: Batch | undefined;
  #trace: Trace<TracedTensor> | undefined;
  #gradients: readonly Float32Array[] = [];
  #row = 0;
  #at = 0;
  #unit = 0;
  #stages: Stage[] = [];
  #step: () => Promise<void> = async () => {};

  constructor(host: HTMLElement, network: NetworkView) {
    this.#host = host;
    this.#network = network;
    this.#start = [...host.childNodes];
  }

  get isOpen(): boolean {
    return this.#trace !== undefined;
  }

  /** @param batch the rows of the step @param step does it */
  open(state: State, net: Network, batch: Batch, step: () => Promise<void>): void {
    this.#state = state;
    this.#net = net;
    this.#batch = batch;
    this.#step = step;
    this.#row = 0;
    this.#unit = 0;
    const layers = net.layers.map((_, layer) => layer);
    this.#stages = [
      ...layers.map((layer) => ({ kind: 'forward', layer }) as const),
      { kind: 'loss' },
      ...[...layers].reverse().map((layer) => ({ kind: 'backward', layer }) as const),
      { kind: 'update' },
    ];
    this.#at = 0;
    net.gradient(batch.x, batch.y);
    this.#gradients = net.layers.map(({ weightGradients }) => weightGradients.slice());
    this.#look();
    this.#host.querySelector<HTMLElement>('[data-next]')?.focus();
  }

  close(): void {
    if (!this.#trace) return;
    this.#trace = undefined;
    this.#host.replaceChildren(...this.#start);
    this.#network.annotate([]);
  }

  #look(): void {
    const { x, y } = this.#batch as Batch;
    const width = (this.#state as State).features.length;
    const net = this.#net as Network;
    this.#trace = trace(net, x.slice(this.#row * width, (this.#row + 1) * width), y.slice(this.#row, this.#row + 1)) as Trace<TracedTensor>;
    this.#write();
  }

  #go(to: number): void {
    this.#at = Math.max(0, Math.min(this.#stages.length - 1, to));
    this.#unit = 0;
    this.#write();
  }

  #write(): void {
    const focused = this.#host.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : undefined;
    const stage = this.#stages[this.#at] as Stage;
    const { points } = this.#batch as Batch;
    const rows = make('select', { 'aria-label': 'row of the batch' });
    points.forEach((_, i) => {
      rows.append(make('option', { value: String(i), ...(i === this.#row && { selected: '' }) }, `row ${i + 1} of ${points.length}`));
    });
    rows.addEventListener('change', () => {
      this.#row = Number(rows.value);
      this.#look();
    });
    const range = make('input', {
      type: 'range',
      min: '0',
      max: String(this.#stages.length - 1),
      value: String(this.#at),
      'aria-label': 'where in the step',
    });
    range.setAttribute('aria-valuetext', this.#title(stage));
    range.addEventListener('input', () => this.#go(Number(range.value)));
    const back = button('Back', 'back', () => this.#go(this.#at - 1));
    back.disabled = this.#at === 0;
    const next = button('Next', 'next', () => this.#go(this.#at + 1), 'main');
    next.dataset.next = '';
    next.disabled = this.#at === this.#stages.length - 1;
    const controls = make(
      'div',
      { class: 'stages' },
      back,
      next,
      range,
      make('span', { class: 'pace' }, rows),
      button('Do this step', 'do this step', () => {
        this.close();
        this.#step().catch(() => {});
      }),
      button('Close', 'close the frozen step', () => this.close(), 'quiet'),
    );
    this.#host.replaceChildren(controls, make('h3', { 'aria-live': 'polite' }, this.#title(stage)), ...this.#body(stage));
    if (focused) {
      const again = this.#host.querySelector<HTMLButtonElement>(`[aria-label="${focused}"]`);
      (again?.disabled ? range : again)?.focus();
    }
    this.#annotate(stage);
  }

  #title(stage: Stage): string {
    if (stage.kind === 'loss') return 'The loss';
    if (stage.kind === 'update') return 'The update';
    const name = this.#name(stage.layer);
    return stage.kind === 'forward' ? `Forward: ${name}` : `Backward: ${name}`;
  }

  #name(layer: number): string {
    return layer === (this.#net as Network).layers.length - 1 ? 'the output' : `layer ${layer + 1}`;
  }

  #annotate(stage: Stage): void {
    const { layers } = this.#trace as Trace<TracedTensor>;
    const isBack = stage.kind === 'backward' || stage.kind === 'update';
    const done = stage.kind === 'loss' ? layers.length - 1 : stage.kind === 'update' ? 0 : stage.layer;
    const numbers = layers.map(({ u, dz }, layer) =>
      isBack ? (layer >= done ? [...dz.values].map(number) : undefined) : layer <= done ? [...u.values].map(number) : undefined,
    );
    this.#network.annotate(numbers, stage.kind === 'update' ? undefined : { layer: done, back: isBack });
  }

  /** What comes into a layer: features, or the values of the layer before, with their names. */
  #inputs(layer: number): { readonly name: string; readonly value: number }[] {
    const state = this.#state as State;
    if (layer > 0) return [...this.#traced(layer - 1).u.values].map((value, i) => ({ name: `u${subscript(i + 1)}`, value }));
    const width = state.features.length;
    return state.features.map((name, i) => ({ name: features[name].label, value: (this.#batch as Batch).x[this.#row * width + i] as number }));
  }

  #traced(layer: number): TracedLayer<TracedTensor> {
    return (this.#trace as Trace<TracedTensor>).layers[layer] as TracedLayer<TracedTensor>;
  }

  #target(): number {
    return (this.#batch as Batch).y[this.#row] as number;
  }

  #body(stage: Stage): Node[] {
    if (stage.kind === 'forward') return this.#forward(stage.layer);
    if (stage.kind === 'loss') return this.#loss();
    return stage.kind === 'backward' ? this.#backward(stage.layer) : this.#update();
  }

  #formula(text: string, numbers: string): HTMLElement {
    return make('p', { class: 'formula' }, text, make('small', {}, numbers));
  }

  /** A table with a row for each unit, by which one is chosen for the numbers. */
  #units(count: number, heads: readonly string[], cells: (unit: number) => readonly (number | undefined)[]): HTMLElement {
    const head = make('tr', {}, ...['unit', ...heads].map((text) => make('th', { scope: 'col' }, text)));
    const rows = Array.from({ length: count }, (_, unit) => {
      const chosen = button(String(unit + 1), `unit ${unit + 1}`, () => {
        this.#unit = unit;
        this.#write();
      });
      chosen.setAttribute('aria-pressed', String(unit === this.#unit));
      return make('tr', {}, make('td', {}, chosen), ...cells(unit).map((v) => make('td', {}, number(v))));
    });
    return make(
      'div',
      { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'numbers of the units' },
      make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows)),
    );
  }

  #activation(layer: number) {
    const state = this.#state as State;
    return activationFormulas[layer === (this.#net as Network).layers.length - 1 ? lastActivation(state) : state.activation];
  }

  #forward(layer: number): Node[] {
    const traced = this.#traced(layer);
    const inputs = this.#inputs(layer);
    const unit = this.#unit;
    const weights = weightsOf(traced);
    const bias = traced.parameters.biases?.value.values[unit] ?? 0;
    const terms = inputs.map(({ value }, i) => `${factor(weights[unit * inputs.length + i] as number)}·${factor(value)}`);
    const j = subscript(unit + 1);
    return [
      this.#formula(
        `z${j} = ${inputs.map(({ name }, i) => `w${j}${subscript(i + 1)}·${name}`).join(' + ')} + b${j},  u${j} = ${this.#activation(layer).value}`,
        `${terms.join(' + ')} + ${factor(bias)} = ${number(traced.z.values[unit])}, so u${j} = ${number(traced.u.values[unit])}`,
      ),
      this.#units(traced.z.values.length, ['z', 'u'], (i) => [traced.z.values[i], traced.u.values[i]]),
    ];
  }

  #loss(): Node[] {
    const { layers, loss } = this.#trace as Trace<TracedTensor>;
    const u = layers.at(-1)?.u.values[0];
    const penalty = (this.#state as State).penalty === 'none' ? '' : ', the penalty of the weights included';
    return [
      this.#formula(
        `L = ${lossFormulas[(this.#state as State).loss].value}`,
        `The network says u = ${number(u)}, the target is t = ${number(this.#target())}: L = ${number(loss)}${penalty}`,
      ),
    ];
  }

  #backward(layer: number): Node[] {
    const state = this.#state as State;
    const { layers } = this.#trace as Trace<TracedTensor>;
    const traced = this.#traced(layer);
    const next = layers[layer + 1];
    const unit = this.#unit;
    const j = subscript(unit + 1);
    const [u, du, dz] = [traced.u.values, traced.du.values, traced.dz.values];
    const slope = (i: number) => (du[i] ? (dz[i] as number) / (du[i] as number) : undefined);
    const inputs = this.#inputs(layer);
    const first = inputs[0] as { readonly name: string; readonly value: number };
    const gradient = (dz[unit] as number) * first.value;
    const weight = `∂L/∂w${j}${subscript(1)} = δ${j}·${first.name} = ${factor(dz[unit] as number)}·${factor(first.value)} = ${number(gradient)}`;
    const chain = next
      ? this.#formula(
          `δ${j} = (${Array.from(next.dz.values, (_, m) => `w${subscript(m + 1)}${j}·δ${subscript(m + 1)}`).join(' + ')}) · g′(z${j}),  g′ = ${this.#activation(layer).slope}`,
          `(${Array.from(next.dz.values, (d, m) => `${factor(weightsOf(next)[m * u.length + unit] as number)}·${factor(d)}`).join(' + ')}) · ${number(slope(unit))} = ${number(dz[unit])}`,
        )
      : this.#formula(
          `δ = ∂L/∂z = ${lossFormulas[state.loss].delta(lastActivation(state))}`,
          `u = ${number(u[0])}, t = ${number(this.#target())}: δ = ${number(dz[0])}`,
        );
    return [
      chain,
      make('p', { class: 'caption' }, `Each weight’s gradient is δ times what came in along it: ${weight}; the bias has ∂L/∂b${j} = δ${j}.`),
      this.#units(u.length, ['∂L/∂u', 'g′(z)', 'δ'], (i) => [du[i], slope(i), dz[i]]),
    ];
  }

  #update(): Node[] {
    const state = this.#state as State;
    const weights = weightsOf(this.#traced(0));
    const traced = this.#traced(0);
    const inputs = this.#inputs(0);
    const own = traced.dz.values;
    return [
      this.#formula(
        `g = the mean of ∂L/∂w over the batch${state.penalty === 'none' ? '' : ', and the slope of the penalty'};  ${updateFormulas[state.optimizer]}`,
        `η = ${state.rate}. “Do this step” does it; then a connection’s readout says by how much its weight changed.`,
      ),
      make('p', { class: 'caption' }, 'The first weight of each unit of the first layer:'),
      this.#units(own.length, ['w', 'δ·x of this row', 'g of the batch'], (i) => [
        weights[i * inputs.length],
        (own[i] as number) * (inputs[0]?.value ?? 0),
        (this.#gradients[0] as Float32Array)[i * inputs.length],
      ]),
    ];
  }
}
