import { describe } from '../../arguments/describe.js';
import { made } from '../../arguments/recipe.js';
import { ValueError } from '../../errors.js';
import { check, checkSteps, type Schedule } from './schedule.js';

/** Rises in equal steps to `then` over the first epochs, which may be a fraction: then · (steps done + 1) / (steps of the warm-up), at most `then`; what `then` observes and remembers goes on. */
export function warmup(epochs: number, then: number | Schedule): Schedule {
  check('warmup', 'epochs', epochs, 0, 'a number of epochs ≥ 0');
  if (typeof then !== 'function') check('warmup', 'then', then, 0, 'the rate or the schedule that follows, as in warmup(5, 0.1)');
  const rising: Schedule = (epoch, step, steps) => {
    const target = typeof then === 'number' ? then : then(epoch, step, steps);
    if (typeof target !== 'number') throw new ValueError(`warmup: then gave ${describe(target)}, expected a number`);
    if (epochs === 0) return target;
    checkSteps('warmup', steps);
    return target * Math.min(1, ((epoch - 1) * steps + step + 1) / (epochs * steps));
  };
  made(['warmup', epochs, then], rising);
  if (typeof then === 'number') return rising;
  const { observe, monitor, state, restore } = then;
  return Object.assign(rising, { observe: observe?.bind(then), monitor, state: state?.bind(then), restore: restore?.bind(then) });
}
