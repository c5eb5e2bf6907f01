/**
 * What events and runs need from the outside world: the spool the launchers write, and the launchers' own processes.
 */
import type { Event, RunEnd, RunStart } from '#contract/event.ts';
import type { EventGroups, EventPage, Mute, MuteRule } from '#contract/event-search.ts';
import type { Retention, Storage } from '#contract/storage.ts';
import type { EventKind, Verdict } from '#contract/words.ts';
import type { HostUse } from '#domain/seen-hosts.ts';

/** A filter whose handle is resolved and whose instant is a number: what a store can answer without asking anyone. */
export interface SpoolQuery {
  server?: string;
  run?: string;
  kind?: EventKind;
  verdict?: Verdict;
  sinceMs?: number;
  /** The newest this many. */
  limit: number;
}

/** One run as its spool file tells it; whether it is live is not the file's to say. */
export interface SpoolRun {
  run: string;
  server: string;
  startedAt: string;
  endedAt: string | null;
  /** Time of the last line, also when no `run.end` was written. */
  lastAt: string;
  /** Sum of `count` over its denials; what the spool's bound dropped is not in it while the run has no end. */
  denials: number;
  start: RunStart | null;
  end: RunEnd | null;
}

export interface SpoolStatus {
  files: number;
  bytes: number;
  maxFiles: number;
  maxBytes: number;
  /** Lines that were not of the contract's form and were skipped, in the files read so far. */
  badLines: number;
  /** Names in the folder that are no spool files (symbolic links, folders, other names), at most 20. */
  strangers: string[];
}

export interface SpoolPruned {
  files: number;
  bytes: number;
}

export interface Spool {
  /** The newest events that match, oldest first. */
  newest(query: SpoolQuery): Promise<Event[]>;
  /** All runs that still have a file, newest start first. */
  runs(): Promise<SpoolRun[]>;
  /** Exact sums of the denials of the hour before `now` (in whole seconds), a server. */
  denialsLastHour(now: number): Promise<ReadonlyMap<string, number>>;
  /** What runs connected to and looked up, a server; of each run a bounded number of different ones. */
  hostUses(): Promise<ReadonlyMap<string, readonly HostUse[]>>;
  /** Calls the listener with each event that is written from now on, in file order within a run. Resolves when it watches. */
  follow(listener: (event: Event) => void): Promise<() => void>;
  /** Removes the oldest files beyond the bounds for which `mayRemove` holds; live runs are never offered up. */
  prune(mayRemove: (run: SpoolRun) => boolean): Promise<SpoolPruned>;
  status(): Promise<SpoolStatus>;
}

/** The launchers' supervisors, told apart from a later process of the same id by their start time. */
export interface Supervisors {
  isAlive(pid: number, startTicks: number): boolean;
  /** Checks the identity again right before; false when that process is gone. */
  signal(pid: number, startTicks: number, signal: 'SIGTERM' | 'SIGKILL'): boolean;
}

/** The log: codes and facts, never values of secrets. */
export interface Log {
  info(code: string, facts?: Record<string, string | number | boolean>): void;
  warn(code: string, facts?: Record<string, string | number | boolean>): void;
}

/** A search whose handle is resolved and whose instants are numbers. */
export interface HistoryQuery {
  server?: string;
  run?: string;
  kinds?: readonly EventKind[];
  verdict?: Verdict;
  text?: string;
  /** `*` stands for any text. */
  target?: string;
  /** Milliseconds since 1970, both included. */
  sinceMs?: number;
  untilMs?: number;
  /** Events that any of these fits are left out and counted. */
  mutes?: readonly MuteRule[];
}

/**
 * Every event that is kept, searchable: an index over the spool that outlives the spool's files up to a bound of its own.
 * It answers from a thread of its own and never holds up the caller's. Methods throw `newer-format` where a newer
 * Belljar made the file, `history-unavailable` where it cannot be used.
 */
export interface History {
  /** Takes in what the spool has by now, then answers. */
  search(query: HistoryQuery & { order: 'newest' | 'oldest'; after?: string; limit: number }): Promise<EventPage>;
  groups(query: HistoryQuery & { limit: number }): Promise<EventGroups>;
  /** There is something new in the spool; it is taken in soon. */
  nudge(): void;
  /** Resolves when what the spool has by now is taken in, or cannot be; never throws. */
  takeIn(): Promise<void>;
  status(): Promise<Omit<Storage, 'retention'>>;
  /** What SQLite says is wrong with the file; null where nothing is, or where it is too large to be read through. */
  check(): Promise<string | null>;
  rebuild(): Promise<void>;
  /** Holds from now on; what is beyond it leaves. */
  retain(retention: Retention): Promise<void>;
  close(): Promise<void>;
}

/** What a person set about events, one document. */
export interface EventSettings {
  mutes: readonly Mute[];
  retention: Retention;
}

export interface EventSettingsStore {
  /** What holds where nothing was set. Throws `settings-invalid`, `newer-format`. */
  get(): Promise<EventSettings>;
  put(settings: EventSettings): Promise<void>;
}
