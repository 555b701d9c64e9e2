/** A pad for one digit, by pointer or keys. What is drawn is brought into the frame of MNIST: 20 pixels large, its centre of mass in the middle of 28. */

const SIDE = 28;
const BOX = 20;
const WIDTH = 20;
const STEP = 10;

export class DigitPad {
  readonly #canvas: HTMLCanvasElement;
  readonly #ink: HTMLCanvasElement;
  readonly #changed: (pixels: Float32Array | undefined) => void;
  #at: { x: number; y: number } | undefined;
  #cursor = { x: 140, y: 60 };
  #down = false;
  #keys = false;

  /** @param changed gets the 784 pixels from 0 to 1, or undefined for an empty pad */
  constructor(canvas: HTMLCanvasElement, changed: (pixels: Float32Array | undefined) => void) {
    this.#canvas = canvas;
    this.#changed = changed;
    this.#ink = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
    const place = (event: PointerEvent) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      return { x: ((event.clientX - left) / width) * canvas.width, y: ((event.clientY - top) / height) * canvas.height };
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#keys = false;
      this.#at = place(event);
      this.#line(this.#at);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#at && event.buttons > 0) this.#line(place(event));
    });
    canvas.addEventListener('pointerup', () => {
      this.#at = undefined;
    });
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => {
      this.#keys = false;
      this.#show();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#show());
    this.#show();
  }

  clear(): void {
    this.#context().clearRect(0, 0, this.#ink.width, this.#ink.height);
    this.#show();
    this.look();
  }

  /** Reads what is drawn once more. */
  look(): void {
    this.#changed(this.#pixels());
  }

  #context(): CanvasRenderingContext2D {
    return this.#ink.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  }

  #key(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const by = moves[event.key];
    if (!by && event.key !== ' ') return;
    event.preventDefault();
    this.#keys = true;
    if (by) {
      const move = (v: number, d: number) => Math.max(WIDTH, Math.min(this.#ink.width - WIDTH, v + STEP * d));
      const to = { x: move(this.#cursor.x, by[0]), y: move(this.#cursor.y, by[1]) };
      if (this.#down) {
        this.#at = this.#cursor;
        this.#line(to);
      }
      this.#cursor = to;
    } else {
      this.#down = !this.#down;
      this.#at = this.#cursor;
      if (this.#down) this.#line(this.#cursor);
    }
    this.#show();
  }

  #line(to: { x: number; y: number }): void {
    const draw = this.#context();
    const from = this.#at ?? to;
    draw.lineWidth = WIDTH;
    draw.lineCap = 'round';
    draw.lineJoin = 'round';
    draw.beginPath();
    draw.moveTo(from.x, from.y);
    draw.lineTo(to.x, to.y + 0.01);
    draw.stroke();
    this.#at = to;
    this.#show();
    this.look();
  }

  #show(): void {
    const draw = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
    const { width, height } = this.#canvas;
    const colour = (name: string) => getComputedStyle(this.#canvas).getPropertyValue(name);
    draw.globalCompositeOperation = 'source-over';
    draw.clearRect(0, 0, width, height);
    draw.drawImage(this.#ink, 0, 0);
    draw.globalCompositeOperation = 'source-in';
    draw.fillStyle = colour('--text');
    draw.fillRect(0, 0, width, height);
    draw.globalCompositeOperation = 'source-over';
    if (!this.#keys) return;
    draw.strokeStyle = colour(this.#down ? '--high' : '--low');
    draw.lineWidth = 3;
    draw.beginPath();
    draw.arc(this.#cursor.x, this.#cursor.y, 12, 0, 2 * Math.PI);
    draw.stroke();
  }

  #pixels(): Float32Array | undefined {
    const { width, height } = this.#ink;
    const { data } = this.#context().getImageData(0, 0, width, height);
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if ((data[4 * (y * width + x) + 3] as number) === 0) continue;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
      }
    }
    if (right < 0) return undefined;
    const [wide, high] = [right - left + 1, bottom - top + 1];
    const scale = BOX / Math.max(wide, high);
    const small = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
    const draw = small.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
    draw.imageSmoothingQuality = 'high';
    const [w, h] = [wide * scale, high * scale];
    draw.drawImage(this.#ink, left, top, wide, high, (SIDE - w) / 2, (SIDE - h) / 2, w, h);
    const ink = draw.getImageData(0, 0, SIDE, SIDE).data;
    let [sum, sx, sy] = [0, 0, 0];
    for (let i = 0; i < SIDE * SIDE; i++) {
      const a = ink[4 * i + 3] as number;
      sum += a;
      sx += a * (i % SIDE);
      sy += a * Math.floor(i / SIDE);
    }
    const [dx, dy] = [Math.round(sx / sum - 13.5), Math.round(sy / sum - 13.5)];
    const pixels = new Float32Array(SIDE * SIDE);
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const [fromX, fromY] = [x + dx, y + dy];
        if (fromX >= 0 && fromX < SIDE && fromY >= 0 && fromY < SIDE) pixels[y * SIDE + x] = (ink[4 * (fromY * SIDE + fromX) + 3] as number) / 255;
      }
    }
    return pixels;
  }
}
