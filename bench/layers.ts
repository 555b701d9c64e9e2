/** One layer's share of the parameters, which come as W¹ b¹ W² b² …: views of W `[out, in]` and b. */
export interface LayerParameters {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

export function layersOf(sizes: readonly number[], parameters: Float32Array): LayerParameters[] {
  let at = 0;
  const next = (n: number) => {
    at += n;
    return parameters.subarray(at - n, at);
  };
  return sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l] as number;
    return { inputs, outputs, weights: next(outputs * inputs), biases: next(outputs) };
  });
}

export function parameterCount(sizes: readonly number[]): number {
  return sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * ((sizes[l] as number) + 1), 0);
}
