/** The same in a page. */
import { parameters, tell } from '../browser/told.js';
import { sliced } from './sliced.js';

tell(() => sliced(Number(parameters.get('seconds'))));
