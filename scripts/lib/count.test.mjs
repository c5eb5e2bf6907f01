/** The last line of npm test must never say less than what happened. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  countNative,
  countPlaywright,
  countVitest,
  failuresOfNative,
  failuresOfPlaywright,
  failuresOfVitest,
  leftOutOfAll,
  nameFailures,
  none,
  skippedTests,
} from './count.mjs';
import { root } from './paths.mjs';

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
});

const inFile = (name, ...assertionResults) => ({ name: join(root, name), status: 'passed', assertionResults });
const test = (status, title, more = {}) => ({
  status,
  ancestorTitles: ['', 'npx'],
  title,
  failureMessages: [],
  ...more,
});

describe('failures', () => {
  it('of Vitest have file, full name and the first line of the error', () => {
    const stack = '    at expectOutcome (/work/names.test.ts:94:71)';
    const report = {
      testResults: [
        {
          ...inFile(
            'e2e/a.test.ts',
            test('passed', 'one'),
            test('failed', 'two', { failureMessages: [`Error: \u001b[31mno\u001b[39m port\nmore\n${stack}`] }),
            test('failed', 'three', {
              failureMessages: [`AssertionError: \nrun.start\nend: expected 1 to be 2\n${stack}`],
            }),
          ),
          status: 'failed',
        },
        { ...inFile('app/b.test.ts'), status: 'failed', message: 'No such module: x\nmore' },
      ],
    };
    expect(failuresOfVitest(report)).toEqual([
      { file: 'e2e/a.test.ts', name: 'npx › two', error: 'Error: no port' },
      { file: 'e2e/a.test.ts', name: 'npx › three', error: 'AssertionError: end: expected 1 to be 2' },
      { file: 'app/b.test.ts', name: 'the file as a whole', error: 'No such module: x' },
    ]);
    expect(failuresOfVitest(undefined)).toEqual([]);
  });

  it('of Playwright are found in groups too, with what passed only the second time and errors outside of tests', () => {
    const spec = (title, status, message) => ({
      title,
      file: 'flows.spec.ts',
      tests: [{ status, results: [{ errors: message === undefined ? [] : [{ message }] }] }],
    });
    const report = {
      suites: [
        {
          title: 'flows.spec.ts',
          specs: [spec('one', 'expected'), spec('two', 'unexpected', '\u001b[31mError: not seen\u001b[39m\n\nmore')],
          suites: [{ title: 'dark', specs: [spec('three', 'flaky', 'TimeoutError: late')] }],
        },
      ],
      errors: [{ message: 'no browser' }],
    };
    expect(failuresOfPlaywright(report)).toEqual([
      { file: 'flows.spec.ts', name: 'two', error: 'Error: not seen' },
      { file: 'flows.spec.ts', name: 'dark › three', error: 'TimeoutError: late' },
      { file: '', name: 'outside of any test', error: 'no browser' },
    ]);
  });

  it('of the native tests are those that they call failed', () => {
    expect(
      failuresOfNative('FAILED: a plan\n  got:      1\n  expected: 2\nFAILED: a host\n1 passed, 2 failed\n'),
    ).toEqual([
      { file: 'native-helpers', name: 'a plan', error: 'got:      1' },
      { file: 'native-helpers', name: 'a host', error: '' },
    ]);
  });

  it('are named in at most forty lines of 200 characters', () => {
    const failure = (name, error) => ({ part: 'unit', file: 'app/a.test.ts', name, error });
    expect(nameFailures([])).toEqual([]);
    expect(nameFailures([failure('two\n lines', 'Error: no'), failure('x', '')])).toEqual([
      '✗ unit  app/a.test.ts  two lines',
      '    Error: no',
      '✗ unit  app/a.test.ts  x',
    ]);
    const lines = nameFailures(Array.from({ length: 23 }, () => failure('x'.repeat(300), 'y'.repeat(300))));
    expect(lines).toHaveLength(41);
    expect(lines.at(-1)).toBe('and 3 more');
    expect(lines.slice(0, -1).every((line) => line.length === 200 && line.endsWith('…'))).toBe(true);
  });
});

describe('what was left out', () => {
  it('is named, with the reason where there is one', () => {
    const tests = [
      test('skipped', 'starts offline', { meta: { note: 'no npx' } }),
      test('pending', 'other'),
      test('passed', 'x'),
    ];
    expect(skippedTests({ testResults: [inFile('e2e/a.test.ts', ...tests)] })).toEqual([
      { file: 'e2e/a.test.ts', name: 'npx › starts offline', reason: 'no npx' },
      { file: 'e2e/a.test.ts', name: 'npx › other', reason: undefined },
    ]);
    expect(skippedTests(undefined)).toEqual([]);
    const left = { status: 'skipped', annotations: [{ type: 'skip', description: 'there is no Firefox' }] };
    const file = 'firefox.spec.ts';
    const specs = [
      { file, title: 'in Firefox', tests: [left] },
      { file, title: 'in Chromium', tests: [{ status: 'expected', annotations: [] }] },
    ];
    expect(skippedTests({ suites: [{ title: file, specs, suites: [{ title: 'inner', specs: [specs[0]] }] }] })).toEqual(
      [
        { file, name: 'in Firefox', reason: 'there is no Firefox' },
        { file, name: 'inner › in Firefox', reason: 'there is no Firefox' },
      ],
    );
  });

  it('by every run is what none of them ran, with the reason that any of them gave', () => {
    const why = { meta: { note: 'for root' } };
    const asRoot = [
      test('passed', 'root'),
      test('skipped', 'user'),
      test('skipped', 'neither'),
      test('skipped', 'silent'),
    ];
    const asUser = [
      test('skipped', 'root', why),
      test('failed', 'user'),
      test('skipped', 'neither', why),
      test('skipped', 'silent'),
      test('skipped', 'user alone'),
    ];
    const runs = [asRoot, asUser].map((tests) => ({ testResults: [inFile('e2e/a.test.ts', ...tests)] }));
    expect(leftOutOfAll(runs).map(({ name, reason }) => [name, reason])).toEqual([
      ['npx › neither', 'for root'],
      ['npx › silent', undefined],
      ['npx › user alone', undefined],
    ]);
    // The same name in another file is another test.
    const elsewhere = { testResults: [inFile('e2e/b.test.ts', test('passed', 'silent'))] };
    expect(leftOutOfAll([...runs, elsewhere])).toHaveLength(3);
    expect(leftOutOfAll([undefined])).toEqual([]);
  });
});
