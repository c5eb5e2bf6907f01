/**
 * Rows of the live feed: events merged by what happened (run, kind, target, verdict), newest first, with exact counts.
 * Plain data and functions, no store: a batch of events goes in, a new list comes out.
 *
 * Limits: at most `rowsMax` rows; the oldest leave first and are counted. A batch costs what it holds, however many rows there
 * are: it runs once an animation frame. The list is made when somebody asks for it, which a list that is held does not.
 */
import type { Event } from '#contract/event.ts';
import { ownText } from '#contract/event-search.ts';

export const rowsMax = 100_000;

/** What rows of one server, kind and verdict share: one object for all of them, so that a filter decides once for each. */
export type RowGroup = Pick<Event, 'server' | 'kind' | 'verdict'>;

const groups = new Map<string, RowGroup>();
const groupsMax = 5000;

export function rowGroup({ server, kind, verdict }: RowGroup): RowGroup {
  const key = `${server} ${kind} ${verdict}`;
  let group = groups.get(key);
  if (group === undefined) {
    if (groups.size >= groupsMax) groups.clear();
    group = { server, kind, verdict };
    groups.set(key, group);
  }
  return group;
}

export interface FeedRow {
  key: string;
  group: RowGroup;
  /** The latest event of the row. */
  event: Event;
  /** Occurrences seen, the sum of the events' counts. */
  count: number;
  firstAt: string;
  /** Order of arrival of the latest event; higher is newer. */
  order: number;
  /** What the filter searches of it. */
  text: string;
}

export function mergeKey(event: Event): string {
  // Parts are separated by a character that no path, name or word can hold.
  return `${event.run}\u0000${event.kind}\u0000${event.verdict}\u0000${event.target}\u0000${event.by}`;
}

export function rowText(event: Event): string {
  return ownText({ ...event, exe: event.process.exe });
}

/** Which events were seen already: within a run they are numbered 1, 2, 3 …, and neighbours may come the other way round. */
export interface SeenRuns {
  /** True the first time this event is shown to it. */
  take: (event: Event) => boolean;
}

/** How far a number may come behind a higher one. */
const disorder = 64;

export function createSeenRuns(): SeenRuns {
  const runs = new Map<string, { newest: number; missing: Set<number> }>();
  return {
    take: ({ run, seq }) => {
      const seen = runs.get(run) ?? { newest: 0, missing: new Set<number>() };
      runs.set(run, seen);
      if (seq <= seen.newest) return seen.missing.delete(seq);
      for (let number = Math.max(seen.newest + 1, seq - disorder); number < seq; number += 1) seen.missing.add(number);
      for (const number of seen.missing) {
        if (seen.missing.size <= disorder) break;
        seen.missing.delete(number);
      }
      seen.newest = seq;
      return true;
    },
  };
}

export interface RowIndex {
  /** Rows, newest first. Never changed in place: a new array each time, made when it is first asked for. */
  readonly rows: readonly FeedRow[];
  /** In the order of their latest events, oldest first. */
  byKey: Map<string, FeedRow>;
  nextOrder: number;
  /** Rows that left because the list was full. */
  dropped: number;
  /** The newest instant of these; empty while none left. */
  droppedAt: string;
}

export function createRowIndex(): RowIndex {
  return indexOf({ byKey: new Map(), nextOrder: 1, dropped: 0, droppedAt: '' });
}

function indexOf(facts: Omit<RowIndex, 'rows'>): RowIndex {
  let rows: readonly FeedRow[] | null = null;
  return {
    ...facts,
    get rows() {
      rows ??= [...facts.byKey.values()].reverse();
      return rows;
    },
  };
}

export interface Addition {
  index: RowIndex;
  /** Rows that are new or moved to the top, by key, oldest first. */
  touched: ReadonlyMap<string, FeedRow>;
}

/** Adds events (oldest first). The index that is passed in must not be used afterwards: its map is reused. */
export function addEvents(index: RowIndex, events: readonly Event[], limit = rowsMax): Addition {
  if (events.length === 0) return { index, touched: new Map() };
  const { byKey } = index;
  let { nextOrder, dropped, droppedAt } = index;
  // Insertion order is the order of the latest event, because a key that comes again is put behind the others; here and in `byKey`.
  const touched = new Map<string, FeedRow>();
  for (const event of events) {
    const key = mergeKey(event);
    const before = byKey.get(key);
    const isSame = before?.event.process.exe === event.process.exe;
    const row: FeedRow = {
      key: before?.key ?? key,
      group: before?.group ?? rowGroup(event),
      event,
      count: (before?.count ?? 0) + event.count,
      firstAt: before?.firstAt ?? event.firstAt,
      order: nextOrder,
      text: before !== undefined && isSame ? before.text : rowText(event),
    };
    nextOrder += 1;
    byKey.delete(key);
    byKey.set(key, row);
    touched.delete(key);
    touched.set(key, row);
  }
  for (const row of byKey.values()) {
    if (byKey.size <= limit) break;
    byKey.delete(row.key);
    touched.delete(row.key);
    dropped += 1;
    if (row.event.at > droppedAt) droppedAt = row.event.at;
  }
  return { index: indexOf({ byKey, nextOrder, dropped, droppedAt }), touched };
}

/** Rows of events that are older than those that are there, newest first; counts are those of these events alone. */
export function addOlder(rows: readonly FeedRow[], events: readonly Event[]): FeedRow[] {
  const next = [...rows];
  const places = new Map(rows.map((row, place) => [row.key, place]));
  for (const event of events) {
    const key = `earlier ${mergeKey(event)}`;
    const place = places.get(key);
    const before = place === undefined ? undefined : next[place];
    if (place === undefined || before === undefined) {
      places.set(key, next.length);
      next.push({
        key,
        group: rowGroup(event),
        event,
        count: event.count,
        firstAt: event.firstAt,
        order: -next.length,
        text: rowText(event),
      });
    } else {
      const firstAt = event.firstAt < before.firstAt ? event.firstAt : before.firstAt;
      next[place] = { ...before, count: before.count + event.count, firstAt };
    }
  }
  return next;
}
