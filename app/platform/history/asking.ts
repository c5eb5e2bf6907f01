/**
 * Answers searches from the history's rows.
 *
 * A filter over server, kind and verdict is a set of facets, and each facet's rows lie in the order of time: the answer
 * is what comes first of all of them, merged. A text first asks the index of words for subjects; when those are few, their
 * rows are merged instead, else rows are gone through in order and looked at. Every subject the index names is compared
 * with the words in full, since the index knows only which three characters occur.
 *
 * One call goes through rows for at most `sliceMs`; what it could not finish, the next one continues.
 */
import type { Event } from '#contract/event.ts';
import { eventSchema } from '#contract/event.ts';
import type { EventGroup, EventGroups, EventPage, MuteRule } from '#contract/event-search.ts';
import {
  foldText,
  groupedLinesMax,
  isMutedBy,
  matchesPattern,
  searchWords,
  sharedText,
} from '#contract/event-search.ts';
import type { EventKind, Verdict } from '#contract/words.ts';
import type { HistoryQuery } from '#engine/events/ports.ts';
import type { DatabaseFile, Row } from './database-file.ts';
import { DamagedFile } from './database-file.ts';
import { farthest, type Segments, type SegmentSpan } from './segments.ts';
import type { Subject } from './subject.ts';
import { subjectOf } from './subject.ts';

export type SearchQuery = HistoryQuery & { order: 'newest' | 'oldest'; after?: string; limit: number };

const sliceMs = 200;
/** More subjects than this are not merged one by one. */
const subjectsMax = 2000;
/** As many as a count in groups may meet twice: each one costs a look into the file. */
const subjectCacheMax = 100_000;
const minuteMs = 60_000;

interface Facet {
  id: number;
  server: string;
  kind: EventKind;
  verdict: Verdict;
  decider: string;
}

/** Facets whose rows still have to hold these words in what they are about. */
interface Selection {
  facets: Facet[];
  words: string[];
}

/** A place between rows: in the order of a search, everything after it is still to come. */
interface Position {
  at: number;
  n: number;
}

/** Larger than every number of a row, and no longer than a cursor's may be. */
const lastNumber = 999_999_999_999_999;
/** What is needed of a row to tell whether it is found. */
const lookedAt = 'at, n, facet, subject, run';

/** Rows of one facet or one subject, in order, fetched in growing pieces. */
class Stream {
  readonly #fetch: (at: number, n: number, limit: number) => Row[];
  #rows: Row[] = [];
  #index = 0;
  #limit = 16;
  #ended = false;
  #at: number;
  #n: number;

  constructor(at: number, n: number, fetch: (at: number, n: number, limit: number) => Row[]) {
    this.#at = at;
    this.#n = n;
    this.#fetch = fetch;
  }

  get head(): Row | null {
    if (this.#index >= this.#rows.length && !this.#ended) {
      this.#rows = this.#fetch(this.#at, this.#n, this.#limit);
      this.#index = 0;
      this.#ended = this.#rows.length < this.#limit;
      this.#limit = Math.min(this.#limit * 4, 1024);
    }
    return this.#rows[this.#index] ?? null;
  }

  take(): void {
    const row = this.#rows[this.#index];
    this.#index += 1;
    if (row === undefined) return;
    this.#at = Number(row['at']);
    this.#n = Number(row['n']);
  }
}

/** The streams' rows in one order: a binary heap over their heads. */
function* merged(streams: readonly Stream[], sign: number): Generator<Row> {
  const before = (a: Row, b: Row): boolean => {
    const at = Number(a['at']) - Number(b['at']);
    return (at === 0 ? Number(a['n']) - Number(b['n']) : at) * sign < 0;
  };
  const heap: { head: Row; stream: Stream }[] = [];
  function sink(from: number): void {
    let at = from;
    for (;;) {
      const item = heap[at];
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        const candidate = heap[child];
        const current = heap[least];
        if (candidate !== undefined && current !== undefined && before(candidate.head, current.head)) least = child;
      }
      const other = heap[least];
      if (least === at || item === undefined || other === undefined) return;
      heap[at] = other;
      heap[least] = item;
      at = least;
    }
  }
  for (const stream of streams) {
    const { head } = stream;
    if (head !== null) heap.push({ head, stream });
  }
  for (let at = Math.floor(heap.length / 2); at >= 0; at -= 1) sink(at);
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    yield top.head;
    top.stream.take();
    const { head } = top.stream;
    if (head === null) {
      const last = heap.pop();
      if (heap.length > 0 && last !== undefined) heap[0] = last;
    } else {
      top.head = head;
    }
    sink(0);
  }
}

export class Asking {
  readonly #database: DatabaseFile;
  readonly #segments: Segments;
  readonly #subjects = new Map<number, Subject>();
  readonly #runs = new Map<number, string>();
  readonly #details = new Map<number, object>();

  constructor(database: DatabaseFile, segments: Segments) {
    this.#database = database;
    this.#segments = segments;
  }

  /** Rows that caches hold may have left. */
  forget(): void {
    this.#subjects.clear();
    this.#runs.clear();
    this.#details.clear();
  }

  search(query: SearchQuery): Omit<EventPage, 'behind'> {
    const deadline = performance.now() + sliceMs;
    const sign = query.order === 'newest' ? -1 : 1;
    const range = this.#range(query);
    if (range === null) return { events: [], next: null, muted: 0 };
    const selections = this.#selections(query).map((selection) => ({
      ...selection,
      subjects: this.#subjectsWith(selection.words),
    }));
    const look = lookFor(query, range.run, facetsOf(selections), (row) => this.#subject(Number(row['subject'])).target);
    const spans = this.#segments.spans(range.since, range.until);
    if (sign < 0) spans.reverse();
    const start = startOf(query, range, sign);
    // Where every row is found, it is read at once as a whole.
    const { run, target, text, mutes = [] } = query;
    const columns = (run ?? target ?? text) === undefined && mutes.length === 0 ? '*' : lookedAt;
    const events: Event[] = [];
    let muted = 0;
    let looked = 0;
    for (const [index, span] of spans.entries()) {
      if (sign < 0 ? span.since > start.at : span.until < start.at) continue;
      const streams = selections.flatMap((selection) => this.#streams(selection, columns, start, span, sign));
      for (const row of merged(streams, sign)) {
        const facet = look(row);
        if (facet === 'muted') muted += 1;
        else if (facet !== null) events.push(this.#event(row, facet));
        looked += 1;
        if (events.length >= query.limit || (looked % 64 === 0 && performance.now() > deadline)) {
          return { events, next: `${String(row['at'])}.${String(row['n'])}`, muted };
        }
      }
      if (index + 1 < spans.length && performance.now() > deadline) {
        const end = sign < 0 ? `${span.since.toString()}.0` : `${span.until.toString()}.${lastNumber.toString()}`;
        return { events, next: end, muted };
      }
    }
    return { events, next: null, muted };
  }

  groups(query: HistoryQuery & { limit: number }): Omit<EventGroups, 'behind'> {
    const none = { groups: [], countedSince: null, muted: 0 };
    const range = this.#range(query);
    const selections = this.#selections(query);
    const facets = facetsOf(selections);
    if (range === null || facets.size === 0) return none;
    const ids = [...facets.keys()].join(',');
    const since = this.#countedSince(ids, range);
    const rows = this.#database.allOnce(
      `SELECT facet, subject, sum(count) AS count, count(*) AS lines, min(first) AS first, max(at) AS at FROM event
       WHERE facet IN (${ids}) AND at BETWEEN ? AND ? ${range.run === null ? '' : `AND run = ${range.run.toString()}`}
       GROUP BY facet, subject`,
      since ?? range.since,
      range.until,
    );
    const words = new Map(selections.flatMap(({ facets: some, words: all }) => some.map(({ id }) => [id, all])));
    const groups = new Map<string, Omit<EventGroup, 'event'> & { facet: Facet; newest: Row }>();
    const events = new Map<Row, Row>();
    /** The newest event behind a row of the count. Many can have come at one instant: the last that was taken in is newer. */
    const newestOf = (row: Row): Row => {
      let event = events.get(row);
      if (event === undefined) {
        [event] = this.#database.all(
          'SELECT * FROM event WHERE segment = ? AND subject = ? AND at = ? AND facet = ? ORDER BY n DESC LIMIT 1',
          this.#segments.of(Number(row['at']))?.id ?? 0,
          row['subject'] ?? 0,
          row['at'] ?? 0,
          row['facet'] ?? 0,
        );
        if (event === undefined) throw new DamagedFile('a row is missing');
        events.set(row, event);
      }
      return event;
    };
    const age = (a: Row, b: Row): number =>
      Number(a['at']) - Number(b['at']) || Number(newestOf(a)['n']) - Number(newestOf(b)['n']);
    let muted = 0;
    for (const row of rows) {
      const facet = facets.get(Number(row['facet']));
      const subject = this.#subject(Number(row['subject']));
      if (facet === undefined || !(words.get(facet.id) ?? []).every((word) => subject.text.includes(word))) continue;
      if (query.target !== undefined && !matchesPattern(query.target, subject.target)) continue;
      if (isMuted(query.mutes, facet, subject.target)) {
        muted += Number(row['lines']);
        continue;
      }
      const key = JSON.stringify([facet.server, facet.kind, facet.verdict, subject.target]);
      const before = groups.get(key);
      const first = new Date(Number(row['first'])).toISOString();
      const isNewer = before === undefined || age(row, before.newest) > 0;
      groups.set(key, {
        count: Number(row['count']) + (before?.count ?? 0),
        lines: Number(row['lines']) + (before?.lines ?? 0),
        firstAt: before === undefined || first < before.firstAt ? first : before.firstAt,
        ...(isNewer ? { facet, newest: row } : { facet: before.facet, newest: before.newest }),
      });
    }
    const newest = [...groups.values()].sort((a, b) => age(b.newest, a.newest)).slice(0, query.limit);
    return {
      groups: newest.map(({ facet, newest: row, count, lines, firstAt }) => ({
        event: this.#event(newestOf(row), facet),
        count,
        lines,
        firstAt,
      })),
      countedSince: since === null ? null : new Date(since).toISOString(),
      muted,
    };
  }

  /** The instant from which on at most `groupedLinesMax` rows lie; null where there are no more in all. */
  #countedSince(facets: string, range: { since: number; until: number }): number | null {
    let lines = 0;
    const minutes = this.#database.allOnce(
      `SELECT minute, sum(lines) AS lines FROM minute WHERE facet IN (${facets}) AND minute BETWEEN ? AND ?
       GROUP BY minute ORDER BY minute DESC`,
      Math.floor(range.since / minuteMs),
      Math.floor(range.until / minuteMs),
    );
    for (const [index, row] of minutes.entries()) {
      lines += Number(row['lines']);
      if (lines > groupedLinesMax && index > 0) return (Number(row['minute']) + 1) * minuteMs;
    }
    return null;
  }

  #range(query: HistoryQuery): { since: number; until: number; run: number | null } | null {
    const since = Math.ceil(query.sinceMs ?? -farthest);
    const until = Math.floor(query.untilMs ?? farthest);
    if (query.run === undefined) return { since, until, run: null };
    const [row] = this.#database.all('SELECT id, first, last FROM run WHERE run = ?', query.run);
    if (row === undefined || row['first'] === null) return null;
    return {
      since: Math.max(since, Number(row['first'])),
      until: Math.min(until, Number(row['last'])),
      run: Number(row['id']),
    };
  }

  #selections(query: HistoryQuery): Selection[] {
    const words = searchWords(query.text ?? '');
    // What a pattern says word for word must occur; whether it fits is looked at row by row.
    const pieces = (query.target ?? '').split('*').map(foldText).filter(Boolean);
    const selections = new Map<string, Selection>();
    for (const row of this.#database.all('SELECT * FROM facet')) {
      const facet: Facet = {
        id: Number(row['id']),
        server: String(row['server']),
        kind: String(row['kind']) as EventKind,
        verdict: String(row['verdict']) as Verdict,
        decider: String(row['decider']),
      };
      if (query.server !== undefined && facet.server !== query.server) continue;
      if (query.verdict !== undefined && facet.verdict !== query.verdict) continue;
      if (query.kinds !== undefined && !query.kinds.includes(facet.kind)) continue;
      const shared = words.length === 0 ? '' : sharedText(facet.server, facet.kind, facet.verdict);
      const left = [...words.filter((word) => !shared.includes(word)), ...pieces];
      const key = JSON.stringify(left);
      const selection = selections.get(key) ?? { facets: [], words: left };
      selection.facets.push(facet);
      selections.set(key, selection);
    }
    return [...selections.values()];
  }

  /** Rows of a selection within a segment's span. */
  #streams(
    { facets, words, subjects }: Selection & { subjects: number[] | null },
    columns: string,
    start: Position,
    { id: segment, since, until }: SegmentSpan,
    sign: number,
  ): Stream[] {
    const [beyond, order] = sign < 0 ? ['<', 'DESC'] : ['>', 'ASC'];
    const rest = `(at, n) ${beyond} (?, ?) AND at BETWEEN ? AND ? ORDER BY at ${order}, n ${order} LIMIT ?`;
    if (subjects === null) {
      const sql = `SELECT ${columns} FROM event WHERE facet = ? AND ${rest}`;
      const isFound = (row: Row): boolean => {
        const { text } = this.#subject(Number(row['subject']));
        return words.every((word) => text.includes(word));
      };
      return facets.map(
        ({ id }) =>
          new Stream(start.at, start.n, (at, n, limit) => {
            const rows = this.#database.all(sql, id, at, n, since, until, limit);
            return words.length === 0 ? rows : rows.map((row) => (isFound(row) ? row : passed(row)));
          }),
      );
    }
    const sql = `SELECT ${columns} FROM event WHERE segment = ? AND subject = ? AND ${rest}`;
    const wanted = new Set(facets.map(({ id }) => id));
    return subjects.map(
      (id) =>
        new Stream(start.at, start.n, (at, n, limit) =>
          this.#database
            .all(sql, segment, id, at, n, since, until, limit)
            .map((row) => (wanted.has(Number(row['facet'])) ? row : passed(row))),
        ),
    );
  }

  /** Subjects that hold all words; null where the index cannot say, or names too many. */
  #subjectsWith(words: readonly string[]): number[] | null {
    const triples = new Set<string>();
    for (const word of words) {
      const characters = Array.from(word);
      for (let at = 0; at + 3 <= characters.length; at += 1) triples.add(characters.slice(at, at + 3).join(''));
    }
    if (triples.size === 0) return null;
    const match = [...triples].map((triple) => `"${triple.replaceAll('"', '""')}"`).join(' AND ');
    const rows = this.#database.all(
      `SELECT rowid AS id FROM words WHERE words MATCH ? LIMIT ${(subjectsMax + 1).toString()}`,
      match,
    );
    if (rows.length > subjectsMax) return null;
    return rows
      .map((row) => Number(row['id']))
      .filter((id) => words.every((word) => this.#subject(id).text.includes(word)));
  }

  #subject(id: number): Subject {
    const cached = this.#subjects.get(id);
    if (cached !== undefined) return cached;
    const [row] = this.#database.all('SELECT * FROM subject WHERE id = ?', id);
    const subject = subjectOf(row ?? {});
    if (this.#subjects.size >= subjectCacheMax) this.#subjects.clear();
    this.#subjects.set(id, subject);
    return subject;
  }

  /** Of a row, or of what was looked at of one. */
  #event(found: Row, facet: Facet): Event {
    const row =
      found['seq'] === undefined
        ? this.#database.all(
            'SELECT * FROM event WHERE facet = ? AND at = ? AND n = ?',
            facet.id,
            found['at'] ?? 0,
            found['n'] ?? 0,
          )[0]
        : found;
    if (row === undefined) throw new DamagedFile('a row is missing');
    const subject = this.#subject(Number(row['subject']));
    const more = row['more'];
    // Read back as strictly as from a spool: the file could have been written to by another hand.
    const parsed = eventSchema.safeParse({
      v: 1,
      seq: Number(row['seq']),
      at: new Date(Number(row['at'])).toISOString(),
      firstAt: new Date(Number(row['first'])).toISOString(),
      run: this.#cached(this.#runs, Number(row['run']), 'SELECT run AS value FROM run WHERE id = ?', String),
      server: facet.server,
      kind: facet.kind,
      target: subject.target,
      ...(subject.address === null ? {} : { address: subject.address }),
      ...(subject.bytes === null ? {} : { targetBytes: subject.bytes }),
      verdict: facet.verdict,
      by: facet.decider,
      count: Number(row['count']),
      process: { pid: Number(row['pid']), exe: subject.exe },
      ...(subject.known === null ? {} : { known: subject.known }),
      ...(row['detail'] === null
        ? {}
        : this.#cached(
            this.#details,
            Number(row['detail']),
            'SELECT json AS value FROM detail WHERE id = ?',
            (value) => JSON.parse(value) as object,
          )),
      ...(typeof more === 'string' ? (JSON.parse(more) as object) : {}),
    });
    if (!parsed.success) throw new DamagedFile('a row is not of the form of an event');
    return parsed.data;
  }

  #cached<T>(cache: Map<number, T>, id: number, sql: string, read: (value: string) => T): T {
    const cached = cache.get(id);
    if (cached !== undefined) return cached;
    const value = read(String(this.#database.all(sql, id)[0]?.['value'] ?? ''));
    if (cache.size >= subjectCacheMax) cache.clear();
    cache.set(id, value);
    return value;
  }
}

function facetsOf(selections: readonly Selection[]): Map<number, Facet> {
  return new Map(selections.flatMap(({ facets }) => facets.map((facet) => [facet.id, facet])));
}

/** What tells of a row whether it is found, and then its facet. */
function lookFor(
  query: HistoryQuery,
  run: number | null,
  facets: ReadonlyMap<number, Facet>,
  targetOf: (row: Row) => string,
): (row: Row) => Facet | 'muted' | null {
  const { target, mutes = [] } = query;
  return (row) => {
    if (row['passed'] !== undefined) return null;
    if (run !== null && Number(row['run']) !== run) return null;
    const facet = facets.get(Number(row['facet']));
    if (facet === undefined) return null;
    if (target !== undefined && !matchesPattern(target, targetOf(row))) return null;
    if (mutes.length > 0 && isMuted(mutes, facet, targetOf(row))) return 'muted';
    return facet;
  };
}

/** A row that is gone past: it counts for how long a call looks, and for nothing else. */
function passed(row: Row): Row {
  return { ...row, passed: 1 };
}

function isMuted(mutes: readonly MuteRule[] | undefined, facet: Facet, target: string): boolean {
  return mutes?.some((rule) => isMutedBy(rule, { server: facet.server, kind: facet.kind, target })) === true;
}

function startOf(query: SearchQuery, range: { since: number; until: number }, sign: number): Position {
  if (query.after !== undefined) {
    const [at = '0', n = '0'] = query.after.split('.');
    return { at: Number(at), n: Number(n) };
  }
  return sign < 0 ? { at: range.until, n: farthest } : { at: range.since, n: -1 };
}
