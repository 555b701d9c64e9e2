/** A network for a table: fitted to the training rows, with all it needs to predict in its file. */
import {
  adam,
  crossEntropy,
  dense,
  encode,
  inverseTransform,
  type Loss,
  load,
  meanSquaredError,
  type Network,
  r2,
  rmse,
  type Scaling,
  save,
  sequential,
  standardize,
  type Table,
  tabular,
  trainValidationSplit,
  transform,
} from 'neurite';
import { type Csv, CsvError, isGap, type Kind, type Row } from './csv.js';

/** What is to be learnt. */
export interface Task {
  readonly target: string;
  readonly isClasses: boolean;
  /** Of each column but the target. */
  readonly kinds: Readonly<Record<string, Kind>>;
}

/** What goes into the file beside the parameters. */
export interface Meta {
  readonly playground: 'table';
  readonly target: string;
  /** Of a classification. */
  readonly classes: readonly string[] | null;
  readonly table: Table;
  /** Of the target of a regression. */
  readonly scaling: Scaling | null;
  /** What a form asks for. */
  readonly fields: readonly {
    readonly name: string;
    readonly kind: 'number' | 'category';
    readonly values: readonly string[];
    readonly usual: string;
  }[];
}

type CellValue = number | string | null;

function cellsOf(row: Row, fields: Meta['fields']): Record<string, CellValue> {
  return Object.fromEntries(
    fields.map(({ name, kind }) => {
      const cell = row[name] ?? '';
      return [name, isGap(cell) ? null : kind === 'number' ? Number(cell) : cell];
    }),
  );
}

export interface Prepared {
  readonly net: Network;
  readonly meta: Meta;
  readonly training: { readonly x: number[][]; readonly y: number[] | number[][] };
  readonly validation: { readonly x: number[][]; readonly y: number[] | number[][] };
  /** Rows without a target. */
  readonly left: number;
}

/** @throws CsvError where there is nothing to learn from */
export function prepare({ rows, columns }: Csv, { target, isClasses, kinds }: Task, seed: number): Prepared {
  const known = rows.filter((row) => !isGap(row[target] as string));
  const classes = isClasses ? [...new Set(known.map((row) => row[target] as string))].sort() : null;
  if (classes && classes.length < 2)
    throw new CsvError(`The target ${target} has one value, ${classes[0] ?? 'none'}: there is nothing to tell apart.`);
  if (classes && classes.length > 100) throw new CsvError(`The target ${target} has ${classes.length} classes, expected at most 100.`);
  const used = columns.filter(({ name }) => name !== target && kinds[name] !== 'none');
  if (used.length === 0) throw new CsvError('No column is left to learn from: choose at least one.');
  const ids = known.map((row) => (classes ? classes.indexOf(row[target] as string) : Number(row[target])));
  if (known.length < 10) throw new CsvError(`${known.length} rows have a ${target}, expected at least 10.`);
  const rare = classes?.some((_, id) => ids.filter((one) => one === id).length < 2);
  const split = trainValidationSplit({ x: known.map((_, i) => [i]), y: ids }, { fraction: 0.2, seed, stratify: classes !== null && !rare });
  const part = (of: readonly (readonly number[])[]) => of.map(([i = 0]) => known[i] as Row);
  const [trainingRows, validationRows] = [part(split.training.x as number[][]), part(split.validation.x as number[][])];
  const fields = used.map(({ name }) => {
    const kind = kinds[name] as 'number' | 'category';
    const present = trainingRows.map((row) => row[name] as string).filter((cell) => !isGap(cell));
    const sorted = kind === 'number' ? present.map(Number).sort((a, b) => a - b) : [];
    const counts = new Map<string, number>();
    for (const cell of present) counts.set(cell, (counts.get(cell) ?? 0) + 1);
    const frequent = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
    return {
      name,
      kind,
      values: kind === 'number' ? [] : [...counts.keys()].sort(),
      usual: kind === 'number' ? String(sorted[sorted.length >> 1] ?? 0) : frequent,
    };
  });
  const cells = (of: readonly Row[]) => of.map((row) => cellsOf(row, fields));
  const table = tabular(
    cells(trainingRows),
    Object.fromEntries(
      fields.map(({ name, kind }) => [
        name,
        kind === 'number' ? { as: 'number', impute: 'median' } : { as: 'oneHot', unknown: 'ignore', missing: 'own' },
      ]),
    ) as never,
  );
  const values = (of: readonly Row[]) => of.map((row) => [Number(row[target])]);
  const scaling = classes ? null : standardize(values(trainingRows));
  const targets = (of: readonly Row[]) =>
    scaling ? transform(scaling, values(of)) : of.map((row) => (classes as string[]).indexOf(row[target] as string));
  const loss = (classes ? crossEntropy() : meanSquaredError()) as Loss;
  const net = sequential(table.features.length, [dense(32, 'relu'), classes ? dense(classes.length, 'softmax') : dense(1)], {
    loss: loss as never,
    optimizer: adam({ learningRate: 3e-3, weightDecay: 1e-4 }),
    seed,
  }) as Network;
  const meta: Meta = { playground: 'table', target, classes, table, scaling, fields };
  net.metadata = meta as never;
  return {
    net,
    meta,
    training: { x: encode(table, cells(trainingRows)), y: targets(trainingRows) },
    validation: { x: encode(table, cells(validationRows)), y: targets(validationRows) },
    left: rows.length - known.length,
  };
}

export interface Predicted {
  /** Of each class, or of the value alone. */
  readonly outcomes: readonly { readonly text: string; readonly share: number | undefined }[];
}

/** What a form says, predicted. */
export function predict(net: Network, meta: Meta, form: Row): Predicted {
  const output = net.predict(encode(meta.table, cellsOf(form, meta.fields))) as number[];
  if (meta.classes) {
    const outcomes = meta.classes.map((text, i) => ({ text, share: output[i] as number }));
    return { outcomes: outcomes.sort((a, b) => b.share - a.share) };
  }
  const [[value]] = inverseTransform(meta.scaling as Scaling, [output]) as [[number]];
  return { outcomes: [{ text: String(Number(value.toPrecision(5))), share: undefined }] };
}

/** Metrics in words. */
export function judge(net: Network, { meta, validation }: Prepared): readonly (readonly [name: string, value: string])[] {
  if (meta.classes) {
    const { loss, accuracy = 0 } = net.evaluate(validation as never);
    const counts = meta.classes.map((_, id) => (validation.y as number[]).filter((one) => one === id).length);
    return [
      ['Right', `${(100 * accuracy).toFixed(1)} %`],
      ['Always the most frequent', `${((100 * Math.max(...counts)) / validation.y.length).toFixed(1)} %`],
      ['Loss', loss.toPrecision(3)],
    ];
  }
  const found = net.evaluate(validation as never, { metrics: [r2, rmse] });
  const unit = meta.scaling?.scale[0] as number;
  return [
    ['R²', found.r2.toFixed(3)],
    ['Off by (RMSE)', String(Number((found.rmse * unit).toPrecision(3)))],
    ['Always the mean', String(Number(unit.toPrecision(3)))],
  ];
}

/** A model of this tab from the bytes of its file. @throws CsvError for another model */
export function open(bytes: Uint8Array): { net: Network; meta: Meta } {
  const net = load(bytes) as unknown as Network;
  const meta = net.metadata as Partial<Meta>;
  if (meta.playground !== 'table' || !meta.table || !meta.fields) {
    net.dispose();
    throw new CsvError('The file is a network, but none of this tab: it does not say which columns it takes.');
  }
  return { net, meta: meta as Meta };
}

export function bytesOf(net: Network): Uint8Array {
  return save(net);
}
