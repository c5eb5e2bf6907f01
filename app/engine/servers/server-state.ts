/** The state of a server from facts: its file, Belljar's own documents, the processes that run. Pure. */
import type { DriftKind, Level, ServerState } from '#contract/words.ts';
import type { Launch } from '#domain/entry.ts';
import { isStartedBy } from '#domain/process-match.ts';
import { isLauncher } from '#domain/wrapping.ts';
import type { JournalRecord, ProcessFacts } from '../ports.ts';
import { isBrokenWrapping, type FoundServer } from './discovery.ts';

export interface StateFacts {
  found: Pick<FoundServer, 'id' | 'entry' | 'wrapping' | 'launch' | 'cannot'>;
  launchers: readonly string[];
  record: JournalRecord | null;
  /** What it started before secrets were moved out of its arguments; null where that is not known. */
  started: Launch | null;
  hasPlan: boolean;
  level: Level;
  oldProcesses: number;
  failing: boolean;
}

export function serverState(facts: StateFacts): ServerState {
  const { found, record } = facts;
  const settled = record?.settled === true;
  if (found.wrapping === null) {
    if (isBrokenWrapping(found)) return settled ? 'drifted' : 'cannot';
    if (found.cannot !== null) return 'cannot';
    // An unsettled record is left from an edit that never came to its end: nothing was contained.
    return settled ? 'drifted' : 'off';
  }
  if (found.wrapping.id !== found.id) return 'copied';
  if (!facts.launchers.includes(found.wrapping.launcher)) return 'moved';
  // Without a plan the launcher starts nothing: someone put the wrapped entry back after it was released.
  if (!facts.hasPlan) return 'drifted';
  const starts = [found.launch, facts.started].filter((launch) => launch !== null);
  if (settled && starts.length > 0 && !starts.some((launch) => isSameLaunch(record.original, launch))) return 'drifted';
  if (facts.oldProcesses > 0) return 'restart-needed';
  if (facts.failing) return 'failing';
  return facts.level === 'watch' ? 'watched' : 'contained';
}

/** What became of a contained entry, where its state is `drifted`. Masked by whoever shows it. */
export function driftOf({ found, record, hasPlan }: Pick<StateFacts, 'found' | 'record' | 'hasPlan'>): {
  how: DriftKind;
  before: Launch | null;
  now: Launch | null;
} {
  const before = record?.settled === true ? record.original : null;
  if (isBrokenWrapping(found)) return { how: 'broken', before, now: null };
  // Without a plan the launcher starts nothing.
  if (found.wrapping !== null && !hasPlan) return { how: 'returned', before: before ?? found.launch, now: null };
  const isSame = before !== null && found.launch !== null && isSameLaunch(before, found.launch);
  return { how: isSame ? 'unwrapped' : 'changed', before, now: found.launch };
}

function isSameLaunch(one: Launch, other: Launch): boolean {
  return (
    one.command === other.command &&
    one.args.length === other.args.length &&
    one.args.every((part, index) => part === other.args[index])
  );
}

/** Processes of the entry that run outside of our launchers and were not started by this program itself. */
export function findOldProcesses(
  launch: Launch,
  launchers: readonly string[],
  self: number,
  processes: readonly ProcessFacts[],
): ProcessFacts[] {
  const isOurs = ({ program, commandLine }: ProcessFacts): boolean =>
    [program, commandLine[0]].some((path) => launchers.includes(path ?? ''));
  return findOutside([launch], isOurs, self, processes);
}

/** The same outside of any launcher, wherever that lies: what runs in the walls of another account's is not bare. */
export function findBareProcesses(
  launches: readonly Launch[],
  self: number,
  processes: readonly ProcessFacts[],
): ProcessFacts[] {
  const isAny = ({ program, commandLine }: ProcessFacts): boolean =>
    isLauncher(program ?? '') || isLauncher(commandLine[0] ?? '');
  return findOutside(launches, isAny, self, processes);
}

function findOutside(
  launches: readonly Launch[],
  isWall: (process: ProcessFacts) => boolean,
  self: number,
  processes: readonly ProcessFacts[],
): ProcessFacts[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const isInside = (process: ProcessFacts): boolean => {
    const seen = new Set<number>();
    for (let at: ProcessFacts | undefined = process; at !== undefined; at = byPid.get(at.parent)) {
      if (at.pid === self || isWall(at)) return true;
      if (seen.has(at.pid)) return false;
      seen.add(at.pid);
    }
    return false;
  };
  return processes.filter(
    (process) => launches.some((launch) => isStartedBy(process.commandLine, launch)) && !isInside(process),
  );
}
