/** The first tab: a run, what is seen of it, and what one does with it. */
import { copyParameters, type Dataset, dataset } from 'neurite';
import type { WorkerNetwork } from 'neurite/worker';
import { features, rowsOf } from './data/features.js';
import { type Point, pointsOf, split, taskOf } from './data/sets.js';
import { build, type Networks } from './model/build.js';
import { openWorkshop, Trainer } from './model/trainer.js';
import { MOST_DRAWN, type State } from './state/state.js';
import { read, sentence, write } from './state/url.js';
import type { BackwardView } from './view/backward.js';
import { onTheme } from './view/colours.js';
import type { Curves } from './view/curves.js';
import { byId, say, warn } from './view/dom.js';
import { type Edge, NetworkView, unitName, unitPlaces } from './view/network.js';
import type { Pens } from './view/pens.js';
import { writeRecipe } from './view/recipe.js';
import { axis, drawSurface, grid } from './view/surface.js';

const SIDE = 80;
const LINE = 181;
/** Milliseconds of training in a frame, as fast as it goes. */
const BUDGET = 12;
/** Calls that the speed is a mean over. */
const RECENT = 40;
/** Steps at once while a link is replayed, at most, and points that its curves get. */
const REPLAY_STEPS = 5000;
const REPLAY_POINTS = 60;
const EMPTY = 'There is no point to learn from: draw some.';

interface Part {
  readonly points: readonly Point[];
  readonly data: Dataset | undefined;
  readonly rows: Float32Array;
  readonly out: Float32Array;
}

/** Everything of one run. */
interface Run {
  readonly networks: Networks;
  readonly training: Part;
  readonly test: Part;
  readonly places: Float32Array;
  readonly values: Float32Array;
  readonly unitPlaces: Float32Array;
  readonly unitValues: Float32Array;
  readonly trainer: Promise<Trainer>;
  /** Once it is there. */
  ready: Trainer | undefined;
  learner: WorkerNetwork | undefined;
  /** The parameters before the last step. */
  before: Float32Array | undefined;
  over: boolean;
}

let state: State;
let run: Run | undefined;
let playing = false;
let busy = false;
/** Whether it trains as far as a link says. */
let replaying = false;
let asked = false;
let pace: 'batch' | 'epoch' | 'fast' = 'epoch';
let fastSteps = 8;
let recent: { rows: number; steps: number; seconds: number }[] = [];
let curves: Curves | undefined;
let view: NetworkView;
/** There once something is drawn. */
let pens: Pens | undefined;
let backward: BackwardView | undefined;
let points: readonly Point[] = [];

function partOf(of: readonly Point[]): Part {
  const rows = rowsOf(of, state.features);
  const y = Float32Array.from(of, ({ target }) => target);
  return { points: of, data: of.length > 0 ? dataset({ x: rows, y }) : undefined, rows, out: new Float32Array(of.length) };
}

/** Begins a run anew: whatever was set, the same state gives the same bits. */
function begin(): void {
  end();
  points = state.data === 'drawn' ? state.drawn : pointsOf(state.data, state.points, state.noise, state.seed);
  const parts = split(points, state.test, state.seed);
  const isClasses = taskOf(state.data) === 'classes';
  recent = [];
  curves?.clear();
  byId('points').classList.toggle('values', !isClasses);
  for (const one of document.querySelectorAll<HTMLElement>('.of-classes')) one.hidden = !isClasses;
  view.show(state);
  usePens(state.data === 'drawn');
  if (parts.training.length > 0) {
    const networks = build(state);
    const places = rowsOf(isClasses ? grid(SIDE) : axis(LINE), state.features);
    const spots = unitPlaces(state);
    const rows = places.length / state.features.length;
    const begun: Run = {
      networks,
      training: partOf(parts.training),
      test: partOf(parts.test),
      places,
      values: new Float32Array(rows),
      unitPlaces: spots,
      unitValues: new Float32Array(
        (spots.length / state.features.length) * networks.units.layers.reduce((sum, { outFeatures }) => sum + outFeatures, 0),
      ),
      trainer: Promise.resolve(undefined as never),
      ready: undefined,
      learner: undefined,
      before: undefined,
      over: false,
    };
    const trainer = trainerOf(begun, state);
    // Whoever waits for it hears of it; a run that is over has nobody.
    trainer.catch(() => {});
    Object.assign(begun, { trainer });
    run = begun;
    measure();
  }
  show();
}

/** Whether the surface is drawn on. */
async function usePens(on: boolean): Promise<void> {
  if (!pens && on) {
    const { Pens } = await import('./view/pens.js');
    pens ??= new Pens(byId('surface'), byId('pens'), byId('surface-caption'), {
      points: () => points,
      drawn: (drawn) => change({ ...state, drawn: drawn.slice(0, MOST_DRAWN) }),
    });
  }
  pens?.show(state.data === 'drawn');
}

async function trainerOf(of: Run, begun: State): Promise<Trainer> {
  const { net } = of.networks;
  const { worker } = await openWorkshop();
  if (of.over) throw new Error('over');
  let trainer: Trainer;
  if (worker) {
    const { inWorker } = await import('neurite/worker');
    const learner = await inWorker(net, { worker });
    of.learner = learner;
    trainer = new Trainer(learner, begun, of.training.points, () => learner.snapshot());
    if (of.over) learner.dispose().catch(() => {});
  } else trainer = new Trainer(net, begun, of.training.points, () => copyParameters(net));
  of.ready = trainer;
  return trainer;
}

function end(): void {
  replaying = false;
  backward?.close();
  if (!run) return;
  const old = run;
  old.over = true;
  run = undefined;
  // What is under way is waited for by its own caller.
  if (!busy) disposeOf(old);
}

function disposeOf({ networks, learner, training, test }: Run): void {
  learner?.dispose().catch(() => {});
  training.data?.dispose();
  test.data?.dispose();
  networks.dispose();
}

/** Loss and share that is right, as numbers and as points of the curves. */
function measure(): void {
  const of = run;
  if (!of) return;
  const { net } = of.networks;
  const isClasses = taskOf(state.data) === 'classes';
  const right = ({ rows, out, points }: Part) => {
    if (!isClasses || points.length === 0) return undefined;
    net.predict(rows, out);
    return points.reduce((sum, { target }, i) => sum + Number(((out[i] as number) >= 0.5 ? 1 : 0) === target), 0) / points.length;
  };
  const loss = ({ data }: Part) => (data ? net.evaluate(data).loss : undefined);
  const sample = {
    step: of.ready?.steps ?? 0,
    training: loss(of.training) as number,
    test: loss(of.test),
    trainingRight: right(of.training),
    testRight: right(of.test),
  };
  curves?.add(sample);
  const put = (id: string, value: number | undefined, text: (value: number) => string) => {
    const element = byId(id);
    element.textContent = value === undefined ? '–' : text(value);
    // To the bit, for whoever compares.
    element.dataset.value = String(value);
  };
  put('training-loss', sample.training, (v) => v.toPrecision(4));
  put('test-loss', sample.test, (v) => v.toPrecision(4));
  put('training-right', sample.trainingRight, (v) => `${(100 * v).toFixed(1)} %`);
  put('test-right', sample.testRight, (v) => `${(100 * v).toFixed(1)} %`);
}

function quantity(value: number, unit: string): string {
  const [scaled, prefix] = value >= 1 ? [value, ''] : value >= 1e-3 ? [value * 1e3, 'm'] : [value * 1e6, 'µ'];
  return `${scaled.toPrecision(3)} ${prefix}${unit}`;
}

function show(): void {
  const trainer = run?.ready;
  const steps = trainer?.steps ?? 0;
  byId('steps').textContent = steps.toLocaleString('en');
  const epochs = run && trainer ? (steps * trainer.batch) / run.training.points.length : 0;
  byId('epochs').textContent = epochs.toLocaleString('en', { maximumFractionDigits: epochs < 10 ? 1 : 0 });
  const sum = recent.reduce((all, one) => ({ rows: all.rows + one.rows, steps: all.steps + one.steps, seconds: all.seconds + one.seconds }), {
    rows: 0,
    steps: 0,
    seconds: 0,
  });
  byId('rate').textContent = sum.seconds > 0 ? Math.round(sum.rows / sum.seconds).toLocaleString('en') : '–';
  byId('time').textContent = sum.seconds > 0 ? quantity(sum.seconds / sum.steps, 's') : '–';
  byId('play').textContent = playing ? 'Pause' : 'Play';
  draw();
}

function draw(): void {
  if (!run) {
    drawSurface(byId<HTMLCanvasElement>('surface'), { task: 'classes', training: points, test: [], values: undefined, side: SIDE, truth: '' });
    pens?.cross();
    return;
  }
  const { networks, places, values, unitPlaces, unitValues, training, test } = run;
  networks.net.predict(places, values);
  networks.units.predict(unitPlaces, unitValues);
  drawSurface(byId<HTMLCanvasElement>('surface'), {
    task: taskOf(state.data),
    training: training.points,
    test: test.points,
    values,
    side: SIDE,
    truth: state.data,
  });
  view.draw(
    networks.net.layers.map(({ weights }) => weights),
    unitValues,
  );
  pens?.cross();
  if (view.edge) tell(view.edge);
}

/** A connection in words: its weight, its gradient in the last batch, and how that changed it. */
function tell(edge: Edge | undefined): void {
  const readout = byId('readout');
  if (!edge || !run) {
    readout.textContent = 'Point at a line, or focus a unit and press an arrow key, to read a weight.';
    return;
  }
  const { net } = run.networks;
  const layer = net.layers[edge.layer];
  const weights = layer?.parameters.weights;
  if (!layer || !weights) return;
  const at = edge.to * layer.inFeatures + edge.from;
  const from =
    edge.layer === 0
      ? state.features[edge.from]
        ? `feature ${features[state.features[edge.from] as keyof typeof features].label}`
        : ''
      : unitName(edge.layer - 1, edge.from, net.layers.length);
  const w = layer.weights[at] as number;
  const batch = run.ready?.last;
  const number = (v: number) => (v === 0 ? '0' : Math.abs(v) < 1e-3 ? v.toExponential(2) : v.toFixed(4));
  const words = [`From ${from} to ${unitName(edge.layer, edge.to, net.layers.length)}: weight `, number(w)];
  if (batch && run.before) {
    const now = copyParameters(net);
    net.parameters.set(run.before.subarray(0, net.parameterCount));
    net.gradient(batch.x, batch.y);
    const gradient = layer.weightGradients[at] as number;
    net.parameters.set(now.subarray(0, net.parameterCount));
    words.push(
      '. In the last step its gradient was ',
      number(gradient),
      ', which changed it by ',
      number(w - (run.before[weights.offset + at] as number)),
      '.',
    );
  } else words.push('. It has no gradient yet: no step is done.');
  readout.replaceChildren(...words.map((word, i) => (i % 2 ? Object.assign(document.createElement('b'), { textContent: word }) : word)));
}

/** Trains some steps and takes what they gave. @returns false where the run is over */
async function advance(steps: number): Promise<boolean> {
  const of = run;
  if (!of || busy) return false;
  busy = true;
  const began = performance.now();
  try {
    const trainer = await of.trainer;
    const advanced = await trainer.advance(steps);
    if (!of.over) {
      const { net } = of.networks;
      net.parameters.set(advanced.parameters.subarray(0, net.parameterCount));
      of.before = advanced.before;
      recent.push(advanced);
      if (recent.length > RECENT) recent.shift();
    }
    const took = performance.now() - began;
    if (pace === 'fast') fastSteps = Math.max(1, Math.min(5000, Math.round(fastSteps * Math.max(0.5, Math.min(2, BUDGET / took)))));
  } catch (error) {
    if (!of.over) {
      playing = false;
      warn(failure(error));
    }
  } finally {
    busy = false;
    if (of.over) disposeOf(of);
  }
  return !of.over;
}

function failure(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  return name === 'NotFiniteError' ? 'The loss is no longer a number: the steps are too large. Begin again with a smaller rate.' : message;
}

function stepsOfFrame(): number {
  if (pace === 'batch' || !run?.ready) return 1;
  return pace === 'fast' ? fastSteps : Math.ceil(run.training.points.length / run.ready.batch);
}

/** Training goes on in the worker while the page draws what it gave before. */
async function frame(): Promise<void> {
  asked = false;
  if (!playing) return;
  if (await advance(stepsOfFrame())) {
    measure();
    show();
  }
  ask();
}

function ask(): void {
  if (!playing || asked) return;
  asked = true;
  requestAnimationFrame(frame);
}

function play(on: boolean): void {
  playing = on && run !== undefined;
  replaying = false;
  if (on && !run) warn(EMPTY);
  if (!playing) remember();
  show();
  ask();
}

/** The address says what is seen. */
function remember(): void {
  history.replaceState(null, '', `#${write({ ...state, steps: run?.ready?.steps ?? 0 })}`);
}

/** Trains as far as the link says. */
async function replay(steps: number): Promise<void> {
  const part = Math.max(1, Math.min(REPLAY_STEPS, Math.ceil(steps / REPLAY_POINTS)));
  replaying = true;
  while (replaying) {
    const left = steps - (run?.ready?.steps ?? 0);
    if (left <= 0 || !(await advance(Math.min(left, part)))) break;
    measure();
    show();
  }
  replaying = false;
  byId('points').dataset.replayed = String(run?.ready?.steps ?? 0);
}

function change(next: State): void {
  state = {
    ...next,
    steps: 0,
    drawn: next.data === 'drawn' && next.drawn.length === 0 ? points.filter(() => taskOf(state.data) === 'classes').slice(0, MOST_DRAWN) : next.drawn,
  };
  warn();
  writeRecipe(byId('recipe'), state, change);
  try {
    begin();
  } catch (error) {
    warn(failure(error));
  }
  if (!run) playing = false;
  remember();
  ask();
}

async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
    flash(what);
  } catch {
    warn(`The browser does not let the page copy. Here is ${what}:`, text);
  }
}

function flash(what: string): void {
  const pressed = byId(what === 'the link' ? 'link' : 'code');
  const text = pressed.textContent;
  pressed.textContent = 'Copied';
  setTimeout(() => {
    pressed.textContent = text;
  }, 1200);
}

/** Brings the first tab to life. */
export function openPlayground(): void {
  const found = read(location.hash);
  state = found.state;
  warn(...found.ignored.map(sentence));
  view = new NetworkView(byId('network'), tell);
  byId('play').addEventListener('click', () => play(!playing));
  byId('step').addEventListener('click', async () => {
    play(false);
    if (!run) warn(EMPTY);
    if (await advance(1)) {
      measure();
      show();
      remember();
    }
  });
  byId('reset').addEventListener('click', () => {
    play(false);
    change(state);
  });
  byId<HTMLSelectElement>('pace').addEventListener('change', (event) => {
    pace = (event.target as HTMLSelectElement).value as typeof pace;
  });
  byId('link').addEventListener('click', () => {
    remember();
    copy(location.href, 'the link');
  });
  byId('code').addEventListener('click', async () => {
    if (!run) return;
    const { training, test, ready } = run;
    const { snippet } = await import('./model/snippet.js');
    copy(snippet(state, training.points, test.points, ready?.steps ?? 0), 'the code');
  });
  byId('freeze').addEventListener('click', freeze);
  onTheme(show);
  new ResizeObserver(() => draw()).observe(byId('surface'));
  addEventListener('hashchange', () => {
    if (/^#tab=/.test(location.hash)) return;
    const { state: next, ignored } = read(location.hash);
    play(false);
    change(next);
    warn(...ignored.map(sentence));
    replay(next.steps);
  });
  const { steps } = state;
  writeRecipe(byId('recipe'), state, change);
  begin();
  import('./view/curves.js').then(({ Curves }) => {
    curves = new Curves(byId('loss-curve'), byId('right-curve'));
    measure();
  });
  openWorkshop().then(({ reason }) => reason && warn(`The network trains in the page, which may stutter: no worker starts (${reason}).`));
  if (steps > 0) replay(steps);
}

async function freeze(): Promise<void> {
  if (backward?.isOpen) return backward.close();
  play(false);
  if (!run) return;
  const { BackwardView } = await import('./view/backward.js');
  const trainer = await run.trainer;
  backward ??= new BackwardView(byId('backward'), view);
  backward.open(state, run.networks.net, trainer.next, async () => {
    if (await advance(1)) {
      measure();
      show();
      remember();
    }
  });
}

/** Stops where another tab is shown. */
export function pausePlayground(): void {
  if (playing) play(false);
}
