/**
 * When a run's end is a breakage: the server failed by itself soon after its start, or right after a refusal.
 *
 * A run that its client closed, or that a person stopped, is no breakage. Neither is a clean exit (code 0), whatever was
 * refused before: clients start a server for a moment, list its tools and close its input, and many a server is refused
 * something at every start and works. A card for each of those would teach people to look away, or to allow what they
 * need not.
 */
import type { Event, RunEnd } from '#contract/event.ts';

export const soonAfterStartMs = 30_000;
/** How long a later run must last to count as good. */
export const goodRunMs = soonAfterStartMs;

export function isBreakage(end: RunEnd): boolean {
  if (end.cause === 'client-gone' || end.cause === 'stopped') return false;
  if (end.cause === 'exit' && (end.code ?? 0) === 0) return false;
  // `justBefore` holds the denials of the two seconds before the end.
  return end.justBefore.length > 0 || end.durationMs < soonAfterStartMs;
}

/** A run that shows the server works: it lasted, or it ended as runs do. */
export function isGoodEnd(end: RunEnd): boolean {
  return !isBreakage(end) && end.durationMs >= goodRunMs;
}

export interface Breakage {
  server: string;
  run: string;
  at: string;
  end: RunEnd;
  /** Runs of this server that broke since the last good one. */
  times: number;
}

/** What an event says about breakage; `null` where it says nothing. */
export function judge(event: Event): 'broken' | 'good' | 'started' | null {
  if (event.kind === 'run.start') return event.start?.throwAway === true ? null : 'started';
  if (event.kind !== 'run.end' || event.end === undefined) return null;
  if (isBreakage(event.end)) return 'broken';
  return isGoodEnd(event.end) ? 'good' : null;
}
