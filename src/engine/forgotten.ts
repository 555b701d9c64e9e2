import type { Engine } from './engine.js';

/** Frees engines whose networks or predictors were forgotten. */
export const forgotten = typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<Engine>((engine) => engine.free());
