/** What a run follows from. Every field is a row of a table: its name in a link, how it is read, and what is expected. */
import { type FeatureName, featureNames, featuresOf } from '../data/features.js';
import { type DataName, dataSets, drawnPoint, type Point, REACH, taskOf } from '../data/sets.js';
import { type Activation, activationNames, type LossName, lossesOf, lossNames, type OptimizerName, optimizerNames } from './choices.js';

export const penalties = ['none', 'l1', 'l2'] as const;

export type Penalty = (typeof penalties)[number];

export interface State {
  readonly data: DataName;
  readonly points: number;
  /** Percent: 100 is a standard deviation of 1 in a plane of ±3. */
  readonly noise: number;
  /** Percent of the points to test with. */
  readonly test: number;
  readonly features: readonly FeatureName[];
  /** Units of each hidden layer. */
  readonly layers: readonly number[];
  readonly activation: Activation;
  readonly loss: LossName;
  readonly optimizer: OptimizerName;
  readonly rate: number;
  readonly momentum: number;
  readonly decay: number;
  readonly penalty: Penalty;
  readonly strength: number;
  readonly batch: number;
  readonly seed: number;
  /** Steps that a link trains before it stops. */
  readonly steps: number;
  readonly drawn: readonly Point[];
}

export const usual: State = {
  data: 'xor',
  points: 200,
  noise: 10,
  test: 30,
  features: ['x', 'y'],
  layers: [6, 4],
  activation: 'tanh',
  loss: 'binaryCrossEntropy',
  optimizer: 'adam',
  rate: 0.01,
  momentum: 0.9,
  decay: 0.01,
  penalty: 'none',
  strength: 0.001,
  batch: 10,
  seed: 1,
  steps: 0,
  drawn: [],
};

export const MOST_LAYERS = 5;
export const MOST_UNITS = 8;
export const MOST_DRAWN = 500;

/** How a field is written in a link. */
interface Field<T> {
  readonly key: string;
  readonly expected: string;
  readonly write: (value: T) => string;
  /** @returns undefined for what it is not */
  readonly read: (text: string) => T | undefined;
}

function oneOf<T extends string>(key: string, known: readonly T[]): Field<T> {
  return { key, expected: `one of ${known.join(', ')}`, write: (value) => value, read: (text) => known.find((one) => one === text) };
}

function number(key: string, least: number, most: number, whole: boolean): Field<number> {
  return {
    key,
    expected: `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
    write: String,
    read(text) {
      const value = /^\d/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most && (!whole || Number.isInteger(value)) ? value : undefined;
    },
  };
}

const SIDE = 100 * REACH;

/** Five letters a point: x and y in hundredths, base 36, and the class. */
function writePoint({ x, y, target }: Point): string {
  const two = (v: number) => (Math.round(100 * v) + SIDE).toString(36).padStart(2, '0');
  return `${two(x)}${two(y)}${target}`;
}

function readPoint(text: string): Point | undefined {
  if (!/^[0-9a-z]{4}[01]$/.test(text)) return undefined;
  const [x, y] = [text.slice(0, 2), text.slice(2, 4)].map((two) => Number.parseInt(two, 36) - SIDE) as [number, number];
  return Math.max(x, y) > SIDE ? undefined : drawnPoint(x / 100, y / 100, text[4] === '1' ? 1 : 0);
}

function listOf<T>(key: string, expected: string, most: number, parts: (text: string) => string[], read: (text: string) => T | undefined) {
  return (join: string, write: (one: T) => string): Field<readonly T[]> => ({
    key,
    expected,
    write: (values) => values.map(write).join(join),
    read(text) {
      const values = text === '' ? [] : parts(text).map(read);
      return values.length > most || values.includes(undefined) ? undefined : (values as T[]);
    },
  });
}

const commas = (text: string) => text.split(',');
const units = number('', 1, MOST_UNITS, true);

/** Every field, in the order of a link. */
export const fields: { readonly [Name in keyof State]: Field<State[Name]> } = {
  data: oneOf('data', Object.keys(dataSets) as DataName[]),
  points: number('points', 20, 1000, true),
  noise: number('noise', 0, 100, true),
  test: number('test', 0, 80, true),
  features: listOf<FeatureName>('features', `some of ${featureNames.join(',')}`, featureNames.length, commas, (text) =>
    featureNames.find((name) => name === text),
  )(',', String),
  layers: listOf<number>('layers', `up to ${MOST_LAYERS} numbers from 1 to ${MOST_UNITS}`, MOST_LAYERS, commas, units.read)(',', String),
  activation: oneOf('activation', activationNames),
  loss: oneOf('loss', lossNames),
  optimizer: oneOf('optimizer', optimizerNames),
  rate: number('rate', 1e-6, 10, false),
  momentum: number('momentum', 0, 0.999, false),
  decay: number('decay', 0, 1, false),
  penalty: oneOf('penalty', penalties),
  strength: number('strength', 1e-7, 1, false),
  batch: number('batch', 1, 1000, true),
  seed: number('seed', 0, 2 ** 31 - 1, true),
  steps: number('steps', 0, 5_000_000, true),
  drawn: listOf<Point>(
    'drawn',
    `up to ${MOST_DRAWN} points of five letters`,
    MOST_DRAWN,
    (text) => text.match(/.{1,5}/g) ?? [],
    readPoint,
  )('', writePoint),
};

/** The same state where its parts fit: features and loss to the task, at least one feature. */
export function fitting(state: State): State {
  const task = taskOf(state.data);
  const known = featuresOf(task);
  const kept = known.filter((name) => state.features.includes(name));
  const fitting = lossesOf(task);
  return {
    ...state,
    features: kept.length > 0 ? kept : known.slice(0, 2 - Number(task === 'values')),
    loss: fitting.includes(state.loss) ? state.loss : (fitting[0] as LossName),
  };
}
