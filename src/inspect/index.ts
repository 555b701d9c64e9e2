/// <reference lib="esnext.disposable" preserve="true" />
/** `neurite/inspect`: what a network computes, how it is made and how it runs, as tables, text and diagrams. Looking changes nothing. */

export type { LossWithWeight } from '../losses/networkLoss.js';
export type { MinimisedTerm } from '../losses/term.js';
export { toDot, toMermaid } from './diagram.js';
export { type ExplainedKind, explain } from './explain.js';
export { type GraphView, graph } from './graph.js';
export { summary } from './summary.js';
export { Trace, type TracedLayer, type TracedNode, type TracedTensor, trace } from './trace.js';
