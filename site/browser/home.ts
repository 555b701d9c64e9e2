/** The front page's network, which learns the exclusive or as one reads. */
import { mountXor } from '../../examples/playground/live.js';

const place = document.getElementById('xor') as HTMLElement;
try {
  mountXor(place);
} catch (error) {
  place.textContent = `The network does not run here: ${error instanceof Error ? error.message : error}`;
}
