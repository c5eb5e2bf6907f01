/**
 * The file behind the history: opened, brought to the present form, made anew. SQLite itself is WebAssembly, one file for
 * every system, so a damaged or hostile database meets a sandbox of its own inside the process.
 *
 * The process that opens it holds the host's lock, so nobody else has it open: what a killed process left of SQLite's own
 * lock is taken away. The file is made 0600 before SQLite sees it, and one that is a link or no file is refused.
 *
 * Throws `newer-format` for a file of a newer Belljar, `history-unavailable` for one that may not be used, DamagedFile
 * for one that is no sound database.
 */
import { chmodSync, closeSync, constants, fstatSync, openSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { BelljarError } from '#contract/errors.ts';
import { applicationId, migrations, type Migration } from './schema.ts';

export type Value = number | bigint | string | Uint8Array | null;
export type Row = Record<string, Value>;
type Statement = ReturnType<InstanceType<typeof sqlite.Database>['prepare']>;

export class DamagedFile extends Error {}

const companions = ['', '-wal', '-shm', '-journal'];
/** Pages kept in memory, in KiB. */
const cacheKibibytes = 32_768;
/** Pages of the write-ahead log after which it is written into the file: some 32 MiB. */
const logPages = 4000;
const fullBelowBytes = 1_048_576;

export function isDamage(error: unknown): boolean {
  return (
    error instanceof DamagedFile ||
    (error instanceof Error && /malformed|not a database|corrupt|unsupported file format/i.test(error.message))
  );
}

/** SQLite says only that a write failed; whether the disk is full is asked of the system. */
export function isDiskFull(file: string, error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (/full|ENOSPC/i.test(error.message)) return true;
  if (!/I\/O/i.test(error.message)) return false;
  try {
    const facts = statfsSync(dirname(file));
    return facts.bavail * facts.bsize < fullBelowBytes;
  } catch {
    return false;
  }
}

export function removeDatabase(file: string): void {
  for (const end of companions) rmSync(file + end, { force: true });
  rmSync(`${file}.lock`, { recursive: true, force: true });
}

export function sizeOnDisk(file: string): number {
  let bytes = 0;
  for (const end of companions) bytes += statSync(file + end, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

/** Makes the file where there is none, and looks at what is there. */
function claim(file: string): void {
  let descriptor: number;
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(file, flags, 0o600);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const detail = code === 'ELOOP' ? 'the file is a link' : code;
    throw new BelljarError('history-unavailable', { file, params: { detail }, cause: error });
  }
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) throw new BelljarError('history-unavailable', { file, params: { detail: 'it is no file' } });
    if ((facts.mode & 0o077) !== 0) chmodSync(file, 0o600);
  } finally {
    closeSync(descriptor);
  }
}

export class DatabaseFile {
  readonly #database: InstanceType<typeof sqlite.Database>;
  readonly #statements = new Map<string, Statement>();
  readonly file: string;

  constructor(file: string, steps: readonly Migration[] = migrations) {
    this.file = file;
    claim(file);
    rmSync(`${file}.lock`, { recursive: true, force: true });
    this.#database = new sqlite.Database(file);
    try {
      this.#prepare(steps);
    } catch (error) {
      this.close();
      throw isDamage(error) ? new DamagedFile('not a sound database', { cause: error }) : error;
    }
  }

  #prepare(steps: readonly Migration[]): void {
    // Exclusive before the first access: the write-ahead log then needs no memory shared between processes.
    this.exec('PRAGMA locking_mode=EXCLUSIVE');
    this.exec('PRAGMA page_size=8192');
    const version = this.number('user_version');
    if (version === 0 && this.all('SELECT 1 FROM sqlite_schema LIMIT 1').length > 0) {
      throw new DamagedFile('a database of another program');
    }
    if (version > steps.length) throw new BelljarError('newer-format', { file: this.file });
    if (version > 0 && this.number('application_id') !== applicationId) {
      throw new DamagedFile('a database of another program');
    }
    if (version === 0) this.exec('PRAGMA auto_vacuum=INCREMENTAL');
    this.exec('PRAGMA journal_mode=WAL');
    this.exec('PRAGMA synchronous=NORMAL');
    this.exec(`PRAGMA cache_size=-${cacheKibibytes.toString()}`);
    this.exec('PRAGMA temp_store=MEMORY');
    this.exec('PRAGMA journal_size_limit=16777216');
    this.exec(`PRAGMA wal_autocheckpoint=${logPages.toString()}`);
    this.exec('PRAGMA cell_size_check=ON');
    this.exec('PRAGMA trusted_schema=OFF');
    for (let from = version; from < steps.length; from += 1) {
      this.transaction(() => {
        for (const statement of steps[from] ?? []) this.exec(statement);
        this.exec(`PRAGMA application_id=${applicationId.toString()}`);
        this.exec(`PRAGMA user_version=${(from + 1).toString()}`);
      });
    }
    // SQLite gives its log the mode that the process gives to every file.
    for (const end of companions) {
      if (statSync(this.file + end, { throwIfNoEntry: false }) !== undefined) chmodSync(this.file + end, 0o600);
    }
  }

  number(pragma: string): number {
    return Number(this.all(`PRAGMA ${pragma}`)[0]?.[pragma] ?? 0);
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Statements are kept prepared: of each text there is one. */
  run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(values);
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(values) as Row[];
  }

  /** For texts that differ from call to call: nothing of them is kept. */
  allOnce(sql: string, ...values: Value[]): Row[] {
    return this.#database.all(sql, values) as Row[];
  }

  transaction<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // A failed write may have ended the transaction already.
      if (this.#database.inTransaction) this.exec('ROLLBACK');
      throw error;
    }
  }

  /** What SQLite finds wrong; null where nothing is. Reads the whole file. */
  check(): string | null {
    const [found] = this.allOnce('PRAGMA quick_check(1)');
    const words = String(found?.['quick_check'] ?? 'no answer');
    return words === 'ok' ? null : words;
  }

  close(): void {
    for (const statement of this.#statements.values()) {
      try {
        statement.finalize();
      } catch {
        // It belongs to a database that cannot be read any more.
      }
    }
    this.#statements.clear();
    try {
      this.#database.close();
    } catch {
      // What cannot be closed is left to the next opening.
    }
  }
}
