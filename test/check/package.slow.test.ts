/** `neurite/check` as it is published, beside the package it looks into. Needs dist/, which `npm test` builds first. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a module prints that is run in the package's own folder, where `neurite` is the package as built. */
function printed(script: string): unknown {
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: root, encoding: 'utf8' }));
}

test('it checks the networks of the entry beside it, whose errors it throws', () => {
  const found = printed(`
    import { dense, input, NeuriteError, network, meanSquaredError, sequential } from 'neurite';
    import { checkGradients } from 'neurite/check';
    const net = sequential(3, [dense(4, 'tanh'), dense(2)], { loss: meanSquaredError() });
    const check = checkGradients(net, [[1, 2, 3], [0, -1, 1]], [[1, 0], [0, 1]]);
    // An op of somebody's own, without a float64 value.
    const x = input(2);
    const y = dense(1, 'tanh')(x);
    const odd = Object.assign(Object.create(Object.getPrototypeOf(y)), { ...y, op: { ...y.op, name: 'odd' } });
    const strange = network({ inputs: x, outputs: odd, loss: meanSquaredError() });
    let ours = false;
    try {
      checkGradients(strange, [[1, 2]], [[1]]);
    } catch (error) {
      ours = error instanceof NeuriteError && /no float64 value for odd/.test(error.message);
    }
    console.log(JSON.stringify({ passed: check.passed, entries: check.entries, text: String(check), ours }));
  `);
  expect(found).toMatchObject({ passed: true, entries: 32, ours: true });
  expect((found as { text: string }).text).toContain('passed: 32 entries');
});
