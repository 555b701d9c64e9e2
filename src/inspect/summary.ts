import type { Node } from '../graph/node.js';
import { elements, formatShape } from '../graph/shape.js';
import { activationIn } from '../layers/layer.js';
import { ownLayers } from '../layers/names.js';
import { type AnyNetwork, internals } from '../network/network.js';
import { Parameter } from '../ops/leaves.js';
import { table } from './table.js';

/** A table of the layers and the free parameters of a network with their shapes and counts, and below it what trains it. */
export function summary(network: AnyNetwork): string {
  const inside = internals('summary', network).alive('summary');
  const { engine, layers, build } = inside;
  const names = inside.tensorNames();
  const size = (nodes: readonly Node[]) => nodes.reduce((sum, node) => sum + elements(node.shape), 0).toLocaleString('en');
  const shown = new Set<Node>();
  const rows = ownLayers(layers).map(({ record, name }) => {
    const own = Object.entries(record.parameters);
    for (const [, node] of own) shown.add(node);
    // One shape stands for itself: the weights of a dense layer.
    const shapes = own.filter(([key]) => key !== 'biases').map(([key, node]) => `${key === 'weights' ? '' : `${key} `}${formatShape(node.shape)}`);
    const trained = own.filter(([, node]) => node instanceof Parameter).map(([, node]) => node);
    return [name, record.kind, activationIn(record), shapes.join(', '), formatShape(record.output.shape), size(trained)];
  });
  const free = engine.parameters
    .filter((parameter) => !shown.has(parameter))
    .map((parameter) => [names.get(parameter) as string, 'parameter', '', formatShape(parameter.shape), '', size([parameter])]);
  const losses = engine.losses.flatMap((loss) => loss?.loss.name ?? []);
  const minimised = [...(losses.length > 0 ? losses : ['no loss']), ...(engine.penalties.length > 0 ? ['penalty'] : [])].join(' + ');
  const total = `${engine.parameterCount.toLocaleString('en')} parameters, ${engine.states.length > 0 ? `${size(engine.states)} numbers not trained, ` : ''}${minimised}, ${engine.optimizer?.name ?? 'no optimizer'}, build ${build}`;
  const head = ['layer', 'kind', 'activation', 'weights', 'output', 'parameters'];
  return [...table([head, ...rows, ...free], [5]), total].join('\n');
}
