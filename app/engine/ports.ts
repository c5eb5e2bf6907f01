/**
 * Ports: what the engine needs from the outside world. Each is one narrow interface; app/platform implements them, and
 * app/host puts the two together. A port throws BelljarError for expected failures and nothing else on purpose.
 */
import type { ConfiguredEntry, EntryPath } from '#domain/entry.ts';
import type { Folders, OwnFolders } from '#domain/folders.ts';
import type { HistoryEntry } from '#contract/methods.ts';
import type { StoredPolicy } from '#contract/policy.ts';
import type { Machine } from '#contract/server.ts';
import type { Uptake } from '#contract/words.ts';

/** Where everything is, and who asks. Found once at start by app/platform/paths. */
export interface Places extends Folders, OwnFolders {
  system: 'linux' | 'macos' | 'windows';
  /** Effective user id; -1 where the system has none. */
  uid: number;
  /** Owner of `home`, or null when that cannot be told. */
  homeOwner: number | null;
  /** `<data>/bin/belljar-launcher`. */
  launcher: string;
  /** The environment that clients read their own settings from (`CLAUDE_CONFIG_DIR` ...). */
  environment: Readonly<Record<string, string | undefined>>;
  /** Prepended to system-wide places such as `/etc/claude-code`; empty outside tests. */
  systemRoot: string;
}

export interface Clock {
  now(): Date;
}

/** A file as it was read: what a later write is compared with. */
export interface FileSnapshot {
  /** The path that was asked for. */
  file: string;
  /** What it resolves to through symbolic links; this is what is written. */
  realFile: string;
  bytes: Uint8Array;
  mode: number;
  uid: number;
  gid: number;
}

export interface FileStore {
  /** Null when the file (or what it links to) is not there. Throws `config-unreadable`, `config-too-large`. */
  read(file: string): Promise<FileSnapshot | null>;
  /**
   * Replaces the file by `bytes` only if it still is what was read, atomically; old or new text whatever happens.
   * Throws `config-changed`, `config-read-only`, `disk-full`, `write-failed`.
   */
  replace(snapshot: FileSnapshot, bytes: Uint8Array): Promise<void>;
  /** Throws what `replace` would throw because of rights, without writing. */
  assertReplaceable(snapshot: FileSnapshot): Promise<void>;
  /** Resolves symbolic links of the part that exists; the path itself when nothing does. */
  resolve(path: string): Promise<string>;
  exists(path: string): Promise<boolean>;
}

/** How a client treats placeholders such as `${NAME}` in an entry. */
export type PlaceholderHabit = 'none' | 'command-and-args' | 'command-only-or-unknown';

/** One file of a client that may hold servers. */
export interface ClientFile {
  file: string;
  /** Entries of a file that an administrator wrote are listed, and never edited. */
  managed: boolean;
}

/**
 * One client: where its files are, how its entries read, and how one is edited in place. Pure over text: files are read
 * and written by FileStore. Paths per system are data inside the adapter, with roots taken from Places.
 */
export interface ClientAdapter {
  id: string;
  title: string;
  uptake: Uptake;
  placeholders: PlaceholderHabit;
  files(places: Places): readonly ClientFile[];
  /** Other files whose content decides whether an entry may be rewritten (an administrator's allow and deny lists). */
  policyFiles(places: Places): readonly string[];
  /** Throws `config-invalid`, `config-duplicate-key`, `config-bom` with the place. `policyTexts` are those of policyFiles. */
  parse(text: string, file: ClientFile, policyTexts: readonly string[]): readonly ConfiguredEntry[];
  /** The command becomes the launcher, the arguments `run <id> -- <command> <args>`; nothing else changes. */
  wrap(text: string, path: EntryPath, launcher: string, id: string): string;
  /** The opposite of wrap, from the arguments alone; `dropArgs` removes an argument list that wrap had to add. */
  unwrap(text: string, path: EntryPath, dropArgs: boolean): string;
  /** Puts an entry's exact text back. */
  restore(text: string, path: EntryPath, entryText: string): string;
  /** Sets command and arguments, where the shape that unwrap needs is lost; `args` null removes them. */
  setLaunch(text: string, path: EntryPath, launch: { command: string; args: readonly string[] | null }): string;
  /** An entry's text without secrets, laid out as it was. */
  maskEntry(entryText: string): string;
  /** The line of the file on which the entry's value begins. */
  lineOf(text: string, path: EntryPath): number;
}

/** What contain wrote and what stood there before. Holds secrets: 0600, in the journal only. */
export interface JournalRecord {
  v: 1;
  server: string;
  client: string;
  scope: string;
  name: string;
  file: string;
  at: string;
  /** False from before the edit of the file until it is known to be done: an unsettled record proves nothing. */
  settled: boolean;
  original: { text: string; command: string; args: string[]; hasArgs: boolean };
  wrapped: { text: string; launcher: string };
}

export interface Journal {
  /** Throws `journal-invalid`, `newer-format`. */
  get(server: string): Promise<JournalRecord | null>;
  /** On disk (file and folder synced) when it resolves. */
  put(record: JournalRecord): Promise<void>;
  remove(server: string): Promise<void>;
  list(): Promise<JournalRecord[]>;
  appendHistory(entry: Omit<HistoryEntry, 'id'>): Promise<HistoryEntry>;
  /** Newest first. */
  history(limit: number): Promise<HistoryEntry[]>;
}

export interface PolicyStore {
  /** Throws `policy-invalid`, `newer-format`. */
  get(server: string): Promise<StoredPolicy | null>;
  put(policy: StoredPolicy): Promise<void>;
  remove(server: string): Promise<void>;
}

export interface PlanStore {
  file(server: string): string;
  read(server: string): Promise<string | null>;
  /** Atomic, mode 0600. */
  write(server: string, text: string): Promise<void>;
  remove(server: string): Promise<void>;
}

export interface ProcessFacts {
  pid: number;
  parent: number;
  /** Clock ticks since boot (field 22 of /proc/pid/stat). */
  startTicks: number;
  startedAt: Date;
  /** What it was started with; programs may rewrite it. */
  commandLine: readonly string[];
  /** Where the running program lies, or null when that may not be read. */
  program: string | null;
}

export interface Processes {
  /** The process that asks: what it started itself is no server of a client. */
  self: number;
  /** Processes of this user, a bounded number. */
  list(): Promise<readonly ProcessFacts[]>;
}

/** Puts the launcher in its place when it is missing or another one; answers its path. Throws `launcher-missing`. */
export interface LauncherInstaller {
  install(): Promise<string>;
}

/** Facts of this machine that belong to no server. */
export interface MachineFacts {
  get(): Promise<Omit<Machine, 'problems' | 'lookedAt'>>;
}
