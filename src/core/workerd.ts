/**
 * For hosts that forbid compiling and import `.wasm` files statically, as modules. The build adds all that `neurite` exports. The baseline alone:
 * `initialize({ module })` takes the other.
 */

import { useModule } from './core.js';
import module from './core.wasm';

useModule('simd', module);
