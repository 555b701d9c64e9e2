/// <reference lib="esnext.disposable" preserve="true" />

// First, so that a bundle begins with it (scripts/build.mjs).
import './core/binaries.generated.js';

export type { NumericArray } from './arguments/arrays.js';
export type { AbortSignalLike, AnyTargets, ClassIds, Inputs, Outputs, Returned, Targets, Values } from './arguments/values.js';
export type { Build } from './core/core.js';
export { type CoreSource, initialize, type ResponseLike } from './core/initialize.js';
export { Dataset, type DatasetLiteral, dataset } from './data/dataset.js';
export { inverseTransform, type MinMaxOptions, minMax, type Scaling, type StandardizeOptions, standardize, transform } from './data/scaling.js';
export { kFold, type Split, type SplitLiteral, type SplitOptions, trainValidationSplit } from './data/split.js';
export { type Stream, type StreamOptions, type StreamRow, type StreamSource, stream } from './data/stream.js';
export type {
  CategoryColumn,
  Column,
  FittedCategories,
  FittedColumn,
  FittedNumber,
  NumberColumn,
  Otherwise,
} from './data/tabular/columns.js';
export type { Cell, ColumnName } from './data/tabular/rows.js';
export { type Columns, encode, type Table, tabular } from './data/tabular/tabular.js';
export {
  BusyError,
  CoreError,
  DisposedError,
  type ErrorCode,
  FileError,
  MemoryError,
  NeuriteError,
  type NonFiniteValue,
  NotConfiguredError,
  NotFiniteError,
  ShapeError,
  UnsupportedError,
  ValueError,
} from './errors.js';
export type { NetworkJson } from './files/architecture.js';
export { checkpoint, type RestoreOptions, restore } from './files/checkpoint.js';
export { type FromJSONOptions, fromJSON, type LoadOptions, type LoadQuantizedOptions, load } from './files/load.js';
export { type SaveOptions, save, toJSON } from './files/save.js';
export {
  readSafetensors,
  type SafetensorsTensor,
  safetensorsMetadata,
  type TensorToWrite,
  type TensorType,
  transposed,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from './files/tensors.js';
export type { Node } from './graph/node.js';
export * from './layers/activations.js';
export * from './layers/initializers.js';
export { type Layer, type LayerOptions, type LayerParts, named, type StateUpdate } from './layers/layer.js';
export { constant, input, parameter, type Size, state } from './layers/leaves.js';
export { layer } from './layers/ownLayer.js';
export { l1, l1l2, l2, type Regularized, type Regularizer } from './layers/regularizers.js';
export * from './layers/table.generated.js';
export type { ClassLoss, Loss, Reduction, ValueLoss } from './losses/loss.js';
export type { NetworkLoss, TargetsOf, WeightedLoss } from './losses/networkLoss.js';
export type { LossFunction } from './losses/ownLoss.js';
export type { LayerGraph, Penalty } from './losses/penalty.js';
export * from './losses/table.generated.js';
export type { CopyParametersOptions, ParameterTensor, SetParametersOptions } from './network/assign.js';
export { copyParameters } from './network/copyParameters.js';
export {
  type AnyNetwork,
  type FreezeOptions,
  Network,
  type NetworkGraph,
  type NetworkOptions,
} from './network/network.js';
export { type OptimizerStateValues, optimizerState, setOptimizerState } from './network/optimizerState.js';
export type { ClassifyOptions, Predictor } from './network/predictor.js';
export { network, sequential } from './network/sequential.js';
export type { LayerView, ParameterView } from './network/views.js';
export { abs } from './ops/abs.js';
export { add } from './ops/add.js';
export { affine, neg, scale, shift } from './ops/affine.js';
export { byMode } from './ops/byMode.js';
export { clip } from './ops/clip.js';
export { concat, slice } from './ops/columns.js';
export { div } from './ops/div.js';
export { dot } from './ops/dot.js';
export { erf } from './ops/erf.js';
export { erfc } from './ops/erfc.js';
export { exp } from './ops/exp.js';
export { sumFeatures as sum } from './ops/expandFeatures.js';
export { expm1 } from './ops/expm1.js';
export { heaviside } from './ops/heaviside.js';
export { leakyRelu } from './ops/leakyRelu.js';
export { log } from './ops/log.js';
export { log1p } from './ops/log1p.js';
export { logSoftmax } from './ops/logSoftmax.js';
export { logSumExp } from './ops/logSumExp.js';
export { matmul } from './ops/matmul.js';
export { max } from './ops/max.js';
export { maximum } from './ops/maximum.js';
export { meanFeatures as mean } from './ops/meanFeatures.js';
export { meanRows } from './ops/meanRows.js';
export { min } from './ops/min.js';
export { minimum } from './ops/minimum.js';
export { mul } from './ops/mul.js';
export { pow } from './ops/pow.js';
export { relu } from './ops/relu.js';
export { amax, amin, step } from './ops/renamed.js';
export { sigmoid } from './ops/sigmoid.js';
export { softmax } from './ops/softmax.js';
export { softplus } from './ops/softplus.js';
export { sqrt } from './ops/sqrt.js';
export { square } from './ops/square.js';
export { sub } from './ops/sub.js';
export { tanh } from './ops/tanh.js';
export { defineOptimizer } from './optimizers/defineOptimizer.js';
export { decayMatrices, parameterGroups } from './optimizers/groups.js';
export type { ParameterGroup, ParameterGroups } from './optimizers/layout.js';
export type { Optimizer, OptimizerDefinition, OptimizerMaker } from './optimizers/optimizer.js';
export * from './optimizers/table.generated.js';
export type { EarlyStopping } from './training/earlyStopping.js';
export type { EvaluateAsyncOptions, EvaluateOptions } from './training/evaluate.js';
export type { FitOptions } from './training/fitOptions.js';
export type { EpochEnd, Evaluation, EvaluationProgress, FitProgress, History } from './training/history.js';
export type { Metric, MetricBatch, MetricValues } from './training/metrics/metric.js';
export * from './training/metrics/table.generated.js';
export type { Monitor } from './training/monitor.js';
export { PauseController, type PauseSignal } from './training/pause.js';
export type { Schedule, ScheduleState } from './training/schedules/schedule.js';
export * from './training/schedules/table.generated.js';
export { type LbfgsOptions, lbfgs } from './training/search/lbfgs.js';
