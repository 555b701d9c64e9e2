/** The browsers that are measured in, as installed. */
import { execFileSync } from 'node:child_process';

export interface Browser {
  readonly name: string;
  readonly commands: readonly string[];
  readonly args: (profile: string) => string[];
}

export const browsers: readonly Browser[] = [
  {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    args: (profile) => ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`],
  },
  { name: 'Firefox', commands: ['firefox-esr', 'firefox'], args: (profile) => ['--headless', '--no-remote', '--profile', profile] },
];

/** "Chromium 156.0.7941.0", or undefined where no such browser is installed. */
export function find({ name, commands }: Browser): { command: string; version: string } | undefined {
  for (const command of commands) {
    try {
      const version = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return { command, version: `${name} ${/[\d.]+/.exec(version)?.[0]}` };
    } catch {
      // not this one
    }
  }
  return undefined;
}
