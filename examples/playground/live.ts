/** A tiny network that learns the exclusive or while one looks: a surface and a button, for any page. It trains in the page, some steps every other frame. */
import { adam, binaryCrossEntropy, dense, input, network } from 'neurite';
import { rowsOf } from './data/features.js';
import { grid } from './data/places.js';
import { type Point, pointsOf } from './data/sets.js';
import { oneByOne, type Parts } from './model/parts.js';
import { onTheme } from './view/colours.js';
import { drawSurface } from './view/surface.js';

const SIDE = 64;
const EPOCHS = 600;
const EPOCHS_OF_FRAME = 4;
/** Milliseconds in which one sees what it says untrained. */
const UNTRAINED = 1000;

/**
 * Mounts it in an element, which it empties; the network comes in parts, between which the page can paint. The canvas takes the element's custom
 * properties `--text`, `--panel`, `--line` and `--faint` as colours. Where motion is reduced it shows what was learnt, and waits for the button;
 * where no network runs, it says why.
 *
 * @returns what takes it away again
 */
export function mountXor(element: HTMLElement): () => void {
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', 'What the network says everywhere in the plane, and the points of the exclusive or');
  Object.assign(canvas.style, { display: 'block', width: '100%', aspectRatio: '1' });
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Play' });
  const told = document.createElement('output');
  const row = document.createElement('p');
  Object.assign(row.style, { display: 'flex', gap: '0.75rem', alignItems: 'center', margin: '0.6rem 0 0' });
  row.append(button, told);
  element.replaceChildren(canvas, row);

  let gone = false;
  let takeAway = () => {};
  oneByOne(opening(canvas, button, told)).then(
    (take) => {
      takeAway = take;
      if (gone) take();
    },
    (error) => {
      if (!gone) element.textContent = `The network does not run here: ${error instanceof Error ? error.message : error}`;
    },
  );
  return () => {
    gone = true;
    element.replaceChildren();
    takeAway();
  };
}

/** The network and what is seen of it. Gives what ends it. */
function* opening(canvas: HTMLCanvasElement, button: HTMLButtonElement, told: HTMLOutputElement): Parts<() => void> {
  const points: Point[] = pointsOf('xor', 120, 8, 3);
  const x = rowsOf(points, ['x', 'y']);
  const y = Float32Array.from(points, ({ target }) => target);
  const places = rowsOf(grid(SIDE), ['x', 'y']);
  const values = new Float32Array(SIDE * SIDE);
  yield;
  const plane = input(2);
  const output = dense(1, 'sigmoid')(dense(6, 'tanh')(plane));
  const optimizer = adam({ learningRate: 0.02 });
  yield;
  const net = network({ inputs: plane, outputs: output, loss: binaryCrossEntropy(), optimizer, seed: 5, reproducible: true });
  let epochs = 0;
  let playing = false;
  let busy = false;
  let gone = false;

  const look = () => net.predict(places, values);
  const draw = () => drawSurface(canvas, { task: 'classes', training: points, test: [], values, side: SIDE, truth: '' });
  const write = () => {
    const { loss, accuracy = 0 } = net.evaluate({ x, y });
    told.textContent = `loss ${loss.toFixed(3)}, ${Math.round(100 * accuracy)} % right`;
    button.textContent = playing ? 'Pause' : epochs >= EPOCHS ? 'Again' : 'Play';
  };
  const show = () => {
    if (gone) return;
    look();
    draw();
    write();
  };
  /** Learns some and shows it in the next frame: a slow device hears a click between them. */
  const advance = async (count: number) => {
    if (busy) return;
    busy = true;
    await net.fit({ x, y }, { epochs: count, batchSize: 10 });
    await new Promise(requestAnimationFrame);
    busy = false;
    if (gone) return net.dispose();
    epochs += count;
    if (epochs >= EPOCHS) playing = false;
    show();
    if (playing) requestAnimationFrame(goOn);
  };
  const goOn = () => {
    if (playing && !gone) advance(EPOCHS_OF_FRAME);
  };
  const play = () => {
    playing = true;
    requestAnimationFrame(goOn);
  };
  yield;
  look();
  yield;
  draw();
  yield;
  write();
  yield;
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const begins = setTimeout(() => (isStill ? advance(EPOCHS) : play()), isStill ? 0 : UNTRAINED);
  button.addEventListener('click', () => {
    clearTimeout(begins);
    if (playing) playing = false;
    else {
      if (epochs >= EPOCHS) {
        net.reset();
        epochs = 0;
      }
      play();
    }
    show();
  });
  onTheme(show);
  const resized = new ResizeObserver(show);
  resized.observe(canvas);
  return () => {
    gone = true;
    clearTimeout(begins);
    resized.disconnect();
    if (!busy) net.dispose();
  };
}
