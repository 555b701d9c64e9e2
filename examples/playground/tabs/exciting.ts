/** What a unit answers to: the mean of the images that excite it most. Its weights alone are mostly noise, as no image tells neighbouring pixels apart. */

/** Images that a unit's picture is the mean of. */
export const EXCITING = 30;

/** What images have in each pixel: its mean, and its standard deviation. */
export interface Usual {
  readonly mean: Float32Array;
  readonly spread: Float32Array;
}

const PIXELS = 784;

/** @param rows of 784 pixels each */
export function usualOf(rows: Float32Array): Usual {
  const [mean, spread] = [new Float32Array(PIXELS), new Float32Array(PIXELS)];
  const count = rows.length / PIXELS;
  for (let i = 0; i < PIXELS; i++) {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < count; row++) {
      const v = rows[row * PIXELS + i] as number;
      sum += v;
      squares += v * v;
    }
    mean[i] = sum / count;
    spread[i] = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  }
  return { mean, spread };
}

/** The rows in which a column is largest and above 0, at most EXCITING, the largest first. */
export function mostExcited(activations: Float32Array, width: number, unit: number): number[] {
  const found: number[] = [];
  const at = (row: number) => activations[row * width + unit] as number;
  for (let row = 0; row * width < activations.length; row++) {
    if (at(row) <= 0 || (found.length === EXCITING && at(row) <= at(found[EXCITING - 1] as number))) continue;
    let place = found.length;
    while (place > 0 && at(found[place - 1] as number) < at(row)) place--;
    found.splice(place, 0, row);
    found.length = Math.min(found.length, EXCITING);
  }
  return found;
}

/** A picture for each unit: the mean of the rows that excite it most, less the mean of all; 0 where none does. */
export function excitingDigits(rows: Float32Array, activations: Float32Array, { mean }: Usual): Float32Array<ArrayBuffer> {
  const width = activations.length / (rows.length / PIXELS);
  const pictures = new Float32Array(width * PIXELS);
  for (let unit = 0; unit < width; unit++) {
    const found = mostExcited(activations, width, unit);
    const own = pictures.subarray(unit * PIXELS, (unit + 1) * PIXELS);
    for (const row of found) for (let i = 0; i < PIXELS; i++) own[i] = (own[i] as number) + (rows[row * PIXELS + i] as number) / found.length;
    if (found.length > 0) for (let i = 0; i < PIXELS; i++) own[i] = (own[i] as number) - (mean[i] as number);
  }
  return pictures;
}
