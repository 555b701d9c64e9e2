/** The first tab: a run, what is seen of it, and what one does with it. */
import { SIDE } from './data/places.js';
import { type Point, pointsOf, split, taskOf } from './data/sets.js';
import { atOnce, oneByOne, type Parts } from './model/parts.js';
import { type Run, starting } from './model/run.js';
import { Samples } from './model/samples.js';
import { openWorkshop } from './model/workshop.js';
import { MOST_DRAWN, type State } from './state/state.js';
import { read, sentence, write } from './state/url.js';
import type { BackwardView } from './view/backward.js';
import { onTheme } from './view/colours.js';
import { copy } from './view/copy.js';
import type { Curves } from './view/curves.js';
import { byId, onResize, onSight, warn } from './view/dom.js';
import { type Spent, writeLosses, writeProgress } from './view/figures.js';
import { type Edge, NetworkView } from './view/network.js';
import type { Pens } from './view/pens.js';
import { writeReadout } from './view/readout.js';
import { makeRecipe, writeRecipe } from './view/recipe.js';
import { drawSurface } from './view/surface.js';

/** Milliseconds of a frame, as fast as it goes: training has what drawing leaves of them, and at least some. */
const FRAME = 14;
const LEAST = 3;
/** Calls that the speed is a mean over. */
const RECENT = 40;
/** Steps at once while a link is replayed, at most, and points that its curves get. */
const REPLAY_STEPS = 5000;
const REPLAY_POINTS = 60;
const EMPTY = 'There is no point to learn from: draw some.';

let state: State;
let run: Run | undefined;
let playing = false;
/** The run whose steps are under way. */
let busy: Run | undefined;
/** The run that trains as far as a link says. */
let replaying: Run | undefined;
let asked = false;
let pace: 'batch' | 'epoch' | 'fast' = 'epoch';
let fastSteps = 8;
/** Milliseconds that the last frame was drawn in. */
let drew = 0;
let recent: Spent[] = [];
let curves: Curves | undefined;
let view: NetworkView;
/** There once something is drawn. */
let pens: Pens | undefined;
let backward: BackwardView | undefined;
let points: readonly Point[] = [];
/** When the page has opened, or has failed to: what is asked for before waits for it. */
let opened: Promise<void> = Promise.resolve();
/** The way of the run, for curves that may come later. */
const samples = new Samples();

/**
 * Begins a run anew: whatever was set, the same state gives the same bits. In parts, for a page that opens: what computes comes first and touches
 * no element, so that nothing is painted twice.
 *
 * @param changed is told of another state that was chosen
 */
function* beginning(changed: (state: State) => void): Parts<void> {
  end();
  points = state.data === 'drawn' ? state.drawn : pointsOf(state.data, state.points, state.noise, state.seed);
  recent = [];
  samples.clear();
  const parts = split(points, state.test, state.seed);
  const recipe = makeRecipe(state, changed);
  yield;
  try {
    if (parts.training.length > 0) {
      run = yield* starting(state, parts.training, parts.test);
      yield;
      samples.add(yield* run.assessing());
      yield;
      run.look();
      yield;
    }
  } finally {
    // Points are looked at also where no network runs.
    const isClasses = taskOf(state.data) === 'classes';
    byId('points').classList.toggle('values', !isClasses);
    for (const one of document.querySelectorAll<HTMLElement>('.of-classes')) one.hidden = !isClasses;
    writeRecipe(byId('recipe'), recipe);
    writeFigures();
    yield;
    view.show(state);
    usePens(state.data === 'drawn');
  }
  yield;
  drawPlane();
  yield;
  drawNetwork();
  yield;
  // The worker takes its share of the processor once the page is seen.
  run?.train();
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

function end(): void {
  replaying = undefined;
  backward?.close();
  if (!run) return;
  const old = run;
  old.over = true;
  run = undefined;
  // What is under way is waited for by its own caller.
  if (busy !== old) old.dispose();
}

/** Loss and share that is right, as numbers and as points of the curves. */
function measure(): void {
  if (!run) return;
  samples.add(atOnce(run.assessing()));
}

/** What was measured last, and how fast it went. */
function writeFigures(): void {
  const last = samples.kept.at(-1);
  if (last) writeLosses(last);
  curves?.draw();
  writeProgress(run?.ready?.steps ?? 0, run?.epochs ?? 0, recent);
  byId('play').textContent = playing ? 'Pause' : 'Play';
}

function show(): void {
  writeFigures();
  run?.look();
  draw();
}

/** What the network says, as it was looked at last. */
function draw(): void {
  drawPlane();
  drawNetwork();
}

function drawPlane(): void {
  drawSurface(byId<HTMLCanvasElement>('surface'), {
    task: run ? taskOf(state.data) : 'classes',
    training: run?.training.points ?? points,
    test: run?.test.points ?? [],
    values: run?.values,
    side: SIDE,
    truth: run ? state.data : '',
  });
  pens?.cross();
}

function drawNetwork(): void {
  if (!run) return;
  const { networks, unitValues } = run;
  view.draw(
    networks.net.layers.map(({ weights }) => weights),
    unitValues,
  );
  tell(view.edge);
}

/** The connection that is chosen, in words. */
function tell(edge: Edge | undefined): void {
  // A network that trains in the page has its gradients for itself meanwhile.
  writeReadout(edge, run, busy !== undefined && busy === run && !run.learner);
}

/** Once nothing is under way. */
async function rest(): Promise<void> {
  while (busy) await new Promise(requestAnimationFrame);
}

/** A single step, by hand. */
async function single(): Promise<void> {
  await rest();
  if (!(await advance(1))) return;
  measure();
  show();
  remember();
}

/** Trains some steps and takes what they gave. @returns false where the run is over */
async function advance(steps: number): Promise<boolean> {
  const of = run;
  if (!of || busy) return false;
  busy = of;
  const began = performance.now();
  try {
    const trainer = await of.train();
    const advanced = await trainer.advance(steps);
    if (!of.over) {
      const { net } = of.networks;
      net.parameters.set(advanced.parameters.subarray(0, net.parameterCount));
      of.before = advanced.before;
      recent.push(advanced);
      if (recent.length > RECENT) recent.shift();
    }
    const took = performance.now() - began;
    if (pace === 'fast')
      fastSteps = Math.max(1, Math.min(5000, Math.round(fastSteps * Math.max(0.5, Math.min(2, Math.max(LEAST, FRAME - drew) / took)))));
  } catch (error) {
    if (!of.over) {
      playing = false;
      warn(failure(error));
    }
  } finally {
    busy = undefined;
    if (of.over) of.dispose();
  }
  return !of.over;
}

function failure(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  if (name === 'NotFiniteError') return 'The loss is no longer a number: the steps are too large. Begin again with a smaller rate.';
  if (name === 'WorkerError') return `The worker that trains has ended (${message}). Begin again to start another.`;
  return message;
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
    const began = performance.now();
    measure();
    show();
    drew = performance.now() - began;
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
  replaying = undefined;
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
  const of = run;
  replaying = of;
  while (of) {
    // Of the run before, steps may be under way.
    await rest();
    if (replaying !== of) return;
    const left = steps - (of.ready?.steps ?? 0);
    if (left <= 0 || !(await advance(Math.min(left, part)))) break;
    measure();
    show();
  }
  if (replaying !== of) return;
  replaying = undefined;
  byId('points').dataset.replayed = String(of?.ready?.steps ?? 0);
}

function change(next: State): void {
  state = {
    ...next,
    steps: 0,
    drawn:
      next.data === 'drawn' && state.data !== 'drawn' && next.drawn.length === 0 && taskOf(state.data) === 'classes'
        ? points.slice(0, MOST_DRAWN)
        : next.drawn,
  };
  warn();
  try {
    atOnce(beginning(change));
  } catch (error) {
    warn(failure(error));
  }
  if (!run) playing = false;
  remember();
  ask();
}

/** Brings the first tab to life, part by part. What is clicked meanwhile is done once it is there. */
export async function openPlayground(): Promise<void> {
  const { state: found, ignored } = read(location.hash);
  state = found;
  warn(...ignored.map(sentence));
  view = new NetworkView(byId('network'), tell);
  const opens = open();
  opened = opens.catch(() => {});
  const onClick = (id: string, action: () => void) => byId(id).addEventListener('click', () => opened.then(action));
  onClick('play', () => play(!playing));
  onClick('step', () => {
    play(false);
    if (!run) warn(EMPTY);
    single();
  });
  onClick('reset', () => {
    play(false);
    change(state);
  });
  byId<HTMLSelectElement>('pace').addEventListener('change', (event) => {
    pace = (event.target as HTMLSelectElement).value as typeof pace;
  });
  onClick('link', () => {
    remember();
    copy(location.href, 'the link', byId('link'));
  });
  onClick('code', async () => {
    if (!run) return;
    const { training, test, ready } = run;
    const { snippet } = await import('./model/snippet.js');
    copy(snippet(state, training.points, test.points, ready?.steps ?? 0), 'the code', byId('code'));
  });
  onClick('freeze', freeze);
  addEventListener('hashchange', async () => {
    await opened;
    if (/^#tab=/.test(location.hash)) return;
    const { state: next, ignored } = read(location.hash);
    play(false);
    change(next);
    warn(...ignored.map(sentence));
    replay(next.steps);
  });
  await opens;
}

/** What is seen of the first run. */
async function open(): Promise<void> {
  const { steps } = state;
  try {
    await oneByOne(beginning((next) => opened.then(() => change(next))));
  } finally {
    onTheme(draw);
    onResize(byId('surface'), draw);
  }
  onSight(byId('loss-curve'), async () => {
    const { Curves } = await import('./view/curves.js');
    curves = new Curves(byId('loss-curve'), byId('right-curve'), samples);
  });
  openWorkshop().then(({ reason }) => reason && warn(`The network trains in the page, which may stutter: no worker starts (${reason}).`));
  if (steps > 0) replay(steps);
}

async function freeze(): Promise<void> {
  if (backward?.isOpen) return backward.close();
  play(false);
  const of = run;
  if (!of) return;
  const { BackwardView } = await import('./view/backward.js');
  backward ??= new BackwardView(byId('backward'), view);
  try {
    const trainer = await of.train();
    await rest();
    if (run === of && !backward.isOpen) backward.open(state, of.networks.net, trainer.next, single);
  } catch (error) {
    if (!of.over) warn(failure(error));
  }
}

/** Writes the address anew where this tab is shown again. */
export function rememberPlayground(): void {
  if (!playing) remember();
}

/** Stops where another tab is shown. */
export function pausePlayground(): void {
  if (playing) play(false);
}
