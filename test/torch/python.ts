/** Runs the programs of this folder under the system's own Python, where Debian's python3-torch is. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PYTHON = '/usr/bin/python3';

/** Whether PyTorch is there. */
export function hasTorch(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether it must be: a missing one then fails, where it is skipped otherwise. */
export const required = process.env.npm_lifecycle_event === 'test:torch' || process.env.CI !== undefined;

/** What a program of this folder answers to a question, both as JSON. */
export function answerOfTorch(program: string, question: unknown): unknown {
  const script = fileURLToPath(new URL(program, import.meta.url));
  return JSON.parse(execFileSync(PYTHON, [script], { input: JSON.stringify(question), encoding: 'utf8', maxBuffer: 2 ** 28 }));
}
