/** The same as workerd.ts where a static import says `?module`. */

import { useModule } from './core.js';
import module from './core.wasm?module';

useModule('simd', module);
