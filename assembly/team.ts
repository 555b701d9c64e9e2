/**
 * A team: the leader, which runs programs, and its helpers. Each is an instance of one binary, in a thread of its own, on one memory.
 *
 * The leader shares an instruction out by writing the job and then the ticket: its number, how many parts it has, and the next one that nobody has. A
 * thread takes a part by adding one to the ticket, so a helper that is late leaves its parts to others. The leader shares out the next job only when
 * every part of the last is finished: who holds a part can trust the job.
 *
 * Who waits spins first, for about as long as it takes to sleep and to be woken, and sleeps then.
 */
import { Context } from './context';
import { allocate } from './memory';
import { Scratch } from './scratch';

/** The record of a team. Byte offsets; each field that several write has a cache line of its own. */
enum Team {
  /** u64: the job's number in the upper half; how many parts it has, and the next part, in 16 bits each */
  Ticket = 0,
  /** the upper half of the ticket, on which helpers sleep */
  Job = 4,
  /** how many parts are finished; the leader sleeps on it */
  Finished = 64,
  /** how many helpers sleep, or are about to */
  Sleeping = 128,
  /** whether the leader sleeps, or is about to */
  LeaderSleeps = 192,
  /** set where a helper failed, or the team is to end */
  Broken = 256,
  /** the job: the context, the instruction, the rows */
  Context = 320,
  Instruction = 324,
  Rows = 328,
  /** addresses of what each thread has to itself */
  Own = 384,
  Size = 384 + 64 * 4,
}

/** What a thread has to itself: the scratch of kernels, then a context and an instruction. Byte offsets. */
export enum Own {
  OwnContext = Scratch.Size,
  Instruction = Own.OwnContext + Context.Size,
  /** bytes that an instruction may take: those of a long tile are not shared out */
  InstructionSize = 4096,
  Size = Own.Instruction + Own.InstructionSize,
}

/** Looks at the ticket before a helper sleeps, and at the finished parts before the leader does: tens of microseconds. */
const SPINS: u32 = 20000;

/** How long the leader sleeps at a time, in ns: then it asks the host whether the helpers are still there. */
const NAP: i64 = 100000000;

/** Throws where a helper is gone, so that the parts that are missing never come: the host's (`src/threads/watch.ts`). */
// @ts-ignore: decorator
@external('env', 'watch')
declare function watch(job: u32, finished: u32): void;

let team: usize = 0;
let mayWait: bool = false;
let job: u32 = 0;

/** Allocates a team. @returns its record; 0 where the host refuses */
export function makeTeam(threads: u32): usize {
  const record = allocate(Team.Size + 64);
  if (!record) return 0;
  const at = (record + 63) & ~63;
  for (let i: u32 = 0; i < threads; i++) {
    const own = allocate(Own.Size);
    if (!own) return 0;
    store<u32>(at + (<usize>i << 2), <u32>own, Team.Own);
  }
  return at;
}

/** Makes this instance a member. @returns what it has to itself */
export function enter(record: usize, member: u32, waits: bool): usize {
  team = record;
  mayWait = waits;
  return load<u32>(record + (<usize>member << 2), Team.Own);
}

/** Shares out an instruction in `parts`. */
export function publish(context: usize, pc: usize, rows: u32, parts: u32): void {
  store<u32>(team, <u32>context, Team.Context);
  store<u32>(team, <u32>pc, Team.Instruction);
  store<u32>(team, rows, Team.Rows);
  atomic.store<u32>(team, 0, Team.Finished);
  atomic.store<u64>(team, (<u64>++job << 32) | (<u64>parts << 16), Team.Ticket);
  if (atomic.load<u32>(team, Team.Sleeping)) atomic.notify(team + Team.Job, parts - 1);
}

/** How many parts the job has of which `take` gave one. */
export let taken: u32 = 0;

/** Takes a part of the job. @returns its number; −1 where there is none left */
export function take(): i32 {
  const seen = atomic.load<u64>(team, Team.Ticket);
  if ((seen & 0xffff) >= ((seen >> 16) & 0xffff)) return -1;
  const ticket = atomic.add<u64>(team, 1, Team.Ticket);
  taken = <u32>(ticket >> 16) & 0xffff;
  const part = <u32>ticket & 0xffff;
  return part < taken ? <i32>part : -1;
}

export function contextOfJob(): usize {
  return load<u32>(team, Team.Context);
}

export function instructionOfJob(): usize {
  return load<u32>(team, Team.Instruction);
}

export function rowsOfJob(): u32 {
  return load<u32>(team, Team.Rows);
}

/** Says that a part is finished. */
export function finish(): void {
  atomic.add<u32>(team, 1, Team.Finished);
  if (atomic.load<u32>(team, Team.LeaderSleeps)) atomic.notify(team + Team.Finished, 1);
}

/** Waits until all parts are finished. Traps, or throws, where a helper failed. */
export function join(parts: u32): void {
  let spins: u32 = 0;
  for (;;) {
    const finished = atomic.load<u32>(team, Team.Finished);
    if (finished == parts) return;
    if (atomic.load<u32>(team, Team.Broken)) unreachable();
    if (++spins < SPINS) continue;
    if (mayWait) {
      atomic.store<u32>(team, 1, Team.LeaderSleeps);
      const slept = atomic.wait<u32>(team + Team.Finished, finished, NAP);
      atomic.store<u32>(team, 0, Team.LeaderSleeps);
      if (slept != AtomicWaitResult.TIMED_OUT) continue;
    } else spins = 0;
    watch(job, finished);
  }
}

/** Waits for a job that has a part left. @returns false where the team ends */
export function awaitJob(): bool {
  let spins: u32 = 0;
  while (true) {
    const ticket = atomic.load<u64>(team, Team.Ticket);
    if ((ticket & 0xffff) < ((ticket >> 16) & 0xffff)) return true;
    if (atomic.load<u32>(team, Team.Broken)) return false;
    if (++spins < SPINS) continue;
    atomic.add<u32>(team, 1, Team.Sleeping);
    // Returns at once where another job is there by now, or the team's end.
    atomic.wait<u32>(team + Team.Job, <u32>(ticket >> 32), -1);
    atomic.sub<u32>(team, 1, Team.Sleeping);
    spins = 0;
  }
}

/** How many instructions the team of this leader has shared out. */
export function jobs(): u32 {
  return job;
}

/** Ends a team: helpers return, and a leader that waits for one traps. */
export function breakUp(record: usize): void {
  atomic.store<u32>(record, 1, Team.Broken);
  // Another number, for those that are about to sleep on this one. No part is left in it.
  atomic.add<u64>(record, <u64>1 << 32, Team.Ticket);
  atomic.notify(record + Team.Job, -1);
  atomic.notify(record + Team.Finished, -1);
}
