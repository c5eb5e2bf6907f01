/**
 * The spool: a folder of files, one a run (see spool-file.ts for what is trusted: nothing). Files are the store; in
 * memory there is one small record a file and what a query answers.
 *
 * Following: the folder is watched (inotify through fs.watch), and what was appended is read from where the last reading
 * ended, so an event is with its listeners about a millisecond after it was written. A slow sweep finds what a watcher
 * misses (a full event queue, a folder that was replaced); it gets faster, never below 500 ms, where watching fails.
 */
import type { FSWatcher } from 'node:fs';
import { mkdirSync, unlinkSync, watch } from 'node:fs';
import type { Event } from '#contract/event.ts';
import type { HostUse } from '#domain/seen-hosts.ts';
import type { Log, Spool, SpoolPruned, SpoolQuery, SpoolRun, SpoolStatus } from '#engine/events/ports.ts';
import { addUses, HostTally } from './host-tally.ts';
import type { LineProblem } from './spool-file.ts';
import { SpoolFile } from './spool-file.ts';
import type { SpoolName } from './spool-folder.ts';
import { listSpoolFolder, lstat, runOf, spoolNamesMax, spoolPath } from './spool-folder.ts';

export const spoolMaxFiles = 400;
export const spoolMaxBytes = 67_108_864;

const strangersMax = 20;
/** Different uses of the network that are counted, a server. */
const hostUsesMax = 2000;
const hourSeconds = 3600;
const sweepMs = 5000;
const pollMs = 500;
/** How long one turn of reading may hold the event loop. */
const turnMs = 8;
const rewatchMs = 10_000;
/** Merged lines carry the time of their latest occurrence, so a file's lines are in order only to within this much. */
const disorderMs = 60_000;

export interface SpoolOptions {
  folder: string;
  log: Log;
  /** What a target is called in words, where it is a well-known one. */
  label: (event: Event) => string | undefined;
  maxFiles?: number;
  maxBytes?: number;
}

interface Listed {
  file: SpoolFile;
  size: number;
  modifiedMs: number;
}

export function createSpool(options: SpoolOptions): Spool {
  return new FolderSpool(options);
}

class FolderSpool implements Spool {
  readonly #folder: string;
  readonly #log: Log;
  readonly #label: (event: Event) => string | undefined;
  readonly #maxFiles: number;
  readonly #maxBytes: number;

  readonly #files = new Map<string, SpoolFile>();
  /** Lines that end before this offset were there when the following began: they are history, not news. */
  readonly #newsFrom = new Map<string, number>();
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #tallies = new Map<string, HostTally>();
  #strangers: string[] = [];
  #saidTooManyNames = false;

  #watcher: FSWatcher | null = null;
  #sweepTimer: NodeJS.Timeout | null = null;
  #lastWatchMs = 0;
  readonly #dirty = new Set<string>();
  #draining = false;

  constructor(options: SpoolOptions) {
    this.#folder = options.folder;
    this.#log = options.log;
    this.#label = options.label;
    this.#maxFiles = options.maxFiles ?? spoolMaxFiles;
    this.#maxBytes = options.maxBytes ?? spoolMaxBytes;
  }

  async newest(query: SpoolQuery): Promise<Event[]> {
    const listed = this.#list()
      .filter(({ file }) => query.run === undefined || file.run === query.run)
      .sort((a, b) => b.modifiedMs - a.modifiedMs);
    let kept: Event[] = [];
    for (const { file, modifiedMs } of listed) {
      const floor = Math.max(query.sinceMs ?? 0, kept.length < query.limit ? 0 : millisecondsOf(kept[0]));
      if (modifiedMs + disorderMs < floor) {
        break;
      }
      if (query.server !== undefined && file.glance() !== null) {
        const facts = file.facts();
        if (facts !== null && facts.server !== query.server) {
          continue;
        }
      }
      const found: Event[] = [];
      await file.backwards((event) => {
        const at = Date.parse(event.at);
        if (at + disorderMs < floor) {
          return false;
        }
        if (matches(event, at, query)) {
          found.push(event);
        }
        return found.length < query.limit;
      });
      if (found.length > 0) {
        kept = [...kept, ...found.reverse()].sort(byTime).slice(-query.limit);
      }
    }
    return kept;
  }

  async runs(): Promise<SpoolRun[]> {
    const runs: SpoolRun[] = [];
    for (const { file } of this.#list()) {
      if (file.glance() === false) {
        await this.#readForward(file);
      }
      const facts = file.facts();
      if (facts !== null) {
        runs.push(facts);
      }
    }
    return runs.sort((a, b) => compareText(b.startedAt, a.startedAt) || compareText(b.run, a.run));
  }

  async denialsLastHour(now: number): Promise<ReadonlyMap<string, number>> {
    const from = Math.floor(now / 1000) - hourSeconds;
    const denials = new Map<string, number>();
    for (const { file, modifiedMs } of this.#list()) {
      if (modifiedMs / 1000 < from - 1) {
        continue;
      }
      await this.#readForward(file);
      const server = file.facts()?.server;
      const number = file.denialsFrom(from);
      if (server !== undefined && number > 0) {
        denials.set(server, (denials.get(server) ?? 0) + number);
      }
    }
    return denials;
  }

  async hostUses(): Promise<ReadonlyMap<string, readonly HostUse[]>> {
    const servers = new Map<string, Map<string, HostUse>>();
    // The newest runs first: where a server used more than is counted, the oldest are left out.
    for (const { file, size } of this.#list().sort((a, b) => b.modifiedMs - a.modifiedMs)) {
      let tally = this.#tallies.get(file.run);
      if (tally === undefined) {
        tally = new HostTally(this.#path(file.run), file.run);
        this.#tallies.set(file.run, tally);
      }
      while (tally.advance(size)) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (tally.server !== null) {
        const uses = servers.get(tally.server) ?? new Map<string, HostUse>();
        servers.set(tally.server, uses);
        addUses(uses, tally.uses, hostUsesMax);
      }
    }
    return new Map([...servers].map(([server, uses]) => [server, [...uses.values()]]));
  }

  follow(listener: (event: Event) => void): Promise<() => void> {
    // A wrapper, so that one function may follow twice.
    const own = (event: Event): void => listener(event);
    if (this.#listeners.size === 0) {
      this.#startFollowing();
    }
    this.#listeners.add(own);
    return Promise.resolve(() => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) {
        this.#stopFollowing();
      }
    });
  }

  async prune(mayRemove: (run: SpoolRun) => boolean): Promise<SpoolPruned> {
    const pruned: SpoolPruned = { files: 0, bytes: 0 };
    const listed = this.#list().sort((a, b) => a.modifiedMs - b.modifiedMs);
    let files = listed.length;
    let bytes = listed.reduce((sum, { size }) => sum + size, 0);
    for (const { file, size, modifiedMs } of listed) {
      if (files <= this.#maxFiles && bytes <= this.#maxBytes) {
        break;
      }
      if (file.glance() === false) {
        await this.#readForward(file);
      }
      const facts = file.facts();
      // A file without one good line tells nothing; it may go unless a launcher has only just made it.
      const removable = facts === null ? Date.now() - modifiedMs > disorderMs : mayRemove(facts);
      if (!removable) {
        continue;
      }
      try {
        unlinkSync(this.#path(file.run));
      } catch (error) {
        this.#log.warn('spool-not-pruned', { run: file.run, error: codeOf(error) });
        continue;
      }
      this.#forget(file.run);
      files -= 1;
      bytes -= size;
      pruned.files += 1;
      pruned.bytes += size;
    }
    if (pruned.files > 0) {
      this.#log.info('spool-pruned', { files: pruned.files, bytes: pruned.bytes });
    }
    return pruned;
  }

  status(): Promise<SpoolStatus> {
    const listed = this.#list();
    return Promise.resolve({
      files: listed.length,
      bytes: listed.reduce((sum, { size }) => sum + size, 0),
      maxFiles: this.#maxFiles,
      maxBytes: this.#maxBytes,
      badLines: listed.reduce((sum, { file }) => sum + file.badLines, 0),
      strangers: this.#strangers,
    });
  }

  #path(run: string): string {
    return spoolPath(this.#folder, run);
  }

  #forget(run: string): void {
    this.#files.delete(run);
    this.#tallies.delete(run);
    this.#newsFrom.delete(run);
    this.#dirty.delete(run);
  }

  #file(run: string): SpoolFile {
    let file = this.#files.get(run);
    if (file === undefined) {
      file = new SpoolFile(this.#path(run), run, this.#label, {
        onReplaced: () => this.#newsFrom.set(run, 0),
        onEvent: (event, endOffset) => {
          if (this.#listeners.size > 0 && endOffset > (this.#newsFrom.get(run) ?? 0)) {
            this.#deliver(event);
          }
        },
        onProblem: (problem, badLines) => this.#report(run, problem, badLines),
      });
      this.#files.set(run, file);
    }
    return file;
  }

  #deliver(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#log.warn('spool-listener-failed', { error: String(error) });
      }
    }
  }

  /** Said at the first bad line of a file and then at each doubling: a flood of them must not flood the log. */
  #report(run: string, problem: LineProblem, badLines: number): void {
    if (problem === 'file-too-large' || (badLines & (badLines - 1)) === 0) {
      this.#log.warn('spool-line-skipped', { run, problem, badLines });
    }
  }

  /** The regular files of the folder that carry a run's name; forgets those that vanished. */
  #list(): Listed[] {
    const listed: Listed[] = [];
    const seen = new Set<string>();
    const strangers: string[] = [];
    for (const { name, run, size, modifiedMs } of this.#names()) {
      if (run === null) {
        if (strangers.length < strangersMax) {
          strangers.push(name.slice(0, 255));
        }
        continue;
      }
      seen.add(run);
      listed.push({ file: this.#file(run), size, modifiedMs });
    }
    for (const run of this.#files.keys()) {
      if (!seen.has(run)) {
        this.#forget(run);
      }
    }
    this.#strangers = strangers;
    return listed;
  }

  #names(): SpoolName[] {
    try {
      const { names, more } = listSpoolFolder(this.#folder);
      if (more && !this.#saidTooManyNames) {
        this.#saidTooManyNames = true;
        this.#log.warn('spool-too-many-names', { max: spoolNamesMax });
      }
      return names;
    } catch (error) {
      // Before the first run there is no folder; anything else must not pass for an empty one.
      if (codeOf(error) !== 'ENOENT') {
        this.#log.warn('spool-unreadable', { error: codeOf(error) });
      }
      return [];
    }
  }

  async #readForward(file: SpoolFile): Promise<void> {
    for (;;) {
      const state = file.advance();
      if (state !== 'more') {
        if (state === 'gone') {
          this.#forget(file.run);
        }
        return;
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #startFollowing(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    // Watch first, list then: what is written in between is found twice rather than never.
    this.#watch();
    this.#newsFrom.clear();
    for (const { file, size } of this.#list()) {
      this.#newsFrom.set(file.run, size);
      if (file.glance() === false) {
        this.#dirty.add(file.run);
      }
    }
    this.#drain();
    this.#scheduleSweep();
  }

  #stopFollowing(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#sweepTimer !== null) {
      clearTimeout(this.#sweepTimer);
      this.#sweepTimer = null;
    }
    this.#dirty.clear();
  }

  #watch(): void {
    this.#lastWatchMs = Date.now();
    try {
      const watcher = watch(this.#folder, { persistent: false }, (_kind, name) => {
        const run = name === null ? null : runOf(name);
        if (run !== null) {
          this.#dirty.add(run);
          this.#drain();
        } else if (name === null || this.#folder.endsWith(`/${name}`)) {
          // The folder itself was removed or renamed: this watcher is deaf from now on.
          this.#unwatch('folder-moved');
        }
      });
      watcher.on('error', (error) => this.#unwatch(codeOf(error)));
      this.#watcher = watcher;
    } catch (error) {
      this.#log.warn('spool-not-watched', { error: codeOf(error) });
      this.#watcher = null;
    }
  }

  #unwatch(reason: string): void {
    if (this.#watcher !== null) {
      this.#log.warn('spool-not-watched', { error: reason });
      this.#watcher.close();
      this.#watcher = null;
      this.#scheduleSweep();
    }
  }

  #scheduleSweep(): void {
    if (this.#sweepTimer !== null) {
      clearTimeout(this.#sweepTimer);
    }
    this.#sweepTimer = setTimeout(() => this.#sweep(), this.#watcher === null ? pollMs : sweepMs);
    this.#sweepTimer.unref();
  }

  #sweep(): void {
    this.#sweepTimer = null;
    if (this.#listeners.size === 0) {
      return;
    }
    if (this.#watcher === null && Date.now() - this.#lastWatchMs >= rewatchMs && lstat(this.#folder) !== null) {
      this.#watch();
    }
    for (const { file, size } of this.#list()) {
      if (size !== file.size || !file.ended) {
        this.#dirty.add(file.run);
      }
    }
    this.#drain();
    this.#scheduleSweep();
  }

  /** Reads a slice of each file in turn, so that one long file never holds up the news of another. */
  #drain(): void {
    if (this.#draining) {
      return;
    }
    const started = performance.now();
    for (const run of this.#dirty) {
      this.#dirty.delete(run);
      if (lstat(this.#path(run))?.isFile() !== true) {
        this.#forget(run);
        continue;
      }
      if (this.#file(run).advance() === 'more') {
        this.#dirty.add(run);
      }
      if (performance.now() - started > turnMs) {
        break;
      }
    }
    if (this.#dirty.size > 0) {
      this.#draining = true;
      setImmediate(() => {
        this.#draining = false;
        this.#drain();
      });
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

function matches(event: Event, at: number, query: SpoolQuery): boolean {
  return (
    (query.server === undefined || event.server === query.server) &&
    (query.run === undefined || event.run === query.run) &&
    (query.kind === undefined || event.kind === query.kind) &&
    (query.verdict === undefined || event.verdict === query.verdict) &&
    (query.sinceMs === undefined || at >= query.sinceMs)
  );
}

function millisecondsOf(event: Event | undefined): number {
  return event === undefined ? 0 : Date.parse(event.at);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** All `at` are ISO 8601 UTC of one length, so text order is time order; within a run the sequence decides. */
function byTime(a: Event, b: Event): number {
  return compareText(a.at, b.at) || compareText(a.run, b.run) || a.seq - b.seq;
}
