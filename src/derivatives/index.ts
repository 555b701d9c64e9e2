/// <reference lib="esnext.disposable" preserve="true" />
/** `neurite/derivatives`: first and second derivatives of a network's outputs and loss, to its inputs and its parameters. */
export type { JacobianOptions, ResultOption } from './arguments.js';
export { derivative } from './derivative.js';
export { inputHessian, inputHvp } from './inputHessian.js';
export { type Direction, jacobian, jvp, parameterJacobian, type Vjp, vjp } from './jacobian.js';
export { hessian, hvp, inputGradient, type LossOptions, perSampleGradients } from './loss.js';
