/** The layer graph of a network as text that Mermaid or Graphviz draws. */
import { type Node, topological } from '../graph/node.js';
import { formatShape } from '../graph/shape.js';
import { activationIn } from '../layers/layer.js';
import type { NamedLayer } from '../layers/names.js';
import { type AnyNetwork, internals } from '../network/network.js';
import { inputOp } from '../ops/leaves.js';

type Kind = 'input' | 'parameter' | 'layer' | 'op' | 'output';

interface Vertex {
  readonly id: string;
  readonly kind: Kind;
  /** Its lines of text. */
  readonly lines: readonly string[];
}

/** What goes from one vertex to another. */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly shape: string;
}

/** A layer is one vertex whatever nodes it is made of; so is every op outside of layers, and every input, free parameter and output. */
function diagram(call: string, network: AnyNetwork): { vertices: Vertex[]; edges: Edge[] } {
  const inside = internals(call, network).alive(call);
  const { layers } = inside;
  const { losses, penalties, graph } = inside.engine;
  const { inputs, outputs } = graph;
  const names = inside.nodeNames();
  const layerAt = new Map(layers.map((layer) => [layer.record.output, layer]));
  const inputsOf = (node: Node): readonly Node[] => {
    const layer = layerAt.get(node);
    return layer ? [layer.record.input] : node.inputs;
  };
  // Ops that a user never wrote are left out.
  const shown = (node: Node): Node => (node.op.repeats && !layerAt.has(node) ? shown(node.inputs[0] as Node) : node);

  // Only what is reached past the insides of layers.
  const reached = new Set<Node>(inputs);
  const visit = [...outputs, ...penalties].map(shown);
  for (let node = visit.pop(); node; node = visit.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    visit.push(...inputsOf(node).map(shown));
  }
  const vertices: Vertex[] = [];
  const edges: Edge[] = [];
  const ids = new Map<Node, string>();
  for (const node of topological([...inputs, ...outputs, ...penalties])) {
    if (!reached.has(node)) continue;
    const id = `n${vertices.length}`;
    ids.set(node, id);
    const layer = layerAt.get(node);
    const [kind, lines] = describe(node, layer, names);
    vertices.push({ id, kind, lines });
    for (const x of inputsOf(node)) edges.push({ from: ids.get(shown(x)) as string, to: id, shape: formatShape(shown(x).shape) });
  }
  const end = (node: Node, lines: readonly string[]) => {
    const id = `n${vertices.length}`;
    vertices.push({ id, kind: 'output', lines });
    edges.push({ from: ids.get(shown(node)) as string, to: id, shape: formatShape(node.shape) });
  };
  outputs.forEach((node, i) => {
    const loss = losses[i];
    const measured = loss ? [`${loss.weight === 1 ? '' : `${loss.weight} × `}${loss.loss.name}`] : [];
    end(node, [outputs.length === 1 ? 'output' : `output ${i}`, ...measured]);
  });
  penalties.forEach((node, i) => {
    end(node, [penalties.length === 1 ? 'penalty' : `penalty ${i}`]);
  });
  return { vertices, edges };
}

function describe(node: Node, layer: NamedLayer | undefined, names: ReadonlyMap<Node, string>): [Kind, string[]] {
  const shape = formatShape(node.shape);
  if (layer) {
    const { kind, parameters, output } = layer.record;
    const { weights = output } = parameters;
    const activation = activationIn(layer.record);
    return ['layer', [layer.name, `${kind} ${formatShape(weights.shape)}${activation === 'identity' ? '' : `, ${activation}`}`]];
  }
  if (node.inputs.length === 0) {
    const name = names.get(node) ?? node.label;
    return [node.op === inputOp ? 'input' : 'parameter', [name, shape]];
  }
  const constants = node.op.constants?.(node);
  const text = constants ? `${node.op.name} ${constants}` : node.op.name;
  const name = names.get(node) ?? node.name;
  return ['op', name === undefined ? [text] : [name, text]];
}

/** Text between quotes in Mermaid, where entities stand for what has a meaning of its own. */
function mermaidText(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[&<>"#`]/g, (character) => `#${character.charCodeAt(0)};`);
}

const MERMAID: Readonly<Record<Kind, readonly [string, string]>> = {
  input: ['([', '])'],
  parameter: ['[(', ')]'],
  layer: ['[', ']'],
  op: ['(', ')'],
  output: ['([', '])'],
};

/** The layers of a network and the ops between them with their shapes, as a flowchart for Mermaid. */
export function toMermaid(network: AnyNetwork): string {
  const { vertices, edges } = diagram('toMermaid', network);
  const lines = vertices.map(({ id, kind, lines }) => `  ${id}${MERMAID[kind][0]}"${lines.map(mermaidText).join('<br>')}"${MERMAID[kind][1]}`);
  return ['flowchart TD', ...lines, ...edges.map(({ from, to, shape }) => `  ${from} -->|"${mermaidText(shape)}"| ${to}`), ''].join('\n');
}

/** Text between quotes in Graphviz' language. */
function dotText(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\"]/g, '\\$&');
}

const DOT: Readonly<Record<Kind, string>> = {
  input: 'shape=oval',
  parameter: 'shape=cylinder',
  layer: 'shape=box',
  op: 'shape=box, style=rounded',
  output: 'shape=oval',
};

/** The same in Graphviz' language, DOT. */
export function toDot(network: AnyNetwork): string {
  const { vertices, edges } = diagram('toDot', network);
  const lines = vertices.map(({ id, kind, lines }) => `  ${id} [${DOT[kind]}, label="${lines.map(dotText).join('\\n')}"];`);
  return ['digraph network {', ...lines, ...edges.map(({ from, to, shape }) => `  ${from} -> ${to} [label="${dotText(shape)}"];`), '}', ''].join(
    '\n',
  );
}
