/// <reference lib="esnext.disposable" preserve="true" />
/** `neurite/check`: gradients against differences in float64. A tool for tests and for doubt; no part of what a page loads. */
export { type CheckedEntry, type CheckOptions, checkGradients, GradientCheck } from './gradients.js';
