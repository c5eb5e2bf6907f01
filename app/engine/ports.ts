/**
 * Ports: what the engine needs from the outside world. Each is one narrow interface; app/platform implements them, and
 * app/host puts the two together. A port throws BelljarError for expected failures and nothing else on purpose.
 */
import type { BelljarError } from '#contract/errors.ts';
import type { ConfiguredEntry, EntryPath, Obstacle, StringPlace } from '#domain/entry.ts';
import type { Folders, OwnFolders } from '#domain/folders.ts';
import type { ProgramPlace } from '#domain/risk.ts';
import type { RunGrants, StoredPolicy } from '#contract/policy.ts';
import type { Machine } from '#contract/server.ts';
import type { Uptake } from '#contract/words.ts';

/** Where everything is, and who asks. Found once at start by app/platform/paths. */
export interface Places extends Folders, OwnFolders {
  system: 'linux' | 'macos' | 'windows';
  /** Effective user id; -1 where the system has none. */
  uid: number;
  /** Owner of `home`, or null when that cannot be told. */
  homeOwner: number | null;
  /** What entries name from now on: the launcher of a package, else `<data>/bin/belljar-launcher`. */
  launcher: string;
  /** Every one that an entry may name and is as it should be. */
  launchers: readonly string[];
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

/** What version control knows of files. Its programs are never started. */
export interface Repositories {
  /** True when the file is kept in a repository; also where that cannot be told. */
  keeps(file: string): Promise<boolean>;
}

/** Programs that entries name. */
export interface Programs {
  /** Where each lies; null where it is not found. */
  find(commands: readonly string[]): Promise<ReadonlyMap<string, ProgramPlace | null>>;
}

/** How a client treats placeholders such as `${NAME}` in an entry. */
export type PlaceholderHabit = 'none' | 'command-and-args' | 'command-only-or-unknown';

/** One file of a client that may hold servers. */
export interface ClientFile {
  file: string;
  /** Of its entries: `user`, or the kind and the file (`project:/work/a/.mcp.json`), so that names may repeat. */
  scope: string;
  /** Which of the client's sources it is: where, shape and format. Meaningless outside of app/platform/clients. */
  source: number;
  /** The folder of the project it belongs to; others may share it there. */
  project: string | null;
  /** Set where nothing of it can be contained, because of where it is. */
  obstacle?: Obstacle;
}

/**
 * One client: how its entries read, and how one is edited in place. Pure over text: files are read and written by FileStore.
 */
export interface ClientAdapter {
  id: string;
  title: string;
  uptake: Uptake;
  placeholders: PlaceholderHabit;
  /** An approval is bound to a server's definition: after a change the client asks again. */
  asksAgain: boolean;
  /** Runs `node` in itself, without a Node on this machine. */
  ownNode: boolean;
  /** Brings what reads such a file; before the others are asked about it. */
  load(file: ClientFile): Promise<void>;
  /** Throws `config-invalid`, `config-duplicate-key`, `config-bom` with the place. `policyTexts` are those of Located. */
  parse(text: string, file: ClientFile, policyTexts: readonly string[]): readonly ConfiguredEntry[];
  /** The command becomes the launcher, the arguments `run <id> -- <command> <args>`; nothing else changes. */
  wrap(text: string, file: ClientFile, path: EntryPath, launcher: string, id: string): string;
  /** The opposite of wrap, from the arguments alone; `dropArgs` removes an argument list that wrap had to add. */
  unwrap(text: string, file: ClientFile, path: EntryPath, dropArgs: boolean): string;
  /** Puts an entry's exact text back. */
  restore(text: string, file: ClientFile, path: EntryPath, entryText: string): string;
  /** Sets command and arguments, where the shape that unwrap needs is lost; `args` null removes them. */
  setLaunch(
    text: string,
    file: ClientFile,
    path: EntryPath,
    launch: { command: string; args: readonly string[] | null },
  ): string;
  /** One string of an entry as its file has it; `twice` and `written` say why it could not be exchanged alone. */
  written(
    text: string,
    file: ClientFile,
    path: EntryPath,
    place: StringPlace,
  ): { source: string } | 'twice' | 'written';
  /** Exchanges that string: for the source text given, else for the value in the style in which it is written. */
  exchange(
    text: string,
    file: ClientFile,
    path: EntryPath,
    place: StringPlace,
    value: string,
    source: string | null,
  ): string;
  /** An entry from its key on, without secrets, laid out as it was; and the line on which it begins. */
  show(text: string, file: ClientFile, path: EntryPath): { text: string; line: number };
}

/** A program that keeps servers where no file shows them. */
export interface Unseen {
  title: string;
  /** What gave it away. */
  sign: string;
  sentence: string;
  remedy: string;
}

export interface LocatedFile {
  adapter: ClientAdapter;
  file: ClientFile;
  /** Files whose text decides whether an entry may be rewritten (an administrator's allow and deny lists). */
  policyFiles: readonly string[];
  /** Texts that decide likewise and stand in no file. */
  policyValues: readonly string[];
}

export interface Located {
  /** Every place where a client may keep servers, most common client first, whether a file is there or not. */
  files: readonly LocatedFile[];
  /** Files and folders besides, whose change may change the list: records of projects, folders of profiles and extensions. */
  watched: Watched;
  unseen: readonly Unseen[];
  /** Folders with names that are no text, which no path can lead to. */
  unreadable: readonly string[];
}

/** What a watcher follows. */
export interface Watched {
  files: readonly string[];
  /** Of these, whatever comes or goes in them. */
  folders: readonly string[];
}

/** How well what is watched is followed. */
export interface WatchStatus {
  /** Folders of which the system tells. */
  folders: number;
  /** Folders that are looked at by the clock instead. */
  slowly: number;
  /** Why, as the system's code (`ENOSPC`: no watches left; `bound`: more than Belljar asks for); null where none is. */
  reason: string | null;
}

export interface Clients {
  readonly adapters: readonly ClientAdapter[];
  /** `folders`: projects besides those that clients have recorded. `known`: servers whose files are looked for again. */
  locate(
    folders: readonly string[],
    known: readonly { client: string; scope: string; file: string }[],
  ): Promise<Located>;
}

/** What contain wrote and what stood there before. Holds secrets, which the journal keeps in the store of secrets. */
export interface JournalRecord {
  /** Of the record as the engine sees it; how it lies on disk is the journal's own. */
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

/** Plans that live runs were started with, once another one took their place. */
export interface StartedPlanStore {
  read(server: string, run: string): Promise<string | null>;
  keep(server: string, run: string, text: string): Promise<void>;
  /** Removes those of other runs. */
  retain(server: string, runs: readonly string[]): Promise<void>;
}

/** What a run was granted; nothing, and why, where that cannot be read. */
export interface ListedRunGrants extends Pick<RunGrants, 'run' | 'rules'> {
  error: BelljarError | null;
}

/** What was granted until runs stop, and the plans that such runs then have beside their server's. */
export interface RunGrantStore {
  list(server: string): Promise<ListedRunGrants[]>;
  /** The plan of such a run; null where it has none. */
  plan(server: string, run: string): Promise<string | null>;
  /** The grants first: a plan that nothing is known of would be nobody's. */
  put(grants: RunGrants, plan: string): Promise<void>;
  /** The plan first, for the same reason. */
  remove(server: string, run: string): Promise<void>;
  /** Servers of which there are any. */
  servers(): Promise<string[]>;
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

/** Something that a process of a run has open. */
export type Held = { pid: number; program: string } & (
  | { kind: 'file'; path: string; read: boolean; write: boolean }
  /** To a port of this machine. */
  | { kind: 'connection'; port: number }
);

/** What runs hold open. Bounded; only for showing. */
export interface HeldThings {
  /** Of the processes below that supervisor; `whole` is false where a bound was met. */
  of(supervisor: { pid: number; startTicks: number }): Promise<{ held: readonly Held[]; whole: boolean }>;
}

/** Puts the launcher in its place when it is missing or another one; answers its path. Throws `launcher-missing`. */
export interface LauncherInstaller {
  install(): Promise<string>;
}

/** Facts of this machine that belong to no server. */
export interface MachineFacts {
  get(): Promise<Omit<Machine, 'problems' | 'lookedAt'>>;
}
