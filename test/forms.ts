import * as Forms from '../assembly/opcodes.js';
import { Opcode } from '../assembly/opcodes.js';

/** The operand names of an opcode, in the order of its words; an f64 is named once and takes the words `…Low`, `…High`. */
export type Form = Readonly<Record<string, string | number>>;

/** The enum of `assembly/opcodes.ts` that names an opcode's words. An opcode without a form does not compile. */
const FORMS: Readonly<Record<Opcode, Form>> = {
  [Opcode.Copy]: Forms.Unary,
  [Opcode.Affine]: Forms.Unary,
  [Opcode.Scale]: Forms.Scale,
  [Opcode.Erfc]: Forms.Unary,
  [Opcode.Abs]: Forms.Unary,
  [Opcode.Square]: Forms.Unary,
  [Opcode.Sqrt]: Forms.Unary,
  [Opcode.Exp]: Forms.Unary,
  [Opcode.Expm1]: Forms.Unary,
  [Opcode.Log]: Forms.Unary,
  [Opcode.Log1p]: Forms.Unary,
  [Opcode.Erf]: Forms.Unary,
  [Opcode.Sigmoid]: Forms.Unary,
  [Opcode.Tanh]: Forms.Unary,
  [Opcode.Relu]: Forms.Unary,
  [Opcode.LeakyRelu]: Forms.Unary,
  [Opcode.Heaviside]: Forms.Unary,
  [Opcode.Softplus]: Forms.Unary,
  [Opcode.Pow]: Forms.Unary,
  [Opcode.Clip]: Forms.Unary,
  [Opcode.Add]: Forms.Binary,
  [Opcode.Sub]: Forms.Binary,
  [Opcode.Mul]: Forms.Binary,
  [Opcode.Div]: Forms.Binary,
  [Opcode.Minimum]: Forms.Binary,
  [Opcode.Maximum]: Forms.Binary,
  [Opcode.ReluBackward]: Forms.Binary,
  [Opcode.LeakyReluBackward]: Forms.Binary,
  [Opcode.SigmoidBackward]: Forms.Binary,
  [Opcode.TanhBackward]: Forms.Binary,
  [Opcode.Gemm]: Forms.Gemm,
  [Opcode.Linear]: Forms.Linear,
  [Opcode.LinearInt8]: Forms.LinearInt8,
  [Opcode.SumRows]: Forms.Rows,
  [Opcode.SumFeatures]: Forms.Rows,
  [Opcode.ExpandRows]: Forms.Rows,
  [Opcode.ExpandFeatures]: Forms.Rows,
  [Opcode.Softmax]: Forms.Rows,
  [Opcode.LogSumExp]: Forms.Rows,
  [Opcode.MaxFeatures]: Forms.Rows,
  [Opcode.OneHot]: Forms.Rows,
  [Opcode.LogSoftmax]: Forms.Rows,
  [Opcode.Fill]: Forms.Fill,
  [Opcode.CopyColumns]: Forms.CopyColumns,
  [Opcode.Random]: Forms.Random,
  [Opcode.Embed]: Forms.Embed,
  [Opcode.EmbedBackward]: Forms.Embed,
  [Opcode.CrossEntropy]: Forms.Loss,
  [Opcode.BinaryCrossEntropy]: Forms.Loss,
  [Opcode.SoftmaxCrossEntropy]: Forms.FusedLoss,
  [Opcode.SigmoidCrossEntropy]: Forms.FusedLoss,
  [Opcode.AccumulateLoss]: Forms.AccumulateLoss,
  [Opcode.CountCorrect]: Forms.CountCorrect,
  [Opcode.Sgd]: Forms.Sgd,
  [Opcode.Momentum]: Forms.Momentum,
  [Opcode.Adam]: Forms.Adam,
  [Opcode.ClipNorm]: Forms.ClipNorm,
  [Opcode.Axpy]: Forms.Axpy,
  [Opcode.Magnitude]: Forms.Magnitude,
  [Opcode.Gather]: Forms.Gather,
  [Opcode.Tile]: Forms.Tile,
};

/** The names of an opcode's words. */
export function formOf(opcode: Opcode): Form {
  return FORMS[opcode];
}

/** The names of the opcodes of a form. */
export function opcodesOf(form: Form): string[] {
  const opcodes = Object.values(Opcode).filter((code): code is Opcode => typeof code === 'number');
  return opcodes.filter((code) => formOf(code) === form).map((code) => Opcode[code]);
}
