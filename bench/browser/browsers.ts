/** The browsers that are measured in, as installed. */
import { execFileSync } from 'node:child_process';

export interface Browser {
  readonly name: string;
  readonly commands: readonly string[];
  readonly args: (profile: string) => string[];
}

export interface Installed extends Browser {
  readonly command: string;
  /** "Chromium 156.0.7941.0". */
  readonly version: string;
}

export const browsers: readonly Browser[] = [
  {
    name: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    args: (profile) => ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`],
  },
  { name: 'Firefox', commands: ['firefox-esr', 'firefox'], args: (profile) => ['--headless', '--no-remote', '--profile', profile] },
];

/** A browser as installed; undefined where it is not. */
export function find(browser: Browser): Installed | undefined {
  for (const command of browser.commands) {
    try {
      const version = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return { ...browser, command, version: `${browser.name} ${/[\d.]+/.exec(version)?.[0]}` };
    } catch {
      // not this one
    }
  }
  return undefined;
}

/** The browsers that are installed; of the others it is said that they are left out. */
export function installed(): Installed[] {
  return browsers.flatMap((browser) => {
    const found = find(browser);
    if (!found) console.error(`${browser.name} is left out: none of ${browser.commands.join(', ')} is installed`);
    return found ?? [];
  });
}
