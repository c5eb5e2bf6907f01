#!/usr/bin/env node
/**
 * The kernel as second witness: plays the kit against Belljar as an ordinary user while Landlock's own audit records are written
 * down, and compares the two, call by call. Root only; Landlock's ABI 7 (Linux 6.15).
 *
 *   node second-witness.mjs --user <name> [--sandbox belljar-standard|belljar-strict] [--only <pattern>]
 *
 * Missed: Landlock refused a call, and no event of the run says so. Invented: an event predicts a refusal by Landlock, and Landlock
 * refused nothing there. Both are named with the call, the process's program and the path. Exit status: 0 when there is
 * neither. Compared is what concerns the places of the kit's world. Races are left out: there a server changes what is looked at, and the threat model says that its events may then
 * be wrong.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kitFolder, supportFolder } from './lib/programs.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
const wrongCall = (text) => {
  process.stderr.write(`${text}\n`);
  process.exit(2);
};

const options = { user: '', sandbox: 'belljar-strict', only: '^(?!races/)' };
for (let index = 2; index < process.argv.length; index += 2) {
  const name = process.argv[index].replace(/^--/, '');
  if (!(name in options)) wrongCall(`Unknown: ${process.argv[index]}. See the head of second-witness.mjs.`);
  options[name] = process.argv[index + 1] ?? wrongCall(`${process.argv[index]} needs a value.`);
}
if (process.getuid() !== 0) wrongCall('Audit records are for root.');
const [, , uid, gid, , home] = spawnSync('getent', ['passwd', options.user], { encoding: 'utf8' })
  .stdout.trim()
  .split(':');
if (uid === undefined) wrongCall('--user names an ordinary user of this machine.');

const folder = mkdtempSync('/tmp/ekw-');
chownSync(folder, Number(uid), Number(gid));
chmodSync(folder, 0o755);
const [audit, record] = [join(folder, 'audit.jsonl'), join(folder, 'events.jsonl')];
const witness = spawn('/usr/bin/python3', [join(supportFolder, 'landlock-audit.py'), audit], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
let said = '';
witness.stdout.setEncoding('utf8').on('data', (text) => (said += text));
while (!said.includes('ready')) await once(witness.stdout, 'data');

const kit = spawn(
  process.execPath,
  [join(kitFolder, 'run.mjs'), '--sandbox', options.sandbox, '--only', options.only, '--record', record],
  {
    uid: Number(uid),
    gid: Number(gid),
    cwd: '/',
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      ...(process.env['BELLJAR_COMMAND'] === undefined ? {} : { BELLJAR_COMMAND: process.env['BELLJAR_COMMAND'] }),
    },
  },
);
await once(kit, 'close');
witness.stdin.end();
await once(witness, 'close');

const lines = (file) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

/** A file without a name (O_TMPFILE) has a made-up one in Landlock's record; the event says its folder. */
const unnamed = /\/#\d+ \(deleted\)$/;

/** What Landlock refused, each with its call. */
function readRefusals() {
  const calls = new Map();
  const records = [];
  for (const { serial, type, text } of lines(audit)) {
    if (type === 1300) calls.set(serial, text);
    if (type === 1423) records.push({ serial, text });
  }
  return records.map(({ serial, text }) => {
    const call = calls.get(serial) ?? '';
    const path = / path=(?:"([^"]*)"|([0-9A-F]+))/.exec(text);
    return {
      serial,
      blockers: (/ blockers=(\S+)/.exec(text)?.[1] ?? '').split(','),
      path: (path === null ? '' : (path[1] ?? Buffer.from(path[2], 'hex').toString())).replace(unnamed, ''),
      number: /syscall=(\d+)/.exec(call)?.[1] ?? '?',
      pid: Number(/ pid=(\d+)/.exec(call)?.[1] ?? 0),
      program: / comm="([^"]*)"/.exec(call)?.[1] ?? '?',
    };
  });
}

const names = /(?:make_|remove_|refer)/;
/** An event's path, and the one that Landlock names: of what makes or removes a name, the folder. */
const told = (event) => event.target.replace(unnamed, '');
const about = (event, refusal) =>
  told(event) === refusal.path ||
  (refusal.blockers.some((blocker) => names.test(blocker)) &&
    (dirname(event.target) === refusal.path || event.target.startsWith(`${refusal.path}/`)));

const refusals = readRefusals().filter(({ program }) => !program.startsWith('belljar-launch'));
const starts = lines(record);
const missed = [];
const invented = [];
let compared = 0;
for (const { id, folder: world, events } of starts) {
  const refused = events.filter((event) => event.verdict === 'refused');
  const here = refusals.filter(({ path }) => path === world || path.startsWith(`${world}/`));
  compared += here.length;
  for (const refusal of here)
    if (!refused.some((event) => about(event, refusal)))
      missed.push(`${id}: ${refusal.program} (call ${refusal.number}) ${refusal.blockers.join(',')} ${refusal.path}`);
  for (const event of refused.filter((one) => one.by === 'predicted' && one.target.startsWith(`${world}/`)))
    if (!here.some((refusal) => about(event, refusal)))
      invented.push(`${id}: ${event.kind} ${event.target} ${event.errno ?? ''} x${event.count}`);
}
say(`${starts.length} starts, ${compared} refusals by Landlock compared; ${said.trim().split('\n').at(-1)}`);
say(`missed: ${missed.length}`);
for (const line of missed) say(`  ${line}`);
say(`invented: ${invented.length}`);
for (const line of invented) say(`  ${line}`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = missed.length + invented.length === 0 && starts.length > 0 && compared > 0 ? 0 : 1;
