/**
 * Server entry: what a client's file says about how one server is started. Values are the user's own text and may hold
 * secrets (`env`, `args`): they stay inside the engine and never reach a screen, a log or an event unmasked.
 */
import type { CannotReason } from '#contract/words.ts';

/** How a process is started, as the client would. */
export interface Launch {
  command: string;
  args: readonly string[];
}

/** Why something cannot be contained; sentence and remedy where more exact ones than the catalogue's are known. */
export interface Obstacle {
  reason: CannotReason;
  sentence?: string;
  remedy?: string;
}

/** A step into a document: a key of an object or an index of a list. */
export type EntryPath = readonly (string | number)[];

/** One string of an entry: a variable's value, or the argument of this number as the file has them. */
export type StringPlace = { variable: string } | { argument: number };

export interface ConfiguredEntry {
  client: string;
  /** `user`, `local` (one project of one user), `managed` ... */
  scope: string;
  name: string;
  /** The file as the client names it; what it links to is found when it is read. */
  file: string;
  /** Where the entry stands in the file. */
  path: EntryPath;
  /** Exact text of the entry's value in the file, and where it stands. */
  text: string;
  range: { start: number; end: number };
  /** Everything the entry says besides how it is started; to prove that a change touches nothing else. */
  rest: string;
  /** Null when the entry has none (then `cannot` is set). */
  command: string | null;
  args: readonly string[];
  /** False when the entry has no argument list at all, so that a release does not leave an empty one behind. */
  hasArgs: boolean;
  env: Readonly<Record<string, string>>;
  /** The client runs its tools without asking. */
  autoApprove: boolean;
  /** Names of the headers that a remote entry sends; never values. */
  headers: readonly string[];
  /** Of a remote entry: headers, or its address, in which a secret stands as plain text. Names only. */
  exposed: readonly string[];
  cannot?: Obstacle;
}
