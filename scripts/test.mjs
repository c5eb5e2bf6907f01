/**
 * `npm test`: everything, from a clean clone, in one go. Prepares what is missing, then runs the parts below in order;
 * those that need no browser come first and report first. A part that fails does not stop the others: the table at the
 * end says which passed, failed or were left out and why, and the exit status is 1 when any failed.
 *
 *   npm test -- --part unit --part lint     only these parts
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
const { add, countNative, countPlaywright, countVitest, none, readReport, skippedTests } =
  await import('./lib/count.mjs');
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

function vitest(part, projects) {
  const report = join(reports, `${part}.json`);
  return {
    ...program(
      'vitest/vitest.mjs',
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      // A test that is run alone leaves the others out, and that must not look like success.
      '--allowOnly=false',
    ),
    report,
    count: () => countVitest(readReport(report)),
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
  {
    name: 'unit',
    title: 'unit tests (vitest)',
    commands: () => [vitest('unit', ['unit', 'renderer'])],
    timeoutMs: 5 * minute,
  },
  {
    name: 'native',
    title: 'native tests (make check)',
    skip: () => (process.platform === 'linux' ? undefined : 'the launcher exists for Linux only so far'),
    needs: ['launcher'],
    commands: () => [{ command: 'make', args: ['-C', 'native-helpers', 'check'], count: countNative }],
    timeoutMs: 5 * minute,
  },
  {
    name: 'product',
    title: `whole product, as ${isRoot ? 'root' : 'this user'} (vitest)`,
    skip: () => (process.platform === 'linux' ? undefined : 'servers can be contained on Linux only so far'),
    needs: product,
    commands: async () => [await withChromium(vitest('product', ['e2e']))],
    timeoutMs: 10 * minute,
  },
  {
    name: 'as-user',
    title: 'whole product, as an ordinary user (vitest)',
    skip: () => {
      if (process.platform !== 'linux') return 'servers can be contained on Linux only so far';
      return isRoot ? undefined : 'the part above ran as an ordinary user already; the run as root was left out';
    },
    needs: product,
    ownEnvironment: true,
    commands: async () => {
      const report = join(reports, 'as-user.json');
      return [
        await withChromium({
          command: node,
          args: [
            'scripts/as-user.mjs',
            '--reporter=default',
            '--reporter=json',
            `--outputFile.json=${report}`,
            '--allowOnly=false',
          ],
          report,
          count: () => countVitest(readReport(report)),
          leftOutCode: 3,
        }),
      ];
    },
    timeoutMs: 10 * minute,
  },
  {
    name: 'imports',
    title: 'import rules (vitest)',
    needs: ['bundles'],
    commands: () => [vitest('imports', ['rules'])],
  },
  { name: 'dead-code', title: 'dead code (knip)', commands: () => [program('knip/bin/knip.js')] },
  {
    name: 'panel',
    title: 'panel in Chromium (playwright)',
    needs: product,
    commands: async () => {
      const chromium = await provideChromium();
      const report = join(reports, 'panel.json');
      return [
        {
          ...program('@playwright/test/cli.js', 'test', '--reporter=list,json'),
          env: { CHROMIUM_PATH: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: report },
          report,
          count: () => countPlaywright(readReport(report)),
        },
      ];
    },
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
  const done = (state, counts, note = '') => ({ part, state, counts, note, milliseconds: Date.now() - started });
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
    return done('failed', { ...none, failed: 1 }, sentence);
  }
  for (const [index, { command, args, env, report, count, leftOutCode }] of commands.entries()) {
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
    if (leftOutCode !== undefined && result.code === leftOutCode) {
      const why = result.output.trim().split('\n').at(-1) ?? '';
      say(`- ${part.title}: skipped, ${why}`);
      return done('skipped', counts, why);
    }
    const counted = count?.(result.output) ?? none;
    counts = add(counts, counted);
    for (const title of report === undefined ? [] : skippedTests(readReport(report))) say(`    left out: ${title}`);
    if (result.code !== 0 || counted.failed > 0) {
      say(`✗ ${part.title}  ${seconds(result.milliseconds)}`);
      showOutput(result);
      return done('failed', { ...counts, failed: Math.max(counts.failed, 1) }, `see ${result.logFile}`);
    }
  }
  // A part whose tests all vanished (a wrong pattern, an empty folder) must not look as if it had passed.
  if (commands.some((command) => command.count !== undefined) && counts.passed === 0) {
    say(`✗ ${part.title}: no test ran`);
    return done('failed', { ...counts, failed: 1 }, 'no test ran');
  }
  const outcome = done('passed', counts);
  say(`✓ ${part.title}  ${counts.passed === 0 ? '' : `${counts.passed} passed  `}${seconds(outcome.milliseconds)}`);
  return outcome;
}

function wantedParts(args) {
  const wanted = [];
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index];
    if (argument === '--list') {
      for (const part of parts) process.stdout.write(`${part.name.padEnd(10)} ${part.title}\n`);
      process.exit(0);
    }
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
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = outcomes.some(({ state }) => state === 'failed') ? 1 : 0;
