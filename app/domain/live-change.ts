/**
 * What of a changed plan a running server has at once, and what only its next start brings. The launcher watches its plan and
 * decides (native-helpers/launcher/core/plan-change.cpp); this says the same before it happens. What the kernel's wall granted at the
 * start stays granted until the end of the run, and so do executions, environment, permissions, limits and the mode of the network.
 */
import { formatPlan, parsePlan, type Plan } from './plan-text.ts';

/** Lines of plans. `comes`: from the next start on; `goes`: still in force until then. */
export interface Waiting {
  comes: readonly string[];
  goes: readonly string[];
}

export const nothingWaits: Waiting = { comes: [], goes: [] };

const ofAreas = ['area', 'deny', 'protect', 'protect-old', 'except'];
/** Taken up and taken away at once. */
const live = new Set([...ofAreas, 'socket', 'link']);
/** The same, but for a server that was started without a network. */
const liveInNetwork = new Set(['host', 'local', 'listen']);
/** Given at once, as areas; taken away with the end of the run. */
const givenLive = new Set(['read', 'write']);
/** Nobody looks at the files of a server that was started without sight of them, so these wait. */
const ofFiles = new Set([...ofAreas, ...givenLive]);
/** What the person does not decide, or what follows from other lines. */
const silent = new Set(['belljar-plan', 'end', 'refuse', 'home', 'spool', 'spool-limit', 'tree', 'secret']);

function linesOf(plan: Plan): Set<string> {
  return new Set(formatPlan(plan).trimEnd().split('\n'));
}

const keyOf = (line: string): string => line.slice(0, line.indexOf(' ') < 0 ? line.length : line.indexOf(' '));
/** A symbol is resolved when a server starts. */
const isSymbol = (line: string): boolean => !(line.split(' ').at(-1) ?? '').startsWith('/');

/** What of `next` a run that was started with `started` does not have. */
export function waiting(started: Plan, next: Plan): Waiting {
  const before = linesOf(started);
  const after = linesOf(next);
  const waits = (line: string, comes: boolean): boolean => {
    const key = keyOf(line);
    if (silent.has(key)) return false;
    if (started.record === 'without-files' && ofFiles.has(key)) return true;
    if (key === 'area') return comes && isSymbol(line) && !isGranted(line, before);
    if (live.has(key)) return false;
    if (liveInNetwork.has(key)) return started.network === 'none';
    return !(comes && givenLive.has(key) && !isSymbol(line));
  };
  return {
    comes: [...after].filter((line) => !before.has(line) && waits(line, true)),
    goes: [...before].filter((line) => !after.has(line) && waits(line, false)),
  };
}

/** A folder that was the kernel's and is to be an area: what there was of it is there already. */
function isGranted(line: string, before: ReadonlySet<string>): boolean {
  return before.has(line.replace(/^area /, ''));
}

/** Whether everything that waits for the change waited before it. */
export function isLive(before: Waiting, after: Waiting): boolean {
  const has = (lines: readonly string[], line: string): boolean => lines.includes(line);
  return after.comes.every((line) => has(before.comes, line)) && after.goes.every((line) => has(before.goes, line));
}

/** The same for texts; null where one of them is no plan that can be read. */
export function waitingOf(started: string, next: string): Waiting | null {
  try {
    return waiting(parsePlan(started), parsePlan(next));
  } catch {
    return null;
  }
}
