/**
 * Processes of this user, read from /proc: command lines and start times, to tell whether a server from before it was
 * contained still runs. Bounded; what vanishes while it is read is skipped.
 *
 * Trust: a process may write its own command line anew. What is read here only decides what is shown.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes, ProcessFacts } from '#engine/ports.ts';

const processesMax = 20_000;
const commandLineMaxBytes = 131_072;
/** Clock ticks a second as /proc reports them: 100 on every Linux this runs on (a constant of its binary interface). */
const ticksPerSecond = 100;

/** Fields after the name, which may itself hold spaces and brackets: parent is the 2nd, start the 20th of them. */
export function parseStat(text: string): { parent: number; startTicks: number } | null {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const parent = Number(fields[1]);
  const startTicks = Number(fields[19]);
  return close < 0 || !Number.isInteger(parent) || !Number.isInteger(startTicks) ? null : { parent, startTicks };
}

/** What most files of /proc fit in, used again for each. */
const piece = Buffer.alloc(4096);

/** Synchronous on purpose: /proc answers from memory in microseconds, where a round through the thread pool costs ten times that. */
function readBounded(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; total < commandLineMaxBytes;) {
      const bytesRead = readSync(descriptor, piece, 0, piece.length, total);
      // Less than there is room for is all there is: these files are answered in one go.
      if (total === 0 && bytesRead < piece.length) return piece.toString('utf8', 0, bytesRead);
      if (bytesRead === 0) break;
      chunks.push(Buffer.from(piece.subarray(0, bytesRead)));
      total += bytesRead;
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

function readProgram(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}

function bootTime(root: string): number {
  const line = /^btime (\d+)$/m.exec(readFileSync(join(root, 'stat'), 'utf8'))?.[1];
  return line === undefined ? 0 : Number(line) * 1000;
}

export interface ProcessesOptions {
  root?: string;
  uid?: number;
}

export function createProcesses(options: ProcessesOptions = {}): Processes {
  const root = options.root ?? '/proc';
  const uid = options.uid ?? process.geteuid?.() ?? -1;

  function readOne(pid: number, boot: number): ProcessFacts | null {
    const folder = join(root, pid.toString());
    try {
      if (statSync(folder).uid !== uid) return null;
      const text = readBounded(join(folder, 'cmdline'));
      // The kernel's own threads have none, nor has a process that ended.
      const facts = text === '' ? null : parseStat(readBounded(join(folder, 'stat')));
      if (facts === null) return null;
      return {
        pid,
        ...facts,
        startedAt: new Date(boot + (facts.startTicks * 1000) / ticksPerSecond),
        commandLine: (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0'),
        program: readProgram(join(folder, 'exe')),
      };
    } catch {
      return null;
    }
  }

  return {
    self: process.pid,
    async list() {
      const found: ProcessFacts[] = [];
      try {
        const boot = bootTime(root);
        const pids = readdirSync(root).filter((name) => /^\d+$/.test(name));
        for (const [index, pid] of pids.slice(0, processesMax).entries()) {
          const facts = readOne(Number(pid), boot);
          if (facts !== null) found.push(facts);
          // Others get their turn on a machine with very many processes.
          if (index % 256 === 255) await new Promise<void>((resolve) => setImmediate(resolve));
        }
      } catch {
        return found;
      }
      return found;
    },
  };
}
