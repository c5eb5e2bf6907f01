/**
 * When a server counts as failing: its two latest finished starts both ended within 30 s with a failure of their own, and
 * lie within an hour of each other. A start that a client or a person ended is no failure; neither is one whose
 * supervisor vanished, since nobody knows why.
 */
import type { Run } from '#contract/server.ts';

const shortMs = 30_000;
const togetherMs = 3_600_000;
const needed = 2;

export function endedInFailure(run: Run): boolean {
  const end = run.end;
  if (end === null || end.durationMs > shortMs) {
    return false;
  }
  switch (end.cause) {
    case 'launcher-failed':
    case 'signal':
      return true;
    case 'exit':
      return end.code !== 0;
    case 'client-gone':
    case 'stopped':
      return false;
  }
}

/** `runs`: those of one server, newest start first. A live run older than 30 s has proved itself. */
export function isFailing(runs: readonly Run[], now: number): boolean {
  const starts = runs.filter((run) => run.start?.throwAway !== true);
  const latest = starts[0];
  if (latest?.live === true && now - Date.parse(latest.startedAt) > shortMs) {
    return false;
  }
  const ended = starts.filter((run) => !run.live).slice(0, needed);
  const first = ended[0];
  const last = ended[ended.length - 1];
  if (ended.length < needed || first === undefined || last === undefined || !ended.every(endedInFailure)) {
    return false;
  }
  return Date.parse(first.startedAt) - Date.parse(last.startedAt) <= togetherMs;
}
