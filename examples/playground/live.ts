/** A tiny network that learns the exclusive or while one looks: a surface and a button, for any page. It trains in the page, a few steps a frame. */
import { adam, binaryCrossEntropy, dense, sequential } from 'neurite';
import { rowsOf } from './data/features.js';
import { grid } from './data/places.js';
import { type Point, pointsOf } from './data/sets.js';
import { onTheme } from './view/colours.js';
import { drawSurface } from './view/surface.js';

const SIDE = 64;
const EPOCHS = 600;

/**
 * Mounts it in an element, which it empties. The canvas takes the element's custom properties `--text`, `--panel`, `--line` and `--faint` as colours. Where
 * motion is reduced it shows what was learnt, and waits for the button.
 *
 * @returns what takes it away again
 */
export function mountXor(element: HTMLElement): () => void {
  const canvas = document.createElement('canvas');
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', 'What the network says everywhere in the plane, and the points of the exclusive or');
  Object.assign(canvas.style, { display: 'block', width: '100%', aspectRatio: '1' });
  const button = Object.assign(document.createElement('button'), { type: 'button' });
  const told = document.createElement('output');
  const row = document.createElement('p');
  Object.assign(row.style, { display: 'flex', gap: '0.75rem', alignItems: 'center', margin: '0.6rem 0 0' });
  row.append(button, told);
  element.replaceChildren(canvas, row);

  const points: Point[] = pointsOf('xor', 120, 8, 3);
  const x = rowsOf(points, ['x', 'y']);
  const y = Float32Array.from(points, ({ target }) => target);
  const places = rowsOf(grid(SIDE), ['x', 'y']);
  const values = new Float32Array(SIDE * SIDE);
  const net = sequential(2, [dense(6, 'tanh'), dense(1, 'sigmoid')], {
    loss: binaryCrossEntropy(),
    optimizer: adam({ learningRate: 0.02 }),
    seed: 5,
    reproducible: true,
  });
  let epochs = 0;
  let playing = false;
  let gone = false;

  const show = () => {
    net.predict(places, values);
    drawSurface(canvas, { task: 'classes', training: points, test: [], values, side: SIDE, truth: '' });
    const { loss, accuracy = 0 } = net.evaluate({ x, y });
    told.textContent = `loss ${loss.toFixed(3)}, ${Math.round(100 * accuracy)} % right`;
    button.textContent = playing ? 'Pause' : epochs >= EPOCHS ? 'Again' : 'Play';
  };
  const learn = async (count: number) => {
    await net.fit({ x, y }, { epochs: count, batchSize: 10 });
    epochs += count;
  };
  const frame = async () => {
    if (gone || !playing) return;
    await learn(2);
    if (gone) return net.dispose();
    if (epochs >= EPOCHS) playing = false;
    show();
    requestAnimationFrame(frame);
  };
  const play = () => {
    playing = true;
    requestAnimationFrame(frame);
  };
  button.addEventListener('click', () => {
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
  onTheme(() => gone || show());
  const resized = new ResizeObserver(() => gone || show());
  resized.observe(canvas);
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) learn(EPOCHS).then(() => gone || show());
  else play();
  show();
  return () => {
    gone = true;
    resized.disconnect();
    element.replaceChildren();
    if (!playing) net.dispose();
  };
}
