/**
 * Rows of the live feed: events merged by what happened (run, kind, target, verdict), newest first, with exact counts.
 * Plain data and functions, no store: a batch of events goes in, a new list comes out.
 *
 * Limits: at most `rowsMax` rows; the oldest leave first and are counted. A batch costs one pass over the list, however
 * many events it holds, because it runs once an animation frame.
 */
import type { Event } from '#contract/event.ts';
import { eventSentence } from '#contract/sentences.ts';

export const rowsMax = 100_000;

export interface FeedRow {
  key: string;
  /** The latest event of the row. */
  event: Event;
  /** Occurrences seen, the sum of the events' counts. */
  count: number;
  firstAt: string;
  /** Order of arrival of the latest event; higher is newer. */
  order: number;
}

export function mergeKey(event: Event): string {
  // Parts are separated by a character that no path, name or word can hold.
  return `${event.run}\u0000${event.kind}\u0000${event.verdict}\u0000${event.target}\u0000${event.by}`;
}

/** Text that the filter searches, lower case; made when first needed and kept with the row's key. */
export function searchText(row: FeedRow, serverName: string): string {
  const sentence = eventSentence(row.event);
  return `${serverName} ${row.event.server} ${sentence.phrase} ${sentence.known ?? ''} ${row.event.target} ${row.event.process.exe}`.toLowerCase();
}

/** Which events were seen already: within a run they are numbered 1, 2, 3 … and come in order. */
export interface SeenRuns {
  /** True the first time this event is shown to it. */
  take: (event: Event) => boolean;
}

export function createSeenRuns(): SeenRuns {
  const newest = new Map<string, number>();
  return {
    take: (event) => {
      const seen = newest.get(event.run) ?? 0;
      if (event.seq <= seen) return false;
      newest.set(event.run, event.seq);
      return true;
    },
  };
}

export interface RowIndex {
  /** Rows, newest first. Never changed in place: a new array each time. */
  rows: readonly FeedRow[];
  byKey: Map<string, FeedRow>;
  nextOrder: number;
  /** Rows that left because the list was full. */
  dropped: number;
}

export function createRowIndex(): RowIndex {
  return { rows: [], byKey: new Map(), nextOrder: 1, dropped: 0 };
}

export interface Addition {
  index: RowIndex;
  /** Keys of rows that are new or moved to the top. */
  touched: ReadonlySet<string>;
}

/** Adds events (oldest first). The index that is passed in must not be used afterwards: its map is reused. */
export function addEvents(index: RowIndex, events: readonly Event[], limit = rowsMax): Addition {
  if (events.length === 0) return { index, touched: new Set() };
  const { byKey } = index;
  let { nextOrder, dropped } = index;
  // Insertion order is the order of the latest event, because a key that comes again is put behind the others.
  const touched = new Map<string, FeedRow>();
  for (const event of events) {
    const key = mergeKey(event);
    const before = byKey.get(key);
    const row: FeedRow = {
      key,
      event,
      count: (before?.count ?? 0) + event.count,
      firstAt: before?.firstAt ?? event.firstAt,
      order: nextOrder,
    };
    nextOrder += 1;
    byKey.set(key, row);
    touched.delete(key);
    touched.set(key, row);
  }
  let rows = [...touched.values()].reverse();
  for (const row of index.rows) if (!touched.has(row.key)) rows.push(row);
  if (rows.length > limit) {
    for (const row of rows.slice(limit)) byKey.delete(row.key);
    dropped += rows.length - limit;
    rows = rows.slice(0, limit);
  }
  return { index: { rows, byKey, nextOrder, dropped }, touched: new Set(touched.keys()) };
}
