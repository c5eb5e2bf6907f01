#!/usr/bin/env node
/**
 * The kernel as second witness: plays against Belljar as an ordinary user while Landlock's own audit records are written down, and
 * compares the two, call by call. Root only; Landlock's ABI 7 (Linux 6.15).
 *
 *   node second-witness.mjs --user <name> [--sandbox belljar-standard|belljar-strict] [--only <pattern>]
 *                           [--starts <n>] [--calls <n>] [--seed <n>] [--write <file>] [--keep <folder for what was written down>]
 *
 * Played are the kit's cases of --only, then `starts` programs that make `calls` calls at random each (0: none), from `seed` on.
 * Missed: Landlock refused a call, and no event of the run says so. Invented: an event predicts a refusal by Landlock, and Landlock
 * refused nothing there. Unsaid: a call made at random ended in EACCES, and there is no event for it, whoever refused it. Each
 * is named with the call, the program and the path, and what the kit says beforehand that no event tells of stands apart (silent). Exit status: 0 when there is none of them. Races are left out: there a server
 * changes what is looked at, and the threat model says that its events may then be wrong.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { kitFolder } from './lib/programs.mjs';
import { readCases } from './lib/techniques.mjs';
import { compareRun, missingForWitness, openWitness } from './lib/witness.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
const wrongCall = (text) => {
  process.stderr.write(`${text}\n`);
  process.exit(2);
};

const options = {
  user: '',
  sandbox: 'belljar-strict',
  only: '^(?!races/)',
  starts: '8',
  calls: '1500',
  seed: '1',
  write: '',
  keep: '',
};
for (let index = 2; index < process.argv.length; index += 2) {
  const name = process.argv[index].replace(/^--/, '');
  if (!(name in options)) wrongCall(`Unknown: ${process.argv[index]}. See the head of second-witness.mjs.`);
  options[name] = process.argv[index + 1] ?? wrongCall(`${process.argv[index]} needs a value.`);
}
const missing = missingForWitness(Number.POSITIVE_INFINITY);
if (missing !== undefined) wrongCall(missing);
const [, , uid, gid, , home] = spawnSync('getent', ['passwd', options.user], { encoding: 'utf8' })
  .stdout.trim()
  .split(':');
if (uid === undefined) wrongCall('--user names an ordinary user of this machine.');

const folder = mkdtempSync('/tmp/ekw-');
chownSync(folder, Number(uid), Number(gid));
chmodSync(folder, 0o755);

/** One of the kit's programs as the ordinary user, with the kernel's records of that time. */
async function witnessed(name, program, args) {
  const record = join(folder, `${name}.jsonl`);
  const witness = await openWitness(join(folder, `${name}-audit.jsonl`));
  const child = spawn(process.execPath, [join(kitFolder, program), ...args, '--record', record], {
    uid: Number(uid),
    gid: Number(gid),
    cwd: '/',
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      ...Object.fromEntries(
        ['BELLJAR_COMMAND', 'XDG_CACHE_HOME'].flatMap((key) =>
          process.env[key] === undefined ? [] : [[key, process.env[key]]],
        ),
      ),
    },
  });
  const [code] = await once(child, 'close');
  const { lost, refusals } = await witness.stop();
  const starts = existsSync(record)
    ? readFileSync(record, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  return { code, lost, refusals, starts };
}

/** Calls that were refused to the program's own knowledge, against all that the events count; the kit's programs keep no such list. */
function unsaid({ events, calls }) {
  if (calls === undefined) return [];
  const refused = calls.filter((line) => /^\d+ \S+ EACCES /.test(line));
  const told = events
    .filter(({ verdict, errno }) => verdict === 'refused' && errno === 'EACCES')
    .reduce((sum, { count }) => sum + count, 0);
  return refused.length === told ? [] : [`${refused.length} calls ended in EACCES, events tell of ${told}`];
}

/** Cases of which the kit says, with the reason, that no event is to be expected. */
const silentCases = new Set(
  readCases()
    .filter(({ marks }) => marks.has('silent'))
    .map(({ id }) => id),
);

function report(name, { code, lost, refusals, starts }) {
  const total = {
    name,
    starts: starts.length,
    calls: 0,
    compared: 0,
    lost,
    missed: [],
    silent: [],
    invented: [],
    unsaid: [],
  };
  for (const start of starts) {
    const result = compareRun(start.events, refusals);
    total.compared += result.compared;
    total.calls += start.calls?.length ?? 0;
    const named = (line) => `${start.id}: ${line}`;
    total[silentCases.has(start.id) ? 'silent' : 'missed'].push(...result.missed.map(named));
    total.invented.push(...result.invented.map(named));
    total.unsaid.push(...unsaid(start).map((line) => `${start.id}: ${line}`));
  }
  say(
    `${name}: ${total.starts} starts, ${total.calls > 0 ? `${total.calls} calls, ` : ''}${total.compared} refusals by Landlock compared, ${lost} records lost`,
  );
  for (const kind of ['missed', 'silent', 'invented', 'unsaid']) {
    say(`${kind}: ${total[kind].length}`);
    for (const line of total[kind].slice(0, 100)) say(`  ${line}`);
  }
  const isWhole = starts.length > 0 && total.compared > 0 && lost === 0 && code !== 2 && code !== null;
  return { ...total, isWhole };
}

const parts = [];
try {
  if (options.only !== '')
    parts.push(
      report('the kit', await witnessed('kit', 'run.mjs', ['--sandbox', options.sandbox, '--only', options.only])),
    );
  if (Number(options.starts) > 0)
    parts.push(
      report(
        'calls at random',
        await witnessed(
          'random',
          'random-access.mjs',
          ['starts', 'calls', 'seed', 'sandbox'].flatMap((name) => [`--${name}`, options[name]]),
        ),
      ),
    );
} finally {
  if (options.keep !== '') cpSync(folder, options.keep, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
}
const isEqual = parts.every(
  ({ missed, invented, unsaid: left, isWhole }) => missed.length + invented.length + left.length === 0 && isWhole,
);
if (options.write !== '') {
  writeFileSync(
    options.write,
    `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), kernel: release(), sandbox: options.sandbox, seed: options.seed, parts }, null, 1)}\n`,
  );
}
process.exitCode = isEqual ? 0 : 1;
