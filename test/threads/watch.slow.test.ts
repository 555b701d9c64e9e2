import { describe, expect, test } from 'vitest';
import { watchOver } from '../../src/threads/watch.js';

/** A watch by a clock of the test's. */
function watched(answers: readonly (boolean | undefined)[]) {
  const state = { now: 5000, answers: [...answers] };
  const watch = watchOver(
    answers.map((_, i) => ({ isGone: () => state.answers[i] })),
    (why) => {
      throw new Error(why);
    },
    () => state.now,
  );
  const look = (job: number, finished: number, ms: number) => {
    state.now += ms;
    watch(job, finished);
  };
  return { state, look };
}

describe('a leader that waits', () => {
  test('ends at once where a helper is gone, whichever', () => {
    const { state, look } = watched([false, false, undefined]);
    look(1, 0, 100);
    state.answers[1] = true;
    expect(() => look(1, 0, 100)).toThrow('ended inside its part');
  });

  test('waits as long as it takes where the host says that all are there', () => {
    const { look } = watched([false, false]);
    for (let i = 0; i < 10_000; i++) expect(() => look(1, 0, 100)).not.toThrow();
  });

  test('waits a minute for a part where the host does not say', () => {
    const { look } = watched([undefined]);
    for (let i = 0; i <= 599; i++) look(1, 1, 100);
    expect(() => look(1, 1, 100)).toThrow('did not finish its part within a minute');
  });

  test('waits on where a part was finished, or the next instruction has begun', () => {
    const { look } = watched([undefined]);
    for (let i = 0; i < 3000; i++) look(Math.floor(i / 1000), Math.floor(i / 500), 100);
    expect(() => look(2, 5, 100)).not.toThrow();
  });

  test('does not count the time that the machine slept', () => {
    const { look } = watched([undefined]);
    look(1, 0, 0);
    for (let i = 0; i < 30; i++) look(1, 0, 3_600_000);
    expect(() => look(1, 0, 100)).not.toThrow();
  });
});
