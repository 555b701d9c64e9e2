/**
 * node scripts/tally.mjs <vitest's JSON report> <exit status of the tests> <other steps that failed>
 * Prints `N passed, N failed` and fails unless something passed and nothing failed. A test file that did not load counts as one failure,
 * and so does a run that failed without saying which test.
 */
import { existsSync, readFileSync } from 'node:fs';

const [report, testStatus, otherFailures] = process.argv.slice(2);
let passed = 0;
let failed = 0;
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const unloaded = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'));
  passed = numPassedTests;
  failed = numFailedTests + unloaded.length;
}
if (Number(testStatus) !== 0 && failed === 0) failed = 1;
failed += Number(otherFailures);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
