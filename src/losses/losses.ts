/** Every loss that neurite has: its public names, and what tables of losses are derived from. Errors list them in this order. */

// biome-ignore assist/source/organizeImports: the usual one first
export { crossEntropy } from './crossEntropy.js';
export { binaryCrossEntropy } from './binaryCrossEntropy.js';
export { meanSquaredError } from './meanSquaredError.js';
export { squaredError } from './squaredError.js';
