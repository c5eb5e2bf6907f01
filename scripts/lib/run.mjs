/**
 * Runs one program to its end, quietly: its output goes to .cache/logs/<name>.log and is shown only when it fails.
 * Arguments are always an array, never a shell line; stdin is closed, so that nothing can wait for an answer.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { logs, root } from './paths.mjs';
import { plain, say, seconds, startProgress } from './say.mjs';

/** How much of a failed program's output is shown; the log holds all of it. */
const shownLines = 200;

export class StepFailed extends Error {}

/** Ends a program and everything it started that stayed in its process group. */
function endGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

/** Programs that run now; they end together with this script, and only while there are any are signals taken. */
const running = new Set();
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

function endWithThem(signal) {
  for (const child of running) endGroup(child, 'SIGTERM');
  process.exit(exitCodes[signal]);
}

function started(child) {
  if (running.size === 0) for (const signal of Object.keys(exitCodes)) process.on(signal, endWithThem);
  running.add(child);
}

function ended(child) {
  running.delete(child);
  if (running.size === 0) for (const signal of Object.keys(exitCodes)) process.off(signal, endWithThem);
}

/**
 * Resolves with `{ code, milliseconds, output }`; never rejects for a failing program. `timeoutMs` ends the program's
 * whole process group.
 */
export async function run({ title, name, command, args, cwd = root, env = process.env, uid, gid, timeoutMs }) {
  mkdirSync(logs, { recursive: true });
  const logFile = join(logs, `${name}.log`);
  const log = openSync(logFile, 'w');
  let latest = '';
  const progress = startProgress(title, () => latest);
  const code = await new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(uid === undefined ? {} : { uid, gid }),
    });
    started(child);
    let timedOut = false;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            writeSync(log, `\nGiven up after ${seconds(timeoutMs)}.\n`);
            endGroup(child, 'SIGKILL');
          }, timeoutMs);
    const collect = (chunk) => {
      writeSync(log, chunk);
      const lines = plain(chunk.toString('utf8')).split('\n');
      latest = lines.map((line) => line.trim()).findLast((line) => line !== '') ?? latest;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const finish = (result) => {
      clearTimeout(timer);
      ended(child);
      resolve(timedOut ? 124 : result);
    };
    child.on('error', (error) => {
      writeSync(log, `${command}: ${error.message}\n`);
      finish(127);
    });
    // 'exit' and not 'close': a process left behind by a test would hold the pipe open for ever.
    child.on('exit', (exitCode, signal) => setTimeout(() => finish(exitCode ?? (signal === null ? 1 : 128)), 50));
  });
  const milliseconds = progress.stop();
  closeSync(log);
  return { code, milliseconds, logFile, output: readFileSync(logFile, 'utf8') };
}

export function showOutput(result) {
  const lines = plain(result.output).trimEnd().split('\n');
  if (lines.length > shownLines)
    say(`    (the last ${shownLines} of ${lines.length} lines; all of them: ${result.logFile})`);
  for (const line of lines.slice(-shownLines)) say(`    ${line}`);
}

/** A step that everything after it needs: says what it does and how long it took, and throws when it fails. */
export async function step(options) {
  const result = await run(options);
  if (result.code !== 0) {
    say(`✗ ${options.title} failed after ${seconds(result.milliseconds)}`);
    showOutput(result);
    throw new StepFailed(options.help ?? `${options.title} failed.`);
  }
  say(`✓ ${options.title}  ${seconds(result.milliseconds)}`);
  return result;
}
