import { adam, crossEntropy, dense, load, NeuriteError, save, sequential } from 'neurite';
import { program } from '../program.mjs';

// Asked anew each time: else the build would run it once, and no server.
export const dynamic = 'force-dynamic';

export default async function Page() {
  const { loss } = await program({ adam, crossEntropy, dense, load, NeuriteError, save, sequential });
  return <p>trained to {loss}</p>;
}
