/** The line that is played: eight notes a bar over four chords, in A minor. */

/** Seconds of a note. */
export const NOTE = 0.24;

/** Semitones above A2: the root of each bar, and the way over it. */
const ROOTS = [0, -4, 3, -2];
const SHAPES = [
  [0, 12, 7, 15, 12, 19, 15, 7],
  [0, 12, 7, 16, 12, 19, 16, 7],
  [0, 12, 7, 16, 12, 19, 16, 7],
  [0, 12, 7, 16, 12, 19, 14, 7],
];

/** The frequency of a note, in Hz. */
export function frequencyOf(note: number): number {
  const bar = Math.floor(note / 8) % ROOTS.length;
  return 110 * 2 ** (((ROOTS[bar] as number) + (SHAPES[bar]?.[note % 8] as number)) / 12);
}

/** How loud a note begins: the first of a bar fully, so that it meets the whole curve. */
export function strengthOf(note: number): number {
  return note % 8 === 0 ? 1 : note % 2 === 0 ? 0.85 : 0.65;
}
