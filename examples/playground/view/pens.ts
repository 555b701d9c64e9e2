/** Draws and erases points on the surface, by pointer or by arrow keys. */
import { drawnPoint, type Point, REACH } from '../data/sets.js';
import { make } from './dom.js';

type Pen = 'one' | 'zero' | 'erase';

interface Board {
  readonly points: () => readonly Point[];
  readonly drawn: (points: readonly Point[]) => void;
}

const NEAR = 0.22;
/** Between two points of a stroke. */
const APART = 0.28;

export class Pens {
  readonly #canvas: HTMLCanvasElement;
  readonly #host: HTMLElement;
  readonly #caption: HTMLElement;
  readonly #board: Board;
  #pen: Pen = 'one';
  #on = false;
  /** Where the keys are. */
  #cursor: { x: number; y: number } | undefined;
  #last: { x: number; y: number } | undefined;

  constructor(canvas: HTMLElement, host: HTMLElement, caption: HTMLElement, board: Board) {
    this.#canvas = canvas as HTMLCanvasElement;
    this.#host = host;
    this.#caption = caption;
    this.#board = board;
    const pens: readonly (readonly [Pen, string])[] = [
      ['one', 'orange squares'],
      ['zero', 'blue discs'],
      ['erase', 'erase'],
    ];
    for (const [pen, text] of pens) {
      const radio = make('input', { type: 'radio', name: 'pen', ...(pen === 'one' && { checked: '' }) });
      radio.addEventListener('change', () => {
        this.#pen = pen;
      });
      host.append(make('label', {}, radio, text));
    }
    canvas.addEventListener('pointerdown', (event) => {
      if (!this.#on) return;
      canvas.setPointerCapture(event.pointerId);
      this.#last = undefined;
      this.#stroke(event);
    });
    canvas.addEventListener('pointermove', (event) => this.#on && event.buttons > 0 && this.#stroke(event));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => {
      this.#cursor = undefined;
    });
  }

  show(on: boolean): void {
    this.#on = on;
    this.#host.hidden = !on;
    this.#canvas.classList.toggle('drawing', on);
    this.#canvas.tabIndex = on ? 0 : -1;
    this.#canvas.setAttribute('role', on ? 'application' : 'img');
    this.#canvas.setAttribute(
      'aria-label',
      on
        ? 'A plane to draw points on: arrow keys move the pen, the space bar sets it down'
        : 'What the network says everywhere in the plane, and the points',
    );
    this.#caption.textContent = on
      ? 'Draw on the plane; with the keyboard, arrow keys move the pen and the space bar sets it down.'
      : 'Full points are learnt from, hollow ones test.';
  }

  /** Draws where the keys are. */
  cross(): void {
    if (!this.#on || !this.#cursor) return;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const draw = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
    const [x, y] = [((this.#cursor.x / REACH + 1) / 2) * width, ((1 - this.#cursor.y / REACH) / 2) * height];
    draw.strokeStyle = getComputedStyle(this.#canvas).getPropertyValue('--text');
    draw.lineWidth = 2;
    draw.beginPath();
    draw.moveTo(x - 10, y);
    draw.lineTo(x + 10, y);
    draw.moveTo(x, y - 10);
    draw.lineTo(x, y + 10);
    draw.stroke();
  }

  #stroke(event: PointerEvent): void {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const at = { x: (2 * ((event.clientX - left) / width) - 1) * REACH, y: (1 - 2 * ((event.clientY - top) / height)) * REACH };
    if (this.#last && Math.hypot(at.x - this.#last.x, at.y - this.#last.y) < APART && this.#pen !== 'erase') return;
    this.#last = at;
    this.#put(at);
  }

  #key(event: KeyboardEvent): void {
    if (!this.#on) return;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    };
    const by = moves[event.key];
    this.#cursor ??= { x: 0, y: 0 };
    if (by) {
      const move = (v: number, d: number) => Math.max(-REACH, Math.min(REACH, v + 0.15 * d));
      this.#cursor = { x: move(this.#cursor.x, by[0]), y: move(this.#cursor.y, by[1]) };
      this.#board.drawn(this.#board.points());
    } else if (event.key === ' ') this.#put(this.#cursor);
    else return;
    event.preventDefault();
  }

  #put(at: { readonly x: number; readonly y: number }): void {
    const points = this.#board.points();
    if (this.#pen === 'erase') {
      const left = points.filter(({ x, y }) => Math.hypot(x - at.x, y - at.y) > NEAR);
      if (left.length < points.length) this.#board.drawn(left);
      return;
    }
    this.#board.drawn([...points, drawnPoint(at.x, at.y, this.#pen === 'one' ? 1 : 0)]);
  }
}
