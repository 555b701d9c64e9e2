/// <reference lib="esnext.disposable" preserve="true" />
/** `neurite/int8`: predictors whose weights are integers of eight bits. A binary of its own, which nothing else loads. */
export type { FileQuantization } from '../files/quantized.js';
export { int8 } from './int8.js';
