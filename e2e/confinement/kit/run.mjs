#!/usr/bin/env node
/**
 * The escape kit: plays every technique against a sandbox that is installed here, and says what got out.
 *
 *   node run.mjs [--sandbox <name>]... [--only <pattern>] [--json] [--list] [--lanes <n>] [--write-results [file]]
 *
 * Without --sandbox: Belljar at standard and strict. With --write-results: all that are installed. Needs Node 20.19, a C compiler (cc) and
 * /usr/bin/python3. Nothing of yours is touched: everything happens in throw-away folders below /tmp, with decoys.
 * Exit status: 0 when nothing got out of Belljar and each attempt was seen, 1 otherwise, 2 for a wrong call.
 */
import { availableParallelism } from 'node:os';
import { openKit } from './lib/kit.mjs';
import { play } from './lib/play.mjs';
import { failures, printTable, writeResults } from './lib/results.mjs';
import { sandboxes } from './lib/sandboxes.mjs';
import { readCases } from './lib/techniques.mjs';

const say = (text) => process.stderr.write(`${text}\n`);
const wrongCall = (text) => {
  say(text);
  process.exit(2);
};

function readArguments(args) {
  const options = {
    sandboxes: [],
    only: /./,
    json: false,
    list: false,
    lanes: availableParallelism(),
    results: undefined,
  };
  for (let index = 0; index < args.length; index += 1) {
    const value = () => args[(index += 1)] ?? wrongCall(`${args[index - 1]} needs a value.`);
    if (args[index] === '--sandbox') {
      const name = value();
      const found = sandboxes.find((one) => one.name === name);
      if (found === undefined)
        wrongCall(`Unknown: ${name}. There are: ${sandboxes.map((one) => one.name).join(', ')}.`);
      options.sandboxes.push(found);
    } else if (args[index] === '--only') options.only = new RegExp(value());
    else if (args[index] === '--json') options.json = true;
    else if (args[index] === '--list') options.list = true;
    else if (args[index] === '--lanes') options.lanes = Math.max(1, Number(value()) || 1);
    else if (args[index] === '--write-results') {
      const next = args[index + 1];
      options.results = next === undefined || next.startsWith('--') ? 'docs/results.md' : value();
    } else wrongCall(`Unknown: ${args[index]}. See the head of run.mjs.`);
  }
  if (options.sandboxes.length === 0)
    options.sandboxes =
      options.results === undefined
        ? sandboxes.filter((one) => ['belljar-standard', 'belljar-strict'].includes(one.name))
        : [...sandboxes];
  return options;
}

const options = readArguments(process.argv.slice(2));
if (process.platform !== 'linux') wrongCall('The kit is for Linux.');
const cases = readCases().filter((one) => options.only.test(one.id));
if (options.list) {
  for (const one of cases) process.stdout.write(`${one.id}: ${one.tries}\n`);
  process.stdout.write(`${cases.length} cases\n`);
  process.exit(0);
}
if (cases.length === 0) wrongCall('No case of that name.');
if (process.getuid() === 0)
  say(
    'Run as root: privileges change what a sandbox has to do, and people are not root. Better run it as an ordinary user.',
  );

const kit = await openKit();
const results = [];
try {
  for (const sandbox of options.sandboxes) {
    const missing = sandbox.missing();
    if (missing !== undefined) {
      say(`${sandbox.title}: left out, ${missing}`);
      results.push({ sandbox, missing, outcomes: [] });
      continue;
    }
    await sandbox.prepare?.();
    const started = Date.now();
    const outcomes = [];
    const waiting = [...cases].sort((a, b) => Number(b.marks.has('slow')) - Number(a.marks.has('slow')));
    const lane = async () => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        const begun = Date.now();
        const outcome = await play(one, sandbox, kit.programs, kit.bareOf);
        outcomes.push({ case: one, ...outcome, milliseconds: Date.now() - begun });
        if (!options.json && process.stderr.isTTY)
          process.stderr.write(`\r${sandbox.title}: ${outcomes.length}/${cases.length} `);
      }
    };
    await Promise.all(Array.from({ length: options.lanes }, lane));
    outcomes.sort((a, b) => (a.case.id < b.case.id ? -1 : 1));
    results.push({
      sandbox,
      version: sandbox.version(),
      probe: sandbox.probe?.(),
      milliseconds: Date.now() - started,
      outcomes,
    });
    sandbox.close?.();
  }
} finally {
  kit.close();
}

if (options.json)
  process.stdout.write(
    `${JSON.stringify(
      results.map(({ sandbox, missing, version, milliseconds, outcomes }) => ({
        sandbox: sandbox.name,
        ...(missing === undefined ? { version, milliseconds } : { missing }),
        cases: outcomes.map(({ case: one, ...outcome }) => ({ id: one.id, tries: one.tries, ...outcome })),
      })),
      null,
      1,
    )}\n`,
  );
else printTable(results);
if (options.results !== undefined) writeResults(options.results, results, cases);
process.exitCode = results.some((result) => failures(result).length > 0) ? 1 : 0;
