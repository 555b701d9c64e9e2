/** Runs the programs of this folder with Debian's python3-torch. */
import { answerOf, hasModule, isRequired } from '../python.js';

/** Whether PyTorch is there. */
export function hasTorch(): boolean {
  return hasModule('torch');
}

/** Whether it must be: a missing one then fails, where it is skipped otherwise. */
export const required = isRequired('test:torch');

/** What a program of this folder answers to a question, both as JSON. */
export function answerOfTorch(program: string, question: unknown): unknown {
  return answerOf(new URL(program, import.meta.url), question);
}
