/**
 * A team: the leader, which runs programs, and its helpers. Each is an instance of one binary, in a thread of its own, on one memory.
 *
 * The leader shares an instruction out by writing the job and then its ticket. Each thread has parts of its own, the same from one instruction to the
 * next, so that what it wrote is in its cache when it reads it. It claims them one by one and then those of others that nobody has claimed: a helper
 * that is late leaves its parts to others. The leader shares out the next job only when every part of the last is finished: who holds a part can trust
 * the job.
 *
 * Who waits spins first, for about as long as it takes to sleep and to be woken, and sleeps then.
 *
 * A cache line goes from core to core in up to 0.5 µs. So what a helper needs of a job is in one line, and what it writes is in a line of its own: a
 * job takes one way there and one back.
 */
import { Context } from './context';
import { allocate } from './memory';
import { Scratch } from './scratch';

/** The record of a team. Byte offsets; each field that several write has a cache line of its own. */
enum Team {
  /** u64: the number of the job, and below it how many parts it has, in PARTS bits; helpers sleep on its lower half */
  Ticket = 0,
  /** the job: the context, the instruction, the rows */
  Context = 8,
  Instruction = 12,
  Rows = 16,
  /** how many the team has, the leader included */
  Members = 20,
  /** the instruction that gathered rows of which each helper makes a copy, 0 for none, and the number of these so far */
  Gather = 24,
  Gathers = 28,
  /** how many helpers sleep, or are about to */
  Sleeping = 64,
  /** whether the leader sleeps, or is about to */
  LeaderSleeps = 128,
  /** advanced by who wakes the leader, which sleeps on it */
  Wake = 132,
  /** set where a helper failed, or the team is to end */
  Broken = 192,
  /** addresses of what each thread has to itself */
  Own = 256,
  /** a line for each thread: `Line` */
  Lines = 512,
  Size = Lines + 64 * 64,
}

/** The line of a thread. Byte offsets. */
enum Line {
  /** u64: the number of the job, and how many parts of it this thread has finished */
  Finished = 0,
  /** u64 for each of its own parts: the last job of which somebody claimed that part */
  Claims = 8,
  Size = 64,
}

/** Bits of a number of parts. */
const PARTS: u64 = 16;
const PARTS_MASK: u64 = 0xffff;

/** What a thread has to itself: the scratch of kernels, then a context and an instruction. Byte offsets. */
export enum Own {
  OwnContext = Scratch.Size,
  Instruction = Own.OwnContext + Context.Size,
  /** bytes that an instruction may take: those of a long tile are not shared out */
  InstructionSize = 4096,
  /** rows of a data set: what may stay in a second-level cache beside weights */
  Copy = Own.Instruction + Own.InstructionSize,
  CopySize = 0x80000,
  Size = Own.Copy + Own.CopySize,
}

/** Looks at the ticket before a helper sleeps, and at the finished parts before the leader does: tens of microseconds. */
const SPINS: u32 = 20000;

/** How long the leader sleeps at a time, in ns: then it asks the host whether the helpers are still there. */
const NAP: i64 = 100000000;

/** Throws where a helper is gone, so that the parts that are missing never come: the host's (`src/threads/watch.ts`). */
// @ts-ignore: decorator
@external('env', 'watch')
declare function watch(job: u32, finished: u32): void;

/** Looks at the ticket before a helper that has no part of its own claims one of another, which may be about to see it. */
const COURTESY: u32 = 500;

let team: usize = 0;
let mayWait: bool = false;
/** Which member this instance is, and its line. */
let member: u32 = 0;
let line: usize = 0;
/** The job: the last that the leader shared out, or that this helper has seen. How many parts it has, and how many of them this thread finished. */
let job: u64 = 0;
let parts: u32 = 0;
let finished: u32 = 0;

/** Allocates a team. @returns its record; 0 where the host refuses */
export function makeTeam(threads: u32): usize {
  const record = allocate(Team.Size + 64);
  if (!record) return 0;
  const at = (record + 63) & ~63;
  store<u32>(at, threads, Team.Members);
  for (let i: u32 = 0; i < threads; i++) {
    const own = allocate(Own.Size);
    if (!own) return 0;
    store<u32>(at + (<usize>i << 2), <u32>own, Team.Own);
  }
  return at;
}

/** Makes this instance a member. @returns what it has to itself */
export function enter(record: usize, number: u32, waits: bool): usize {
  team = record;
  mayWait = waits;
  member = number;
  line = lineOf(number);
  return load<u32>(record + (<usize>number << 2), Team.Own);
}

function lineOf(number: u32): usize {
  return team + Team.Lines + <usize>number * Line.Size;
}

/** Shares out an instruction in `count` parts: no more than there are threads, or a multiple of that, of seven at most. */
export function publish(context: usize, pc: usize, rows: u32, count: u32): void {
  store<u32>(team, <u32>context, Team.Context);
  store<u32>(team, <u32>pc, Team.Instruction);
  store<u32>(team, rows, Team.Rows);
  store<u32>(team, <u32>gather, Team.Gather);
  store<u32>(team, gathers, Team.Gathers);
  parts = count;
  finished = 0;
  atomic.store<u64>(team, (++job << PARTS) | <u64>count, Team.Ticket);
  if (atomic.load<u32>(team, Team.Sleeping)) atomic.notify(team, count - 1);
}

/** Claims a part of the job: one of this thread's own or, where none is left, one of another's. @returns its number; −1 where all are claimed */
export function take(): i32 {
  const members = load<u32>(team, Team.Members);
  const turns = parts > members ? parts / members : 1;
  const owners = min(members, parts);
  if (member < owners) for (let turn: u32 = 0; turn < turns; turn++) if (claim(line, turn)) return member * turns + turn;
  // The last of another's first: it is about to claim the next.
  for (let i: u32 = 1; i <= owners; i++) {
    const other = (member + i) % owners;
    if (other != member) for (let turn = turns; turn > 0; turn--) if (claim(lineOf(other), turn - 1)) return other * turns + turn - 1;
  }
  return -1;
}

/** Claims a part of the job by its owner's line. A part is claimed of each job in turn, so who comes with an older job than the last gets none. */
function claim(owner: usize, turn: u32): bool {
  const at = owner + (<usize>turn << 3);
  const last = atomic.load<u64>(at, Line.Claims);
  return last < job && atomic.cmpxchg<u64>(at, last, job, Line.Claims) == last;
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

/** Bytes of rows below which a copy is not worth it. */
const LEAST_COPY: usize = 4096;

/** Of the leader: the instruction of which helpers make copies, and the number of these so far. Jobs carry both: helpers look at their line all the time. */
let gather: usize = 0;
let gathers: u32 = 0;

/** Says that the instruction at pc gathers rows of `bytes` bytes. @returns whether helpers make copies of them: of rows that fit and are worth it, the first of a run */
export function announceGather(pc: usize, bytes: usize): bool {
  if (gather || bytes < LEAST_COPY || bytes > <usize>Own.CopySize) return false;
  gather = pc;
  gathers++;
  return true;
}

/** Says that nothing is gathered: another run begins, which may read what its caller wrote. */
export function forgetGather(): void {
  gather = 0;
}

/** The instruction that gathered rows of which this helper makes a copy; 0 for none, and for the leader. */
export function gatherOfJob(): usize {
  return member == 0 ? 0 : <usize>load<u32>(team, Team.Gather);
}

/** Where this helper's copy lies. */
export function copyOfRows(): usize {
  return load<u32>(team + (<usize>member << 2), Team.Own) + Own.Copy;
}

/** The number of the gather of which this helper has a copy. */
let copied: u32 = 0;

/** Whether this helper has a copy of what was gathered last. */
export function copiedRows(): bool {
  return copied == load<u32>(team, Team.Gathers);
}

export function setCopiedRows(): void {
  copied = load<u32>(team, Team.Gathers);
}

/** How many parts the job has. */
export function partsOfJob(): u32 {
  return parts;
}

/** Says that a part is finished. */
export function finish(): void {
  finished++;
  if (member == 0) return;
  atomic.store<u64>(line, (job << PARTS) | <u64>finished, Line.Finished);
  if (atomic.load<u32>(team, Team.LeaderSleeps)) {
    atomic.add<u32>(team, 1, Team.Wake);
    atomic.notify(team + Team.Wake, 1);
  }
}

/** How many parts of the job are finished, by all. */
function finishedByAll(): u32 {
  let sum = finished;
  for (let i = load<u32>(team, Team.Members) - 1; i > 0; i--) {
    const theirs = atomic.load<u64>(lineOf(i), Line.Finished);
    if (theirs >> PARTS == job) sum += <u32>(theirs & PARTS_MASK);
  }
  return sum;
}

/** Waits until all parts are finished. Traps, or throws, where a helper failed. */
export function join(): void {
  let spins: u32 = 0;
  for (;;) {
    const sum = finishedByAll();
    if (sum == parts) return;
    if (atomic.load<u32>(team, Team.Broken)) unreachable();
    if (++spins < SPINS) continue;
    if (mayWait) {
      atomic.store<u32>(team, 1, Team.LeaderSleeps);
      const wake = atomic.load<u32>(team, Team.Wake);
      // Who finishes a part from here on advances the wake, and the wait returns at once.
      const slept = finishedByAll() == parts ? AtomicWaitResult.OK : atomic.wait<u32>(team + Team.Wake, wake, NAP);
      atomic.store<u32>(team, 0, Team.LeaderSleeps);
      if (slept != AtomicWaitResult.TIMED_OUT) continue;
    } else spins = 0;
    watch(<u32>job, sum);
  }
}

/** Waits for a job that this helper has not seen. @returns false where the team ends */
export function awaitJob(): bool {
  let spins: u32 = 0;
  while (true) {
    const ticket = atomic.load<u64>(team, Team.Ticket);
    if (atomic.load<u32>(team, Team.Broken)) return false;
    if (ticket >> PARTS != job) {
      job = ticket >> PARTS;
      parts = <u32>(ticket & PARTS_MASK);
      finished = 0;
      if (member >= parts) for (let i: u32 = 0; i < COURTESY && atomic.load<u64>(team, Team.Ticket) == ticket; i++) {}
      return true;
    }
    if (++spins < SPINS) continue;
    atomic.add<u32>(team, 1, Team.Sleeping);
    // Returns at once where another job is there by now, or the team's end.
    atomic.wait<u32>(team, <u32>ticket, -1);
    atomic.sub<u32>(team, 1, Team.Sleeping);
    spins = 0;
  }
}

/** How many threads the team has. */
export function size(): u32 {
  return load<u32>(team, Team.Members);
}

/** How many instructions the team of this leader has shared out. */
export function jobs(): u32 {
  return <u32>job;
}

/** Ends a team: helpers return, and a leader that waits for one traps. */
export function breakUp(record: usize): void {
  atomic.store<u32>(record, 1, Team.Broken);
  // Another number, for those that are about to sleep on this one. They look whether the team ends before they claim anything.
  atomic.add<u64>(record, <u64>1 << PARTS, Team.Ticket);
  atomic.notify(record, -1);
  atomic.add<u32>(record, 1, Team.Wake);
  atomic.notify(record + Team.Wake, -1);
}
