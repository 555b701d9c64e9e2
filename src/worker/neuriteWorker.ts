import { describe, fieldOf, isList } from '../arguments/describe.js';
import { checkFlag } from '../arguments/flag.js';
import { checkOptions } from '../arguments/options.js';
import type { AnyTargets, Inputs } from '../arguments/values.js';
import { Dataset, type DatasetLiteral } from '../data/dataset.js';
import { ValueError } from '../errors.js';
import type { TeamOrder, WorkerThreads } from '../threads/threads.js';
import { checkCallbacks } from '../training/callbacks.js';
import { checkPause } from '../training/pause.js';
import { Call, type Live } from './call.js';
import { calledAt, fromData } from './errorData.js';
import { standsFor } from './handles.js';
import { whenFree } from './lifeLock.js';
import { type CallName, PROTOCOL, type Reply, type Request, read, type Wishes } from './message.js';
import { METHODS, type Method } from './methods.js';
import { type Packing, pack } from './pack.js';
import { wrap } from './packed.js';
import { type Port, portOf, type WorkerLike } from './port.js';
import { WorkerError } from './workerError.js';

/** Seconds in which a worker must say that it is one of neurite's. */
const HELLO_SECONDS = 30;

const REMEDY = 'make another with inWorker()';

const NOT_OURS = "the worker sent a message that is none of neurite's";

/** What to do where the host refuses workers of a text. */
export const REFUSED =
  'where a Content-Security-Policy forbids it, allow worker-src blob:, or pass { worker: new Worker(…) } of the file neurite/worker/host.js';

/** A data set that lies in a worker: its calls take it as often as they like, and nothing is sent again. */
export class WorkerDataset {
  /** Gives its memory in the worker back. A call that takes it after that is a ValueError. */
  // A field, so that a structured clone fails instead of copying an empty object.
  readonly dispose: () => void;

  /** @internal */
  constructor(worker: object, number: number, dispose: () => void) {
    standsFor(this, { worker, number, kind: 'data' });
    this.dispose = dispose;
  }

  get [Symbol.toStringTag](): string {
    return 'WorkerDataset';
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Threads in a worker. */
class StartedThreads implements WorkerThreads {
  readonly build: WorkerThreads['build'];
  readonly count: number;
  readonly worker: NeuriteWorker;
  // A field, as above.
  readonly dispose: () => void;

  constructor(worker: NeuriteWorker, number: number, { build, count }: TeamOrder, dispose: () => void) {
    this.worker = worker;
    this.build = build;
    this.count = count;
    this.dispose = dispose;
    standsFor(this, { worker, number, kind: 'threads' });
  }

  get [Symbol.toStringTag](): string {
    return 'WorkerThreads';
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A request without what each has. */
type Said = Request extends infer R ? (R extends unknown ? Omit<R, 'neurite'> : never) : never;

/** What is sent, and what is moved with it. */
interface Parcel extends Packing {
  /** Data sets that it brings for the first time. */
  readonly brought: Map<Dataset, number>;
}

/** What a call is made of. */
interface Calling {
  readonly args: readonly unknown[];
  readonly live: Live;
  /** Whether arrays are moved. */
  readonly move: boolean;
  readonly caller: Error;
}

function cannotSend(call: string, what: string, error: unknown): ValueError {
  return new ValueError(`${call}: ${what} cannot be sent to a worker: ${String(fieldOf(error, 'message') ?? error)}`);
}

/** The options that came, each read once. @throws ValueError where that throws */
function entriesOf(call: string, options: object): [string, unknown][] {
  try {
    return Object.entries(options);
  } catch (error) {
    throw new ValueError(`${call}: options cannot be read: ${String(fieldOf(error, 'message') ?? 'a getter throws')}`);
  }
}

/** The arguments of a call, apart from the options that stay in the page. @throws ValueError for such an option that is not what it should be */
function callingOf(method: CallName, given: readonly unknown[]): Calling {
  const caller = new Error(method);
  const { options: at = -1, live: names = [] } = (METHODS as Readonly<Record<string, Method | undefined>>)[method] ?? {};
  const options = given[at];
  // Anything else is refused by the network.
  if (typeof options !== 'object' || options === null || isList(options) || ArrayBuffer.isView(options))
    return { args: given, live: {}, move: false, caller };
  const all = entriesOf(method, options);
  const { transfer = false } = Object.fromEntries(all);
  const here = all.filter(([name]) => names.includes(name));
  const there = all.filter(([name, value]) => name !== 'transfer' && !names.includes(name) && value !== undefined);
  const live = Object.fromEntries(here) as Live;
  const { signal, pause, snapshots = false, ...callbacks } = live;
  for (const [name, value] of Object.entries({ transfer, snapshots })) {
    checkFlag(method, name, value);
  }
  checkCallbacks(method, callbacks, signal);
  checkPause(pause);
  if (pause !== undefined && typeof fieldOf(pause, 'watch') !== 'function')
    throw new ValueError(`${method}: pause is ${describe(pause)} without watch(), expected a PauseController, which tells a worker of its changes`);
  const args = given.map((one, i) => (i !== at ? one : there.length > 0 ? Object.fromEntries(there) : undefined));
  return { args, live, move: transfer === true, caller };
}

/** What an error calls an argument. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  setParameters: ['values'],
  applyGradients: ['gradients'],
  fit: ['', ''],
  evaluate: ['', ''],
  evaluateAsync: ['', ''],
};

/**
 * A worker that networks run in, as many as one likes: `inWorker(network, { worker })` puts one there. `startWorker()` makes it.
 *
 * Calls are worked on in the order in which they are made. A `fit` runs in slices, with other calls between them.
 */
export class NeuriteWorker {
  readonly #port: Port;
  readonly #calls = new Map<number, Call>();
  readonly #data = new WeakMap<Dataset, number>();
  readonly #isOwn: boolean;
  readonly #forgotten: FinalizationRegistry<{ readonly number: number; readonly isNetwork: boolean }> | undefined;
  #next = 1;
  #networks = 0;
  #over: WorkerError | undefined;
  /** What to do about its end: before it has greeted, the host may forbid it. */
  #remedy = REFUSED;
  #greeted: (error?: WorkerError) => void = () => {};
  readonly #ready: Promise<void>;
  /** Ends the worker at once, whatever it does: each call that waits for it is rejected with a WorkerError, and so is every later one. */
  // A field, as structured clones fail on functions.
  readonly terminate = (): void => {
    this.#remedy = REMEDY;
    this.#end(new WorkerError('the worker was terminated'));
  };

  /** @param isOwn whether it ends with its last network @internal */
  constructor(worker: WorkerLike, isOwn: boolean, call: string) {
    this.#isOwn = isOwn;
    this.#port = portOf(call, worker, {
      message: (data) => this.#heard(data),
      ended: (why, cause) => this.#end(new WorkerError(`the worker ${why}`, cause)),
    });
    this.#forgotten =
      typeof FinalizationRegistry === 'undefined'
        ? undefined
        : new FinalizationRegistry(({ number, isNetwork }) => {
            this.#say({ type: 'forget', handle: number });
            if (isNetwork) this.#released();
          });
    this.#ready = this.#greet();
    // Whoever waits for it hears of a failure.
    this.#ready.catch(() => {});
  }

  /** Waits for the worker's first answer. @throws WorkerError where there is none, or one of another version @internal */
  async ready(call: string): Promise<this> {
    await this.#ready.catch(() => {});
    this.#alive(call);
    return this;
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#over !== undefined;
  }

  /**
   * A data set in the worker, for many calls. Its arrays are copied or, with `transfer: true`, moved: then they are empty here. A `Dataset` that a
   * call is given is sent once, too, as a copy.
   * @throws ValueError for what is no data set; WorkerError where the worker has ended
   */
  dataset(data: DatasetLiteral<AnyTargets, Inputs>, options: { readonly transfer?: boolean } = {}): WorkerDataset {
    const call = 'dataset';
    const { transfer = false } = checkOptions(call, options, ['transfer']);
    this.#alive(call);
    const number = this.#next++;
    const parcel = this.#parcel(call, transfer);
    // What `dataset` refuses is refused here.
    const literal = pack(new Dataset(data, call).literal(), '', parcel);
    this.#post({ type: 'data', data: wrap({ kind: 'data', handle: number, literal }) }, parcel);
    const made: WorkerDataset = new WorkerDataset(this, number, () => {
      this.#forgotten?.unregister(made);
      this.#say({ type: 'forget', handle: number });
    });
    this.#forgotten?.register(made, { number, isNetwork: false }, made);
    return made;
  }

  /** Starts threads in the worker. @throws WorkerError where it has ended; what `threads` throws @internal */
  async startThreads(order: TeamOrder): Promise<WorkerThreads> {
    const call = 'threads';
    const caller = new Error(call);
    const number = this.#next++;
    await this.ready(call);
    await this.#call(call, 'threads', number, { args: [order], live: {}, move: false, caller });
    const made: WorkerThreads = new StartedThreads(this, number, order, () => this.#say({ type: 'end', handle: number }));
    // Networks that still run on them keep them in the worker.
    this.#forgotten?.register(made, { number, isNetwork: false });
    return made;
  }

  /** Makes a network in the worker. @returns its number, and what the worker says of it @internal */
  async create(call: string, bytes: Uint8Array, options: object): Promise<{ readonly number: number; readonly said: unknown }> {
    this.#alive(call);
    const caller = new Error(call);
    const number = this.#next++;
    this.#networks++;
    try {
      await this.ready(call);
      const said = await this.#call(call, 'create', number, { args: [bytes, options], live: {}, move: true, caller });
      if (typeof fieldOf(said, 'json') !== 'string' || typeof fieldOf(fieldOf(said, 'facts'), 'build') !== 'string') {
        this.#end(new WorkerError(NOT_OURS));
        throw this.#endedDuring(call);
      }
      return { number, said };
    } catch (error) {
      this.#released();
      throw error;
    }
  }

  /** Notes that a network's object is there: when it is forgotten, the network is. @internal */
  keep(object: object, number: number): void {
    this.#forgotten?.register(object, { number, isNetwork: true }, object);
  }

  /** A network was disposed of. @internal */
  release(object: object): void {
    this.#forgotten?.unregister(object);
    this.#released();
  }

  /** Calls a method of a network. Of arguments that are refused nothing is sent or moved. @internal */
  async call(method: CallName, network: number, given: readonly unknown[]): Promise<unknown> {
    this.#alive(method);
    return this.#call(method, method, network, callingOf(method, given));
  }

  #alive(call: string): void {
    if (this.#over) throw this.#endedDuring(call);
  }

  /** What a call is rejected with that the worker does not answer. */
  #endedDuring(call: string): WorkerError {
    const { message, cause } = this.#over as WorkerError;
    return new WorkerError(`${call}: ${message}; ${this.#remedy}`, cause);
  }

  #parcel(call: string, move: boolean): Parcel {
    const brought = new Map<Dataset, number>();
    const dataset = (data: Dataset) => {
      const known = this.#data.get(data) ?? brought.get(data);
      const number = known ?? this.#next++;
      if (known === undefined) brought.set(data, number);
      return { number, isNew: known === undefined };
    };
    return { call, worker: this, move, dataset, brought, transfer: new Set(), schedules: [], sources: [] };
  }

  async #call(call: string, method: CallName, network: number, { args, live, move, caller }: Calling): Promise<unknown> {
    const { signal, pause, onProgress, onEpoch, snapshots = false } = live;
    signal?.throwIfAborted();
    const parcel = this.#parcel(call, move);
    const packed = args.map((one, i) => pack(one, (NAMES[method] ?? ['x', 'y'])[i] ?? 'options', parcel));
    const id = this.#next++;
    // A signal that tells nobody of its end is asked with each progress.
    const progress = onProgress !== undefined || (signal !== undefined && typeof signal.addEventListener !== 'function');
    const wishes: Wishes = { progress, epoch: onEpoch !== undefined, snapshots, paused: pause?.paused };
    this.#post({ type: 'call', id, network, method, args: packed, wishes }, parcel);
    const made = new Call(call, live, parcel.schedules, parcel.sources, caller, () => this.#say({ type: 'abort', id }));
    if (this.#calls.size === 0) this.#port.hold(true);
    this.#calls.set(id, made);
    made.listen((paused) => this.#say({ type: 'pause', id, paused }));
    return made.value;
  }

  /** Sends a message with what it moves. @throws ValueError where it cannot be cloned; then nothing is moved */
  #post(said: Said, { call, transfer, brought }: Parcel): void {
    try {
      this.#port.post({ neurite: PROTOCOL, ...said }, [...transfer]);
    } catch (error) {
      throw cannotSend(call, 'the arguments', error);
    }
    for (const [data, number] of brought) {
      this.#data.set(data, number);
      this.#forgotten?.register(data, { number, isNetwork: false });
    }
  }

  #say(said: Said): void {
    if (!this.#over) this.#port.post({ neurite: PROTOCOL, ...said }, []);
  }

  #released(): void {
    this.#networks--;
    this.#rest();
  }

  /** Lets a program end that waits for nothing here, and ends an own worker without networks. */
  #rest(): void {
    if (this.#over || this.#calls.size > 0) return;
    if (this.#isOwn && this.#networks === 0) this.#end(new WorkerError('the worker ended with its last network'));
    else this.#port.hold(false);
  }

  #greet(): Promise<void> {
    return new Promise((resolve, reject) => {
      const silent = () => this.#end(new WorkerError(`the worker said nothing in ${HELLO_SECONDS} s, expected the script neurite/worker/host.js`));
      const timer = typeof setTimeout === 'function' ? setTimeout(silent, HELLO_SECONDS * 1000) : undefined;
      this.#greeted = (error) => {
        if (timer !== undefined) clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      this.#say({ type: 'hello' });
    });
  }

  #heard(data: unknown): void {
    const reply = read<Reply>(data);
    if (!reply || this.#over) return;
    if (reply.neurite !== PROTOCOL)
      this.#end(new WorkerError(`the worker speaks version ${reply.neurite} of the messages and the page ${PROTOCOL}, expected one neurite in both`));
    else if (reply.type === 'hello') {
      if (reply.lock !== undefined) whenFree(reply.lock, () => this.#end(new WorkerError('the worker ended')));
      this.#remedy = REMEDY;
      this.#greeted();
      // A worker that has nothing to do keeps no program alive.
      if (this.#calls.size === 0) this.#port.hold(false);
    } else {
      const call = this.#calls.get(reply.id);
      try {
        if (call) this.#tell(call, reply);
      } catch (error) {
        this.#end(new WorkerError(NOT_OURS, error));
      }
    }
  }

  #tell(call: Call, reply: Exclude<Reply, { type: 'hello' }>): void {
    const { id } = reply;
    if (reply.type === 'progress') {
      const { progress, parameters } = reply;
      call.progress(parameters ? { ...(progress as object), parameters } : progress, () => this.#say({ type: 'heard', id }));
    } else if (reply.type === 'question') {
      const { question, asked } = reply;
      if (!call.understands(asked)) throw new TypeError(`it asks for ${describe(fieldOf(asked, 'what'))}`);
      call
        .answer(asked)
        .then((value) => {
          try {
            this.#say({ type: 'answer', id, question, value, failed: false });
          } catch (error) {
            throw cannotSend(call.method, 'a row of the stream', error);
          }
        })
        .catch((error: unknown) => {
          call.fail(error);
          this.#say({ type: 'answer', id, question, value: undefined, failed: true });
        });
    } else if (reply.type === 'result' || reply.type === 'error') {
      const settled =
        reply.type === 'result'
          ? { value: reply.value }
          : { error: reply.aborted && call.live.signal ? call.live.signal.reason : fromData(reply.error, call.caller) };
      this.#calls.delete(id);
      void call.end(settled, reply.states).finally(() => this.#rest());
    }
  }

  #end(error: WorkerError): void {
    if (this.#over) return;
    this.#over = error;
    this.#port.terminate();
    this.#greeted(error);
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.over({ error: calledAt(this.#endedDuring(call.method), call.caller) });
  }

  [Symbol.dispose](): void {
    this.terminate();
  }
}
