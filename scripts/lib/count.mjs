/** How many tests really ran, read from the reports of the tools that ran them. */
import { existsSync, readFileSync } from 'node:fs';

export const none = { passed: 0, failed: 0, skipped: 0 };

export function add(left, right) {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

export function readReport(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Vitest's JSON report; a file that could not even be loaded has a failed suite and no test, and counts as one. */
export function countVitest(report) {
  if (report === undefined) return none;
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Playwright's JSON report; errors outside of any test, and tests that passed only when repeated, count as failed. */
export function countPlaywright(report) {
  if (report === undefined) return none;
  const { expected, flaky, unexpected, skipped } = report.stats;
  return { passed: expected, failed: unexpected + flaky + report.errors.length, skipped };
}

/** The native test programs each end with a line of the same form as npm test's own. */
export function countNative(output) {
  const lines = [...output.matchAll(/^(?:[\w -]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)];
  return lines
    .map(([, passed, failed, skipped]) => ({
      passed: Number(passed),
      failed: Number(failed),
      skipped: Number(skipped ?? 0),
    }))
    .reduce(add, none);
}

/** The names of the tests that were left out, so that a skipped test is never silent. */
export function skippedTests(report) {
  if (report?.testResults === undefined) return [];
  return report.testResults.flatMap((suite) =>
    suite.assertionResults
      .filter((test) => test.status === 'pending' || test.status === 'skipped')
      .map((test) => [...test.ancestorTitles, test.title].filter((title) => title !== '').join(' › ')),
  );
}
