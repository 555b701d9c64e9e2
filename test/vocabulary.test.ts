/** Nothing stands in the library's tables that the tests, the docs or the exports do not know, and the other way round. */
import * as neurite from 'neurite';
import { dense, input, network, toJSON } from 'neurite';
import { jacobian } from 'neurite/derivatives';
import { describe, expect, test } from 'vitest';
import { Form, formOf, lengthOf, Opcode } from '../assembly/opcodes.js';
import type { Op } from '../src/graph/node.js';
import { activations as namedActivations } from '../src/layers/activations.js';
import { ops } from '../src/ops/table.generated.js';
import { values } from '../src/ops/values.generated.js';
import * as metricTable from '../src/training/metrics/table.generated.js';
import { networks } from './files/networks.js';
import { forms, opcodes, opcodesOf, wordsOf } from './forms.js';
import { expand } from './oracle/graph.js';
import { expectAnswered, expectExport, expectInReadme, expectRows } from './rows.js';
import { activations, answered, functions, inner, metrics, oracleOf } from './vocabulary.js';

declare global {
  interface ImportMeta {
    /** Vite's: the modules of all files that fit. */
    glob(pattern: string | readonly string[], options: { eager: true }): Record<string, Record<string, unknown>>;
  }
}

const modules = import.meta.glob('../src/ops/*.ts', { eager: true });

const withInputs = ops.filter((op) => op.inputs > 0);
const known = new Set([...functions.flatMap(({ op }) => (op === undefined ? [] : [op])), ...inner.map(({ op }) => op)]);
const saved = networks.map(([, make]) => {
  using net = make();
  return toJSON(net);
});

const isOp = (value: unknown): value is Op => typeof value === 'object' && value !== null && 'backward' in value;

test('every definition under src/ops is in the table, under the name of its constant', () => {
  const found = new Map<string, Op>();
  const named = new Map<string, unknown>();
  for (const [file, module] of Object.entries(modules)) {
    if (file.endsWith('.generated.ts')) continue;
    for (const [name, value] of Object.entries(module)) {
      if (isOp(value)) found.set(name, value);
      if (name.endsWith('Value') && typeof value === 'object') named.set(name, value);
    }
  }
  expect(found.size).toBeGreaterThan(40);
  for (const [name, op] of found) expect(name).toBe(`${op.name}Op`);
  expect(new Set(found.values())).toEqual(new Set(ops));
  expect(new Set(ops.map((op) => op.name)).size).toBe(ops.length);
  // A float64 value stands beside the op it is of.
  expect([...values].map(([name, value]) => [`${name}Value`, value])).toEqual(expect.arrayContaining([...named]));
  expect(values.size).toBe(named.size);
  for (const name of values.keys()) expect(found.has(`${name}Op`), name).toBe(true);
});

test('every opcode has a number of its own, which says a form', () => {
  expect(new Set(opcodes).size, 'two names of Opcode are one number').toBe(Object.keys(Opcode).length / 2);
  for (const code of opcodes) expect(forms, `the number of Opcode.${Opcode[code]} says no form`).toContain(formOf(code));
});

test.each(forms.map((form) => [Form[form], form] as const))('the form %s begins with the opcode, and is as long as its words', (name, form) => {
  expect(opcodesOf(form), `no opcode is of the form ${name}`).not.toEqual([]);
  const words = Object.values(wordsOf(form)).filter((at) => typeof at === 'number');
  expect(words).toEqual(words.map((_, i) => i));
  expect(wordsOf(form)).toMatchObject({ op: 0, length: words.length - 1 });
  expect(lengthOf(form), `lengthOf(Form.${name}) in assembly/opcodes.ts`).toBe(words.length - 1);
});

describe.each(withInputs.map((op) => [op.name, op] as const))('the op %s', (name, op) => {
  const row = functions.find((one) => one.op === name);
  const other = inner.find((one) => one.op === name);

  test('has one row', () => {
    const count = functions.filter((one) => one.op === name).length + inner.filter((one) => one.op === name).length;
    const remedy = 'expected one among the `functions` of test/vocabulary.ts where users write it, else among the `inner`';
    expect(count, `the op ${name} has ${count || 'no'} rows; ${remedy}`).toBe(1);
    expect(other?.tried ?? row?.trials.length, `the row of ${name} has no trial`).toBeTruthy();
  });

  test('has a float64 value, or a reason', () => {
    const isExcused = other?.noValue !== undefined;
    const remedy = `export ${name}Value beside ${name}Op, or say \`noValue\` in its row among the \`inner\` of test/vocabulary.ts`;
    expect(values.has(name) !== isExcused, `the op ${name} has ${isExcused ? 'both a' : 'no'} float64 value: ${remedy}`).toBe(true);
  });

  test('is in a saved network, or never in one', () => {
    const held = saved.some(({ nodes }) => nodes.some((node) => node.op === name));
    const remedy = 'its row in test/vocabulary.ts brings it into one of test/files/networks.ts, by its trials or as `saved`';
    expect(held, `the op ${name} is ${held ? 'unsaved, and yet in a' : 'in no'} saved network: ${remedy}`).toBe(!op.unsaved);
    if (op.unsaved) expect(other?.saved, `the op ${name} is unsaved: its row says why`).toMatchObject({ none: expect.stringMatching(/./) });
  });

  test('has a kernel, or says what it is composed of', () => {
    // Graphs are resolved to one mode before kernels are chosen.
    const ways = [op.kernel, op.compose].filter(Boolean).length;
    expect(ways, `the op ${name} has ${ways || 'neither'} of \`kernel\` and \`compose\`, expected one`).toBe(op.byMode ? 0 : 1);
  });
});

test('no row is of an op that there is not', () => {
  const names = new Set(withInputs.map((op) => op.name));
  expect(
    [...known].filter((name) => !names.has(name)),
    'rows of test/vocabulary.ts whose `op` is not under src/ops',
  ).toEqual([]);
});

describe.each(functions.map((row) => [row.name, row] as const))('the function %s', (name, row) => {
  test('is exported, and in the README', () => {
    expectExport(name, `an op's function needs \`export { ${name} } from './ops/…'\` in src/index.ts`);
    expect((neurite as Record<string, unknown>)[name]).toBe(row.f);
    expectInReadme(name, 'ops');
  });

  test('has its word in PyTorch, or a reason', () => expectAnswered(name, answered(row.torch)));
});

/** What an export gives for these arguments: undefined where it refuses them, at once or later, or is no function. */
function tried(exported: unknown, ...values: readonly unknown[]): unknown {
  try {
    const made = (exported as (...values: readonly unknown[]) => unknown)(...values);
    if (made instanceof Promise) made.catch(() => {});
    return made;
  } catch {
    return undefined;
  }
}

test('every exported function of nodes alone has a row', () => {
  const nodes = [input(3, 'a'), input(3, 'b')] as const;
  // The last two are for layers, which have tests of their own.
  const others = ['amax', 'amin', 'step', 'named', 'linear', 'byMode', 'meanRows'];
  const makes = Object.entries(neurite).filter(([name, f]) => {
    if (typeof f !== 'function' || /^[A-Z]/.test(name) || others.includes(name)) return false;
    return [nodes.slice(0, 1), nodes].some((operands) => {
      const made = tried(f, ...operands) as { op?: unknown } | undefined;
      return isOp(made?.op);
    });
  });
  const rows = functions.map(({ name }) => name);
  const missing = makes.map(([name]) => name).filter((name) => !rows.includes(name));
  expect(missing, `add a row to \`functions\` of test/vocabulary.ts for ${missing.join(', ')}`).toEqual([]);
});

test('every metric has one row', () => {
  const isMetric = (value: unknown) => typeof (value as { begin?: unknown } | undefined)?.begin === 'function';
  const found = Object.entries(neurite).filter(([, made]) => isMetric(made) || isMetric(tried(made, 1)));
  const names = metrics.map(({ name }) => name);
  expectRows('metrics', names, [...new Set([...Object.keys(metricTable), ...found.map(([name]) => name)])]);
  for (const { name, sklearn } of metrics) expectAnswered(name, sklearn !== '', 'scikit-learn', 'sklearn');
});

test.each(metrics.map(({ name }) => name))('the metric %s is in the README', (name) => {
  expectInReadme(name, 'metrics');
});

test('every named activation has one row', () => {
  expectRows(
    'activations',
    activations.map(({ name }) => name),
    Object.keys(namedActivations),
  );
});

describe.each(activations.map((row) => [row.name, row] as const))('the activation %s', (name, row) => {
  test('has its word in PyTorch, or a reason', () => expectAnswered(name, answered(row.torch)));

  test('is in the README', () => expectInReadme(name, 'activations', "`'"));

  test('is in a saved network', () => {
    expect(saved.some(({ layers }) => layers.some((layer) => layer.attributes.activation === name))).toBe(true);
  });

  test('has the value and slope of the oracle', () => {
    const x = input(3);
    using net = network({ inputs: x, outputs: dense(3, name)(x) });
    net.parameter('dense1.weights').set([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    const z = Float32Array.of(-1.25, 0.5, 1.75);
    const batched = true;
    const size = [3];
    const attributes = row.attributes ?? {};
    const graph = [
      { op: 'input', inputs: [], batched, size, values: z },
      { ...oracleOf(row), inputs: [0], batched, size, attributes },
    ];
    const units = [0, 1, 2].map((i) => new Map([[0, Float64Array.from([0, 1, 2], (j) => Number(i === j))]]));
    const lanes = (expand(graph, 1, new Map(), units)[1] as { lanes: Float64Array[] }).lanes;
    expect([...net.predict(z)]).toEqual(Array.from(lanes[0] as Float64Array, (u) => expect.closeTo(u, 5)));
    const expected = [0, 1, 2].flatMap((i) => units.map((_, j) => expect.closeTo(lanes[2 + 2 * j]?.[i] as number, 5)));
    expect([...jacobian(net, z)]).toEqual(expected);
  });
});
