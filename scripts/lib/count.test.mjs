/** The last line of npm test must never say less than what happened. */
import { describe, expect, it } from 'vitest';
import { countNative, countPlaywright, countVitest, none, skippedTests } from './count.mjs';

describe('counts', () => {
  it('of Vitest take in a file that could not be loaded', () => {
    const report = {
      numPassedTests: 3,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults: [
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
        { status: 'failed', assertionResults: [{ status: 'failed' }] },
        { status: 'failed', assertionResults: [] },
      ],
    };
    expect(countVitest(report)).toEqual({ passed: 3, failed: 2, skipped: 3 });
  });

  it('of Playwright take in errors outside of tests, and what passed only the second time', () => {
    const report = { stats: { expected: 5, flaky: 1, unexpected: 0, skipped: 2 }, errors: [{ message: 'no browser' }] };
    expect(countPlaywright(report)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it('of the native tests are summed over their programs', () => {
    expect(countNative('ok a\n12 passed, 0 failed\nplan: 3 passed, 1 failed, 2 skipped\n')).toEqual({
      passed: 15,
      failed: 1,
      skipped: 2,
    });
    expect(countNative('nothing ran')).toEqual(none);
  });

  it('are nothing where there is no report', () => {
    expect([countVitest(undefined), countPlaywright(undefined)]).toEqual([none, none]);
  });

  it('name what was left out', () => {
    const test = { status: 'skipped', ancestorTitles: ['', 'npx'], title: 'starts offline' };
    expect(skippedTests({ testResults: [{ assertionResults: [test] }] })).toEqual(['npx › starts offline']);
  });
});
