/** What shows whether a view of a network writes to another. */
import type { Network } from 'neurite';

/** Every view of a network of one dense layer. */
export function viewsOf(net: Network): Float32Array[] {
  const weights = net.layers[0]?.weights as Float32Array;
  return [net.parameters, net.gradients, net.input, net.output, weights, net.parameter('dense1.biases').values];
}

/** Networks that lie where the memory of others was given back, filled with 1. */
export function neighbours(make: () => Network, count: number): Network[] {
  return Array.from({ length: count }, () => {
    const net = make();
    net.parameters.fill(1);
    net.gradients.fill(1);
    return net;
  });
}

/** Whether nothing was written to them. */
export function unchanged(nets: readonly Network[]): boolean {
  return nets.every((net) => net.parameters.every((v) => v === 1) && net.gradients.every((v) => v === 1));
}
