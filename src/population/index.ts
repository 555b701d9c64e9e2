/** Hundreds of small nets of one graph, which predict and train together. */
export { loadPopulation, savePopulation } from './files.js';
export {
  type CrossoverOptions,
  type MutateOptions,
  Population,
  type PopulationOptions,
  type PopulationStepOptions,
  population,
} from './population.js';
export type { PopulationRates } from './rates.js';
export type { OneDataset, PopulationData } from './sources.js';
export type { PopulationEpoch, PopulationEvaluation, PopulationFitOptions, PopulationHistory, Stop } from './training.js';
