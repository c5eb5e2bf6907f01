/**
 * What the processes of a run hold open, from /proc: the links of descriptors as text, never followed, and connections to
 * this machine. Bounded; what ends while it is read is skipped, and an answer that is not whole says so.
 *
 * Trust: only what is shown depends on it. A process that hides a descriptor (in another process, in flight) is not found out.
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Held, HeldThings, Processes } from '#engine/ports.ts';

const processesMax = 256;
const descriptorsMax = 4096;
const heldMax = 4096;
const timeMaxMs = 1000;
const tableMaxBytes = 1_048_576;
const pathOnly = 0o10000000;

function readBounded(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; total < tableMaxBytes;) {
      const chunk = Buffer.alloc(65_536);
      const length = readSync(descriptor, chunk, 0, chunk.length, null);
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
      total += length;
    }
    return Buffer.concat(chunks).toString('latin1');
  } finally {
    closeSync(descriptor);
  }
}

function orNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** By socket inode, the port of this machine that it is connected to: the kernel writes addresses in its own byte order. */
export function loopbackConnections(table: string): Map<string, number> {
  const ports = new Map<string, number>();
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [address = '', port = ''] = (fields[2] ?? '').split(':');
    const isLoopback =
      /^[0-9A-F]{6}7F$/.test(address) ||
      /^0{16}FFFF0000[0-9A-F]{6}7F$/.test(address) ||
      address === '00000000000000000000000001000000';
    if (fields[3] === '01' && isLoopback && fields[9] !== undefined) ports.set(fields[9], Number.parseInt(port, 16));
  }
  return ports;
}

/** Null for what gives no access to content. */
export function accessOf(fdinfo: string): { read: boolean; write: boolean } | null {
  const text = /^flags:\s+([0-7]+)$/m.exec(fdinfo)?.[1];
  const flags = text === undefined ? pathOnly : Number.parseInt(text, 8);
  if ((flags & pathOnly) !== 0) return null;
  const mode = flags & 3;
  return { read: mode !== 1, write: mode !== 0 };
}

export function createHeldThings(processes: Pick<Processes, 'list'>, root = '/proc'): HeldThings {
  function heldBy(pid: number, program: string): { held: Held[]; whole: boolean } {
    const folder = join(root, pid.toString());
    const held: Held[] = [];
    const names = orNull(() => readdirSync(join(folder, 'fd'))) ?? [];
    let ports: Map<string, number> | null = null;
    for (const name of names.slice(0, descriptorsMax)) {
      const link = orNull(() => readlinkSync(join(folder, 'fd', name)));
      const inode = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1];
      if (inode !== undefined) {
        ports ??= new Map(
          ['tcp', 'tcp6'].flatMap((table) => [
            ...loopbackConnections(orNull(() => readBounded(join(folder, 'net', table))) ?? ''),
          ]),
        );
        const port = ports.get(inode);
        if (port !== undefined) held.push({ kind: 'connection', port, pid, program });
      } else if (link?.startsWith('/') === true) {
        const access = accessOf(orNull(() => readBounded(join(folder, 'fdinfo', name))) ?? '');
        if (access !== null) held.push({ kind: 'file', path: link, ...access, pid, program });
      }
    }
    return { held, whole: names.length <= descriptorsMax };
  }

  return {
    async of(supervisor) {
      const until = Date.now() + timeMaxMs;
      const all = await processes.list();
      const top = all.find(({ pid, startTicks }) => pid === supervisor.pid && startTicks === supervisor.startTicks);
      // The supervisor is Belljar's own: what it holds is not the server's.
      const tree = top === undefined ? [] : all.filter(({ parent }) => parent === top.pid);
      for (let at = 0; at < tree.length && tree.length <= processesMax; at++)
        tree.push(...all.filter(({ parent }) => parent === tree[at]?.pid));
      const found: Held[] = [];
      let whole = tree.length <= processesMax;
      for (const { pid, program, commandLine } of tree.slice(0, processesMax)) {
        if (Date.now() > until || found.length > heldMax) return { held: found, whole: false };
        const one = heldBy(pid, basename(program ?? commandLine[0] ?? ''));
        found.push(...one.held);
        whole &&= one.whole;
      }
      return { held: found, whole };
    },
  };
}
