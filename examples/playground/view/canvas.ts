/** A canvas as large as it is shown. */

export interface Drawing {
  readonly draw: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** The value of a custom property of the style. */
  readonly colour: (name: string) => string;
}

/** Emptied, in pixels of the style. */
export function drawing(canvas: HTMLCanvasElement): Drawing {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = Math.min(2, devicePixelRatio);
  const [wide, high] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const draw = canvas.getContext('2d') as CanvasRenderingContext2D;
  draw.setTransform(scale, 0, 0, scale, 0, 0);
  draw.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  return { draw, width, height, colour: (name) => style.getPropertyValue(`--${name}`).trim() };
}
