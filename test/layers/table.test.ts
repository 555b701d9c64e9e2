/** Every layer in the table of the package has its row in the vocabulary, and is what that row says. */
import { load, meanSquaredError, save, sequential } from 'neurite';
import { checkGradients } from 'neurite/check';
import { summary } from 'neurite/inspect';
import { describe, expect, test } from 'vitest';
import * as table from '../../src/layers/table.generated.js';
import { usedInNetworks } from '../files/networks.js';
import { builds } from '../kernels/machine.js';
import { expectAnswered, expectExport, expectInReadme, expectRows } from '../rows.js';
import { answered, layers } from '../vocabulary.js';

test('each has a row, and no row is of none', () => {
  expectRows(
    'layers',
    layers.map(({ name }) => name),
    Object.keys(table),
  );
});

describe.each(layers.map((row) => [row.name, row] as const))('%s', (name, { make, row, torch, ids }) => {
  const x = Array.from({ length: 5 }, (_, i) => Array.from({ length: 3 }, (_, j) => (ids ? (3 * i + j) % ids : Math.fround(Math.sin(3 * i + j)))));

  test.each(builds)('its value is that of float64 (%s)', (build) => {
    using net = sequential(3, [make()], { seed: 5, build });
    net.parameters.forEach((v, i, all) => {
      all[i] = v + 0.1 * Math.cos(i);
    });
    const own = Object.entries(net.layers[0]?.parameters ?? {}).map(([key, { values }]) => [key, [...values]] as const);
    const found = net.predict(x);
    x.forEach((one, i) => {
      row(one, Object.fromEntries(own)).forEach((value, j) => {
        expect(Math.abs((found[i]?.[j] as number) - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
      });
    });
  });

  test('neurite/check agrees, also after a file, and a table shows it', () => {
    const net = sequential(3, [make()], { loss: meanSquaredError(), seed: 5 });
    const y = x.map(() => Array.from({ length: net.outFeatures }, () => 0.5));
    expect(checkGradients(net, x, y).passed).toBe(true);
    expect(checkGradients(load(save(net)), x, y).passed).toBe(true);
    expect(summary(net)).toContain(`${name}1`);
  });

  test('it is exported, saved, documented and has its word in PyTorch, or a reason', () => {
    expectExport(name, 'its file in src/layers exports a function of that name, which ends in `return layer(`');
    expect(usedInNetworks().layers).toContain(name);
    expectInReadme(name);
    expectAnswered(name, answered(torch));
  });
});
