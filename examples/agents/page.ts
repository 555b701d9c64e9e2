/** The game loop: a step of the world and a picture of it, sixty times a second. */
import { element, path, surface } from '../surface.js';
import { HEIGHT, WIDTH, World } from './world.js';

/** Seconds of a step, however fast the screen is. */
const STEP = 1 / 60;
/** Steps in a frame at most: a page that was hidden goes on where it was. */
const MOST = 4;
const FAST = 8;
/** Seconds that a point of the curves stands for. */
const PERIOD = 2;

const play = element<HTMLButtonElement>('play');
const fast = element<HTMLButtonElement>('fast');
let seed = 1;
let world = new World({ seed });
let playing = true;
let isFast = false;
/** Food and thorns by agent and minute, a pair for each period. */
let rates: (readonly [food: number, thorns: number])[] = [];
let before = { time: 0, eaten: 0, hurt: 0 };
let last = 0;
let owed = 0;
let work = 0;

function count(): void {
  const passed = world.time - before.time;
  if (passed < PERIOD) return;
  const each = 60 / (passed * world.agents);
  rates.push([(world.eaten - before.eaten) * each, (world.hurt - before.hurt) * each]);
  before = { time: world.time, eaten: world.eaten, hurt: world.hurt };
  // The last ten seconds tell more than two.
  const recent = rates.slice(-5);
  const mean = (which: 0 | 1) => (recent.reduce((sum, pair) => sum + pair[which], 0) / recent.length).toFixed(1);
  element('food').textContent = mean(0);
  element('thorns').textContent = mean(1);
}

function drawWorld(): void {
  const { draw, width, height, colour } = surface('world');
  const scale = width / WIDTH;
  const round = (xs: Float64Array, ys: Float64Array, radius: number) => {
    draw.beginPath();
    for (let j = 0; j < xs.length; j++) {
      const [x, y] = [(xs[j] as number) * scale, ((ys[j] as number) / HEIGHT) * height];
      draw.moveTo(x + radius, y);
      draw.arc(x, y, radius, 0, 2 * Math.PI);
    }
    draw.fill();
  };
  const size = Math.max(3.2, 9 * scale);
  draw.fillStyle = colour('food');
  round(world.foodX, world.foodY, size * 0.5);
  draw.strokeStyle = colour('thorn');
  draw.lineWidth = Math.max(1.2, size * 0.28);
  draw.beginPath();
  for (let j = 0; j < world.thornX.length; j++) {
    const [x, y, r] = [(world.thornX[j] as number) * scale, ((world.thornY[j] as number) / HEIGHT) * height, size * 0.75];
    for (const [dx, dy] of [
      [r, r],
      [r, -r],
    ] as const) {
      draw.moveTo(x - dx, y - dy);
      draw.lineTo(x + dx, y + dy);
    }
  }
  draw.stroke();
  draw.fillStyle = colour('learned');
  for (let i = 0; i < world.agents; i++) {
    const [x, y, heading] = [(world.x[i] as number) * scale, ((world.y[i] as number) / HEIGHT) * height, world.heading[i] as number];
    const [c, s] = [Math.cos(heading) * size, Math.sin(heading) * size];
    draw.globalAlpha = 0.25 + 0.75 * Math.max(0, world.energy[i] as number);
    draw.beginPath();
    draw.moveTo(x + c, y + s);
    draw.lineTo(x - 0.7 * c - 0.55 * s, y - 0.7 * s + 0.55 * c);
    draw.lineTo(x - 0.7 * c + 0.55 * s, y - 0.7 * s - 0.55 * c);
    draw.fill();
  }
  draw.globalAlpha = 1;
}

function drawRates(): void {
  const on = surface('rates');
  const { draw, width, height, colour } = on;
  const [left, pad] = [34, 12];
  const most = Math.max(10, ...rates.map(([food, thorns]) => Math.max(food, thorns)));
  const lines = Math.ceil(most / 10);
  const y = (rate: number) => height - pad - (rate / (10 * lines)) * (height - 2 * pad);
  draw.fillStyle = colour('faint');
  draw.font = '12px system-ui, sans-serif';
  draw.textAlign = 'right';
  draw.textBaseline = 'middle';
  for (let line = 0; line <= lines; line++) {
    path(on, colour('line'), 1, 2, (i) => [left + i * (width - left - pad), y(10 * line)]);
    draw.fillText(String(10 * line), left - 8, y(10 * line));
  }
  const n = Math.max(rates.length, 30);
  const x = (i: number) => left + (i / (n - 1)) * (width - left - pad);
  for (const [which, name] of [
    [1, 'thorn'],
    [0, 'food'],
  ] as const)
    path(on, colour(name), 2.5, rates.length, (i) => [x(i), y((rates[i] as readonly [number, number])[which])]);
}

function frame(now: number): void {
  owed = Math.min(owed + (now - last) / 1000, MOST * STEP);
  last = now;
  const start = performance.now();
  let steps = 0;
  while (playing && owed >= STEP) {
    for (let times = isFast ? FAST : 1; times > 0; times--) {
      world.step(STEP);
      steps++;
      count();
    }
    owed -= STEP;
  }
  if (!playing) owed = 0;
  if (steps > 0) work += 0.05 * (performance.now() - start - work);
  drawWorld();
  drawRates();
  element('time').textContent = `${Math.floor(world.time)} s`;
  element('births').textContent = world.births.toLocaleString('en');
  if (work > 0) element('work').textContent = `${work.toFixed(1)} ms`;
  requestAnimationFrame(frame);
}

play.addEventListener('click', () => {
  playing = !playing;
  play.textContent = playing ? 'Pause' : 'Go on';
  play.setAttribute('aria-pressed', String(playing));
});
fast.addEventListener('click', () => {
  isFast = !isFast;
  fast.setAttribute('aria-pressed', String(isFast));
});
element('again').addEventListener('click', () => {
  world.dispose();
  world = new World({ seed: ++seed });
  rates = [];
  before = { time: 0, eaten: 0, hurt: 0 };
});

requestAnimationFrame(frame);
