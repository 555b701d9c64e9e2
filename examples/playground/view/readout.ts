/** A connection in words: its weight, its gradient in the last batch, and by how much that changed it. */
import { copyParameters } from 'neurite';
import { type FeatureName, features } from '../data/features.js';
import type { Run } from '../model/run.js';
import { byId, make } from './dom.js';
import { type Edge, unitName } from './network.js';

const number = (v: number) => (v === 0 ? '0' : Math.abs(v) < 1e-3 ? v.toExponential(2) : v.toFixed(4)).replace('-', '−');

/** @param isBusy whether no gradient can be asked for now */
export function writeReadout(edge: Edge | undefined, run: Run | undefined, isBusy: boolean): void {
  const readout = byId('readout');
  const net = run?.networks.net;
  const layer = edge && net?.layers[edge.layer];
  const weights = layer?.parameters.weights;
  if (!edge || !run || !net || !layer || !weights) {
    readout.textContent = 'Point at a line, or focus a unit and press an arrow key, to read a weight.';
    return;
  }
  const count = net.layers.length;
  const from =
    edge.layer > 0 ? unitName(edge.layer - 1, edge.from, count) : `feature ${features[run.state.features[edge.from] as FeatureName].label}`;
  const at = edge.to * layer.inFeatures + edge.from;
  const w = layer.weights[at] as number;
  const words: (string | Node)[] = [`From ${from} to ${unitName(edge.layer, edge.to, count)}: weight `, make('b', {}, number(w))];
  const batch = run.ready?.last;
  if (isBusy) words.push('.');
  else if (batch && run.before) {
    // As it was in that step: the parameters before it, its rows.
    const now = copyParameters(net);
    net.parameters.set(run.before.subarray(0, net.parameterCount));
    net.gradient(batch.x, batch.y);
    const gradient = layer.weightGradients[at] as number;
    net.parameters.set(now.subarray(0, net.parameterCount));
    const change = w - (run.before[weights.offset + at] as number);
    words.push('. In the last step its gradient was ', make('b', {}, number(gradient)), ', which changed it by ', make('b', {}, number(change)), '.');
  } else words.push('. It has no gradient yet: no step is done.');
  readout.replaceChildren(...words);
}
