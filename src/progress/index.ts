/// <reference lib="esnext.disposable" preserve="true" />

export { type ProgressBar, type ProgressBarOptions, progressBar, type TextStream } from './progressBar.js';
