/** What the network is to become: each takes a sample from −1 to 1 to one in the same range. */
export const curves = {
  clean: (x: number) => x,
  soft: (x: number) => Math.tanh(4 * x),
  hard: (x: number) => Math.max(-0.9, Math.min(0.9, 3 * x)),
  fold: (x: number) => 0.9 * Math.sin(2.5 * Math.PI * x),
  // Of a full sine, cos(θ), these two are cos(2θ) and cos(3θ): the octave, and the fifth above it (Chebyshev's T₂ and T₃).
  octave: (x: number) => 2 * x * x - 1,
  twelfth: (x: number) => 4 * x * x * x - 3 * x,
  steps: (x: number) => Math.round(3 * x) / 3,
} as const;

export type CurveName = keyof typeof curves;

/** What a curve does to the sound. */
export const sounds: Readonly<Record<CurveName, string>> = {
  clean: 'Clean',
  soft: 'Soft clip',
  hard: 'Hard clip',
  fold: 'Wavefolder',
  octave: 'Octave up',
  twelfth: 'Twelfth up',
  steps: 'Staircase',
};
