/** Hundreds of small nets of one graph, which predict and train together. */
export type { PopulationEvaluation, PopulationMetrics } from './evaluation.js';
export { type LoadPopulationOptions, loadPopulation, savePopulation } from './files.js';
export type { PopulationFitOptions } from './fitOptions.js';
export type { PopulationEpoch, PopulationHistory, PopulationProgress } from './history.js';
export {
  type AnyPopulation,
  type CrossoverOptions,
  type Ensemble,
  type MutateOptions,
  Population,
  type PopulationOptions,
  type PopulationStepOptions,
  population,
} from './population.js';
export type { PopulationRates } from './rates.js';
export type { Stop, StopReason } from './runner.js';
export type { OneDataset, PopulationData } from './sources.js';
