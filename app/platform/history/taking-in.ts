/**
 * Writes events into the history, in one transaction with how far the run's file was read: what is in is in once, wherever
 * a process was killed. Dictionaries are looked up in bounded caches first.
 */
import type { Event } from '#contract/event.ts';
import { storableText } from '#contract/event-search.ts';
import { instantMs } from '../spool/instant.ts';
import type { SequenceMark } from '../spool/sequence.ts';
import { Sequence } from '../spool/sequence.ts';
import type { SpoolFileMark } from '../spool/spool-file.ts';
import type { DatabaseFile } from './database-file.ts';
import type { Segment, Segments } from './segments.ts';
import { subjectOf, type Subject } from './subject.ts';

const rememberedMax = 50_000;
const minuteMs = 60_000;
const nextSubjectSql = 'SELECT coalesce(max(id), 0) + 1 AS value FROM subject';

export interface RunMark {
  id: number;
  file: SpoolFileMark;
  sequence: SequenceMark;
}

/** FNV-1a over UTF-16 code units, 32 bits: finds candidates, which are then compared in full. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

interface KnownSubject {
  id: number;
  /** The latest one that holds a row about it; null where what the file names is none. */
  segment: Segment | null;
}

export class TakingIn {
  readonly #database: DatabaseFile;
  readonly #segments: Segments;
  /** By program and what else is said of a target, then by target. */
  readonly #subjects = new Map<string, Map<string, KnownSubject>>();
  #rememberedSubjects = 0;
  readonly #facets = new Map<string, number>();
  readonly #details = new Map<string, number>();
  #next: number;
  #nextSubject: number;

  constructor(database: DatabaseFile, segments: Segments) {
    this.#database = database;
    this.#segments = segments;
    this.#next = this.#value(`SELECT value FROM meta WHERE key = 'next'`);
    this.#nextSubject = this.#value(nextSubjectSql);
  }

  #value(sql: string): number {
    return Number(this.#database.all(sql)[0]?.['value'] ?? 0);
  }

  runMark(run: string): RunMark | null {
    const [row] = this.#database.all('SELECT * FROM run WHERE run = ?', run);
    if (row === undefined) return null;
    return {
      id: Number(row['id']),
      file: {
        identity: String(row['identity']),
        offset: Number(row['position']),
        server: row['server'] === null ? null : String(row['server']),
      },
      sequence: { newest: Number(row['newest']), open: JSON.parse(String(row['open'])) as number[] },
    };
  }

  /** All that `work` adds is in, or nothing of it. */
  transaction<T>(work: () => T): T {
    try {
      return this.#database.transaction(() => {
        const result = work();
        this.#segments.save();
        this.#database.run(
          `INSERT INTO meta VALUES('next', ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value`,
          this.#next.toString(),
        );
        return result;
      });
    } catch (error) {
      // A rolled back batch took its new rows of dictionaries with it.
      this.forget();
      throw error;
    }
  }

  /** Caches name rows that may be gone. */
  forget(): void {
    this.#forgetSubjects();
    this.#facets.clear();
    this.#details.clear();
    this.#segments.reload();
    this.#nextSubject = this.#value(nextSubjectSql);
  }

  /**
   * Events of one run, in the order of its file, and where its reading then stands; within a transaction. Lines that are in
   * already are not added.
   */
  add(run: string, events: readonly Event[], file: SpoolFileMark): void {
    const known = this.runMark(run);
    const sequence = new Sequence(known?.sequence);
    if (known === null) {
      this.#database.run(`INSERT INTO run(run, identity, position, newest, open) VALUES(?, '', 0, 0, '[]')`, run);
    }
    const runId = known?.id ?? Number(this.#database.all('SELECT id FROM run WHERE run = ?', run)[0]?.['id']);
    const minutes = new Map<number, Map<number, number>>();
    let first: number | null = null;
    let last: number | null = null;
    for (const event of events) {
      if (!sequence.accept(event.seq)) continue;
      const at = instantMs(event.at);
      const segment = this.#segments.place(at);
      const facet = this.#facet(event);
      const { start, end, plan } = event;
      const more = start ?? end ?? plan;
      this.#database.run(
        'INSERT INTO event VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        facet,
        at,
        this.#next,
        this.#subject(event, segment),
        runId,
        event.seq,
        event.count,
        event.firstAt === event.at ? at : instantMs(event.firstAt),
        event.process.pid,
        this.#detail(event),
        more === undefined ? null : JSON.stringify({ start, end, plan }),
        segment.id,
      );
      this.#next += 1;
      const minute = Math.floor(at / minuteMs);
      let counted = minutes.get(facet);
      if (counted === undefined) minutes.set(facet, (counted = new Map()));
      counted.set(minute, (counted.get(minute) ?? 0) + 1);
      first = Math.min(first ?? at, at);
      last = Math.max(last ?? at, at);
    }
    for (const [facet, counted] of minutes) {
      for (const [minute, lines] of counted) {
        this.#database.run(
          `INSERT INTO minute VALUES(?, ?, ?) ON CONFLICT(facet, minute) DO UPDATE SET lines = lines + excluded.lines`,
          facet,
          minute,
          lines,
        );
      }
    }
    const { newest, open } = sequence.mark();
    this.#database.run(
      `UPDATE run SET server = coalesce(?, server), identity = ?, position = ?, newest = ?, open = ?,
         first = min(coalesce(first, ?), coalesce(?, first)), last = max(coalesce(last, ?), coalesce(?, last)) WHERE id = ?`,
      file.server,
      file.identity,
      file.offset,
      newest,
      JSON.stringify(open),
      first,
      first,
      last,
      last,
      runId,
    );
  }

  #facet({ server, kind, verdict, by }: Event): number {
    const key = `${server} ${kind} ${verdict} ${by}`;
    return remembered(this.#facets, key, () => {
      const values = [server, kind, verdict, by];
      this.#database.run('INSERT OR IGNORE INTO facet(server, kind, verdict, decider) VALUES(?, ?, ?, ?)', ...values);
      const [row] = this.#database.all(
        'SELECT id FROM facet WHERE server = ? AND kind = ? AND verdict = ? AND decider = ?',
        ...values,
      );
      return Number(row?.['id']);
    });
  }

  #forgetSubjects(): void {
    this.#subjects.clear();
    this.#rememberedSubjects = 0;
  }

  #subject(event: Event, segment: Segment): number {
    const known = event.known ?? null;
    const bytes = event.targetBytes ?? null;
    // As SQLite gives them back.
    const target = storableText(event.target);
    const exe = storableText(event.process.exe);
    const address = event.address === undefined ? null : storableText(event.address);
    // Few programs, many targets: these are looked up as they are, and no text is put together for it.
    const rest = address === null && known === null && bytes === null ? '' : JSON.stringify([address, known, bytes]);
    const program = rest === '' ? exe : `${exe}\0${rest}`;
    let subjects = this.#subjects.get(program);
    let subject = subjects?.get(target);
    if (subject === undefined) {
      subject = this.#knownSubject({ target, exe, address, known, bytes }, segment);
      if (this.#rememberedSubjects >= rememberedMax) this.#forgetSubjects();
      subjects = this.#subjects.get(program) ?? new Map();
      this.#subjects.set(program, subjects.set(target, subject));
      this.#rememberedSubjects += 1;
    }
    if (subject.segment !== segment && (subject.segment === null || subject.segment.since < segment.since)) {
      this.#database.run('UPDATE subject SET segment = ? WHERE id = ?', segment.id, subject.id);
      subject.segment = segment;
    }
    return subject.id;
  }

  #knownSubject(subject: Omit<Subject, 'text'>, segment: Segment): KnownSubject {
    const { target, exe, address, known, bytes } = subject;
    const hash = hashOf(JSON.stringify([target, exe, address, known, bytes]));
    for (const row of this.#database.all('SELECT * FROM subject WHERE hash = ?', hash)) {
      const same =
        row['target'] === target &&
        row['exe'] === exe &&
        row['address'] === address &&
        row['known'] === known &&
        row['bytes'] === bytes;
      if (same) return { id: Number(row['id']), segment: this.#segments.named(Number(row['segment'])) };
    }
    const id = this.#nextSubject;
    this.#nextSubject += 1;
    this.#database.run(
      'INSERT INTO subject VALUES(?, ?, ?, ?, ?, ?, ?, ?)',
      id,
      hash,
      target,
      exe,
      address,
      known,
      bytes,
      segment.id,
    );
    this.#database.run('INSERT INTO words(rowid, text) VALUES(?, ?)', id, subjectOf({ ...subject }).text);
    return { id, segment };
  }

  #detail({ errno, rule, tool }: Event): number | null {
    if (errno === undefined && rule === undefined && tool === undefined) return null;
    const json = JSON.stringify({ errno, rule, tool });
    return remembered(this.#details, json, () => {
      this.#database.run('INSERT OR IGNORE INTO detail(json) VALUES(?)', json);
      return Number(this.#database.all('SELECT id FROM detail WHERE json = ?', json)[0]?.['id']);
    });
  }
}

function remembered(cache: Map<string, number>, key: string, make: () => number): number {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (cache.size >= rememberedMax) cache.clear();
  cache.set(key, made);
  return made;
}
