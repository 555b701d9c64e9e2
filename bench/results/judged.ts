/** What was measured beside the goals of floors.ts. */
import { type Goal, goals } from '../floors.js';
import { format, percent } from '../report.js';
import type { Measured } from './measured.js';

export interface Judged extends Goal {
  /** What was measured, in words. */
  readonly figure: string;
  readonly verdict: 'not measured' | 'short' | 'reached' | 'reached, and the aim';
}

/** The figure that a goal is for: the worst of its rows, the nearest of its systems. */
function figureOf(measured: Measured, { workloads, engine, build, among, unit }: Goal): readonly [value: number, text: string] | undefined {
  const workload = workloads[0] as string;
  if (unit === '%') {
    const lines = workloads.map((each) => (build ? measured.kernel(engine, each, build) : measured.byItself(engine, each)));
    const shares = lines.flatMap((line) => line?.share ?? []);
    return shares.length === workloads.length ? [100 * Math.min(...shares), shares.map(percent).join(', ')] : undefined;
  }
  if (!among) {
    const value = measured.byItself(engine, workload, unit)?.value;
    return value === undefined ? undefined : [value, `${format(value)} ${unit}`];
  }
  const { ratio, system } = measured.nearest(measured.row(engine, { workload }), among) ?? {};
  return ratio === undefined ? undefined : [ratio, `${format(ratio)}${system === 'neurite' ? '' : ` (${system})`}`];
}

/** A bound with its unit; none for a ratio. */
export const bound = (value: number, unit: Goal['unit']) => (unit === '×' ? String(value) : `${value} ${unit}`);

export function judged(measured: Measured): Judged[] {
  return goals.map((goal) => {
    const { unit, floor, aim } = goal;
    const found = figureOf(measured, goal);
    if (!found) return { ...goal, figure: '–', verdict: 'not measured' };
    const [value, figure] = found;
    const meets = (bound = Number.NaN) => (unit === '×' || unit === '%' ? value >= bound : value <= bound);
    return { ...goal, figure, verdict: !meets(floor) ? 'short' : meets(aim) ? 'reached, and the aim' : 'reached' };
  });
}
