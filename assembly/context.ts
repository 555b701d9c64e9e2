/**
 * What a run needs besides its program: a record in linear memory that TypeScript fills and the program loop reads
 * and updates. Byte offsets; compiled into both sides. u32 unless said otherwise.
 */
export enum Context {
  /** bases of the blocks, in bytes, in the order of `Block` */
  Parameters = 0,
  State = 4,
  Workspace = 8,
  Constants = 12,
  /** u32 addresses of the columns of the data set at hand: inputs first, then targets */
  Sources = 16,
  /** u32 row numbers in the order of this epoch; 0: rows in the order they are stored */
  Order = 24,
  /** the next entry of `Order` */
  Position = 28,
  /** f64 learning rates, one for each step of this call */
  LearningRates = 32,
  /** steps done in this call */
  Step = 36,
  /** f64: Σ over rows of the loss */
  LossSum = 40,
  /** f64: rows classified correctly, each counted by its weight */
  Correct = 48,
  /** f32: the largest magnitude that `Opcode.Magnitude` found; NaN if there was one */
  Magnitude = 56,
  /** f64 scalars of the optimizer, a row of `ScalarCount` for each step of this call */
  Scalars = 60,
  ScalarCount = 64,
  /** f64: Σ of the weights of the rows that were judged */
  Weight = 72,
  /** f64 sums of the losses of a network with several, by `AccumulateLoss.part` */
  Parts = 80,
  /** what a mean over the rows divides by; 0: the rows of the run */
  MeanRows = 84,
  /** steps done before those of this call, by which random numbers are drawn */
  FirstStep = 88,
  /** rows of this step that ran before, where it runs in parts */
  FirstRow = 92,
  Size = 96,
}

/** How a run ended. */
export enum Status {
  Done = 0,
  /** a loss was NaN or infinite; the run stopped there */
  NotFinite = 1,
  /** an update would have made a parameter NaN or infinite, and was not done */
  BadUpdate = 2,
}
