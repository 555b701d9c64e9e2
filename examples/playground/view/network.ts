/** The network: what each unit says everywhere, and every weight as a line, orange above zero and blue below. */
import { features } from '../data/features.js';
import { UNIT_SIDE } from '../data/places.js';
import { taskOf } from '../data/sets.js';
import { lastActivation, sizesOf } from '../model/build.js';
import type { State } from '../state/state.js';
import { drawing } from './canvas.js';
import { css, paint } from './colours.js';
import { button, make } from './dom.js';
import { signedBy } from './surface.js';

/** A connection: the unit `to` of a layer, from the unit `from` of the layer before, or from a feature. */
export interface Edge {
  readonly layer: number;
  readonly to: number;
  readonly from: number;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

const NEAR = 7;
/** What a unit is called. */
export function unitName(layer: number, unit: number, layers: number): string {
  return layer === layers - 1 ? 'output' : `layer ${layer + 1}, unit ${unit + 1}`;
}

const labelOf = (layer: number, unit: number, layers: number) => `${unitName(layer, unit, layers)}; arrow keys walk its connections`;

export class NetworkView {
  readonly #host: HTMLElement;
  readonly #edges: HTMLCanvasElement;
  readonly #selected: (edge: Edge | undefined) => void;
  #state: State | undefined;
  /** Column by column; the first is that of the features. */
  #places: Place[][] = [];
  #units: HTMLButtonElement[][] = [];
  #size = 40;
  #width = 0;
  #edge: Edge | undefined;
  #weights: readonly Float32Array[] = [];
  /** The layer that a backward view is at. */
  #lit: { readonly layer: number; readonly back: boolean } | undefined;
  #numbers: readonly (readonly string[] | undefined)[] = [];

  constructor(host: HTMLElement, selected: (edge: Edge | undefined) => void) {
    this.#host = host;
    this.#selected = selected;
    this.#edges = make('canvas', { 'aria-hidden': 'true', class: 'edges' });
    host.append(this.#edges);
    host.addEventListener('pointermove', (event) => event.pointerType === 'mouse' && this.#point(event));
    host.addEventListener('pointerdown', (event) => this.#point(event));
    host.addEventListener('pointerleave', () => this.select(undefined));
    new ResizeObserver(() => this.#state && host.clientWidth > 0 && host.clientWidth !== this.#width && this.show(this.#state)).observe(host);
  }

  get edge(): Edge | undefined {
    return this.#edge;
  }

  /** Lays out another network. */
  show(state: State): void {
    this.#state = state;
    const columns = [state.features.length, ...sizesOf(state)];
    const width = this.#host.clientWidth;
    this.#width = width;
    const pitch = width / columns.length;
    const size = Math.max(22, Math.min(48, Math.floor(pitch * 0.62)));
    this.#size = size;
    const step = size + 16;
    const height = Math.max(...columns) * step + 8;
    this.#host.style.height = `${height}px`;
    this.#places = columns.map((count, column) =>
      Array.from({ length: count }, (_, i) => ({ x: pitch * (column + 0.5), y: height / 2 + (i - (count - 1) / 2) * step })),
    );
    const place = (element: HTMLElement, { x, y }: Place) =>
      Object.assign(element.style, { left: `${x - size / 2}px`, top: `${y - size / 2}px`, width: `${size}px`, height: `${size}px` });
    const inputs = state.features.map((name, i) => {
      const tile = make('div', { class: 'feature' }, features[name].label);
      place(tile, this.#places[0]?.[i] as Place);
      return tile;
    });
    const focused = this.#units.flat().indexOf(document.activeElement as HTMLButtonElement);
    this.#units = sizesOf(state).map((count, layer, all) =>
      Array.from({ length: count }, (_, unit) => {
        const made = button('', labelOf(layer, unit, all.length), () => this.#walk(layer, unit, 1), 'unit');
        made.append(make('canvas', { 'aria-hidden': 'true' }), make('span', { class: 'number' }));
        made.addEventListener('keydown', (event) => {
          const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (by === undefined) return;
          event.preventDefault();
          this.#walk(layer, unit, by);
        });
        place(made, this.#places[layer + 1]?.[unit] as Place);
        return made;
      }),
    );
    this.#host.replaceChildren(this.#edges, ...inputs, ...this.#units.flat());
    this.annotate(this.#numbers, this.#lit);
    if (focused >= 0) this.#units.flat()[focused]?.focus();
    if (this.#edge && !this.#places[this.#edge.layer + 1]?.[this.#edge.to]) this.#edge = undefined;
  }

  /** @param weights of each layer @param values of every unit at the places of its picture */
  draw(weights: readonly Float32Array[], values: ArrayLike<number> | undefined): void {
    const state = this.#state;
    if (!state) return;
    this.#weights = weights;
    this.#drawEdges();
    if (!values) return;
    const total = this.#units.flat().length;
    let unit = 0;
    this.#units.forEach((units, layer) => {
      const activation = layer === this.#units.length - 1 ? lastActivation(state) : state.activation;
      for (const { firstElementChild } of units)
        drawUnit(firstElementChild as HTMLCanvasElement, taskOf(state.data) === 'classes', this.#size, values, unit++, total, signedBy(activation));
    });
  }

  select(edge: Edge | undefined): void {
    this.#edge = edge;
    this.#drawEdges();
    this.#selected(edge);
  }

  /** Numbers under the units of each layer, and which layer is looked at. */
  annotate(numbers: readonly (readonly string[] | undefined)[], lit?: { readonly layer: number; readonly back: boolean }): void {
    this.#lit = lit;
    this.#numbers = numbers;
    this.#units.forEach((units, layer) => {
      units.forEach((unit, i) => {
        const number = numbers[layer]?.[i] ?? '';
        (unit.lastChild as HTMLElement).textContent = number;
        unit.setAttribute('aria-label', `${number && `${number}, `}${labelOf(layer, i, this.#units.length)}`);
        unit.classList.toggle('lit', lit?.layer === layer);
        unit.classList.toggle('back', lit?.layer === layer && lit.back);
      });
    });
    this.#drawEdges();
  }

  #walk(layer: number, unit: number, by: number): void {
    const count = (this.#places[layer] as Place[]).length;
    const at = this.#edge?.layer === layer && this.#edge.to === unit ? this.#edge.from + by : by > 0 ? 0 : count - 1;
    this.select({ layer, to: unit, from: (at + count) % count });
  }

  #curve({ layer, to, from }: Edge): readonly [Place, Place, Place, Place] {
    const [a, b] = [this.#places[layer]?.[from] as Place, this.#places[layer + 1]?.[to] as Place];
    const half = this.#size / 2;
    const [start, end] = [a.x + half, b.x - half];
    const bend = (end - start) * 0.5;
    return [
      { x: start, y: a.y },
      { x: start + bend, y: a.y },
      { x: end - bend, y: b.y },
      { x: end, y: b.y },
    ];
  }

  *#all(): Generator<Edge> {
    for (let layer = 0; layer + 1 < this.#places.length; layer++)
      for (let to = 0; to < (this.#places[layer + 1] as Place[]).length; to++)
        for (let from = 0; from < (this.#places[layer] as Place[]).length; from++) yield { layer, to, from };
  }

  #weight({ layer, to, from }: Edge): number {
    return this.#weights[layer]?.[to * (this.#places[layer] as Place[]).length + from] ?? 0;
  }

  #drawEdges(): void {
    if (this.#weights.length === 0) return;
    const { draw, colour } = drawing(this.#edges);
    draw.lineCap = 'round';
    const stroke = (edge: Edge, strength: number, width: number, own?: string) => {
      const [a, b, c, d] = this.#curve(edge);
      draw.beginPath();
      draw.moveTo(a.x, a.y);
      draw.bezierCurveTo(b.x, b.y, c.x, c.y, d.x, d.y);
      draw.strokeStyle = own ?? css(strength, 1);
      draw.lineWidth = width;
      draw.stroke();
    };
    for (const edge of this.#all()) {
      const w = this.#weight(edge);
      const size = Math.min(1, Math.abs(w) / 2.5);
      draw.globalAlpha = this.#lit && this.#lit.layer !== edge.layer ? 0.25 : 1;
      stroke(edge, Math.sign(w) * (0.25 + 0.75 * size), 0.6 + 4.4 * size);
    }
    draw.globalAlpha = 1;
    if (!this.#edge) return;
    const w = this.#weight(this.#edge);
    stroke(this.#edge, 0, 9, colour('text'));
    stroke(this.#edge, w < 0 ? -1 : 1, 5.5);
  }

  #point(event: PointerEvent): void {
    if ((event.target as HTMLElement).closest('.unit')) return;
    const { left, top } = this.#host.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    let best: Edge | undefined;
    let distance: number = NEAR * NEAR;
    for (const edge of this.#all()) {
      const [a, b, c, d] = this.#curve(edge);
      if (x < a.x - NEAR || x > d.x + NEAR) continue;
      for (let i = 0; i <= 20; i++) {
        const [t, s] = [i / 20, 1 - i / 20];
        const [p, q, r, u] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
        const [dx, dy] = [p * a.x + q * b.x + r * c.x + u * d.x - x, p * a.y + q * b.y + r * c.y + u * d.y - y];
        if (dx * dx + dy * dy < distance) {
          distance = dx * dx + dy * dy;
          best = edge;
        }
      }
    }
    if (best?.layer !== this.#edge?.layer || best?.to !== this.#edge?.to || best?.from !== this.#edge?.from) this.select(best);
  }
}

const images = new WeakMap<HTMLCanvasElement, { image: ImageData; pixels: Uint32Array }>();

/** A unit's own surface, or its curve. */
function drawUnit(
  canvas: HTMLCanvasElement,
  isSurface: boolean,
  size: number,
  values: ArrayLike<number>,
  unit: number,
  total: number,
  toSigned: (value: number) => number,
): void {
  const side = isSurface ? UNIT_SIDE : 2 * size;
  if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
  const draw = canvas.getContext('2d') as CanvasRenderingContext2D;
  if (isSurface) {
    let found = images.get(canvas);
    if (!found) {
      const image = draw.createImageData(UNIT_SIDE, UNIT_SIDE);
      found = { image, pixels: new Uint32Array(image.data.buffer) };
      images.set(canvas, found);
    }
    paint(found.pixels, values, unit, total, toSigned);
    draw.putImageData(found.image, 0, 0);
    return;
  }
  draw.clearRect(0, 0, side, side);
  draw.beginPath();
  for (let i = 0; i < UNIT_SIDE; i++) {
    const v = Math.max(-1, Math.min(1, toSigned(values[unit + i * total] as number)));
    draw.lineTo((i / (UNIT_SIDE - 1)) * side, ((1 - 0.86 * v) / 2) * side);
  }
  draw.strokeStyle = getComputedStyle(canvas).color;
  draw.lineWidth = 4;
  draw.stroke();
}
