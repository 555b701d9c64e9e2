/** The direction of L-BFGS in float64 by the matrices themselves (Nocedal & Wright 2006, (7.16) to (7.19)): H is built from its scale anew each time. */

const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);

type Matrix = readonly (readonly number[])[];

export class Lbfgs {
  readonly #pairs: { s: readonly number[]; y: readonly number[] }[] = [];
  #last: { w: readonly number[]; g: readonly number[] } | undefined;
  #scale = 1;

  constructor(readonly historySize: number) {}

  /** −H·g at the parameters w, which the last direction led to. */
  direction(w: readonly number[], g: readonly number[]): number[] {
    const last = this.#last;
    if (last) {
      const s = w.map((v, i) => v - (last.w[i] as number));
      const y = g.map((v, i) => v - (last.g[i] as number));
      if (product(y, s) > 1e-10) {
        this.#pairs.push({ s, y });
        if (this.#pairs.length > this.historySize) this.#pairs.shift();
        this.#scale = product(y, s) / product(y, y);
      }
    }
    this.#last = { w: [...w], g: [...g] };
    const n = w.length;
    let h: Matrix = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? this.#scale : 0)));
    // H ← (I − ρsyᵀ)·H·(I − ρysᵀ) + ρssᵀ
    for (const { s, y } of this.#pairs) {
      const rho = 1 / product(y, s);
      const left = s.map((v, i) => y.map((u, j) => Number(i === j) - rho * v * u));
      const half = left.map((row) =>
        row.map((_, j) =>
          product(
            row,
            (h as Matrix).map((other) => other[j] as number),
          ),
        ),
      );
      h = half.map((row, i) => s.map((v, j) => product(row, left[j] as readonly number[]) + rho * (s[i] as number) * v));
    }
    return h.map((row) => -product(row, g));
  }
}
