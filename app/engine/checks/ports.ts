/**
 * What a check needs from the outside world: starting an entry as its client would, and speaking MCP to it.
 */
import type { Event } from '#contract/event.ts';

/** One start of a command line, as a client would make it. Values of `env` are secrets: they never leave the trial. */
export interface TrialEntry {
  command: string;
  args: readonly string[];
  /** The entry's own variables, merged over what the MCP SDK passes by default. */
  env: Readonly<Record<string, string>>;
  /** Default: the user's home, where clients start their servers. */
  cwd?: string;
}

export type TrialFailure =
  /** The command is nowhere on the PATH the client would give. */
  | 'command-not-found'
  | 'cannot-execute'
  /** It ended before it had answered. */
  | 'ended'
  | 'timeout'
  /** What it wrote is not the protocol (no JSON, over the bounds), or it answered with an error. */
  | 'not-mcp'
  | 'cancelled';

/** What one start answered, raw. Everything in it was written by the server and is hostile. */
export interface TrialRecord {
  failure: TrialFailure | null;
  /** One line about the failure, as the server or the system put it; may hold secrets until redacted. */
  detail: string;
  initializeMs: number | null;
  /** Raw `result` of initialize and the joined `tools` of all pages; null where none came. */
  initialize: unknown;
  tools: unknown[] | null;
  /** Only of contained starts: the events of its run, oldest first. */
  events: Event[];
}

export interface TrialOptions {
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface Trials {
  bare(entry: TrialEntry, options: TrialOptions): Promise<TrialRecord>;
  /** `makePlan` gets the throw-away folder that the plan has to name as its spool, and answers the plan's text. */
  contained(entry: TrialEntry, makePlan: (spool: string) => string, options: TrialOptions): Promise<TrialRecord>;
  /** Whether a variable is set where a client would expand `${NAME}`; its value stays in the platform. */
  expand(text: string): { text: string; unset: string[] };
}
