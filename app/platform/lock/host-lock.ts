/**
 * The lock: at most one process at a time owns a user's state. No daemon, no native module, no time-out that could be
 * wrong; a holder that was killed is noticed at once.
 *
 * Form: files `1`, `2`, `3` … in one folder; the highest number counts. Its holder is the process it names (pid, start
 * time and boot), for as long as that process lives and the file does not say `released`. To take the lock, a process
 * links a fully written file to the next number: link(2) lets exactly one succeed. The highest number is never removed,
 * only lower ones are, so a number is never handed out twice in a row of events that matters: whoever links a number
 * that was already used and cleaned away finds a higher one afterwards, and steps back.
 *
 * Why not one file: removing a stale one and making a new one are two steps, and a second starter that saw the same
 * stale file removes the new one. Why not an abstract socket: any user may take its name, and it is one per network
 * namespace, not one per state folder.
 *
 * Limits: processes in another pid namespace look dead. Two containers must not share one state folder.
 */
import { randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelljarError } from '#contract/errors.ts';
import { writeError } from '../files/file-store.ts';

export interface Holder {
  readonly pid: number;
  /** Field 22 of /proc/pid/stat; null where there is no /proc. */
  readonly startTicks: number | null;
  /** Tells boots apart, so that a pid and its start time never mean another boot's process. */
  readonly boot: string | null;
}

export interface Lock {
  readonly holder: Holder;
  /** Gives the lock back. Safe to call twice, and from an exit handler. */
  release(): void;
}

const temporaryPrefix = 'tmp-';
/** A file that is still empty is one that is being written (only where links do not exist); after this it is debris. */
const unfinishedMs = 2000;
const pollMs = 15;

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Start time of a process in clock ticks since boot, or null when it does not run (a zombie does not). */
export function startTicksOf(pid: number): number | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The program's name stands in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return Number(fields[19]);
}

function currentBoot(): string | null {
  return readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

function self(): Holder {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    boot: currentBoot(),
  };
}

function isAlive(holder: Holder): boolean {
  if (holder.boot !== null && holder.boot !== currentBoot()) return false;
  if (holder.startTicks !== null) return startTicksOf(holder.pid) === holder.startTicks;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** What a lock file says: who holds it, or null for nobody. `undefined` when it cannot be told (yet). */
function readHolder(path: string): Holder | null | undefined {
  const text = readOrNull(path);
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'pid' in value && typeof value.pid === 'number') {
      const startTicks = 'startTicks' in value && typeof value.startTicks === 'number' ? value.startTicks : null;
      const boot = 'boot' in value && typeof value.boot === 'string' ? value.boot : null;
      return { pid: value.pid, startTicks, boot };
    }
    return null;
  } catch {
    try {
      return Date.now() - statSync(path).mtimeMs < unfinishedMs ? undefined : null;
    } catch {
      return undefined;
    }
  }
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another process removed it first: the same outcome.
  }
}

/** Writes the whole content and gives it the name in one step that fails if the name is taken. */
function writeExclusively(folder: string, name: string, content: string): boolean {
  const temporary = join(folder, `${temporaryPrefix}${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
    linkSync(temporary, join(folder, name));
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
  } finally {
    removeQuietly(temporary);
  }
  // A file system without links: the name is still taken by one process only, the content follows a moment later.
  try {
    writeFileSync(join(folder, name), content, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function cleanUp(folder: string, below: number): void {
  for (const number of numbersIn(folder)) if (number < below) removeQuietly(join(folder, String(number)));
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const pid = Number(name.slice(temporaryPrefix.length).split('-')[0]);
    if (startTicksOf(pid) === null) removeQuietly(join(folder, name));
  }
}

/**
 * Tries once. The answer is the lock, or who holds it (null: someone who cannot be named yet; try again). Throws what a person
 * can do something about, above all `disk-full`: every command needs the lock.
 */
export function tryLock(folder: string): { lock: Lock } | { heldBy: Holder | null } {
  try {
    return tryOnce(folder);
  } catch (error) {
    throw writeError(error, folder);
  }
}

function tryOnce(folder: string): { lock: Lock } | { heldBy: Holder | null } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const highest = numbersIn(folder).at(-1) ?? 0;
  if (highest > 0) {
    const holder = readHolder(join(folder, String(highest)));
    if (holder === undefined) return { heldBy: null };
    if (holder !== null && isAlive(holder)) return { heldBy: holder };
  }
  const mine = highest + 1;
  const holder = self();
  if (!writeExclusively(folder, String(mine), JSON.stringify(holder))) return { heldBy: null };
  const path = join(folder, String(mine));
  if ((numbersIn(folder).at(-1) ?? 0) > mine) {
    // This number was used and cleaned away between our look and our link: a later one counts.
    removeQuietly(path);
    return { heldBy: null };
  }
  cleanUp(folder, mine);
  let held = true;
  return {
    lock: {
      holder,
      release(): void {
        if (!held) return;
        held = false;
        const temporary = join(folder, `${temporaryPrefix}${process.pid}-${randomBytes(6).toString('hex')}`);
        try {
          writeFileSync(temporary, JSON.stringify({ released: true }), {
            mode: 0o600,
            flag: 'wx',
          });
          renameSync(temporary, path);
        } catch {
          // The folder is gone, or the disk is full: this process's end releases the lock all the same.
          removeQuietly(temporary);
        }
      },
    },
  };
}

export interface LockWait {
  /** How long to wait for a holder to let go. */
  waitMs: number;
  signal?: AbortSignal;
}

/** Takes the lock, waiting a bounded time, or throws `host-locked`. */
export async function acquireLock(folder: string, { waitMs, signal }: LockWait): Promise<Lock> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const outcome = tryLock(folder);
    if ('lock' in outcome) return outcome.lock;
    if (Date.now() >= deadline) {
      throw new BelljarError('host-locked', outcome.heldBy === null ? {} : { params: { pid: outcome.heldBy.pid } });
    }
    await sleep(pollMs + Math.random() * pollMs, undefined, signal === undefined ? {} : { signal });
  }
}
