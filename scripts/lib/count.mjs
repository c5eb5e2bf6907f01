/** What the tests did, read from the reports of the tools that ran them: how many ran, which failed, which were left out. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './paths.mjs';
import { plain } from './say.mjs';

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

const fullName = (...titles) => titles.filter((title) => title !== '').join(' › ');

/**
 * What an error says in one line: its first, and where that is only its class or a message of the test's own, the line before
 * the stack as well, where the expectation stands.
 */
export function firstLine(error) {
  const lines = plain(error ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const stack = lines.findIndex((line) => line.startsWith('at '));
  const said = stack < 0 ? lines : lines.slice(0, stack);
  return /^\w*Error:?$/.test(said[0] ?? '') && said.length > 1 ? `${said[0]} ${said.at(-1)}` : (said[0] ?? '');
}

/** Failures have a `file`, the test's full `name` and the first line of the `error`. */
export function failuresOfVitest(report) {
  return (report?.testResults ?? []).flatMap((suite) => {
    const file = relative(root, suite.name);
    const failed = suite.assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => ({
        file,
        name: fullName(...test.ancestorTitles, test.title),
        error: firstLine(test.failureMessages[0]),
      }));
    if (failed.length > 0 || suite.status !== 'failed') return failed;
    return [{ file, name: 'the file as a whole', error: firstLine(suite.message) }];
  });
}

export function failuresOfPlaywright(report) {
  const ofSuite = (suite, titles) => [
    ...(suite.specs ?? []).flatMap((spec) =>
      spec.tests
        .filter(({ status }) => status === 'unexpected' || status === 'flaky')
        .map(({ results }) => ({
          file: spec.file,
          name: fullName(...titles, spec.title),
          error: firstLine(results.flatMap(({ errors }) => errors)[0]?.message),
        })),
    ),
    ...(suite.suites ?? []).flatMap((inner) => ofSuite(inner, [...titles, inner.title])),
  ];
  return [
    // A suite of a file is named by the file.
    ...(report?.suites ?? []).flatMap((suite) => ofSuite(suite, [])),
    ...(report?.errors ?? []).map(({ message }) => ({
      file: '',
      name: 'outside of any test',
      error: firstLine(message),
    })),
  ];
}

/** The native test programs say `FAILED: name` and, where they can, what they got. */
export function failuresOfNative(output) {
  const lines = output.split('\n');
  return lines.flatMap((line, index) => {
    const name = /^FAILED: (.*)$/.exec(line)?.[1];
    const got = /^ {2}got: .*$/.exec(lines[index + 1] ?? '')?.[0].trim() ?? '';
    return name === undefined ? [] : [{ file: 'native-helpers', name, error: got }];
  });
}

/** At most so many failures are named, each in two lines of at most so many characters. */
const namedMost = 20;
const lineMost = 200;

/** Lines that name `failures`, each of which has the name of its `part` besides. */
export function nameFailures(failures) {
  const short = (text) => (text.length > lineMost ? `${text.slice(0, lineMost - 1)}…` : text);
  const lines = failures
    .slice(0, namedMost)
    .flatMap(({ part, file, name, error }) => [
      short(`✗ ${[part, file, name].filter((text) => text !== '').join('  ')}`.replaceAll(/\s*\n\s*/g, ' ')),
      ...(error === '' ? [] : [short(`    ${error}`)]),
    ]);
  return failures.length > namedMost ? [...lines, `and ${failures.length - namedMost} more`] : lines;
}

/** The tests that were left out, with the reason where one was given (skip-notes.mjs), so that a skipped test is never silent. */
export function skippedTests(report) {
  if (report?.suites !== undefined) return report.suites.flatMap((suite) => skippedSpecs(suite, []));
  return (report?.testResults ?? []).flatMap((suite) =>
    suite.assertionResults
      .filter((test) => ['pending', 'skipped', 'todo'].includes(test.status))
      .map((test) => ({
        file: relative(root, suite.name),
        name: fullName(...test.ancestorTitles, test.title),
        reason: test.meta?.note,
      })),
  );
}

/** The same of Playwright's report, whose suites of files are named by the file. */
function skippedSpecs(suite, titles) {
  const own = (suite.specs ?? []).flatMap((spec) =>
    spec.tests
      .filter((test) => test.status === 'skipped')
      .map((test) => ({
        file: spec.file,
        name: fullName(...titles, spec.title),
        reason: test.annotations.find(({ type }) => type === 'skip')?.description,
      })),
  );
  return [...own, ...(suite.suites ?? []).flatMap((inner) => skippedSpecs(inner, [...titles, inner.title]))];
}

/** The tests that each of these runs left out, whatever it ran; the reason is that of the first that gave one. */
export function leftOutOfAll(runs) {
  const keyOf = ({ file, name }) => `${file}\n${name}`;
  const ran = new Set(
    runs.flatMap((report) =>
      (report?.testResults ?? []).flatMap((suite) =>
        suite.assertionResults
          .filter((test) => ['passed', 'failed'].includes(test.status))
          .map((test) =>
            keyOf({ file: relative(root, suite.name), name: fullName(...test.ancestorTitles, test.title) }),
          ),
      ),
    ),
  );
  const leftOut = new Map();
  for (const test of runs.flatMap((report) => skippedTests(report))) {
    const known = leftOut.get(keyOf(test));
    if (!ran.has(keyOf(test)) && known?.reason === undefined) leftOut.set(keyOf(test), test);
  }
  return [...leftOut.values()];
}
