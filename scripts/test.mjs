/**
 * `npm test`: everything, from a clean clone, in one go. Prepares what is missing, then runs the parts below in order;
 * those that need no browser come first and report first. A part that fails does not stop the others: the table at the
 * end says which passed, failed or were left out and why, each failed test is named below it, and the exit status is 1 when
 * any failed.
 *
 *   npm test -- --part unit --part lint     only these parts
 *   npm test -- --part product --whole      all of e2e/ as root as well; without --whole what being root changes (lib/as-root.mjs)
 *   npm test -- --list                      the names of the parts
 *
 * The last line stands alone, `N passed, N failed, N skipped`: tests that really ran, read from the reports of Vitest and
 * Playwright and from the native tests' own count. A part that failed without any test of its own failing (a type error,
 * a file that could not be loaded) counts as one failed, so that this line never says less than the exit status.
 */
import { requireNodeVersion } from './lib/node-version.mjs';

requireNodeVersion();
const { mkdirSync, mkdtempSync, rmSync } = await import('node:fs');
const { tmpdir } = await import('node:os');
const { join } = await import('node:path');
const { provideChromium } = await import('./lib/chromium.mjs');
const { findElectron } = await import('./lib/electron.mjs');
const { spawnSync } = await import('node:child_process');
const { asRootFiles } = await import('./lib/as-root.mjs');
const {
  add,
  countNative,
  countPlaywright,
  countVitest,
  failuresOfNative,
  failuresOfPlaywright,
  failuresOfVitest,
  firstLine,
  leftOutOfAll,
  nameFailures,
  none,
  readReport,
  skippedTests,
} = await import('./lib/count.mjs');
const { testEnvironment } = await import('./lib/environment.mjs');
const { packageProgram, reports, root } = await import('./lib/paths.mjs');
const { prepare } = await import('./lib/prepare.mjs');
const { StepFailed, run, showOutput } = await import('./lib/run.mjs');
const { say, seconds } = await import('./lib/say.mjs');

const node = process.execPath;
const isRoot = process.getuid?.() === 0;
const minute = 60_000;
const product = ['launcher', 'bundles', 'renderer'];

function program(path, ...args) {
  return { command: node, args: [packageProgram(path), ...args] };
}

/**
 * Being root hides mistakes: of root's two runs of e2e/ the one as an ordinary user tests everything, and the other what being
 * root changes, unless it is told to run the whole or no such user can be had.
 */
const whole = !isRoot || process.argv.includes('--whole');
let triedUser;

/** Why there is no ordinary user here to run the tests as; undefined when there is one. */
function noUser() {
  triedUser ??= spawnSync(node, ['scripts/as-user.mjs', '--try'], { cwd: root, encoding: 'utf8' });
  return triedUser.status === 0 ? undefined : triedUser.stderr.trim();
}

const reportOf = (part) => join(reports, `${part}.json`);

function vitestOptions(part) {
  return [
    '--reporter=default',
    '--reporter=json',
    '--reporter=./scripts/lib/skip-notes.mjs',
    `--outputFile.json=${reportOf(part)}`,
    // A test that is run alone leaves the others out, and that must not look like success.
    '--allowOnly=false',
  ];
}

function readVitest(part) {
  const report = reportOf(part);
  return {
    report,
    count: () => countVitest(readReport(report)),
    failures: () => failuresOfVitest(readReport(report)),
  };
}

function vitest(part, projects, files = []) {
  return {
    ...program(
      'vitest/vitest.mjs',
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      ...vitestOptions(part),
      ...files,
    ),
    ...readVitest(part),
  };
}

function playwright(part, env, ...args) {
  const report = reportOf(part);
  return {
    ...program('@playwright/test/cli.js', 'test', ...args, '--reporter=list,json'),
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    report,
    count: () => countPlaywright(readReport(report)),
    failures: () => failuresOfPlaywright(readReport(report)),
  };
}

/** For tests among others that start a browser: where there is none, they say so themselves and the rest still runs. */
async function withChromium(part) {
  const chromium = await provideChromium().catch(() => undefined);
  return chromium === undefined ? part : { ...part, env: { ...part.env, CHROMIUM_PATH: chromium } };
}

const parts = [
  {
    name: 'types',
    title: 'types (tsc)',
    commands: () => [
      program('typescript/bin/tsc', '-p', 'tsconfig.json'),
      program('typescript/bin/tsc', '-p', 'main/tsconfig.json'),
      program('typescript/bin/tsc', '-p', 'renderer/tsconfig.json'),
      program('typescript/bin/tsc', '-p', 'e2e/panel/tsconfig.json'),
    ],
  },
  {
    name: 'lint',
    title: 'lint (oxlint)',
    commands: () => [program('oxlint/bin/oxlint', '--type-aware', '--max-warnings=0')],
  },
  {
    name: 'format',
    title: 'format (prettier)',
    commands: () => [program('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.')],
  },
  { name: 'dead-code', title: 'dead code (knip)', commands: () => [program('knip/bin/knip.js')] },
  {
    name: 'unit',
    title: 'unit tests (vitest)',
    commands: () => [vitest('unit', ['unit', 'renderer'])],
    timeoutMs: 10 * minute,
  },
  {
    name: 'native',
    title: 'native tests (make check)',
    skip: () => (process.platform === 'linux' ? undefined : 'the launcher exists for Linux only so far'),
    needs: ['launcher'],
    commands: () => [
      { command: 'make', args: ['-C', 'native-helpers', 'check'], count: countNative, failures: failuresOfNative },
    ],
    timeoutMs: 10 * minute,
  },
  {
    name: 'product',
    title: whole ? `whole product, as ${isRoot ? 'root' : 'this user'} (vitest)` : 'what being root changes (vitest)',
    skip: () => (process.platform === 'linux' ? undefined : 'servers can be contained on Linux only so far'),
    needs: product,
    commands: async () => [
      await withChromium(vitest('product', ['e2e'], whole || noUser() !== undefined ? [] : asRootFiles)),
    ],
    timeoutMs: 20 * minute,
  },
  {
    name: 'as-user',
    title: 'whole product, as an ordinary user (vitest)',
    skip: () => {
      if (process.platform !== 'linux') return 'servers can be contained on Linux only so far';
      if (!isRoot) return 'the part above ran as an ordinary user already; the run as root was left out';
      return noUser() === undefined ? undefined : `${noUser()}; the part above ran everything as root`;
    },
    needs: product,
    ownEnvironment: true,
    commands: async () => [
      await withChromium({
        command: node,
        args: ['scripts/as-user.mjs', ...vitestOptions('as-user')],
        ...readVitest('as-user'),
      }),
    ],
    timeoutMs: 20 * minute,
  },
  {
    name: 'imports',
    title: 'import rules (vitest)',
    needs: ['bundles'],
    commands: () => [vitest('imports', ['rules'])],
  },
  {
    name: 'panel',
    title: 'panel in Chromium (playwright)',
    needs: product,
    commands: async () => [playwright('panel', { CHROMIUM_PATH: await provideChromium() })],
    timeoutMs: 20 * minute,
  },
  {
    name: 'desktop',
    title: 'desktop program in Electron (playwright)',
    skip: () => findElectron().missing,
    needs: [...product, 'desktop'],
    commands: () => [
      playwright('desktop', { ELECTRON_PATH: findElectron().path }, '--config=e2e/electron/playwright.config.ts'),
    ],
    timeoutMs: 10 * minute,
  },
];

/** Builds that parts asked for, each tried once; a failure is remembered with its sentence. */
const builds = new Map();

async function build(names) {
  for (const name of names) {
    if (!builds.has(name)) {
      builds.set(
        name,
        await prepare([name]).then(
          () => undefined,
          (error) => (error instanceof Error ? error.message : String(error)),
        ),
      );
    }
    const failure = builds.get(name);
    if (failure !== undefined) throw new StepFailed(failure);
  }
}

async function runPart(part) {
  const started = Date.now();
  const done = (state, counts, note = '', failures = []) => ({
    part,
    state,
    counts,
    note,
    failures: failures.map((failure) => ({ part: part.name, ...failure })),
    milliseconds: Date.now() - started,
  });
  const failed = (counts, note, ...failures) =>
    done('failed', { ...counts, failed: Math.max(counts.failed, 1) }, note, failures);
  const reason = part.skip?.();
  if (reason !== undefined) {
    say(`- ${part.title}: skipped, ${reason}`);
    return done('skipped', none, reason);
  }
  let counts = none;
  let commands;
  try {
    await build(part.needs ?? []);
    commands = await part.commands();
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    say(`✗ ${part.title}: ${sentence}`);
    return failed(none, sentence, { file: '', name: part.title, error: sentence.split('\n')[0] });
  }
  for (const [index, { command, args, env, report, count, failures }] of commands.entries()) {
    if (report !== undefined) rmSync(report, { force: true });
    const result = await run({
      title: part.title,
      name: `${part.name}${index === 0 ? '' : `-${index + 1}`}`,
      command,
      args,
      // The run as another user makes an environment of its own, from this one.
      env: { ...(part.ownEnvironment ? process.env : environment), ...env },
      timeoutMs: part.timeoutMs ?? 3 * minute,
    });
    const counted = count?.(result.output) ?? none;
    counts = add(counts, counted);
    for (const { name, reason } of report === undefined ? [] : skippedTests(readReport(report)))
      say(`    left out: ${name}${reason === undefined ? '' : ` (${reason})`}`);
    if (result.code !== 0 || counted.failed > 0) {
      say(`✗ ${part.title}  ${seconds(result.milliseconds)}`);
      showOutput(result);
      const named = failures?.(result.output) ?? [];
      const together = { file: '', name: part.title, error: firstLine(result.output) };
      return failed(counts, `see ${result.logFile}`, ...(named.length > 0 ? named : [together]));
    }
  }
  // A part whose tests all vanished (a wrong pattern, an empty folder) must not look as if it had passed.
  if (commands.some((command) => command.count !== undefined) && counts.passed === 0) {
    say(`✗ ${part.title}: no test ran`);
    return failed(counts, 'no test ran', { file: '', name: part.title, error: 'no test ran' });
  }
  const outcome = done('passed', counts);
  say(`✓ ${part.title}  ${counts.passed === 0 ? '' : `${counts.passed} passed  `}${seconds(outcome.milliseconds)}`);
  return outcome;
}

/** Each test of e2e/ passes in one of the runs of it, or says why it was left out by all of them. */
function lookAtLeftOut(outcomes) {
  const runs = outcomes.filter(({ part, state }) => ['product', 'as-user'].includes(part.name) && state !== 'skipped');
  const part = { name: 'left-out', title: 'each test of e2e/ ran, or says why not' };
  const unexplained = leftOutOfAll(runs.map(({ part: { name } }) => readReport(reportOf(name)))).filter(
    ({ reason }) => reason === undefined,
  );
  if (unexplained.length === 0) return [];
  return [
    {
      part,
      state: 'failed',
      counts: { ...none, failed: unexplained.length },
      note: part.title,
      failures: unexplained.map(({ file, name }) => ({
        part: part.name,
        file,
        name,
        error: 'was run by no part, and no reason was given',
      })),
      milliseconds: 0,
    },
  ];
}

function wantedParts(args) {
  const wanted = [];
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index];
    if (argument === '--list') {
      for (const part of parts) process.stdout.write(`${part.name.padEnd(10)} ${part.title}\n`);
      process.exit(0);
    }
    if (argument === '--whole') continue;
    const name = argument === '--part' ? args[(index += 1)] : /^--part=(.+)$/.exec(argument)?.[1];
    const part = parts.find((candidate) => candidate.name === name);
    if (part === undefined) {
      say(`Unknown: ${name ?? argument}. The parts are: ${parts.map((known) => known.name).join(', ')}.`);
      process.exit(2);
    }
    wanted.push(part);
  }
  return wanted.length === 0 ? parts : wanted;
}

const wanted = wantedParts(process.argv.slice(2));
const started = Date.now();
process.chdir(root);
mkdirSync(reports, { recursive: true });
const home = mkdtempSync(join(tmpdir(), 'belljar-home-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
const environment = testEnvironment(home);

try {
  await prepare(['install']);
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.stdout.write('0 passed, 1 failed, 0 skipped\n');
  process.exit(1);
}

const outcomes = [];
for (const part of wanted) outcomes.push(await runPart(part));
outcomes.push(...lookAtLeftOut(outcomes));

const total = outcomes.reduce((sum, { counts }) => add(sum, counts), none);
say(
  `\n${'part'.padEnd(10)} ${'result'.padEnd(8)} ${'passed'.padStart(6)} ${'failed'.padStart(6)} ${'skipped'.padStart(7)} ${'time'.padStart(8)}`,
);
for (const { part, state, counts, note, milliseconds } of outcomes) {
  const numbers = [counts.passed, counts.failed, counts.skipped].map((number, index) =>
    String(number).padStart(index === 2 ? 7 : 6),
  );
  say(
    `${part.name.padEnd(10)} ${state.padEnd(8)} ${numbers.join(' ')} ${seconds(milliseconds).padStart(8)}  ${note.split('\n')[0]}`,
  );
}
say(`in ${seconds(Date.now() - started)}\n`);
for (const line of nameFailures(outcomes.flatMap(({ failures }) => failures))) say(line);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = outcomes.some(({ state }) => state === 'failed') ? 1 : 0;
