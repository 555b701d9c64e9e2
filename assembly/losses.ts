/** Losses from the logits, one value per row, and the fused forms that give the delta in the same pass. */

/** loss[row] = logsumexp(z) − Σ t·z (000 eq. 18); t: values [rows, features], or u32 ids [rows] where kind = TargetKind.Classes. */
export function crossEntropy(loss: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize): void {}

/** loss[row] = Σ_j softplus(z_j) − t_j·z_j (001 eq. 17). */
export function binaryCrossEntropy(loss: usize, z: usize, t: usize, rows: usize, features: usize): void {}

/** crossEntropy, u = softmax(z) (u = 0: not kept) and dz = (u − t)·scale, with the bits of the separate kernels. */
export function softmaxCrossEntropy(loss: usize, u: usize, dz: usize, z: usize, t: usize, kind: i32, rows: usize, features: usize, scale: f32): void {}

/** binaryCrossEntropy, u = sigmoid(z) (u = 0: not kept) and dz = (u − t)·scale, with the bits of the separate kernels. */
export function sigmoidCrossEntropy(loss: usize, u: usize, dz: usize, z: usize, t: usize, rows: usize, features: usize, scale: f32): void {}

/** Σ loss in f64, in order. */
export function sumLoss(loss: usize, rows: usize): f64 { return 0; }

/** How many rows are decided rightly: features > 1: argmax z (lowest index on ties) against the id or argmax t; features = 1: z ≥ 0 against t ≥ 0.5. */
export function countCorrect(z: usize, t: usize, kind: i32, rows: usize, features: usize): usize { return 0; }
