/** `npm run attack [-- --seed n] [--seconds n] [--part name]`: each part in its own process, watched; exits 1 on any finding. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const seed = Number(option('seed', '1'));
const seconds = Number(option('seconds', '200'));
const alias = {
  neurite: fileURLToPath(new URL('../../src/index.ts', import.meta.url)),
  'neurite/check': fileURLToPath(new URL('../../src/check/index.ts', import.meta.url)),
};
/** The parts in their order. */
const PARTS = 'limits,limits-debug,reentrancy,reentrancy-debug,memory,files,other-files,values,values-debug,teams';
await build({
  input: 'test/attack/main.ts',
  platform: 'node',
  resolve: { alias: { 'neurite/check': alias['neurite/check'], neurite: alias.neurite } },
  output: { file: 'build/attack/main.js', format: 'esm', codeSplitting: false },
});
/** A part that gives no sign for this long hangs. */
const SILENCE = Number(option('silence', '60000'));
/** What a part does last, as it says itself. */
const LAST = 'build/attack/last';
const lastOf = () => {
  try {
    return readFileSync(LAST, 'utf8').split('\n')[0];
  } catch {
    return '';
  }
};
const run = (part) =>
  new Promise((done) => {
    const child = fork('build/attack/main.js', [part, String(seed), String(seconds)], { env: { ...process.env, NEURITE_ATTACK_LAST: LAST } });
    let result, timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        result = { part, calls: 0, codes: [], findings: [['HANG', { count: 1, first: `no sign for ${SILENCE} ms ${lastOf()}` }]] };
        child.kill('SIGKILL');
      }, SILENCE);
    };
    watch();
    child.on('message', (message) => {
      watch();
      if (message.part) result = message;
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      done(result ?? { part, calls: 0, codes: [], findings: [[`EXIT ${code}`, { count: 1, first: `the process ended ${lastOf()}` }]] });
    });
  });
let bad = 0;
for (const part of option('part', PARTS).split(',')) {
  const start = performance.now();
  const { calls, codes, findings } = await run(part);
  bad += findings.length;
  console.log(
    `${part}: ${calls} calls; ${codes.map(([code, n]) => `${code} ${n}`).join(', ')}; ${findings.length} findings; ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  for (const [kind, { count, first }] of findings) console.log(`  ${count} × ${kind}\n      ${first}`);
}
process.exit(bad ? 1 : 0);
