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

/** A step into a document: a key of an object or an index of a list. */
export type EntryPath = readonly (string | number)[];

export interface ConfiguredEntry {
  client: string;
  /** `user`, `local` (one project of one user), `managed` ... */
  scope: string;
  name: string;
  /** The file as the client names it; what it links to is found when it is read. */
  file: string;
  /** Where the entry stands in the file. */
  path: EntryPath;
  /** Exact text of the entry's value in the file. */
  text: string;
  /** Null when the entry has none (then `cannot` is set). */
  command: string | null;
  args: readonly string[];
  /** False when the entry has no argument list at all, so that a release does not leave an empty one behind. */
  hasArgs: boolean;
  env: Readonly<Record<string, string>>;
  /** Why it cannot be contained; the sentence is set where a more exact one than the catalogue's is known. */
  cannot?: { reason: CannotReason; sentence?: string };
}
