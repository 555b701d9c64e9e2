/**
 * What a run of four nets needs besides its program: the record of `context.ts` with a number for each net where nets differ. Byte offsets; compiled
 * into both sides. u32 unless said otherwise. "4 f64" is one for each net of the group.
 */
export enum Lanes {
  /** bases of the blocks, in bytes, in the order of `Block` */
  Parameters = 0,
  State = 4,
  Workspace = 8,
  Constants = 12,
  /** address of the columns: for each of them four records of `LaneSource`, one for each net */
  Sources = 16,
  /** address of the four addresses of the nets' orders; 0: rows in the order they are stored */
  Orders = 20,
  /** the next entry of the orders */
  Position = 24,
  /** 4 f64 learning rates, from row to row for each step of this call; bytes from row to row: 0 where all steps have one */
  LearningRates = 28,
  RateStride = 32,
  /** steps done in this call */
  Step = 36,
  /** 4 f64 for each of the optimizer's scalars, a row of `ScalarCount` for each step of this call */
  Scalars = 40,
  ScalarCount = 44,
  /** steps done before those of this call, by which random numbers are drawn */
  FirstStep = 48,
  /** bit l: the loss of net l was NaN or infinite in some step */
  Odd = 52,
  /** 4 f64 sums of the losses of nets with several, by `AccumulateLoss.part` */
  Parts = 56,
  /** 4 f64: Σ over rows of the loss */
  LossSum = 64,
  /** 4 f64: rows classified correctly, each counted by its weight */
  Correct = 96,
  /** 4 f64: Σ of the weights of the rows that were judged */
  Weight = 128,
  Size = 160,
}

/** Where a net's rows of a column lie and how its elements are stored. Byte offsets. */
export enum LaneSource {
  Address = 0,
  /** of `DataType` */
  Type = 4,
  /** f32 */
  Scale = 8,
  /** f32 */
  Offset = 12,
  Size = 16,
}
