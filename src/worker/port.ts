import { describe, fieldOf } from '../arguments/describe.js';
import { ValueError } from '../errors.js';

/** What can carry messages: a Web Worker, a `Worker` of worker_threads, a MessagePort, or a worker's own scope. Declared by structure. */
export interface WorkerLike {
  // biome-ignore lint/suspicious/noExplicitAny: each host has types of its own for what is transferred.
  postMessage(message: any, transfer?: any): void;
}

/** What a port tells. */
export interface Listeners {
  message(data: unknown): void;
  /** The other side ended, or cannot be understood any more. @param why as the end of a sentence: `exited with code 1` */
  ended(why: string, cause?: unknown): void;
}

/** A way to the other side, whatever the host calls its functions. */
export interface Port {
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
  /** Ends the other side at once, where that can be. */
  terminate(): void;
  /** Says whether a program must wait for it: where it need not, it ends with the program. */
  hold(busy: boolean): void;
}

type Listener = (event: unknown) => void;

/** The events of each kind of host, as what they mean. */
function events({ message, ended }: Listeners, data: (event: unknown) => unknown): Readonly<Record<string, Listener>> {
  return {
    message: (event) => message(data(event)),
    messageerror: (event) => ended('sent a message that cannot be read', event),
    error: (event) => {
      (event as { preventDefault?(): void } | undefined)?.preventDefault?.();
      const text = fieldOf(event, 'message');
      const error = fieldOf(event, 'error') ?? event;
      ended(
        typeof text === 'string' && text !== '' ? `failed: ${text}` : 'could not load its script: the host or a Content-Security-Policy refused it',
        error,
      );
    },
    exit: (code) => ended(`exited with code ${code}`),
    close: () => ended('closed its port'),
  };
}

/** Listens to the other side. @throws ValueError for what carries no messages */
export function portOf(call: string, worker: WorkerLike, listeners: Listeners): Port {
  const method = (name: string) => {
    const found = fieldOf(worker, name);
    return typeof found === 'function' ? (...args: unknown[]) => found.apply(worker, args) as unknown : undefined;
  };
  const post = method('postMessage');
  // worker_threads have `on`, pages `addEventListener`; a MessagePort of Node has both.
  const on = method('on') ?? method('addEventListener');
  if (!post || !on) throw new ValueError(`${call}: worker is ${describe(worker)}, expected a Worker, a MessagePort, or a function that makes one`);
  const data = method('on') ? (message: unknown) => message : (event: unknown) => fieldOf(event, 'data');
  // Errors of a worker's own scope are no errors of the page: unheard, they are told to the page.
  const tells = (name: string) => name !== 'error' || method('terminate') !== undefined;
  for (const [name, listener] of Object.entries(events(listeners, data))) if (tells(name)) on(name, listener);
  method('start')?.();
  return {
    post: (message, transfer) => void post(message, transfer),
    terminate: () => void (method('terminate') ?? method('close'))?.(),
    hold: (busy) => void method(busy ? 'ref' : 'unref')?.(),
  };
}
