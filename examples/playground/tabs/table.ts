/** Your data: a CSV file becomes a network that predicts one of its columns. */
import './digits.css';
import './table.css';
import type { Network } from 'neurite';
import { Samples } from '../model/samples.js';
import { settle } from '../model/workshop.js';
import { Curves } from '../view/curves.js';
import { button, choice, make } from '../view/dom.js';
import { type Csv, type CsvColumn, CsvError, checkSize, couldBeClasses, type Kind, type Row, readCsv, textOf } from './csv.js';
import { openShelf, type Shelf } from './shelf.js';
import { bytesOf, judge, type Meta, open, type Prepared, predict, prepare } from './tableModel.js';

const EPOCHS = 120;

export function openTable(host: HTMLElement): void {
  const file = make('input', { type: 'file', accept: '.csv,.tsv,.txt,text/csv', class: 'hidden', id: 'csv-file' });
  const drop = make('section', { class: 'panel drop' });
  const status = make('p', { class: 'caption', role: 'status', id: 'table-status' });
  const trouble = make('p', { class: 'warnings', role: 'alert', id: 'table-trouble' });
  trouble.hidden = true;
  const columns = make('section', { class: 'panel' });
  const training = make('section', { class: 'panel' });
  const using = make('section', { class: 'panel' });
  const shelved = make('section', { class: 'panel' });
  for (const one of [columns, training, using]) one.hidden = true;
  host.replaceChildren(
    make('p', { class: 'lead' }, 'Drop a table, choose what is to be predicted, and train a network for it. The file stays on this device.'),
    drop,
    trouble,
    columns,
    training,
    using,
    shelved,
  );
  drop.append(
    make(
      'div',
      { class: 'transport' },
      make('label', { class: 'file', for: 'csv-file' }, 'Choose a CSV file'),
      file,
      button('Take Palmer’s penguins', undefined, () => penguins()),
      make('span', { class: 'caption' }, 'or drop one here'),
    ),
    status,
  );

  let csv: Csv | undefined;
  let prepared: Prepared | undefined;
  let shelf: Shelf | undefined;
  let model: { net: Network; meta: Meta } | undefined;
  let run = 0;

  const fail = (error: unknown) => {
    trouble.hidden = false;
    trouble.textContent = error instanceof Error ? error.message : String(error);
  };
  const attempt = async (action: () => void | Promise<void>) => {
    trouble.hidden = true;
    try {
      await action();
    } catch (error) {
      fail(error);
    }
  };
  const take = (text: string, name: string) => {
    csv = readCsv(text);
    status.textContent = `${name}: ${csv.rows.length.toLocaleString('en')} rows, ${csv.columns.length} columns.`;
    showColumns();
  };
  const takeFile = (given: File) =>
    attempt(async () => {
      columns.hidden = true;
      training.hidden = true;
      csv = undefined;
      status.textContent = '';
      checkSize(given.size);
      status.textContent = `Reading ${given.name} …`;
      try {
        take(textOf(await given.arrayBuffer()), given.name);
      } catch (error) {
        status.textContent = '';
        throw error;
      }
    });
  const penguins = () =>
    attempt(async () => {
      const response = await fetch('penguins.csv');
      if (!response.ok) throw new CsvError(`The penguins are not there (${response.status}).`);
      take(await response.text(), 'Palmer’s penguins');
    });
  file.addEventListener('change', () => {
    const given = file.files?.[0];
    // The same file can be chosen again.
    if (given) takeFile(given).finally(() => Object.assign(file, { value: '' }));
  });
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const given = event.dataTransfer?.files[0];
    if (given) takeFile(given);
  });

  let kinds: Record<string, Kind> = {};
  let target = '';
  let isClasses = true;

  const showColumns = () => {
    const { columns: all } = csv as Csv;
    kinds = Object.fromEntries(all.map(({ name, kind }) => [name, kind]));
    const last =
      [...all].reverse().find(({ kind }) => kind === 'category') ?? ([...all].reverse().find(({ kind }) => kind === 'number') as CsvColumn);
    const first = all[0] as CsvColumn;
    target = first.kind === 'category' ? first.name : last.name;
    writeColumns();
    columns.hidden = false;
    training.hidden = true;
  };

  const writeColumns = () => {
    const { columns: all, rows } = csv as Csv;
    const chosen = all.find(({ name }) => name === target) as CsvColumn;
    isClasses = couldBeClasses(chosen);
    const targets = all.filter((column) => column.kind === 'number' || couldBeClasses(column)).map(({ name }) => ({ value: name, text: name }));
    const kindsOf = ({ kind, values }: CsvColumn) =>
      [
        ...(kind === 'number' ? [{ value: 'number' as Kind, text: 'numbers' }] : []),
        ...(kind === 'category' || values.length <= 40 ? [{ value: 'category' as Kind, text: 'categories' }] : []),
        { value: 'none' as Kind, text: 'left out' },
      ] as const;
    const lines = all
      .filter(({ name }) => name !== target)
      .map((column) =>
        make(
          'tr',
          {},
          make('th', { scope: 'row' }, column.name),
          make(
            'td',
            {},
            choice(`kind of ${column.name}`, kindsOf(column), kinds[column.name] as Kind, (kind) => {
              kinds[column.name] = kind;
            }),
          ),
          make('td', {}, column.gaps > 0 ? `${column.gaps} gaps` : ''),
          make(
            'td',
            {},
            rows
              .slice(0, 3)
              .map((row) => row[column.name])
              .join(', ')
              .slice(0, 40),
          ),
        ),
      );
    const word = choice('target', targets, target, (name) => {
      target = name;
      writeColumns();
      columns.querySelector<HTMLElement>('[aria-label="target"]')?.focus();
    });
    columns.replaceChildren(
      make('h2', {}, 'Columns'),
      make('p', { class: 'recipe' }, 'Predict ', word, isClasses ? ', one of several classes, from:' : ', a number, from:'),
      make('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'columns' }, make('table', {}, make('tbody', {}, ...lines))),
      make(
        'div',
        { class: 'stages' },
        button('Train', undefined, () => attempt(train), 'main'),
      ),
    );
  };

  const train = async () => {
    const own = ++run;
    prepared?.net.dispose();
    const data = prepare(csv as Csv, { target, isClasses, kinds }, 1);
    prepared = data;
    const { net, meta } = data;
    const loss = make('div', { class: 'curve' });
    const right = make('div', { class: 'curve' });
    const told = make('p', { class: 'caption', role: 'status', id: 'table-training' }, 'Training …');
    const figures = make('dl', { class: 'figures', id: 'table-metrics' });
    training.replaceChildren(
      make('h2', {}, 'Training'),
      told,
      figures,
      make(
        'div',
        { class: 'stage even' },
        make(
          'div',
          {},
          make(
            'p',
            { class: 'caption' },
            make('i', { class: 'key' }),
            ' loss of the training rows, ',
            make('i', { class: 'key test' }),
            ' of the held fifth',
          ),
          loss,
        ),
        make('div', {}, make('p', { class: 'caption' }, 'Share that is right'), right),
      ),
    );
    (right.parentElement as HTMLElement).hidden = !meta.classes;
    training.hidden = false;
    using.hidden = true;
    const samples = new Samples();
    const curves = new Curves(loss, right, samples);
    const batchSize = Math.min(32, data.training.x.length);
    const options = {
      epochs: EPOCHS,
      batchSize,
      validationData: data.validation as never,
      earlyStopping: { patience: 20 },
    } as const;
    const epoch = (end: {
      epoch: number;
      loss: number;
      accuracy?: number | undefined;
      validation?: { loss: number; accuracy?: number | undefined } | undefined;
    }) => {
      if (own !== run) return false;
      samples.add({
        step: end.epoch,
        training: end.loss,
        test: end.validation?.loss,
        trainingRight: end.accuracy,
        testRight: end.validation?.accuracy,
      });
      curves.draw();
      told.textContent = `Epoch ${end.epoch}`;
      return true;
    };
    const began = performance.now();
    const settled = await settle(net, batchSize);
    if (settled) {
      const { learner } = settled;
      await learner.fit(data.training as never, { ...options, onEpoch: epoch });
      net.parameters.set((await learner.snapshot()).subarray(0, net.parameterCount));
      await learner.dispose();
    } else await net.fit(data.training as never, { ...options, onEpoch: epoch });
    if (own !== run) return;
    const left = data.left > 0 ? ` ${data.left} rows without a ${target} were left out.` : '';
    told.textContent = `Learnt from ${data.training.x.length.toLocaleString('en')} rows in ${((performance.now() - began) / 1000).toFixed(1)} s; judged by ${data.validation.x.length.toLocaleString('en')} held rows, with the best epoch’s weights.${left}`;
    figures.replaceChildren(...judge(net, data).map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))));
    use(net, meta, `${target} from ${meta.fields.length} columns`);
  };

  const use = (net: Network, meta: Meta, name: string) => {
    if (model && model.net !== net) model.net.dispose();
    model = { net, meta };
    const form: Record<string, string> = Object.fromEntries(meta.fields.map(({ name: field, usual }) => [field, usual]));
    const outcome = make('output', { class: 'read', id: 'prediction' });
    const shares = make('ol', { class: 'bars named' });
    const show = () => {
      try {
        const { outcomes } = predict(net, meta, form as Row);
        outcome.textContent = `${meta.target}: ${outcomes[0]?.text}`;
        outcome.dataset.value = JSON.stringify(outcomes);
        shares.replaceChildren(
          ...outcomes.slice(0, 8).flatMap(({ text, share }) => {
            if (share === undefined) return [];
            const bar = make(
              'li',
              {},
              make('b', {}, text),
              make('span', { class: 'bar' }),
              make('span', { class: 'share' }, `${(100 * share).toFixed(1)} %`),
            );
            bar.style.setProperty('--share', String(share));
            return [bar];
          }),
        );
      } catch (error) {
        outcome.textContent = error instanceof Error ? error.message : String(error);
      }
    };
    const asked = meta.fields.map(({ name: field, kind, values, usual }) => {
      const set = (value: string) => {
        form[field] = value;
        show();
      };
      if (kind === 'category') {
        const select = make(
          'select',
          {},
          ...values.map((value) => make('option', { ...(value === usual && { selected: '' }) }, value)),
          make('option', { value: '' }, 'not known'),
        );
        select.addEventListener('change', () => set(select.value));
        return make('label', { class: 'field' }, field, select);
      }
      const input = make('input', { type: 'number', step: 'any', value: usual });
      input.addEventListener('input', () => set(input.value));
      return make('label', { class: 'field' }, field, input);
    });
    const title = make('input', { type: 'text', value: name, maxlength: '80', id: 'model-name' });
    using.replaceChildren(
      make('h2', {}, 'Predict'),
      make('div', { class: 'stage even' }, make('form', { class: 'fields' }, ...asked), make('div', {}, outcome, shares)),
      make('h3', {}, 'Keep it'),
      make(
        'div',
        { class: 'stages' },
        make('label', { class: 'field' }, 'Name', title),
        ...(shelf
          ? [
              button('Save in this browser', undefined, () =>
                attempt(async () => {
                  await (shelf as Shelf).put(title.value || name, bytesOf(net));
                  await showShelf();
                }),
              ),
            ]
          : []),
        button('Download', undefined, () => download(bytesOf(net), title.value || name)),
      ),
    );
    using.querySelector('form')?.addEventListener('submit', (event) => event.preventDefault());
    using.hidden = false;
    show();
  };

  const download = (bytes: Uint8Array, name: string) => {
    const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: 'application/octet-stream' }));
    make('a', { href: url, download: `${name.replace(/[^\w -]+/g, '_')}.safetensors` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };

  const openModel = (bytes: Uint8Array, name: string) => {
    const { net, meta } = open(bytes);
    use(net, meta, name);
    using.scrollIntoView({ block: 'nearest' });
  };

  const loading = make('input', { type: 'file', accept: '.safetensors', class: 'hidden', id: 'model-file' });
  loading.addEventListener('change', () => {
    const given = loading.files?.[0];
    if (given)
      attempt(async () => openModel(new Uint8Array(await given.arrayBuffer()), given.name.replace(/\.safetensors$/, ''))).finally(() =>
        Object.assign(loading, { value: '' }),
      );
  });
  const list = make('ul', { class: 'shelf', id: 'shelf' });
  const why = make('p', { class: 'caption' });
  shelved.append(
    make('h2', {}, 'Models'),
    make('div', { class: 'transport' }, make('label', { class: 'file', for: 'model-file' }, 'Load a model file'), loading),
    why,
    list,
  );
  const showShelf = async () => {
    const names = shelf ? await shelf.names() : [];
    why.textContent = shelf ? (names.length === 0 ? 'None is saved in this browser yet.' : 'Saved in this browser:') : why.textContent;
    list.replaceChildren(
      ...names.map((name) =>
        make(
          'li',
          {},
          make('span', {}, name),
          button('Open', `Open ${name}`, () =>
            attempt(async () => {
              const bytes = await (shelf as Shelf).get(name);
              if (bytes) return openModel(bytes, name);
              await showShelf();
              throw new CsvError(`“${name}” is no longer saved in this browser: another tab has deleted it.`);
            }),
          ),
          button('Delete', `Delete ${name}`, () =>
            attempt(async () => {
              await (shelf as Shelf).remove(name);
              await showShelf();
            }),
          ),
        ),
      ),
    );
  };
  // Another tab may have saved or deleted some.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && shelf) attempt(showShelf);
  });
  openShelf().then(
    async (opened) => {
      shelf = opened;
      await showShelf();
    },
    (error) => {
      why.textContent = `Models cannot be saved in this browser (${error instanceof Error ? error.message : error}); they can be downloaded and loaded as files.`;
    },
  );
}
