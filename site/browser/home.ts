/** The front page's network, which learns the exclusive or as one reads. */
import { mountXor } from '../../examples/playground/live.js';
import { onIdle, onSight } from '../../examples/playground/view/dom.js';

const place = document.getElementById('xor') as HTMLElement;

// What is read comes first.
onSight(place, () => onIdle(() => mountXor(place)));
