import { adam, crossEntropy, dense, load, NeuriteError, save, sequential } from 'neurite';
import { program } from '../../program.mjs';

export const runtime = 'edge';

export async function GET() {
  try {
    const { loss } = await program({ adam, crossEntropy, dense, load, NeuriteError, save, sequential });
    return new Response(`trained to ${loss}`);
  } catch (error) {
    return new Response(String(error.stack ?? error), { status: 500 });
  }
}
