/**
 * Plays one case in one sandbox and judges it.
 *
 *   contained       nothing of it is to be seen from outside, and the attack did not say that it got through
 *   escaped         something outside changed, a neighbour was reached, or the attack said something it must not know
 *   reachable       (cases marked `surface`) the kernel answered the call: no harm by itself, and more than was closed
 *   not applicable  bare, on this machine, the attack does not get through either: its refusal would prove nothing
 *   unproven        the allowed twin did not work in the sandbox, or the attack itself broke: no verdict either way
 *
 * The attack's own word never makes an escape of a case that changes something: what counts is what is seen from outside.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, statSync, copyFileSync, chmodSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { alone } from './alone.mjs';
import { techniquesFolder } from './programs.mjs';
import { fill } from './techniques.mjs';
import { decoys, differences, leaks, makeWorld } from './world.mjs';

export const ordinaryPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const python = '/usr/bin/python3';
const outputMax = 1_000_000;
/** Longest time of one start: both parts have a shorter one of their own inside. */
const longest = 30_000;

/** An address of this machine that is not loopback, where others would come from. */
const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

function start(command, args, { env, cwd = '/', stdin = 'ignore', descriptors = [], timeoutMs }) {
  const child = spawn(command, args, {
    stdio: [stdin, 'pipe', 'pipe', ...descriptors],
    env,
    cwd,
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (stdout.length < outputMax) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    if (stderr.length < outputMax) stderr += text;
  });
  const ended = new Promise((done) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended between the timer and the signal.
      }
    }, timeoutMs);
    // What the attack left behind may hold the pipes: the end of the sandbox itself is the end.
    let exit;
    const finish = () => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      done({ ...exit, late, stdout, stderr });
    };
    child.once('error', (error) => {
      clearTimeout(timer);
      done({ code: null, signal: null, late, stdout, stderr: String(error), error });
    });
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      setTimeout(finish, 500).unref();
    });
    child.once('close', finish);
  });
  return { child, ended };
}

/** What pair framed: `twin` and `attack`, each with what was said, its end and its process id inside. */
export function readParts(stdout) {
  const part = (name) => {
    const from = stdout.indexOf(`\n@${name}\n`);
    if (from < 0) return undefined;
    const rest = stdout.slice(from + name.length + 3);
    const end = /\n@end (-?\d+) (\d+) (\d+)\n/.exec(rest);
    const said = end === null ? rest : rest.slice(0, end.index);
    const words = said.split('\n').filter((line) => /^(?:REACHED|REFUSED|ABSENT|BROKEN) /.test(line));
    const line = words.at(-1) ?? '';
    return {
      said,
      line,
      word: line.split(' ')[0],
      code: end === null ? null : Number(end[1]),
      signal: end === null ? null : Number(end[2]),
      pid: end === null ? 0 : Number(end[3]),
    };
  };
  return { twin: part('twin'), attack: part('attack') };
}

/** Who can still be reached from outside, while the attack lasts. */
async function knock(port, running) {
  while (running()) {
    const reached = await new Promise((done) => {
      const socket = connect({ host: ownAddress, port });
      const end = (value) => {
        socket.destroy();
        done(value);
      };
      socket.setTimeout(300, () => end(false));
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
    });
    if (reached) return true;
    await sleep(15);
  }
  return false;
}

const sizeOf = (path) => (existsSync(path) ? statSync(path).size : 0);

/** Processes whose command line names `text`. */
function processesNaming(text) {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text) ? [Number(name)] : [];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

/** Whether what the attack started still works on after the sandbox has ended; ended are all of it in any case. */
async function outlived(beat) {
  await sleep(150);
  const size = sizeOf(beat);
  for (let wait = 0; wait < 25; wait += 1) {
    if (sizeOf(beat) !== size) return true;
    await sleep(20);
  }
  return false;
}

function endProcess(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

async function sweep(world) {
  // One that lives on by starting others opens the file by its name each time, and ends when that is gone.
  renameSync(world.at('grant'), world.at('grant-gone'));
  let quiet = 0;
  for (let round = 0; round < 200 && quiet < 2; round += 1) {
    const found = processesNaming(`${world.folder}/`).filter((pid) => pid !== world.facts.pid);
    found.forEach(endProcess);
    quiet = found.length === 0 ? quiet + 1 : 0;
    if (found.length > 0) await sleep(10);
  }
}

function commandOf(one, words, programs) {
  const [first, ...rest] = words;
  const other = first.startsWith('@') ? first.slice(1) : undefined;
  const name = other ?? one.technique.name;
  const args = other === undefined ? words : rest;
  const script = other === undefined ? one.technique.file : `${name}.py`;
  if (extname(script) === '.py' && existsSync(join(techniquesFolder, script)))
    return [python, '-I', '-S', '-B', join(programs.scripts, script), ...args];
  return [programs(name), ...args];
}

const noted = (part) =>
  part === undefined
    ? 'said nothing'
    : part.line === ''
      ? `said nothing (exit ${part.code ?? '?'}, signal ${part.signal ?? '?'})`
      : part.line.slice(0, 160);

/** One start in `sandbox`. What it says is a fact; `judge` makes a verdict of it. */
async function perform(one, sandbox, programs) {
  const has = (mark) => one.marks.has(mark);
  const world = await makeWorld(programs, { everyone: has('everyone'), keeps: sandbox.keeps, kept: has('kept') });
  try {
    if (has('xattr')) {
      for (const path of [world.at('outside/secret.txt'), world.at('readonly/file.txt'), world.at('grant/inside.txt')])
        await start(programs('change-attributes'), ['prepare-xattr', path], { env: {}, timeoutMs: 5000 }).ended;
    }
    if (has('program')) {
      copyFileSync(programs('execute'), world.at('readonly/program'));
      chmodSync(world.at('readonly/program'), 0o755);
    }
    const inner = [
      programs('pair'),
      ...(sandbox.ownNetwork === true ? ['--listen', String(world.allowedPort)] : []),
      ...commandOf(one, fill(one.twin, world, programs), programs),
      '%%',
      ...commandOf(one, fill(one.attack, world, programs), programs),
    ];
    const env = {
      PATH: ordinaryPath,
      HOME: world.at('home'),
      LANG: 'C.UTF-8',
      TMPDIR: world.at('grant'),
      CLIENT_TOKEN: decoys.token,
    };
    const wrapped = await sandbox.wrap({ world, programs, inner, env });
    const report = world.at('typed');
    const [command, ...args] = [
      ...(has('terminal') ? [programs('with-terminal'), report] : []),
      wrapped.command,
      ...wrapped.args,
    ];
    const before = await world.look();
    const { ended, child } = start(command, args, {
      env: { ...env, ...wrapped.env },
      cwd: world.at('grant'),
      stdin: has('terminal') ? 'ignore' : 'pipe',
      descriptors: has('descriptor') ? ['ignore', 'ignore', 'ignore', 'ignore', ...world.inherit()] : [],
      timeoutMs: longest,
    });
    child.stdin?.on('error', () => undefined);
    let running = true;
    const knocking = has('listens') && ownAddress !== undefined ? knock(world.freePort, () => running) : undefined;
    const finished = await ended;
    running = false;
    const seen = [];
    if ((await knocking) === true) seen.push(`a listener on ${ownAddress} was reached from outside`);
    if (has('outlives')) {
      if (await outlived(world.at('grant/beat'))) seen.push('its process works on after the end of the sandbox');
      await sweep(world);
    }
    if (child.pid !== undefined) endProcess(-child.pid);
    if (has('terminal') && existsSync(report)) {
      const typed = readFileSync(report, 'utf8');
      if (typed !== '0') seen.push(`${typed} bytes were typed into the terminal`);
    }
    seen.push(...differences(before, await world.look(), world.folder));
    const parts = readParts(finished.stdout);
    const output = (parts.attack?.said ?? '') + (parts.attack === undefined ? '' : finished.stderr);
    seen.push(...leaks.filter((secret) => output.includes(secret)).map((secret) => `it knows ${secret}`));
    const events = sandbox.events?.(world, { ...parts, one });
    seen.push(...(events?.problems ?? []));
    return { ...parts, finished, seen, events, folder: world.folder };
  } finally {
    await world.remove();
  }
}

/** What the attack does with nothing around it; every other verdict rests on it. */
async function tryBare(one, bare, programs) {
  if (one.marks.has('listens') && ownAddress === undefined)
    return { applies: false, reason: 'this machine has no address but loopback' };
  const { twin, attack, seen, finished } = await perform(one, bare, programs);
  if (twin?.word !== 'REACHED')
    return {
      applies: false,
      broken: true,
      reason: `bare, the twin does not work: ${noted(twin)} ${finished.stderr.slice(0, 200)}`,
    };
  if (attack === undefined || attack.word === 'BROKEN')
    return {
      applies: false,
      broken: true,
      reason: `bare, the attack is broken: ${noted(attack)} ${finished.stderr.slice(0, 200)}`,
    };
  if (attack.word === 'ABSENT' || attack.word === 'REFUSED')
    return { applies: false, reason: `bare, this machine says: ${attack.line.slice(0, 160)}` };
  if (one.marks.has('surface')) return { applies: true, seen };
  if (seen.length === 0)
    return { applies: false, broken: true, reason: `bare, nothing is to be seen of it: ${noted(attack)}` };
  return { applies: true, seen };
}

/** What was seen, short enough for a line: a neighbour may have been reached a thousand times. */
const inShort = (seen) => seen.map((text) => (text.length > 160 ? `${text.slice(0, 160)}…` : text)).join('; ');

function judge(one, { twin, attack, seen, finished, events, folder }) {
  const said = noted(attack);
  const base = {
    said,
    ...(events === undefined
      ? {}
      : { seen: events.seen, events: events.brief, record: { folder, events: events.all } }),
  };
  if (seen.length > 0) return { verdict: 'escaped', reason: inShort(seen), ...base };
  if (twin?.word !== 'REACHED') {
    const why = twin === undefined ? `the sandbox did not start: ${finished.stderr.trim().slice(-300)}` : noted(twin);
    return { verdict: 'unproven', reason: `the allowed twin does not work here: ${why}`, ...base };
  }
  if (attack?.word === 'BROKEN') return { verdict: 'unproven', reason: said, ...base };
  // A sandbox that lasts as long as anything in it does was ended by us, and what was in it with it.
  if (finished.late && !one.marks.has('outlives'))
    return { verdict: 'unproven', reason: 'it did not end within its time', ...base };
  if (one.marks.has('surface') && attack?.word === 'REACHED') return { verdict: 'reachable', reason: said, ...base };
  return { verdict: 'contained', reason: said, ...base };
}

/** A race is lost now and then, also with nothing in its way: it has a few turns. */
export async function playBare(one, bare, programs) {
  let result = await tryBare(one, bare, programs);
  for (let turn = 0; turn < 3 && result.broken === true && one.marks.has('slow'); turn += 1)
    result = await tryBare(one, bare, programs);
  return result;
}

/** `bareOf`: the bare result of the case, played once. */
export async function play(one, sandbox, programs, bareOf) {
  const work = async () => {
    const bare = await bareOf(one);
    if (sandbox.name === 'bare')
      return bare.applies
        ? { verdict: one.marks.has('surface') ? 'reachable' : 'escaped', reason: inShort(bare.seen) }
        : { verdict: bare.broken === true ? 'unproven' : 'not applicable', reason: bare.reason };
    if (!bare.applies) return { verdict: bare.broken === true ? 'unproven' : 'not applicable', reason: bare.reason };
    if (one.marks.has('kept') && sandbox.keepsBack !== true)
      return {
        verdict: 'unproven',
        reason: 'this sandbox has no option that keeps something back in a folder it grants',
      };
    const performed = await perform(one, sandbox, programs);
    // One that hangs at its start now and then has another turn.
    return judge(one, performed.finished.late ? await perform(one, sandbox, programs) : performed);
  };
  return one.marks.has('everyone') ? alone('kill-all', work) : work();
}
