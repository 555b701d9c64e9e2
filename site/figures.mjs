/** The figures of bench/history as charts, each with its table. Every number is of a line there. */
import { readdirSync, readFileSync } from 'node:fs';
import { digits, lines, ratioBars, shareDots } from './chart.mjs';
import { escaped } from './markdown.mjs';

/** What a workload is, in the words of the README. */
const WORKS = {
  T1: 'trains 784-128-10, batches of 32, SGD',
  T2: 'trains 784-128-10, batches of 128, Adam',
  T3: 'trains 784-512-256-10, batches of 128, Adam',
  T4: 'trains 2-8-1, batches of 4, SGD',
  T5: 'trains 64-1024-1024-10, batches of 256, SGD',
  I1: 'predicts a row by 784-128-10',
  I2: 'predicts 256 rows by 784-512-256-10',
  I3: 'predicts a row by 4-16-3',
};

/** Those that compute outside JavaScript and WebAssembly. */
const NATIVE = { numpy: 'NumPy (native)', pytorch: 'PyTorch, one thread (native)' };
const NAMES = {
  'tfjs-wasm': 'TensorFlow.js',
  'tfjs-wasm-tuned': 'TensorFlow.js, tuned',
  'plain-js': 'plain JavaScript',
  'onnxruntime-web': 'ONNX Runtime Web',
  ...NATIVE,
};
const SCALE = [0.3, 1000];

const unique = (values) => [...new Set(values)];
const engineOf = ({ engine }) => /^Node \d+|^\w+/.exec(engine)[0];

function history() {
  return readdirSync('bench/history').flatMap((file) =>
    readFileSync(`bench/history/${file}`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
}

/** The last run of a command that has rows for which a condition holds. */
function lastRun(all, command, holds) {
  const rows = all.filter((line) => line.command === command && holds(line));
  const date = rows
    .map((line) => line.date)
    .sort()
    .at(-1);
  return rows.filter((line) => line.date === date);
}

function table(head, rows) {
  const cells = (row) =>
    `<tr><th scope="row">${escaped(row[0])}</th>${row
      .slice(1)
      .map((cell) => `<td>${escaped(cell)}</td>`)
      .join('')}</tr>`;
  return `<details><summary>The same as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead><tr>${head
    .map((name) => `<th scope="col">${escaped(name)}</th>`)
    .join('')}</tr></thead><tbody>${rows.map(cells).join('')}</tbody></table></div></details>`;
}

/** neurite beside the others, a chart for each workload. */
function beside(run) {
  return Object.entries(WORKS)
    .map(([workload, what]) => {
      const rows = run.filter((line) => line.workload === workload);
      const own = rows.find(({ system }) => system === 'neurite');
      const others = rows.filter(({ system, ratio }) => system !== 'neurite' && ratio).sort((a, b) => a.ratio - b.ratio);
      if (!own || others.length === 0) return '';
      const named = others.map(({ system, ratio, value, unit }) => ({ name: NAMES[system] ?? system, ratio, value, unit }));
      return `<figure id="${workload.toLowerCase()}"><figcaption><strong>${workload}: ${escaped(what)}</strong> neurite: ${digits(own.value)} ${own.unit}.</figcaption>${ratioBars(
        `${what}: how many times as fast neurite is as each system`,
        named,
        SCALE,
      )}${table(
        ['', own.unit, 'neurite is'],
        [['neurite', digits(own.value), ''], ...named.map(({ name, ratio, value }) => [name, digits(value), `${digits(ratio)} ×`])],
      )}</figure>`;
    })
    .join('\n');
}

/** Products of matrices: which share of the processor's limit each engine reaches. */
function products(all) {
  const own = all.filter(({ system, workload, share }) => system === 'neurite' && share && /^G \d/.test(workload));
  const last = [...new Map(own.map((line) => [[line.workload, engineOf(line), line.build].join(), line])).values()].filter(
    ({ build }) => build === 'relaxed' || build === 'simd',
  );
  const engines = unique(last.map(engineOf)).sort();
  /** The engine is the colour; the relaxed build is filled. */
  const kindOf = (line) => 2 * engines.indexOf(engineOf(line)) + Number(line.build === 'simd');
  const columns = [...new Map(last.map((line) => [kindOf(line), `${engineOf(line)}, ${line.build === 'simd' ? 'baseline' : line.build}`]))].sort(
    ([a], [b]) => a - b,
  );
  const rows = unique(last.map(({ workload }) => workload)).map((workload) => ({
    name: workload.slice(2).replaceAll('x', '×').replace(' ', ', '),
    dots: last.filter((line) => line.workload === workload).map((line) => ({ kind: kindOf(line), share: Math.min(1, line.share) })),
  }));
  const keys = columns.map(([kind, name]) => `<li class="key kind${kind}">${name}</li>`).join('');
  return `<figure id="gemm"><figcaption><strong>Products of matrices, m × n × k</strong> The share of the processor’s limit for 128-bit multiply-add. nn is A·B, nt A·Bᵀ, tn Aᵀ·B.</figcaption><ul class="keys">${keys}</ul>${shareDots(
    'Share of the limit that products of matrices reach in each engine',
    rows,
  )}${table(
    ['', ...columns.map(([, name]) => name)],
    rows.map(({ name, dots }) => [
      name,
      ...columns.map(([kind]) => dots.filter((dot) => dot.kind === kind).map(({ share }) => `${Math.round(100 * share)} %`)[0] ?? '–'),
    ]),
  )}</figure>`;
}

/** neurite's own figures from run to run; nothing where there was one run only. */
function overTime(all) {
  const own = all.filter(({ system, command, engine }) => system === 'neurite' && command === 'bench:peers' && engineOf({ engine }) === 'Node 24');
  const dates = unique(own.map(({ date }) => date)).sort();
  if (dates.length < 2) return '';
  const rows = Object.keys(WORKS).flatMap((workload) => {
    const values = dates.map((date) => own.filter((line) => line.workload === workload && line.date === date).at(-1));
    const first = values.find(Boolean);
    if (!first) return [];
    const faster = (line) => (/\/s$/.test(line.unit) ? line.value / first.value : first.value / line.value);
    return values.filter(Boolean).length < 2 ? [] : [{ name: workload, values: values.map((line) => line && faster(line)) }];
  });
  if (rows.length === 0) return '';
  return `<h2 id="over-time">From run to run</h2><figure><figcaption><strong>Speed, relative to the first run</strong> Absolute figures drift with the machine by a fifth and more.</figcaption>${lines(
    'Speed of each workload from run to run, relative to the first',
    dates,
    rows,
  )}${table(
    ['', ...dates],
    rows.map(({ name, values }) => [name, ...values.map((value) => (value === undefined ? '–' : value.toFixed(2)))]),
  )}</figure>`;
}

export function figurePages() {
  const all = history();
  const engine = 'Node 24';
  const run = lastRun(all, 'bench:peers', (line) => engineOf(line) === engine);
  const [{ date, machine, commit, engine: version }] = run;
  const versions = unique(run.flatMap(({ system, version }) => (version ? [`${NAMES[system] ?? system} ${version}`] : [])));
  const time = overTime(all);
  const body = `<article><h1>Figures</h1>
<p>Measured ${date} on ${escaped(machine)}, in one thread of ${escaped(version)}, commit <code>${escaped(commit)}</code>. Beside: ${escaped(versions.join(', '))}.
A ratio is the median of the ratios within a repetition, systems taking turns; a bar to the left of 1× says that the other is faster.</p>
<p><code>npm run bench:peers</code> measures again. <code>bench/RESULTS.md</code> in the repository has every engine on a page and says what falls short, and why; <code>bench/TABLES.md</code> has every row.</p>
<h2 id="beside">Beside other systems</h2>
<div class="figures">${beside(run)}</div>
<h2 id="products">Near the limit of the processor</h2>
${products(all)}
${time}</article>`;
  return [
    {
      path: 'figures.html',
      title: 'Figures · neurite',
      description: 'How fast neurite trains and predicts, beside other systems and the processor’s limit.',
      room: 'figures',
      kind: 'text',
      body,
    },
  ];
}
