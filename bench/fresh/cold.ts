/** Workload C: import, build 4-16-3, predict once. */
import { dense, sequential } from 'neurite';

sequential(4, [dense(16, 'sigmoid'), dense(3, 'sigmoid')]).predict(new Float32Array(4));
