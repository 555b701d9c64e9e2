/** Whether these are the fast tests, whose answer is waited for: vitest.fast.config.ts says so. */
const isFast = process.env.NEURITE_TESTS === 'fast';

/** What a test sweeps over, or how often it draws: `all` in `npm test` and on threads, `few` in the fast tests. The generator is the same. */
export const sweep = <T>(all: T, few: T): T => (isFast ? few : all);
