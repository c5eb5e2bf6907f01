/**
 * Ends everything that a process started, also what left its process group. A tree is learned while it runs, since a
 * process whose parent has ended no longer tells whose it was: its group, its session, and every descendant that was
 * seen, each remembered with its start time so that a later process of the same id is never hit.
 *
 * What a process starts, detaches and re-parents between two looks and outside the session is not found; the looks are
 * `lookEveryMs` apart. (A contained tree is ended by the launcher, which the kernel tells of every process.)
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const lookEveryMs = 100;
const tidyMs = 1000;

interface ProcessLine {
  pid: number;
  parent: number;
  group: number;
  session: number;
  startTicks: number;
}

/** Null when the process is gone or has ended. The name in brackets is the program's choice, so it is jumped over. */
function readLine(pid: number): ProcessLine | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') {
    return null;
  }
  const [parent, group, session, startTicks] = [1, 2, 3, 19].map((index) => Number(fields[index]));
  return {
    pid,
    parent: parent ?? -1,
    group: group ?? -1,
    session: session ?? -1,
    startTicks: startTicks ?? -1,
  };
}

function programOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return null;
  }
}

function readAll(): ProcessLine[] {
  const lines: ProcessLine[] = [];
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return lines;
  }
  for (const name of names) {
    if (/^\d+$/.test(name)) {
      const line = readLine(Number(name));
      if (line !== null) {
        lines.push(line);
      }
    }
  }
  return lines;
}

export class ProcessTree {
  readonly #root: number;
  /** Start time by process id, of everything that was seen to belong to the tree. */
  readonly #members = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  /** `root` was started as the leader of its own session (`detached`). */
  constructor(root: number) {
    this.#root = root;
    this.look();
    this.#timer = setInterval(() => this.look(), lookEveryMs);
    this.#timer.unref();
  }

  look(): void {
    const lines = readAll();
    const known = (line: ProcessLine | undefined): boolean =>
      line !== undefined && this.#members.get(line.pid) === line.startTicks;
    const byPid = new Map(lines.map((line) => [line.pid, line]));
    for (let found = true; found;) {
      found = false;
      for (const line of lines) {
        const belongs =
          line.pid === this.#root ||
          line.group === this.#root ||
          line.session === this.#root ||
          known(byPid.get(line.parent)) ||
          known(byPid.get(line.session));
        if (belongs && !known(line)) {
          this.#members.set(line.pid, line.startTicks);
          found = true;
        }
      }
    }
  }

  /** Those that still run. */
  alive(): number[] {
    this.look();
    return [...this.#members].filter(([pid, ticks]) => readLine(pid)?.startTicks === ticks).map(([pid]) => pid);
  }

  signal(signal: NodeJS.Signals, to: readonly number[] = this.alive()): void {
    for (const pid of to) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself in between.
      }
    }
  }

  async waitUntilGone(milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    while (this.alive().length > 0) {
      if (performance.now() >= deadline) {
        return false;
      }
      await new Promise<void>((resolve) => setTimeout(resolve, 10));
    }
    return true;
  }

  /**
   * SIGTERM, then SIGKILL until nothing is left; a process may start others while it is being ended. What runs the root's
   * own program goes last: a launcher that sees its server killed still tidies up after it.
   */
  async end(graceMs: number): Promise<void> {
    try {
      if (this.alive().length === 0) {
        return;
      }
      this.signal('SIGTERM');
      if (await this.waitUntilGone(graceMs)) {
        return;
      }
      const program = programOf(this.#root);
      this.signal(
        'SIGKILL',
        this.alive().filter((pid) => program === null || programOf(pid) !== program),
      );
      if (await this.waitUntilGone(tidyMs)) {
        return;
      }
      for (let attempt = 0; attempt < 20; attempt += 1) {
        this.signal('SIGKILL');
        if (await this.waitUntilGone(100)) {
          return;
        }
      }
    } finally {
      clearInterval(this.#timer);
    }
  }
}
