/** Starts the threads that help: instances of the core on its memory. */
import { fieldOf } from '../arguments/describe.js';
import { UnsupportedError } from '../errors.js';
import { nodeThreads } from '../worker/nodeThreads.js';
import { portOf, type WorkerLike } from '../worker/port.js';

/** What a helper is sent, once. */
export interface Assignment {
  /** A WebAssembly.Module. */
  readonly module: object;
  /** The WebAssembly.Memory, which is shared. */
  readonly memory: object;
  /** The address of the team's record. */
  readonly team: number;
  /** What each core sets, see `needsUnrolling`. */
  readonly unrolling: boolean;
}

/** A thread that helps. */
export interface Helper {
  /** Ends it at once. */
  terminate(): void;
  /** Whether it ended, asked without waiting for an event; undefined where the host does not say. */
  isGone(): boolean | undefined;
}

/** What helpers import from: the host's memory and, in the debug build, how it fails. */
export const ABORT = 'an assertion failed';

/**
 * The script of a helper, as a text so that no bundler has to find it. It says `ready`, and works until the team ends. Where it fails, it breaks the team
 * up, so that the leader does not wait for it, and says why.
 */
const SCRIPT = `
function serve({ module, memory, team, member, unrolling }, say) {
  let core;
  try {
    core = new WebAssembly.Instance(module, { env: { memory, watch() {}, abort() { throw new Error('${ABORT}'); } } }).exports;
    core.setUnrolling?.(unrolling);
    say('ready');
    core.work(team, member);
  } catch (error) {
    core?.breakUp(team);
    say(String(error));
  }
}
if (typeof WorkerGlobalScope === 'function') self.onmessage = ({ data }) => (serve(data, (text) => self.postMessage(text)), self.close());
else {
  const { parentPort, workerData } = require('node:worker_threads');
  serve(workerData, (text) => parentPort.postMessage(text));
}
`;

function make(script: string, node: Awaited<ReturnType<typeof nodeThreads>>, assignment: object, theirs: unknown): WorkerLike {
  const name = 'neurite';
  if (node) {
    // Without the program's own flags: --input-type=module would make a module of the script, and --import run what is not meant for it.
    return new node.Worker(script, {
      eval: true,
      execArgv: [],
      name,
      workerData: { ...assignment, life: theirs },
      transferList: theirs ? [theirs] : [],
    });
  }
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  // Deno knows module workers alone.
  const worker = new Worker(url, { name, ...('Deno' in globalThis && { type: 'module' }) });
  worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
  worker.postMessage(assignment);
  return worker;
}

/**
 * Starts member number `member` of a team. Resolves once it works.
 * @param ended called where it ends by itself, later: a failure
 * @param script what it runs: tests let it fail
 * @throws UnsupportedError where the host refuses
 */
export async function startHelper(assignment: Assignment, member: number, ended: (why: string) => void, script = SCRIPT): Promise<Helper> {
  const node = typeof globalThis.Worker === 'function' && typeof Blob === 'function' && !isNode() ? undefined : await nodeThreads();
  if (!node && typeof globalThis.Worker !== 'function')
    throw new UnsupportedError('NO_THREADS', 'threads: this host has no workers, neither Worker nor node:worker_threads');
  return new Promise((resolve, reject) => {
    // The host closes the helper's end when the helper ends, whatever ended it: `postMessage` says then that nobody is there. Pages do not say it.
    const life = node && new node.MessageChannel();
    const refuse = (why: string, cause?: unknown) => {
      life?.port1.close();
      reject(
        new UnsupportedError('NO_THREADS', `threads: the host refuses a worker (${why}); a Content-Security-Policy needs worker-src blob:`, {
          cause,
        }),
      );
    };
    let isReady = false;
    const hears = () => life?.port1.postMessage(0);
    try {
      const port = portOf('threads', make(script, node, { ...assignment, member }, life?.port2), {
        message: (data) => {
          if (data === 'ready') {
            isReady = true;
            // A program does not wait for it.
            port.hold(false);
            const says = hears() === true;
            resolve({
              terminate: () => {
                port.terminate();
                life?.port1.close();
              },
              isGone: () => (says ? hears() === false : undefined),
            });
          } else if (isReady) ended(String(data));
          else refuse(String(data));
        },
        ended: (why, cause) => (isReady ? ended(why) : refuse(why, cause)),
      });
    } catch (cause) {
      refuse(String(fieldOf(cause, 'message') ?? cause), cause);
    }
  });
}

function isNode(): boolean {
  return typeof fieldOf(fieldOf(fieldOf(globalThis, 'process'), 'versions'), 'node') === 'string' && !('Deno' in globalThis);
}
