/** The worker's side: networks by their numbers, and the calls of a page on them. */
import type { Bytes } from '../arguments/arrays.js';
import type { Threads } from '../core/core.js';
import type { Dataset } from '../data/dataset.js';
import { DisposedError } from '../errors.js';
import { CHECKPOINT_KEY, restore } from '../files/checkpoint.js';
import { load } from '../files/load.js';
import { readTensorFile } from '../files/safetensors.js';
import { toJSON } from '../files/save.js';
import { copyParameters } from '../network/copyParameters.js';
import { type AnyNetwork, internals } from '../network/network.js';
import type { TeamOrder } from '../threads/threads.js';
import { Conversation, type Said } from './conversation.js';
import { toData } from './errorData.js';
import { implementations } from './implementations.js';
import { PROTOCOL, type Request, read } from './message.js';
import { METHODS, type Method, type MethodName } from './methods.js';
import { type Port, portOf, type WorkerLike } from './port.js';
import { SEARCHING } from './sendable.js';
import { buffersIn } from './transfer.js';
import { type Stock, type Unpacking, unpack } from './unpack.js';

/** How a network comes. */
export interface CreateOptions {
  readonly debug: boolean;
  /** The number of the threads that it runs on. */
  readonly threads: number | undefined;
}

/** What this realm locks for as long as it runs, once it does. */
type Lock = Promise<string | undefined>;

type CallRequest = Request & { readonly type: 'call' };

class Host {
  readonly #stock: Stock = { networks: new Map<number, AnyNetwork>(), data: new Map<number, Dataset>() };
  readonly #teams = new Map<number, Threads>();
  /** What networks run on. */
  readonly #threadsOf = new Map<number, Threads | undefined>();
  /** Networks that the page has forgotten while a call works on them. */
  readonly #forgotten = new Set<number>();
  readonly #conversations = new Map<number, Conversation>();
  readonly #port: Port;
  readonly #lock: Lock | undefined;

  constructor(port: WorkerLike, lock: Lock | undefined) {
    this.#lock = lock;
    this.#port = portOf('serve', port, { message: (data) => this.#heard(data), ended: () => this.#forgetAll() });
  }

  #say(said: Said, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.post({ neurite: PROTOCOL, ...said }, transfer);
  }

  #heard(data: unknown): void {
    const request = read<Request>(data);
    if (!request) return;
    // Of another version: its answer says of which this is.
    if (request.type === 'hello' || request.neurite !== PROTOCOL) return void this.#greet();
    if (request.type === 'call') return void this.#call(request);
    if (request.type === 'data') return this.#keep(request.data);
    if (request.type === 'forget') return this.#forget(request.handle);
    if (request.type === 'end') return this.#teams.get(request.handle)?.dispose();
    const conversation = this.#conversations.get(request.id);
    if (request.type === 'abort') conversation?.abort();
    else if (request.type === 'pause') conversation?.pause(request.paused);
    else if (request.type === 'heard') conversation?.heard();
    else conversation?.answer(request.question, request.value, request.failed);
  }

  /** Greets when the page may wait for the lock: it would not hear of an end before that. */
  async #greet(): Promise<void> {
    this.#say({ type: 'hello', lock: await this.#lock });
  }

  #keep(data: unknown): void {
    try {
      unpack(data, this.#unpacking('dataset'));
    } catch {
      // The page sends none that is refused. A call that takes what is not here says so.
    }
  }

  #unpacking(call: string, conversation?: Conversation): Unpacking {
    return {
      call,
      stock: this.#stock,
      schedules: [],
      rows: (source, epoch) => (conversation as Conversation).rows(source, epoch),
      close: (epoch) => conversation?.close(epoch),
    };
  }

  async #call({ id, method, network: number, args, wishes }: CallRequest): Promise<void> {
    const { networks } = this.#stock;
    const newest = () => copyParameters(networks.get(number) as AnyNetwork);
    const conversation = new Conversation(id, wishes, (said, transfer) => this.#say(said, transfer), newest);
    const to = this.#unpacking(method, conversation);
    this.#conversations.set(id, conversation);
    const states = () => to.schedules.map((schedule) => schedule.state?.());
    try {
      const given = (args as readonly unknown[]).map((one) => unpack(one, to));
      const value =
        method === 'create'
          ? this.#create(number, given[0] as Bytes, given[1] as CreateOptions)
          : method === 'threads'
            ? await this.#startThreads(number, given[0] as TeamOrder)
            : await this.#run(method, number, given, conversation);
      conversation.flush(true);
      this.#say({ type: 'result', id, value, states: states() }, [...buffersIn(value)]);
    } catch (error) {
      this.#say({ type: 'error', id, error: toData(error), aborted: conversation.aborted, states: states() });
    } finally {
      this.#conversations.delete(id);
      if (this.#forgotten.delete(number)) this.#forget(number);
    }
  }

  async #startThreads(number: number, order: TeamOrder): Promise<void> {
    // A page whose build splits modules loads this on its first use.
    const { startTeam } = await import('../threads/startTeam.js');
    this.#teams.set(number, await startTeam(order));
  }

  #create(number: number, bytes: Bytes, { debug, threads: team }: CreateOptions): object {
    const isTraining = readTensorFile(bytes, 'inWorker').metadata.has(CHECKPOINT_KEY);
    const threads = team === undefined ? undefined : this.#teams.get(team);
    const network: AnyNetwork = (isTraining ? restore : load)(bytes, { debug, optimizers: SEARCHING, ...(threads && { threads }) });
    this.#stock.networks.set(number, network);
    this.#threadsOf.set(number, threads);
    const { build, seed, inFeatures, outFeatures, parameterCount, parameterNames } = network;
    return {
      facts: { build, seed, inFeatures, outFeatures, parameterCount, parameterNames },
      json: JSON.stringify(toJSON(network)),
      line: String(network),
    };
  }

  async #run(name: MethodName, number: number, args: unknown[], conversation: Conversation): Promise<unknown> {
    const { networks } = this.#stock;
    const network = networks.get(number);
    if (!network) throw new DisposedError(name);
    const { options, live }: Method = METHODS[name];
    if (options !== undefined && live) {
      const given = args[options];
      // What is no object is refused by the network.
      if (given === undefined || (typeof given === 'object' && given !== null && !Array.isArray(given)))
        args[options] = { ...given, ...this.#own(live, conversation) };
    }
    const value = await implementations[name](
      { network, threads: this.#threadsOf.get(number), replace: (next) => void networks.set(number, next) },
      ...args,
    );
    if (name === 'dispose') this.#drop(number);
    return value;
  }

  /** The options of a call that this side has for those which stayed in the page. */
  #own(live: readonly string[], conversation: Conversation): object {
    return Object.fromEntries(Object.entries(conversation.options()).filter(([name]) => live.includes(name)));
  }

  #forget(handle: number): void {
    const { networks, data } = this.#stock;
    const network = networks.get(handle);
    data.get(handle)?.dispose();
    data.delete(handle);
    // Its networks keep it.
    this.#teams.delete(handle);
    if (!network) return;
    if (internals('forget', network).running.length > 0) this.#forgotten.add(handle);
    else {
      network.dispose();
      this.#drop(handle);
    }
  }

  #drop(number: number): void {
    this.#stock.networks.delete(number);
    this.#threadsOf.delete(number);
  }

  #forgetAll(): void {
    for (const conversation of this.#conversations.values()) conversation.abort();
    for (const handle of [...this.#stock.networks.keys(), ...this.#stock.data.keys()]) this.#forget(handle);
  }
}

/** Answers the calls that come by a port. @param lock what this realm locks for as long as it runs */
export function serve(port: WorkerLike, lock?: Lock): void {
  new Host(port, lock);
}
