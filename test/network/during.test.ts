/** The README's table of what is live, what is a copy and what a fit allows: each cell is tried. */
import { readFileSync } from 'node:fs';
import {
  type AnyNetwork,
  adam,
  BusyError,
  checkpoint,
  copyParameters,
  crossEntropy,
  dense,
  type Network,
  optimizerState,
  save,
  sequential,
  setOptimizerState,
  toJSON,
} from 'neurite';
import { checkGradients } from 'neurite/check';
import { hvp, jacobian } from 'neurite/derivatives';
import { explain, summary, trace } from 'neurite/inspect';
import { expect, test } from 'vitest';

const x = Float32Array.from({ length: 4 * 60 }, (_, i) => Math.sin(i));
const y = Uint8Array.from({ length: 60 }, (_, i) => i % 3);
const row = x.slice(0, 4);
const make = () => sequential(4, [dense(8, 'relu'), dense(3, 'softmax')], { loss: crossEntropy(), optimizer: adam({ learningRate: 0.1 }), seed: 1 });

type Net = ReturnType<typeof make>;

/** What each call of the table gives, by its words. */
const calls: Record<string, (net: Net) => unknown> = {
  'predict(x)': (net) => net.predict(row),
  'logits(x)': (net) => net.logits(row),
  'classify(x)': (net) => net.classify(x),
  'predict(x, out)': (net) => net.predict(row, out),
  'evaluate(data)': (net) => net.evaluate({ x, y }),
  'evaluateAsync(data)': (net) => net.evaluateAsync({ x, y }),
  'save(net)': save,
  'checkpoint(net)': checkpoint,
  'toJSON(net)': toJSON,
  'copyParameters(net)': (net) => copyParameters(net),
  'optimizerState(net)': optimizerState,
  'freeze()': (net) => {
    const frozen = net.freeze();
    return { valueOf: () => frozen.predict(row), frozen };
  },
  'summary(net)': summary,
  'explain(net)': explain,
  parameters: (net) => net.parameters,
  gradients: (net) => net.gradients,
  'layers[i].weights': (net) => net.layers[0]?.weights,
  'parameter(name).values': (net) => net.parameter('dense1.weights').values,
  input: (net) => net.input,
  output: (net) => net.output,
  'run()': (net) => {
    net.input.set(row);
    net.run();
    return net.output;
  },
  metadata: (net) => {
    net.metadata = mine;
    return net.metadata;
  },
  'trace(net, x)': (net) => trace(net, row),
  'jacobian(net, x)': (net) => jacobian(net, row),
  'hvp(net, x, y, v)': (net) => hvp(net, row, [1], new Float32Array(net.parameterCount)),
  'checkGradients(net, x, y)': (net) => checkGradients(net, row, [1]),
  'gradient(x, y)': (net) => net.gradient(row, [1]),
  'step(x, y)': (net) => net.step(row, [1]),
  'applyGradients()': (net) => net.applyGradients(new Float32Array(net.parameterCount).fill(0.1)),
  'fit(data)': (net) => net.fit({ x, y }),
  'setParameters(values)': (net) => net.setParameters({ 'dense1.biases': new Float32Array(8) }, { partial: true }),
  'parameter(name).set(values)': (net) => net.parameter('dense1.biases').set(new Float32Array(8)),
  'copyParametersFrom(other)': (net) => net.copyParametersFrom(other),
  'setOptimizerState(net, state)': (net) => setOptimizerState(net, state),
  'setTrainable(name, trainable)': (net) => net.setTrainable('dense1', false),
  'configure(options)': (net) => net.configure({ optimizer: adam() }),
  'reset()': (net) => net.reset(),
  'dispose()': (net) => net.dispose(),
};

const out = new Float32Array(3);
const mine = { of: 'mine' };
const other = make();
const trained = make();
trained.step(row, [0]);
const state = optimizerState(trained);

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const section = /^## What is live[\s\S]*?^## /m.exec(readme)?.[0] ?? '';
const rows = [...section.matchAll(/^\| (.*) \| (.*) \| (.*) \|$/gm)]
  .map(([, names = '', kind = '', during = '']) => ({ names: names.split(', `').map((name) => name.replace(/^`|`$/g, '')), kind, during }))
  .filter(({ names }) => names[0] !== 'call')
  .flatMap(({ names, ...rest }) => names.map((name) => ({ name, ...rest })));

test('the table has every call that is tried here, and no other', () => {
  expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(calls).sort());
});

test.each(rows)('$name during a fit: $during', async ({ name, during }) => {
  const net = make();
  let met: unknown = 'nothing';
  await net.fit(
    { x, y },
    {
      epochs: 2,
      onEpoch: ({ epoch }) => {
        if (epoch > 1) return;
        try {
          const given = calls[name]?.(net);
          if (during.endsWith('to write')) {
            (given as Float32Array)[0] = 0.25;
            const again = calls[name]?.(net) as Float32Array;
            expect(again[0]).toBe(0.25);
          }
          met = given instanceof Promise ? given.catch((error) => error) : given;
        } catch (error) {
          met = error;
        }
      },
    },
  );
  met = await met;
  if (during === '`BusyError`') expect(met).toBeInstanceOf(BusyError);
  else expect([during.startsWith('allowed'), met instanceof Error, met]).toEqual([true, false, met]);
});

/** The values of what a call gave, to be compared later. */
const valuesOf = (given: unknown) => JSON.stringify(plain(given));
function plain(given: unknown): unknown {
  if (ArrayBuffer.isView(given)) return Array.from(given as Float32Array);
  const frozen = (given as { frozen?: unknown } | undefined)?.frozen;
  return frozen ? Array.from((given as { valueOf(): Float32Array }).valueOf()) : given;
}

/** What a live view shows of: its own network, trained by a step, or what lies in its input. */
function change(net: Network | Net): void {
  (net as Net).step(row, [2]);
  (net as Net).gradient(row, [0]);
  net.input.fill(Math.sin(++changes));
  net.run();
}
let changes = 0;

test.each(rows)('$name is $kind', async ({ name, kind }) => {
  const net = make();
  change(net);
  const before = save(net as AnyNetwork, { optimizerState: true });
  const given = await calls[name]?.(net);
  if (kind === 'changes the network') {
    // A gradient changes `gradients`, and an optimizer that is set anew has no state: what is changed is not always in the file.
    if (name === 'gradient(x, y)') expect(Array.from(net.gradients).some((g, i) => g !== reference[i])).toBe(true);
    else if (name === 'dispose()') expect(() => net.predict(row)).toThrow('disposed');
    else expect(save(net as AnyNetwork, { optimizerState: true })).not.toEqual(before);
    return;
  }
  if (kind === 'your object') expect(given).toBe(mine);
  else if (kind === 'your `out`, filled') expect([given, Array.from(out)]).toEqual([out, Array.from(net.predict(row))]);
  else {
    const seen = valuesOf(given);
    change(net);
    expect(valuesOf(given) === seen).toBe(kind === 'a copy');
  }
});

/** The gradient that `change` leaves. */
const reference = (() => {
  const net = make();
  change(net);
  return Array.from(net.gradients);
})();
