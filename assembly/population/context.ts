/**
 * What a run of a block of groups needs besides its program, each group four nets: the record of `context.ts` with a number for each net where nets
 * differ. Byte offsets; compiled into both sides. u32 unless said otherwise.
 */
export enum Lanes {
  /** bases of the blocks of memory, in bytes, in the order of `Block`: of parameters and state those of the first group */
  Parameters = 0,
  State = 4,
  Workspace = 8,
  Constants = 12,
  /** how many groups run: from 1 to `MOST_GROUPS` */
  Groups = 16,
  /** bytes from group to group */
  ParameterStride = 20,
  StateStride = 24,
  /** address of the columns: for each of them a `LaneSource` for each net */
  Sources = 28,
  /** bytes from column to column */
  SourceStride = 32,
  /** address of the addresses of the nets' orders; 0: rows in the order they are stored */
  Orders = 36,
  /** the next entry of the orders */
  Position = 40,
  /** address of f64 learning rates, one for each net, from row to row for each step of this call; bytes from row to row: 0 where all steps have one */
  LearningRates = 44,
  RateStride = 48,
  /** steps done in this call */
  Step = 52,
  /** address of the optimizer's f64 scalars: for each step, for each of `ScalarCount` scalars, one for each net of the groups that run */
  Scalars = 56,
  ScalarCount = 60,
  /** steps done before those of this call, by which random numbers are drawn */
  FirstStep = 64,
  /** bit i: the loss of net i of the block was NaN or infinite in some step */
  Odd = 68,
  /** address of what is added up, for each group, and bytes from group to group */
  Sums = 72,
  SumStride = 76,
  Size = 80,
}

/** What a group adds up: four f64 each, one for each net. Byte offsets. */
export enum LaneSums {
  /** Σ over rows of the loss */
  Loss = 0,
  /** rows classified correctly, each counted by its weight */
  Correct = 32,
  /** Σ of the weights of the rows that were judged */
  Weight = 64,
  /** the losses of nets with several, by `AccumulateLoss.part`, from 1 on */
  Parts = 64,
  /** bytes of each */
  Size = 32,
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

/** The most groups of a run: `Lanes.Odd` has a bit for each of their nets. */
export enum Most {
  Groups = 8,
}
