/** Sine and cosine of +, −, × and ÷ alone: those of `Math` differ between engines in their last bit. Taylor's series on [−π/4, π/4]; off by less than 1e-9. */
function onEighth(x: number): readonly [cosine: number, sine: number] {
  const q = x * x;
  return [
    1 - (q / 2) * (1 - (q / 12) * (1 - (q / 30) * (1 - (q / 56) * (1 - q / 90)))),
    x * (1 - (q / 6) * (1 - (q / 20) * (1 - (q / 42) * (1 - q / 72)))),
  ];
}

/** The point of the unit circle at an angle. */
export function onCircle(angle: number): readonly [x: number, y: number] {
  const quarter = Math.round(angle / (Math.PI / 2));
  const [c, s] = onEighth(angle - quarter * (Math.PI / 2));
  const turn = ((quarter % 4) + 4) % 4;
  return turn === 0 ? [c, s] : turn === 1 ? [-s, c] : turn === 2 ? [-c, -s] : [s, -c];
}
