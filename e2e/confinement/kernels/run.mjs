#!/usr/bin/env node
/**
 * Tries the product on Debian's kernels, each in a machine of its own: what is said of what the kernel can enforce, that a server is
 * contained or refused accordingly, the selftest, and the escape kit at standard and strict.
 *
 *   node run.mjs [--kernel <name>]... [--only <pattern of kit cases>] [--tcg] [--fresh] [--write [file]] [--json] [--list]
 *
 * Needs qemu-system-x86, a C compiler with its static library, apt and /dev/kvm; without the last it is left out unless --tcg is said. Nothing
 * on this machine is installed or changed: packages are taken apart below the checkout's .cache/kernels. --fresh asks the archive again.
 * --write keeps the result, and which cases were played, from which docs/results.md is made.
 * Exit status: 0 when everything is as it must be, 1 otherwise, 2 for a wrong call, 3 when left out, with the reason.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { kernels, provideKernel } from './debian.mjs';
import { makeDisk } from './disk.mjs';
import { initialFiles } from './initial-files.mjs';
import { differencesBetween, judge } from './judge.mjs';
import { missingForMachine, NoSignOfLife, runMachine } from './machine.mjs';

const project = resolve(import.meta.dirname, '../../..');
const cache = join(project, '.cache/kernels');
const logs = join(project, '.cache/logs');
const say = (text) => process.stderr.write(`${text}\n`);
const wrongCall = (text) => {
  say(text);
  process.exit(2);
};

const options = { kernels: [], only: undefined, tcg: false, fresh: false, json: false, write: undefined };
const words = process.argv.slice(2);
for (let index = 0; index < words.length; index += 1) {
  const word = words[index];
  const value = () => words[(index += 1)] ?? wrongCall(`${word} needs a value.`);
  if (word === '--kernel') {
    const name = value();
    options.kernels.push(
      kernels.find((one) => one.name === name) ??
        wrongCall(`Unknown: ${name}. There are: ${kernels.map((one) => one.name).join(', ')}.`),
    );
  } else if (word === '--only') options.only = value();
  else if (word === '--tcg' || word === '--fresh' || word === '--json') options[word.slice(2)] = true;
  else if (word === '--write')
    options.write = words[index + 1]?.startsWith('--') === false ? value() : join(project, 'docs/results/kernels.json');
  else if (word === '--list') {
    for (const { name, landlock } of kernels) process.stdout.write(`${name}: Landlock ${landlock}\n`);
    process.exit(0);
  } else wrongCall(`Unknown: ${word}. See the head of run.mjs.`);
}
if (options.write !== undefined && options.kernels.length > 0)
  wrongCall('All kernels are kept together: --write does not go with --kernel.');
const wanted = options.kernels.length === 0 ? kernels : options.kernels;

const missing = missingForMachine(options.tcg);
if (missing !== undefined) {
  say(`Left out: ${missing}.`);
  process.exit(3);
}

mkdirSync(cache, { recursive: true });
mkdirSync(logs, { recursive: true });
const init = join(cache, 'init');
const built = spawnSync('cc', ['-static', '-O1', '-Wall', '-Wextra', '-o', init, join(import.meta.dirname, 'init.c')], {
  encoding: 'utf8',
});
if (built.status !== 0) throw new Error(`The first process does not compile:\n${built.stderr}`);
say('  making the disk');
const disk = join(cache, 'disk.ext4');
await makeDisk(project, disk, join(cache, 'tree'));

const rows = [];
for (const one of wanted) {
  const started = Date.now();
  let row;
  try {
    const kernel = provideKernel(one, cache, { fresh: options.fresh, say });
    say(`• ${one.name}: Linux ${kernel.version}`);
    const answer = await runMachine({
      image: kernel.image,
      initialFiles: initialFiles(kernel.modules, init),
      disk,
      request: { only: options.only ?? '.' },
      log: join(logs, `kernel-${one.name}.log`),
      tcg: options.tcg,
      minutes: options.tcg ? 600 : 60,
    });
    writeFileSync(join(logs, `kernel-${one.name}.json`), JSON.stringify(answer, null, 1));
    row = judge(answer);
  } catch (error) {
    // Some machines offer /dev/kvm for guests of a special make only: that it is there does not say that it works.
    if (error instanceof NoSignOfLife && !options.tcg) {
      say(`Left out: /dev/kvm runs no ordinary kernel here (--tcg does without, many times slower): ${error.message}`);
      process.exit(3);
    }
    row = { failures: [error.message] };
  }
  row = {
    name: one.name,
    suite: one.suite,
    levels: [],
    outcomes: [],
    ...row,
    seconds: Math.round((Date.now() - started) / 1000),
  };
  rows.push(row);
  say(
    `  ${row.failures.length === 0 ? 'as it must be' : `${row.failures.length} not as it must be`}, ${row.seconds} s`,
  );
}

const differences = differencesBetween(rows);
const result = {
  date: new Date().toISOString().slice(0, 10),
  machine: `Linux ${release()}, ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'processor'}, qemu with ${options.tcg ? 'TCG' : 'KVM'}`,
  kernels: rows.map((row) => ({ ...row, outcomes: undefined })),
  /** The pattern of the cases that were played; null: all. */
  only: options.only ?? null,
  differences,
};
if (options.json) process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
else
  for (const { name, kernel, landlockAbi, enforceable, refusal, levels, selftest, failures } of rows) {
    process.stdout.write(`${name}: Linux ${kernel ?? '?'}, Landlock ABI ${landlockAbi ?? '?'}\n`);
    if (enforceable === false) process.stdout.write(`  refused: ${refusal}\n`);
    if (enforceable === true) process.stdout.write(`  selftest ${selftest.asExpected}/${selftest.tried}\n`);
    for (const { sandbox, contained, escaped, reachable, unproven, notApplicable } of levels)
      process.stdout.write(
        `  ${sandbox}: ${contained} contained, ${escaped} escaped, ${reachable} reachable, ${unproven} unproven, ${notApplicable} not applicable\n`,
      );
    for (const failure of failures) process.stdout.write(`  NOT AS IT MUST BE: ${failure}\n`);
  }
if (!options.json) process.stdout.write(`${differences.length} cases do not end the same on every kernel\n`);
if (options.write !== undefined) {
  mkdirSync(resolve(options.write, '..'), { recursive: true });
  writeFileSync(options.write, `${JSON.stringify(result, null, 1)}\n`);
}
process.exitCode = rows.some(({ failures }) => failures.length > 0) ? 1 : 0;
