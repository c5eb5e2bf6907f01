/** What decisions need from the outside world: a log that is only added to. */
import type { Decision } from '#contract/decision.ts';

/** A decision before it is done, or what became of the one with this id. */
export type DecisionLine = Decision | { v: 1; id: string; done: boolean };

export interface DecisionLog {
  /** A decision is on disk when it resolves. Throws `disk-full`, `write-failed`, `newer-format`. */
  append(line: DecisionLine): Promise<void>;
  /** Oldest first. Throws `newer-format`. */
  read(): Promise<DecisionLine[]>;
}
