/**
 * Landlock's own audit records beside a run's events, call by call.
 *
 * A record names the domain that refused, and the first of each domain names the process that made it (AUDIT_LANDLOCK_DOMAIN), so
 * a refusal belongs to the run whose server that process is, wherever on the machine its path lies. One call that Landlock
 * refuses has one serial number, however many records; one that an event tells counts once in it. Each call must find an event
 * of its own, and each prediction a call: what is left over on one side was missed, on the other invented.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { supportFolder } from './programs.mjs';

/** Why there is no second witness here, in a sentence; undefined when there is one. */
export function missingForWitness(landlockAbi) {
  if (process.getuid() !== 0) return 'audit records are for root';
  if (landlockAbi < 7) return `Landlock writes no audit records before ABI 7 (Linux 6.15), here is ${landlockAbi}`;
  return undefined;
}

/** Begins to write down; `stop` ends that and gives the records. `file` is where they are kept meanwhile. */
export async function openWitness(file) {
  const witness = spawn('/usr/bin/python3', [join(supportFolder, 'landlock-audit.py'), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  const ended = once(witness, 'close');
  let isOver = false;
  void ended.then(() => (isOver = true));
  witness.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  while (!said.includes('ready') && !isOver) await Promise.race([once(witness.stdout, 'data'), ended]);
  if (isOver) throw new Error('The audit records cannot be read here.');
  return {
    async stop() {
      witness.stdin.end();
      await ended;
      const { lost } = JSON.parse(said.trim().split('\n').at(-1));
      return { lost, refusals: readRefusals(file) };
    },
  };
}

/** A file without a name (O_TMPFILE) has a made-up one in Landlock's record; the event says its folder. */
const unnamed = /\/#\d+ \(deleted\)$/;

const field = (text, name) => {
  const found = new RegExp(`(?:^| )${name}=(?:"([^"]*)"|(\\S+))`).exec(text);
  if (found === null) return undefined;
  if (found[1] !== undefined) return found[1];
  // Audit writes in hexadecimal what holds a space, a quote or a byte that is no letter.
  return ['path', 'comm', 'exe'].includes(name) && /^(?:[0-9A-F]{2})+$/.test(found[2])
    ? Buffer.from(found[2], 'hex').toString()
    : found[2];
};

/** What Landlock refused, a call each: {serial, domain, maker, blockers, paths, other, number, pid, program}. */
function readRefusals(file) {
  const makers = new Map();
  const calls = new Map();
  const bySerial = new Map();
  const lines = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  for (const { serial, type, text } of lines) {
    if (type === 1300) calls.set(serial, text);
    if (type === 1424 && field(text, 'status') === 'allocated')
      makers.set(field(text, 'domain'), Number(field(text, 'pid')));
    if (type === 1423) bySerial.set(serial, [...(bySerial.get(serial) ?? []), text]);
  }
  return [...bySerial].map(([serial, texts]) => {
    const call = calls.get(serial) ?? '';
    const domain = field(texts[0], 'domain');
    return {
      serial,
      domain,
      maker: makers.get(domain),
      blockers: texts.flatMap((text) => (field(text, 'blockers') ?? '').split(',')),
      paths: texts.map((text) => (field(text, 'path') ?? '').replace(unnamed, '')).filter((path) => path !== ''),
      other: texts.map((text) => text.replace(/^.*?blockers=\S+ ?/, '')).join('; '),
      number: field(call, 'syscall') ?? '?',
      pid: Number(field(call, 'pid') ?? 0),
      program: field(call, 'comm') ?? '?',
    };
  });
}

const makesNames = /(?:make_|remove_|refer)/;
const told = (event) => event.target.replace(unnamed, '');
const namesItself = (event, refusal) => refusal.paths.includes(told(event));
/** Of what makes or removes a name Landlock names the folder, the event the name. */
const namesInside = (event, refusal) =>
  refusal.blockers.some((blocker) => makesNames.test(blocker)) &&
  refusal.paths.some((path) => dirname(told(event)) === path || told(event).startsWith(`${path}/`));
/** What an event may be called that tells of such a blocker; of several, one says it. */
const kindsOf = [
  [/^fs\.make_/, ['file.create', 'file.rename']],
  [/^fs\.remove_/, ['file.delete', 'file.rename']],
  [/^fs\.refer$/, ['file.rename', 'file.create']],
  [/^fs\.execute$/, ['exec']],
  [/^fs\.(?:read_file|read_dir)$/, ['file.read', 'file.write']],
  [/^fs\.(?:write_file|truncate|ioctl_dev)$/, ['file.write', 'file.read', 'file.create']],
];
/** rename, renameat, renameat2 on x86-64; renameat, renameat2 on ARM: what is missing at one end may be the same as for other calls. */
const renames = new Set(['82', '264', '316', '38', '276']);
const isOfKind = (event, refusal) =>
  refusal.blockers.includes('fs.execute') === (event.kind === 'exec') &&
  renames.has(refusal.number) === (event.kind === 'file.rename') &&
  kindsOf.some(
    ([pattern, kinds]) => kinds.includes(event.kind) && refusal.blockers.some((blocker) => pattern.test(blocker)),
  );
/** What a refusal without a path may be about: the network and what processes do to each other. */
const isElsewhere = (event) => !event.kind.startsWith('file.') && event.kind !== 'exec';

/** Links and lists of another process in /proc are refused as looking into it, which names the process and no path. */
const isInProcess = (event, refusal) =>
  refusal.blockers.includes('ptrace') && event.target.startsWith(`/proc/${/\bopid=(\d+)/.exec(refusal.other)?.[1]}/`);

const isAbout = (event, refusal) =>
  refusal.paths.length === 0
    ? isElsewhere(event) || isInProcess(event, refusal)
    : isOfKind(event, refusal) && (namesInside(event, refusal) || namesItself(event, refusal));

const describeCall = ({ program, number, blockers, paths, other }) =>
  `${program} (call ${number}) ${blockers.join(',')} ${paths.join(' ') || other}`;

/**
 * Compares one run: `events` in full, and of `refusals` those of its server's domain. Each call must have a count of its own, unless
 * the run lost events to its bound: then there are no counts to compare.
 */
export function compareRun(events, refusals) {
  const start = events.find(({ kind }) => kind === 'run.start');
  const here = refusals.filter(({ maker }) => maker !== undefined && maker === start?.process.pid);
  const refused = events.filter((event) => event.verdict === 'refused');
  const isComplete = !events.some(({ kind }) => kind === 'spool.dropped');
  const left = refused.map((event) => ({
    event,
    count: isComplete ? event.count : Number.POSITIVE_INFINITY,
    calls: [],
  }));
  // Several calls may fit several events: who has one lets it go when there is another for it, so that nobody is left over for the order alone.
  // Where lines are missing each may stand for more than it counts, but first for that.
  const hasEnough = ({ event, calls }) => calls.length >= event.count;
  const fits = (refusal, isOne) => {
    const groups = left.filter((group) => group.count > 0 && isOne(group.event) && isAbout(group.event, refusal));
    return isComplete
      ? groups
      : [...groups.filter((group) => !hasEnough(group)), ...groups.filter((group) => hasEnough(group))];
  };
  const place = (refusal, isOne, visited) => {
    for (const group of fits(refusal, isOne)) {
      if (visited.has(group)) continue;
      visited.add(group);
      const other =
        group.calls.length < group.count ? undefined : group.calls.findIndex((call) => place(call, isOne, visited));
      if (other === -1) continue;
      if (other !== undefined) group.calls.splice(other, 1);
      group.calls.push(refusal);
      return true;
    }
    return false;
  };
  // A prediction is about exactly such a call; a decision of the supervisor's own can end in one too.
  const isPredicted = (event) => event.by === 'predicted';
  const unforetold = here.filter((refusal) => !place(refusal, isPredicted, new Set()));
  const waiting = unforetold.filter((refusal) => !place(refusal, (event) => !isPredicted(event), new Set()));
  return {
    compared: here.length,
    missed: waiting.map(describeCall),
    invented: left
      .filter(
        ({ event, count, calls }) => isPredicted(event) && (isComplete ? calls.length < count : calls.length === 0),
      )
      .map(
        ({ event, count, calls }) =>
          `${event.kind} ${event.target} ${event.errno ?? ''} x${count - calls.length} of ${event.count} (${event.process.exe})`,
      ),
  };
}
