/** Which parameters an optimizer treats alike: stretches of memory of one learning rate and one decay. */
import type { Shape } from '../graph/shape.js';

/** A parameter in the order of the memory. */
export interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
  /** Whether training leaves it as it is. */
  readonly frozen?: boolean;
}

/** What some stretches have in common: the options there, and what the learning rate is multiplied by. */
export interface Kind<Options> {
  readonly options: Options;
  readonly rate: number;
}

/** Parameters that are alike: elements of their vector, and their kind. */
export interface Stretch {
  readonly from: number;
  readonly n: number;
  readonly kind: number;
  readonly weightDecay: number;
}

/** How an update goes over the parameters. Stretches are in their order and leave none out. */
export interface Layout<Options> {
  /** The options, whose groups name each parameter. */
  readonly optimizer: Options;
  readonly stretches: readonly Stretch[];
  readonly kinds: readonly Kind<Options>[];
  /** The largest decay, and the largest factor of the learning rate. */
  readonly weightDecay: number;
  readonly rate: number;
}

/** The options that a layout depends on. */
export interface LaidOut {
  readonly weightDecay: number;
  readonly groups?: ParameterGroups;
}

/** The layout of groups for an optimizer's options. Runs code of the caller's. */
export const LAYOUT = /* @__PURE__ */ Symbol.for('neurite.layout');

/** Parameters with a learning rate or a decay of their own. */
export interface ParameterGroup {
  /**
   * Names of parameters, such as `'dense1.weights'`, or of layers, whose parameters all belong, such as `'dense1'`; or a function that says of a
   * parameter's name and shape whether it belongs. A network holds the names that these come to.
   */
  readonly parameters: string | readonly string[] | ((name: string, shape: readonly number[]) => boolean);
  /** What the learning rate is multiplied by, that of a schedule too. Default 1. */
  readonly learningRateFactor?: number;
  /** In place of the optimizer's. */
  readonly weightDecay?: number;
}

/** What `parameterGroups` gives: groups as an optimizer's description holds them. */
export interface ParameterGroups {
  readonly list: readonly ParameterGroup[];
  /** @internal */
  readonly [LAYOUT]: <Options extends LaidOut>(
    options: Options,
    name: string,
    decouplesDecay: boolean,
    parameters: readonly NamedShape[],
  ) => Layout<Options>;
}
