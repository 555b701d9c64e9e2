import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { folder } from './packages.js';

/** Installs the packages where the lock file is newer than what is installed, and says so on stderr: a program may read stdout. */
export function install(): void {
  const installed = `${folder}node_modules/.package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${folder}package-lock.json`).mtimeMs) return;
  console.error('installing the systems to compare with: npm ci --prefix bench/peers');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder], { stdio: ['ignore', 2, 2] });
}

/** The version of a package that is installed there. */
export function versionOf(name: string): string {
  return (JSON.parse(readFileSync(`${folder}node_modules/${name}/package.json`, 'utf8')) as { version: string }).version;
}
