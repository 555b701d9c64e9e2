/** What pages draw on. */

export function element<K extends HTMLElement>(id: string): K {
  return document.getElementById(id) as K;
}

/** A canvas, emptied, as large as it is shown; `colour` is that of a name in page.css. */
export interface Surface {
  readonly draw: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly colour: (name: string) => string;
}

export function surface(id: string): Surface {
  const canvas = element<HTMLCanvasElement>(id);
  const { clientWidth: width, clientHeight: height } = canvas;
  const [wide, high] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const draw = canvas.getContext('2d') as CanvasRenderingContext2D;
  draw.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  draw.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  return { draw, width, height, colour: (name) => style.getPropertyValue(`--${name}`) };
}

/** A line through n points. */
export function path({ draw }: Surface, colour: string, thick: number, n: number, at: (i: number) => readonly [x: number, y: number]): void {
  draw.beginPath();
  for (let i = 0; i < n; i++) draw.lineTo(...at(i));
  draw.strokeStyle = colour;
  draw.lineWidth = thick;
  draw.lineJoin = 'round';
  draw.stroke();
}
