/** A tiny network that learns the exclusive or while one looks: a surface and a button, for any page. It trains in the page, some steps every other frame. */
import { adam, binaryCrossEntropy, dense, input, network } from 'neurite';
import { rowsOf } from './data/features.js';
import { grid } from './data/places.js';
import { type Point, pointsOf } from './data/sets.js';
import { oneByOne, type Parts } from './model/parts.js';
import { onTheme } from './view/colours.js';
import { onResize } from './view/dom.js';
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
 */
export async function mountXor(element: HTMLElement): Promise<void> {
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', 'What the network says everywhere in the plane, and the points of the exclusive or');
  Object.assign(canvas.style, { display: 'block', width: '100%', aspectRatio: '1' });
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Play', disabled: true });
  const told = document.createElement('output');
  const row = document.createElement('p');
  Object.assign(row.style, { display: 'flex', gap: '0.75rem', alignItems: 'center', margin: '0.6rem 0 0' });
  row.append(button, told);
  element.replaceChildren(canvas, row);
  try {
    await oneByOne(opening(canvas, button, told));
  } catch (error) {
    element.textContent = `The network does not run here: ${error instanceof Error ? error.message : error}`;
  }
}

/** The network, and what is seen of it. */
function* opening(canvas: HTMLCanvasElement, button: HTMLButtonElement, told: HTMLOutputElement): Parts<void> {
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

  const look = () => net.predict(places, values);
  const draw = () => drawSurface(canvas, { task: 'classes', training: points, test: [], values, side: SIDE, truth: '' });
  const name = () => {
    button.textContent = playing ? 'Pause' : epochs >= EPOCHS ? 'Again' : 'Play';
  };
  const write = () => {
    const { loss, accuracy = 0 } = net.evaluate({ x, y });
    told.textContent = `loss ${loss.toFixed(3)}, ${Math.round(100 * accuracy)} % right`;
    name();
  };
  const show = () => {
    look();
    draw();
    write();
  };
  /** Learns some and shows it in the next frame: a slow device hears a click between them. */
  const advance = async (count: number) => {
    if (busy) return;
    busy = true;
    try {
      await net.fit({ x, y }, { epochs: count, batchSize: 10 });
      await new Promise(requestAnimationFrame);
      epochs += count;
      if (epochs >= EPOCHS) playing = false;
      show();
    } catch (error) {
      playing = false;
      told.textContent = error instanceof Error ? error.message : String(error);
      name();
    } finally {
      busy = false;
    }
    if (playing) requestAnimationFrame(goOn);
  };
  const goOn = () => {
    if (playing) advance(EPOCHS_OF_FRAME);
  };
  const play = () => {
    playing = true;
    name();
    requestAnimationFrame(goOn);
  };
  yield;
  look();
  yield;
  draw();
  yield;
  write();
  yield;
  onTheme(show);
  onResize(canvas, show);
  let begins: number | undefined;
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
    advance(EPOCHS).then(() => {
      button.disabled = false;
    });
  } else {
    button.disabled = false;
    begins = window.setTimeout(play, UNTRAINED);
  }
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
}
