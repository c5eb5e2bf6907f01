/** What happened around one server, newest first: events of its runs and what people decided, in one line of time. Pure. */
import type { HistoryEntry } from '#contract/decision.ts';
import type { Event } from '#contract/event.ts';

export type Moment =
  | { kind: 'event'; key: string; at: string; event: Event }
  | { kind: 'decision'; key: string; at: string; entry: HistoryEntry };

export function timelineOf(events: readonly Event[], decisions: readonly HistoryEntry[], most: number): Moment[] {
  const moments: Moment[] = [
    ...events.map((event) => ({
      kind: 'event' as const,
      key: `${event.run} ${event.seq.toString()}`,
      at: event.at,
      event,
    })),
    ...decisions.map((entry) => ({ kind: 'decision' as const, key: entry.id, at: entry.at, entry })),
  ];
  // ISO 8601 UTC with the same number of digits: the order of text is the order of time.
  return moments.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, most);
}
