/** Random numbers as whole-number arithmetic, so that every engine draws the same: xorshift32 (Marsaglia 2003) from a seed that is spread first. */
export type Random = () => number;

/** @returns what draws the next number in [0, 1) */
export function random(seed: number): Random {
  let s = Math.imul(seed + 1, 0x9e3779b1) || 1;
  const next = () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (s >>> 0) / 2 ** 32;
  };
  // Seeds that differ in a bit begin alike.
  for (let i = 0; i < 8; i++) next();
  return next;
}

/** About normal, mean 0 and variance 1: the sum of four, as no engine's logarithm is another's. */
export function normal(draw: Random): number {
  return Math.sqrt(3) * (draw() + draw() + draw() + draw() - 2);
}
