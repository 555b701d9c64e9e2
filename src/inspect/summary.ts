import { elements, formatShape } from '../graph/shape.js';
import { type AnyNetwork, internals } from '../network/network.js';
import { table } from './table.js';

/** A table of the layers and the free parameters of a network with their shapes and counts, and below it what trains it. */
export function summary(network: AnyNetwork): string {
  const inside = internals('summary', network).alive('summary');
  const { engine, layers, build } = inside;
  const names = inside.tensorNames();
  const shown = new Set<unknown>();
  const rows = layers.flatMap(({ nodes: { kind, activation, weights, biases, u }, name }) => {
    // A further application of a layer has the same parameters.
    if (shown.has(weights)) return [];
    shown.add(weights);
    if (biases) shown.add(biases);
    const count = elements(weights.shape) + (biases ? elements(biases.shape) : 0);
    return [[name, kind, activation, formatShape(weights.shape), formatShape(u.shape), count.toLocaleString('en')]];
  });
  const free = engine.parameters
    .filter((parameter) => !shown.has(parameter))
    .map((parameter) => [
      names.get(parameter) as string,
      'parameter',
      '',
      formatShape(parameter.shape),
      '',
      elements(parameter.shape).toLocaleString('en'),
    ]);
  const losses = engine.losses.flatMap((loss) => loss?.loss.name ?? []).join(' + ') || 'no loss';
  const total = `${engine.parameterCount.toLocaleString('en')} parameters, ${losses}, ${engine.optimizer?.name ?? 'no optimizer'}, build ${build}`;
  const head = ['layer', 'kind', 'activation', 'weights', 'output', 'parameters'];
  return [...table([head, ...rows, ...free], [5]), total].join('\n');
}
