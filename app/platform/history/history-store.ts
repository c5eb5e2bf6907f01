/**
 * The history as one object without threads: reads what the spool's files have grown by, keeps it within its bounds, and
 * answers. Everything is synchronous; `worker.ts` runs it beside the host.
 *
 * The spool's files are the truth. A file that is no sound database, or turns out to be damaged while it is asked, is
 * removed and made anew from them, once; what was older than they are is then gone, and the log and the doctor say so.
 * What cannot be written (a full disk) is left for the next time: answers go on with what is in, and say `behind`.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { Behind, EventGroups, EventPage } from '#contract/event-search.ts';
import type { Retention, Storage } from '#contract/storage.ts';
import type { HistoryQuery, Log } from '#engine/events/ports.ts';
import { SpoolFile, type SpoolFileMark } from '../spool/spool-file.ts';
import type { SpoolName } from '../spool/spool-folder.ts';
import { listSpoolFolder, spoolPath } from '../spool/spool-folder.ts';
import type { SearchQuery } from './asking.ts';
import { Asking } from './asking.ts';
import { DatabaseFile, isDamage, isDiskFull, removeDatabase, sizeOnDisk } from './database-file.ts';
import type { Migration } from './schema.ts';
import { Segments } from './segments.ts';
import { subjectOf } from './subject.ts';
import { TakingIn } from './taking-in.ts';

/** Events that are gathered before they are written: so few that they are gone before they grow old in memory. */
const batchEvents = 500;
/** How long one call reads before it answers with what is in. */
const readingMs = 2000;
const dayMs = 86_400_000;
const minuteMs = 60_000;
const mebibyte = 1_048_576;
/** Files larger than this are not read through by the doctor. */
const checkMaxBytes = 512 * mebibyte;
const rowsPerCut = 20_000;

export interface HistoryStoreOptions {
  /** `<state>/history.sqlite`. */
  file: string;
  spoolFolder: string;
  label: (event: Event) => string | undefined;
  log: Log;
  retention: Retention;
  now?: () => number;
  /** For tests. */
  migrations?: readonly Migration[];
  /** For tests: when a segment is full. */
  segmentLines?: number;
}

interface Opened {
  database: DatabaseFile;
  segments: Segments;
  takingIn: TakingIn;
  asking: Asking;
}

export class HistoryStore {
  readonly #options: HistoryStoreOptions;
  readonly #now: () => number;
  #opened: Opened | null = null;
  #retention: Retention;
  #behind: Behind | null = null;
  /** Sizes of the files that were read to their end, by run. */
  readonly #read = new Map<string, string>();

  constructor(options: HistoryStoreOptions) {
    this.#options = options;
    this.#retention = options.retention;
    this.#now = options.now ?? Date.now;
  }

  search(query: SearchQuery): EventPage {
    this.takeIn();
    return this.#soundly(({ asking }) => ({ ...asking.search(query), behind: this.#behind }));
  }

  groups(query: HistoryQuery & { limit: number }): EventGroups {
    this.takeIn();
    return this.#soundly(({ asking }) => ({ ...asking.groups(query), behind: this.#behind }));
  }

  status(): Omit<Storage, 'retention'> {
    this.takeIn();
    return this.#soundly(({ database }) => {
      const [sums] = database.all(`SELECT coalesce(sum(lines), 0) AS events FROM minute`);
      const ends = (order: 'ASC' | 'DESC'): string | null => {
        const times = database
          .all('SELECT id FROM facet')
          .map(({ id }) => database.all(`SELECT at FROM event WHERE facet = ? ORDER BY at ${order} LIMIT 1`, id ?? 0))
          .flatMap(([row]) => (row === undefined ? [] : [Number(row['at'])]));
        if (times.length === 0) return null;
        return new Date(times.reduce((a, b) => (order === 'ASC' ? Math.min(a, b) : Math.max(a, b)))).toISOString();
      };
      const [rebuilt] = database.all(`SELECT value FROM meta WHERE key = 'rebuilt'`);
      return {
        file: this.#options.file,
        bytes: sizeOnDisk(this.#options.file),
        events: Number(sums?.['events'] ?? 0),
        oldestAt: ends('ASC'),
        newestAt: ends('DESC'),
        rebuilt: rebuilt === undefined ? null : (JSON.parse(String(rebuilt['value'])) as Storage['rebuilt']),
        behind: this.#behind,
      };
    });
  }

  check(): string | null {
    const { database } = this.#open();
    return sizeOnDisk(this.#options.file) > checkMaxBytes ? null : database.check();
  }

  /** `newer-format` is not made anew: it belongs to a newer Belljar. */
  rebuild(reason: 'damaged' | 'asked'): void {
    if (this.#opened === null && reason === 'asked') {
      try {
        this.#open();
      } catch (error) {
        if (error instanceof BelljarError && error.code === 'newer-format') throw error;
      }
    }
    this.close();
    removeDatabase(this.#options.file);
    this.#read.clear();
    this.#options.log.warn('history-rebuilt', { reason });
    const { database } = this.#connect();
    database.run(
      `INSERT INTO meta VALUES('rebuilt', ?)`,
      JSON.stringify({ at: new Date(this.#now()).toISOString(), reason }),
    );
    this.takeIn();
  }

  retain(retention: Retention): void {
    this.#retention = retention;
    this.#soundly((opened) => this.#prune(opened));
  }

  /** Reads what files have grown by; for `readingMs` at most. True when there is more. */
  takeIn(): boolean {
    try {
      return this.#soundly((opened) => this.#takeIn(opened));
    } catch (error) {
      if (error instanceof BelljarError) throw error;
      this.#notWritten(error);
      return false;
    }
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = null;
  }

  #notWritten(error: unknown): void {
    const reason = isDiskFull(this.#options.file, error) ? 'disk-full' : 'write-failed';
    if (this.#behind !== reason) this.#options.log.warn('history-behind', { reason, error: String(error) });
    this.#behind = reason;
  }

  #connect(): Opened {
    const database = new DatabaseFile(this.#options.file, this.#options.migrations);
    const segments = new Segments(database, this.#options.segmentLines);
    const takingIn = new TakingIn(database, segments);
    this.#opened = { database, segments, takingIn, asking: new Asking(database, segments) };
    return this.#opened;
  }

  #open(): Opened {
    if (this.#opened !== null) return this.#opened;
    try {
      return this.#connect();
    } catch (error) {
      if (error instanceof BelljarError || isDamage(error)) throw error;
      const detail = isDiskFull(this.#options.file, error) ? 'there is no space left on the disk' : String(error);
      throw new BelljarError('history-unavailable', { file: this.#options.file, params: { detail }, cause: error });
    }
  }

  /** Does it; where the file proves damaged, does it again with one made anew. */
  #soundly<T>(work: (opened: Opened) => T): T {
    try {
      return work(this.#open());
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#options.log.warn('history-damaged', { error: String(error) });
    }
    this.rebuild('damaged');
    return work(this.#open());
  }

  #takeIn(opened: Opened): boolean {
    const deadline = performance.now() + readingMs;
    const files = this.#grown();
    if (files.length === 0) {
      this.#behind = null;
      return false;
    }
    const read = new Map<string, string>();
    let added = false;
    // One transaction a call: a page that many rows come to is written once for all of them.
    const more = opened.takingIn.transaction(() => {
      for (const { run, size } of files) {
        const outcome = this.#takeFile(opened, run, deadline);
        added ||= outcome !== 'nothing';
        if (outcome === 'more') return true;
        read.set(run, size);
        if (performance.now() > deadline) return run !== files.at(-1)?.run;
      }
      return false;
    });
    for (const [run, size] of read) this.#read.set(run, size);
    this.#behind = more ? 'reading' : null;
    if (added) this.#prune(opened);
    return more;
  }

  /** Files that are not read to their end, the one that was written to longest ago first. */
  #grown(): { run: string; size: string }[] {
    const grown: { run: string; size: string; modifiedMs: number }[] = [];
    const seen = new Set<string>();
    for (const { run, identity, size: bytes, modifiedMs } of this.#spooled()) {
      seen.add(run);
      const size = `${identity}:${bytes.toString()}`;
      if (this.#read.get(run) !== size) grown.push({ run, size, modifiedMs });
    }
    for (const run of this.#read.keys()) if (!seen.has(run)) this.#read.delete(run);
    return grown.sort((a, b) => a.modifiedMs - b.modifiedMs);
  }

  #spooled(): (SpoolName & { run: string })[] {
    try {
      const { names } = listSpoolFolder(this.#options.spoolFolder);
      return names.flatMap((one) => (one.run === null ? [] : [{ ...one, run: one.run }]));
    } catch {
      return [];
    }
  }

  #takeFile({ takingIn }: Opened, run: string, deadline: number): 'more' | 'done' | 'nothing' {
    const known = takingIn.runMark(run);
    let events: Event[] = [];
    const file = new SpoolFile(spoolPath(this.#options.spoolFolder, run), run, this.#options.label, {
      onEvent: (event) => events.push(event),
      onReplaced: () => undefined,
      onProblem: () => undefined,
    });
    if (known !== null) file.resume(known.file);
    let written = false;
    const write = (mark: SpoolFileMark): void => {
      const isNews = events.length > 0 || known === null || mark.offset !== known.file.offset;
      if (!isNews) return;
      takingIn.add(run, events, mark);
      written ||= events.length > 0;
      events = [];
    };
    for (;;) {
      const state = file.advance();
      if (state === 'gone') return written ? 'done' : 'nothing';
      if (state === 'read' || events.length >= batchEvents) write(file.mark());
      if (state === 'read') return written ? 'done' : 'nothing';
      if (performance.now() > deadline) {
        write(file.mark());
        return 'more';
      }
    }
  }

  /** What is too old or too much leaves, oldest first, a bounded piece at a time. */
  #prune(opened: Opened): void {
    const { database } = opened;
    const before = this.#now() - this.#retention.keepDays * dayMs;
    let cut = this.#cutBefore(opened, before);
    const allowed = this.#retention.keepMegabytes * mebibyte;
    // Room that became free in the file counts as free: it is used again before the file grows.
    for (let round = 0; round < 1000 && this.#usedBytes(database) > allowed; round += 1) {
      const [edge] = database.all(
        `SELECT max(minute) AS minute FROM (
           SELECT minute, sum(sum(lines)) OVER (ORDER BY minute) AS total FROM minute GROUP BY minute
         ) WHERE total <= ${rowsPerCut.toString()}`,
      );
      const [oldest] = database.all('SELECT min(minute) AS minute FROM minute');
      if (oldest?.['minute'] === null || oldest === undefined) break;
      const minute = Number(edge?.['minute'] ?? oldest['minute']);
      cut = this.#cutBefore(opened, (minute + 1) * minuteMs) || cut;
    }
    if (!cut) return;
    database.exec('PRAGMA incremental_vacuum');
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  #usedBytes(database: DatabaseFile): number {
    return (database.number('page_count') - database.number('freelist_count')) * database.number('page_size');
  }

  /** Removes whole minutes that ended at or before an instant; true when there were any. */
  #cutBefore({ database, segments, takingIn, asking }: Opened, instant: number): boolean {
    const minute = Math.floor(instant / minuteMs);
    // Asked a facet: that is a look into the index each, and this is asked with all news.
    const facets = database.all(
      'SELECT id AS facet FROM facet WHERE EXISTS (SELECT 1 FROM minute WHERE minute.facet = facet.id AND minute < ?)',
      minute,
    );
    if (facets.length === 0) return false;
    database.transaction(() => {
      database.exec('CREATE TEMP TABLE IF NOT EXISTS leaving(subject INTEGER PRIMARY KEY)');
      for (const { facet } of facets) {
        const end = minute * minuteMs;
        database.run(
          'INSERT OR IGNORE INTO leaving SELECT subject FROM event WHERE facet = ? AND at < ?',
          facet ?? 0,
          end,
        );
        database.run('DELETE FROM event WHERE facet = ? AND at < ?', facet ?? 0, end);
        database.run('DELETE FROM minute WHERE facet = ? AND minute < ?', facet ?? 0, minute);
      }
      // What is left of a subject is, at the latest, in its latest segment.
      database.exec(
        `DELETE FROM leaving WHERE EXISTS (SELECT 1 FROM subject JOIN event ON event.segment = subject.segment
           AND event.subject = subject.id WHERE subject.id = leaving.subject)`,
      );
      removeSubjects(database);
      database.exec('DROP TABLE leaving');
      segments.removeBefore(minute * minuteMs);
      // How far a file was read is known for as long as it is there: else it would be read from its start again.
      database.run(
        `DELETE FROM run WHERE last < ? AND last IS NOT NULL AND run NOT IN (SELECT value FROM json_each(?))`,
        minute * minuteMs,
        JSON.stringify(this.#spooled().map(({ run }) => run)),
      );
    });
    // At once: what comes next may fail, and neither may go on with rows that left.
    takingIn.forget();
    asking.forget();
    return true;
  }
}

/** Takes subjects that no event is about any more out of both their tables. */
function removeSubjects(database: DatabaseFile): void {
  for (;;) {
    const rows = database.all('SELECT * FROM subject WHERE id IN (SELECT subject FROM leaving LIMIT 1000)');
    if (rows.length === 0) return;
    for (const row of rows) {
      const id = row['id'] ?? 0;
      // An index without the texts has to be told what it holds of a row.
      database.run(`INSERT INTO words(words, rowid, text) VALUES('delete', ?, ?)`, id, subjectOf(row).text);
      database.run('DELETE FROM subject WHERE id = ?', id);
      database.run('DELETE FROM leaving WHERE subject = ?', id);
    }
  }
}
