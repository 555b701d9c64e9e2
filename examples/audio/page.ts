/** The page: what plays, what is drawn, and the way of the weights from the worker to the audio thread. */
import { sequential } from 'neurite';
import { element, path, surface } from '../surface.js';
import { type CurveName, curves, sounds } from './curves.js';
import { frequencyOf, NOTE, strengthOf } from './melody.js';
import { inFeatures, layers } from './model.js';
import type { Lesson, Report } from './trainer.js';

const play = element<HTMLButtonElement>('play');
const rate = element<HTMLInputElement>('rate');
const volume = element<HTMLInputElement>('volume');

/** The sound's way: a sine with the envelope of each note, the network, and what makes it pleasant. */
class Sound {
  readonly context = new AudioContext({ latencyHint: 'interactive' });
  readonly analyser = new AnalyserNode(this.context, { fftSize: 2048 });
  readonly #volume = new GainNode(this.context);
  #line: GainNode | undefined;
  #network: AudioWorkletNode | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #note = 0;
  #at = 0;

  async open(): Promise<void> {
    const { context } = this;
    await context.audioWorklet.addModule(new URL('./processor.js', import.meta.url));
    const network = new AudioWorkletNode(context, 'shaper', { channelCount: 1, channelCountMode: 'explicit', outputChannelCount: [1] });
    network.addEventListener('processorerror', () => complain('The audio thread failed. Load the page again.'));
    const line = new GainNode(context);
    // A curve that is not odd has a constant part, which no loudspeaker likes.
    const high = new BiquadFilterNode(context, { type: 'highpass', frequency: 25 });
    const low = new BiquadFilterNode(context, { type: 'lowpass', frequency: 9000 });
    const echo = new DelayNode(context, { delayTime: 3 * NOTE, maxDelayTime: 2 });
    const again = new GainNode(context, { gain: 0.3 });
    line.connect(network).connect(high).connect(low).connect(this.#volume).connect(this.analyser).connect(context.destination);
    low.connect(echo).connect(again).connect(echo);
    again.connect(this.#volume);
    this.#line = line;
    this.#network = network;
  }

  set volume(share: number) {
    this.#volume.gain.setTargetAtTime(0.5 * share * share, this.context.currentTime, 0.02);
  }

  /** New weights for the audio thread. A copy, as the page draws with the same array. */
  swap(parameters: Float32Array): void {
    this.#network?.port.postMessage(parameters);
  }

  async start(): Promise<void> {
    await this.context.resume();
    this.#at = this.context.currentTime + 0.05;
    this.#timer = setInterval(() => this.#schedule(), 50);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.context.suspend();
  }

  /** Notes are put ahead by the audio clock, so that a page that is busy is not heard. */
  #schedule(): void {
    const { context } = this;
    while (this.#at < context.currentTime + 0.4) {
      const at = Math.max(this.#at, context.currentTime);
      const oscillator = new OscillatorNode(context, { frequency: frequencyOf(this.#note) });
      const envelope = new GainNode(context, { gain: 0 });
      const strength = strengthOf(this.#note);
      // What the envelope does to loudness, the curve turns into timbre. A note ends before the next: the sum of two would leave the curve's range.
      envelope.gain
        .setValueAtTime(0, at)
        .linearRampToValueAtTime(strength, at + 0.008)
        .setTargetAtTime(0.25 * strength, at + 0.03, 0.09)
        .setTargetAtTime(0, at + 0.85 * NOTE, 0.006);
      oscillator.connect(envelope).connect(this.#line as GainNode);
      oscillator.start(at);
      oscillator.stop(at + NOTE);
      oscillator.addEventListener('ended', () => envelope.disconnect());
      this.#at += NOTE;
      this.#note++;
    }
  }
}

function complain(text: string): void {
  const trouble = element('trouble');
  trouble.textContent = text;
  trouble.hidden = false;
}

// What the page draws is computed by a network of its own, which follows as the audio thread's does.
const POINTS = 201;
const samples = Float32Array.from({ length: POINTS }, (_, i) => (2 * i) / (POINTS - 1) - 1);
const learned = new Float32Array(POINTS);
const player = sequential(inFeatures, layers(), { seed: 3 }).freeze();
player.predict(samples, learned);

let curve: CurveName = 'fold';
let sound: Sound | undefined;
let playing = false;
let swaps = 0;

const trainer = new Worker(new URL('./trainer.js', import.meta.url), { type: 'module' });
trainer.addEventListener('error', () => complain('The worker failed. Load the page again.'));
trainer.addEventListener('message', ({ data }: MessageEvent<Report>) => {
  player.update(data.parameters);
  player.predict(samples, learned);
  if (sound) {
    sound.swap(data.parameters);
    if (playing) swaps++;
  }
  element('loss').textContent = data.loss.toPrecision(2);
  element('steps').textContent = data.steps.toLocaleString('en');
  element('swaps').textContent = swaps.toLocaleString('en');
});

function teach(afresh = false): void {
  const learningRate = 10 ** Number(rate.value);
  element('rateShown').textContent = learningRate.toPrecision(1);
  trainer.postMessage({ curve, learningRate, afresh } satisfies Lesson);
}

function setVolume(): void {
  element('volumeShown').textContent = `${volume.value} %`;
  if (sound) sound.volume = Number(volume.value) / 100;
}

for (const [name, label] of Object.entries(sounds) as [CurveName, string][]) {
  const choice = document.createElement('label');
  const radio = Object.assign(document.createElement('input'), { type: 'radio', name: 'curve', value: name, checked: name === curve });
  radio.addEventListener('change', () => {
    curve = name;
    teach();
  });
  choice.append(radio, label);
  element('curves').append(choice);
}
rate.addEventListener('input', () => teach());
volume.addEventListener('input', setVolume);
element('afresh').addEventListener('click', () => teach(true));

play.addEventListener('click', async () => {
  play.disabled = true;
  try {
    if (!sound) {
      const opened = new Sound();
      await opened.open();
      sound = opened;
      setVolume();
    }
    playing = !playing;
    await (playing ? sound.start() : sound.stop());
    play.textContent = playing ? 'Stop' : 'Play';
    play.setAttribute('aria-pressed', String(playing));
  } catch (error) {
    complain(`No sound: ${error instanceof Error ? error.message : error}`);
  } finally {
    play.disabled = false;
  }
});

function drawCurves(): void {
  const on = surface('shape');
  const { width, height, colour } = on;
  const pad = 14;
  const place = (x: number, y: number) => [pad + ((x + 1) / 2) * (width - 2 * pad), height / 2 - (y / 1.15) * (height / 2 - pad)] as const;
  path(on, colour('line'), 1, 2, (i) => place(2 * i - 1, 0));
  path(on, colour('line'), 1, 2, (i) => place(0, 2 * i - 1));
  path(on, colour('target'), 2, POINTS, (i) => place(samples[i] as number, curves[curve](samples[i] as number)));
  path(on, colour('learned'), 3, POINTS, (i) => place(samples[i] as number, learned[i] as number));
}

const wave = new Float32Array(2048);

function drawWave(): void {
  const on = surface('scope');
  const { width, height, colour } = on;
  path(on, colour('line'), 1, 2, (i) => [i * width, height / 2]);
  if (!sound) return;
  sound.analyser.getFloatTimeDomainData(wave);
  const shown = Math.min(wave.length / 2, Math.round(0.02 * sound.context.sampleRate));
  // From where it rises through 0, so that it stands still.
  let from = 0;
  while (from < wave.length - shown && !((wave[from] as number) <= 0 && (wave[from + 1] as number) > 0)) from++;
  path(on, colour('learned'), 2, shown, (i) => [(i / (shown - 1)) * width, height / 2 - 0.9 * (wave[from + i] as number) * height]);
  let power = 0;
  for (const sample of wave) power += sample * sample;
  const level = Math.max(-99, 10 * Math.log10(power / wave.length));
  element('level').textContent = power > 0 ? `${level.toFixed(0).replace('-', '−')} dB` : '–';
}

function frame(): void {
  drawCurves();
  drawWave();
  requestAnimationFrame(frame);
}

teach();
setVolume();
frame();
