/** Runs a program in the network lab (techniques/network-lab.py): every address exists there, and no packet leaves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents, type Arena } from './arena.ts';
import { techniquesFolder } from './places.ts';
import { containedCommand, run, understand, type Result, type StartOptions } from './start.ts';
import type { Plan } from '#domain/plan-text.ts';

export interface Seen {
  /** What the far side accepted. */
  contacts: string[];
  /** TCP connections and datagrams that the near side's kernel began, arrived or not. */
  opens: number;
  datagrams: number;
  /** Addresses that packets on the wire were for. */
  targets: string[];
  /** Packets of IPv4, of whatever protocol; the kernel sends some by itself. */
  packets: number;
}

export interface LabResult extends Result {
  seen?: Seen;
  /** Set when this machine lets us make no network namespace. */
  skipped?: string;
}

/**
 * What the launcher itself connects where names can be looked up: on loopback, one of each family, to fill the hole that the
 * server's sockets are sent into (native-helpers/launcher/linux/hole.hpp).
 */
export const launcherOpens = 2;

const noNamespace = 77;

async function start(
  arena: Arena,
  command: string,
  args: readonly string[],
  options?: StartOptions,
): Promise<LabResult> {
  const report = join(arena.folder, 'lab.json');
  const finished = await run(
    'python3',
    [join(techniquesFolder, 'network-lab.py'), report, '--', command, ...args],
    options,
  );
  const result: Result = { ...finished, outcome: understand(finished), events: readEvents(arena.spool) };
  if (finished.code === noNamespace)
    return { ...result, skipped: `no network namespace here: ${finished.stderr.trim()}` };
  return { ...result, seen: JSON.parse(readFileSync(report, 'utf8')) as Seen };
}

export const Lab = {
  run: start,
  runContained: (
    arena: Arena,
    program: string,
    args: readonly string[],
    plan?: Partial<Plan>,
    options?: StartOptions,
  ): Promise<LabResult> => start(arena, ...containedCommand(arena, program, args, plan), options),
};
