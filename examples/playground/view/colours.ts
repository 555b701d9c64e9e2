/** Blue to orange through paper: two hues that every kind of colour vision tells apart, in bands like the heights of a map. */

type Rgb = readonly [red: number, green: number, blue: number];

interface Scale {
  readonly low: Rgb;
  readonly middle: Rgb;
  readonly high: Rgb;
}

const light: Scale = { low: [38, 98, 158], middle: [250, 246, 236], high: [206, 104, 24] };
const dark: Scale = { low: [92, 160, 232], middle: [30, 33, 38], high: [238, 150, 66] };

const BANDS = 14;

const isDark = matchMedia('(prefers-color-scheme: dark)');

/** Tells of each change between light and dark. */
export function onTheme(changed: () => void): void {
  isDark.addEventListener('change', changed);
}

function mix(from: Rgb, to: Rgb, t: number): Rgb {
  return [0, 1, 2].map((i) => Math.round((from[i] as number) + t * ((to[i] as number) - (from[i] as number)))) as unknown as Rgb;
}

/** Of a value from −1 to 1. */
export function rgb(value: number, strength = 0.62): Rgb {
  const { low, middle, high } = isDark.matches ? dark : light;
  const v = Math.max(-1, Math.min(1, value));
  return mix(middle, v < 0 ? low : high, Math.abs(v) * strength);
}

export function css(value: number, strength?: number): string {
  return `rgb(${rgb(value, strength).join(' ')})`;
}

/** The bands as pixels, made again where the page has turned light or dark. */
let bands: { readonly dark: boolean; readonly pixels: readonly number[] } | undefined;

function pixelsOfBands(): readonly number[] {
  if (bands?.dark !== isDark.matches) {
    const pixels = Array.from({ length: BANDS }, (_, band) => {
      const [r, g, b] = rgb((2 * band + 1) / BANDS - 1);
      return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
    });
    bands = { dark: isDark.matches, pixels };
  }
  return bands.pixels;
}

/** Writes the bands of values from −1 to 1 as pixels. */
export function paint(pixels: Uint32Array, values: ArrayLike<number>, at: number, step: number, toSigned: (value: number) => number): void {
  const table = pixelsOfBands();
  for (let i = 0; i < pixels.length; i++) {
    const v = toSigned(values[at + i * step] as number);
    const band = Math.floor(((v + 1) / 2) * BANDS);
    pixels[i] = table[band < 0 ? 0 : band >= BANDS ? BANDS - 1 : band] as number;
  }
}
