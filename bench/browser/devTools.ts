/** Chromium's DevTools over a pipe: what a page cannot see of its own threads. */
import type { Readable, Writable } from 'node:stream';

/** A call in a trace, with its microseconds. */
interface Traced {
  readonly name: string;
  readonly dur?: number;
}

/** A function of a profile of allocations, what it called, and the bytes that it allocated itself. */
interface Allocating {
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly selfSize: number;
  readonly children: readonly Allocating[];
}

/** Bytes that a stretch of calls allocated: functions by name, from the outermost in. */
export interface Allocation {
  readonly stack: readonly string[];
  readonly bytes: number;
}

function allocationsOf({ callFrame, selfSize, children }: Allocating, outer: readonly string[]): Allocation[] {
  const stack = [...outer, callFrame.functionName || '(anonymous)'];
  const own = selfSize > 0 ? [{ stack, bytes: selfSize }] : [];
  return [...own, ...children.flatMap((child) => allocationsOf(child, stack))];
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly sessionId: string;
    readonly targetInfo: { readonly type: string; readonly url: string };
    readonly value: readonly Traced[];
  };
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Follows every thread that the browser's pages begin. For one that was started with `--remote-debugging-pipe`. */
export class DevTools {
  readonly #to: Writable;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #sessions = new Map<string, string>();
  #trace: Traced[] = [];
  #complete: (() => void) | undefined;
  #next = 1;
  #rest = '';

  constructor(to: Writable, from: Readable) {
    this.#to = to;
    from.setEncoding('utf8');
    from.on('data', (text: string) => {
      const messages = (this.#rest + text).split('\0');
      this.#rest = messages.pop() as string;
      for (const message of messages) this.#heard(JSON.parse(message));
    });
  }

  #heard({ id, method, params, ...rest }: Message): void {
    if (id !== undefined) this.#answers.get(id)?.(rest);
    else if (method === 'Target.attachedToTarget' && params) {
      this.#sessions.set(params.targetInfo.type, params.sessionId);
      void this.#follow(params.sessionId);
    } else if (method === 'Tracing.dataCollected' && params) this.#trace.push(...params.value);
    else if (method === 'Tracing.tracingComplete') this.#complete?.();
  }

  async #call(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const answer = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await answer;
    this.#answers.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  #follow(sessionId?: string): Promise<unknown> {
    return this.#call('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true }, sessionId).catch(() => {});
  }

  /** Opens an address in the page that the browser began with. */
  async open(url: string): Promise<void> {
    const { targetInfos } = (await this.#call('Target.getTargets', {})) as { targetInfos: { type: string; targetId: string }[] };
    const targetId = targetInfos.find(({ type }) => type === 'page')?.targetId;
    const { sessionId } = (await this.#call('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string };
    await this.#follow(sessionId);
    await this.#call('Page.navigate', { url }, sessionId);
  }

  /** Bytes in use on the JavaScript heap of a kind of thread, garbage that was not collected included; undefined where there is none. */
  async heapOf(type: string): Promise<number | undefined> {
    const session = this.#sessions.get(type);
    if (session === undefined) return undefined;
    return (await this.#call('Runtime.getHeapUsage', {}, session)).usedSize as number;
  }

  /** Collects garbage there, so that none is collected in the time that follows. */
  async collect(type: string): Promise<void> {
    const session = this.#sessions.get(type);
    if (session === undefined) return;
    await this.#call('HeapProfiler.collectGarbage', {}, session);
  }

  /** Begins to take down each allocation of a kind of thread, with the functions that made it: one of V8's samples for each byte. */
  async watchAllocations(type: string): Promise<void> {
    const session = this.#sessions.get(type);
    if (session === undefined) return;
    const all = { samplingInterval: 1, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    await this.#call('HeapProfiler.startSampling', all, session);
  }

  /** Ends it. @returns what was allocated since, garbage that was collected included; undefined where there is no such thread */
  async allocations(type: string): Promise<Allocation[] | undefined> {
    const session = this.#sessions.get(type);
    if (session === undefined) return undefined;
    const { profile } = (await this.#call('HeapProfiler.stopSampling', {}, session)) as { profile: { head: Allocating } };
    return profile.head.children.flatMap((child) => allocationsOf(child, []));
  }

  /** Begins to trace what all threads do, of a category of Chromium's. */
  async trace(category: string): Promise<void> {
    this.#trace = [];
    await this.#call('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: [category], excludedCategories: ['*'] } });
  }

  /** Ends the trace. @returns the microseconds of each call of a name */
  async traced(name: string): Promise<number[]> {
    const complete = new Promise<void>((resolve) => {
      this.#complete = resolve;
    });
    await this.#call('Tracing.end', {});
    await complete;
    return this.#trace.filter((traced) => traced.name === name && traced.dur !== undefined).map(({ dur }) => dur as number);
  }
}
