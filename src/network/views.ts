import type { Floats } from '../arguments/arrays.js';
import type { Values } from '../arguments/values.js';
import { ValueError } from '../errors.js';
import { elements, features } from '../graph/shape.js';
import { activationIn } from '../layers/layer.js';
import { ownLayers } from '../layers/names.js';
import { Parameter, State } from '../ops/leaves.js';
import { type ParameterTensor, readValues, write } from './assign.js';
import type { Internals } from './internals.js';

/** A layer of a network, as the user sees it. */
export interface LayerView {
  readonly name: string;
  readonly kind: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly activation: string;
  /** W, `[outFeatures, inFeatures]` row by row: a live view into the network's memory. @throws ValueError for a layer without */
  readonly weights: Floats;
  /** b, `[outFeatures]`: a live view; undefined where the layer has none. */
  readonly biases: Floats | undefined;
  /** ∂L/∂W and ∂L/∂b of the last `gradient`: live views. */
  readonly weightGradients: Floats;
  readonly biasGradients: Floats | undefined;
  /** All its parameters and states by their names in the layer: `weights`, `biases`. */
  readonly parameters: Readonly<Record<string, ParameterView>>;
}

/** A parameter of a network, as the user sees it. */
export interface ParameterView {
  readonly name: string;
  /** `[n]`, or `[m, n]` row by row. */
  readonly shape: readonly number[];
  /** Where it begins in `parameters`, `gradients` and every derivative to the parameters. */
  readonly offset: number;
  /** A live view into the network's memory: writing to it changes the network. */
  readonly values: Floats;
  /** Whether gradients change it: not where `setTrainable` says so, and not a state, which training steps change without one. */
  readonly isTrained: boolean;
  /** ∂L/∂values of the last `gradient`: a live view. @throws ValueError for a state */
  readonly gradient: Floats;
  /**
   * Sets all values at once: flat, for a matrix as a list of rows, or as a tensor of `readSafetensors`. All are checked before any is written.
   * @throws ShapeError for another number or shape of them; ValueError for what is no finite number
   */
  set(values: Values | ParameterTensor): void;
}

/** What keeps a network alive as long as a view of its memory is. */
type Hold = (view: Floats) => Floats;

/** The view of a parameter or state. `hold` keeps the network alive as long as a view of its memory is. */
export function parameterView(inside: Internals, hold: Hold, found: Parameter | State, name: string): ParameterView {
  return {
    name,
    shape: found.shape.size,
    offset: inside.engine.offsetOf(found),
    isTrained: found instanceof Parameter && !inside.engine.frozen.has(found),
    get values() {
      return viewOf(inside, hold, found, 'values');
    },
    get gradient() {
      if (found instanceof State) throw new ValueError(`parameter(${JSON.stringify(name)}).gradient: it is a state, which no gradient changes`);
      return viewOf(inside, hold, found, 'gradient');
    },
    set: (values) => setParameter(inside, found, name, values),
  };
}

function setParameter(inside: Internals, parameter: Parameter | State, name: string, values: Values | ParameterTensor): void {
  const call = `parameter(${JSON.stringify(name)}).set`;
  inside.idle(call);
  const numbers = readValues(call, 'values', parameter, values);
  // Reading may have run code of the caller's.
  inside.idle(call);
  write(inside, parameter, numbers);
}

function viewOf(inside: Internals, hold: Hold, parameter: Parameter | State, what: 'values' | 'gradient'): Floats {
  inside.alive('parameters');
  const { engine } = inside;
  if (what === 'values') return hold(engine.viewValues(parameter));
  inside.need('gradients', 'loss');
  return hold(engine.viewGradients(engine.offsetOf(parameter), elements(parameter.shape)));
}

/** The layers of a network, one that is applied twice once. */
export function layerViews(inside: Internals, hold: Hold): LayerView[] {
  const names = inside.tensorNames();
  return ownLayers(inside.layers).map(({ record, name }) => {
    const { input, output, kind } = record;
    const own = Object.entries(record.parameters);
    const view = (key: string, what: 'values' | 'gradient') => {
      const node = record.parameters[key];
      if (!node) throw new ValueError(`layers: ${name} has no ${key}; it has ${own.map(([key]) => key).join(', ') || 'no parameters'}`);
      return viewOf(inside, hold, node, what);
    };
    return {
      name,
      kind,
      inFeatures: features(input.shape),
      outFeatures: features(output.shape),
      activation: activationIn(record),
      get weights() {
        return view('weights', 'values');
      },
      get biases() {
        return record.parameters.biases && view('biases', 'values');
      },
      get weightGradients() {
        return view('weights', 'gradient');
      },
      get biasGradients() {
        return record.parameters.biases && view('biases', 'gradient');
      },
      parameters: Object.fromEntries(own.map(([key, node]) => [key, parameterView(inside, hold, node, names.get(node) as string)])),
    };
  });
}
