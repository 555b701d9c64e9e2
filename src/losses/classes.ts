import { ValueError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { features } from '../graph/shape.js';

/** @throws ValueError for an output that has no two classes, or not as many as there are weights */
export function checkClasses(name: string, output: Node, classWeights: readonly number[] = []): void {
  const width = features(output.shape);
  if (width < 2)
    throw new ValueError(
      `${name}: the output has 1 feature, expected one for each of at least 2 classes; for one probability use 'sigmoid' with binaryCrossEntropy()`,
    );
  if (classWeights.length > 0 && classWeights.length !== width)
    throw new ValueError(`${name}: classWeights has ${classWeights.length} numbers, expected ${width}, one for each class`);
}
