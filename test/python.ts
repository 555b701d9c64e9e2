/** Runs programs under the system's own Python, where Debian's packages are, whatever a version manager puts before it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PYTHON = '/usr/bin/python3';

/** Whether Python has a module. */
export function hasModule(name: string): boolean {
  try {
    execFileSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether the module must be there: a missing one then fails, where it is skipped otherwise. */
export function isRequired(script: string): boolean {
  return process.env.npm_lifecycle_event === script || process.env.CI !== undefined;
}

/** What a program answers to a question, both as JSON. */
export function answerOf(program: URL, question: unknown): unknown {
  return JSON.parse(execFileSync(PYTHON, [fileURLToPath(program)], { input: JSON.stringify(question), encoding: 'utf8', maxBuffer: 2 ** 28 }));
}
