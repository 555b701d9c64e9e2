/** The most inputs of a layer: from there on a sum of 32 bits would not hold products of eight bits by eight, 127²·k ≥ 2³¹ (`inputLimit` of the kernels). */
export const MOST_INPUTS: number = Math.floor((2 ** 31 - 1) / 127 ** 2);
