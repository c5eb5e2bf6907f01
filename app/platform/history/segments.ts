/**
 * The index of events by subject lies in segments that follow each other in time, each begun when the one before it is
 * full. What comes in touches the pages of one segment then, however many rows there are: in one index over all of them
 * each row would touch another page, which is written to the log and to the file for that row alone.
 *
 * A segment holds everything from its own instant up to the next one's, the first one also what is earlier, and the last
 * one what is later; so what is in order within segments is in order over all.
 */
import type { DatabaseFile, Row } from './database-file.ts';

/** Some ten MiB of index: as much as is kept in memory while it grows. */
const segmentLines = 500_000;
/** A row so much later than all others begins a segment, else a clock that once was wrong keeps its segment from ever ending. */
const leapMs = 365 * 86_400_000;
/** Before and after every instant that an event can have. */
export const farthest = Number.MAX_SAFE_INTEGER;

export interface Segment {
  readonly id: number;
  readonly since: number;
  /** The latest instant in it. */
  last: number;
  /** Rows that came in. */
  lines: number;
}

/** A segment with the instants that it holds, both ends included. */
export interface SegmentSpan {
  id: number;
  since: number;
  until: number;
}

export class Segments {
  readonly #database: DatabaseFile;
  readonly #linesMax: number;
  /** In the order of time. */
  #segments: Segment[] = [];
  readonly #changed = new Set<Segment>();

  constructor(database: DatabaseFile, linesMax = segmentLines) {
    this.#database = database;
    this.#linesMax = linesMax;
    this.reload();
  }

  /** After rows of `segment` came or went by another way than `place`. */
  reload(): void {
    this.#changed.clear();
    const number = (row: Row, name: string): number => Number(row[name]);
    this.#segments = this.#database.all('SELECT * FROM segment ORDER BY since').map((row) => ({
      id: number(row, 'id'),
      since: number(row, 'since'),
      last: number(row, 'last'),
      lines: number(row, 'lines'),
    }));
  }

  /** In the order of time; only those that hold something of a range. */
  spans(since: number, until: number): SegmentSpan[] {
    return this.#segments
      .map(({ id, since: from }, index) => ({
        id,
        since: Math.max(since, index === 0 ? -farthest : from),
        until: Math.min(until, (this.#segments[index + 1]?.since ?? farthest) - 1),
      }))
      .filter((span) => span.since <= span.until);
  }

  /** The one that holds an instant; null where there is none yet. */
  of(at: number): Segment | null {
    return this.#segments[this.#indexOf(at)] ?? null;
  }

  named(id: number): Segment | null {
    return this.#segments.find((segment) => segment.id === id) ?? null;
  }

  /** Where a new row goes. */
  place(at: number): Segment {
    const index = this.#indexOf(at);
    let segment = this.#segments[index];
    const isFull =
      segment !== undefined && at > segment.last && (segment.lines >= this.#linesMax || at - segment.last > leapMs);
    if (segment === undefined || isFull) {
      const id = this.#segments.reduce((newest, one) => Math.max(newest, one.id), 0) + 1;
      segment = { id, since: at, last: at, lines: 0 };
      this.#segments.splice(index + 1, 0, segment);
    }
    segment.last = Math.max(segment.last, at);
    segment.lines += 1;
    this.#changed.add(segment);
    return segment;
  }

  /** Writes what `place` changed. */
  save(): void {
    for (const { id, since, last, lines } of this.#changed) {
      this.#database.run('INSERT OR REPLACE INTO segment VALUES(?, ?, ?, ?)', id, since, last, lines);
    }
    this.#changed.clear();
  }

  /** Of those that are over before an instant, and hold nothing any more; `reload` then makes it so here. */
  removeBefore(instant: number): void {
    for (const [index, { id }] of this.#segments.entries()) {
      const next = this.#segments[index + 1];
      if (next === undefined || next.since > instant) break;
      this.#database.run('DELETE FROM segment WHERE id = ?', id);
    }
  }

  /** The last one that begins at or before an instant; the first one where none does, -1 where there are none. */
  #indexOf(at: number): number {
    let low = 0;
    let high = this.#segments.length - 1;
    // Most rows are of the newest one.
    if (high >= 0 && at >= (this.#segments[high]?.since ?? 0)) return high;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle]?.since ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return high < 0 ? -1 : low;
  }
}
