/** At which door the call came in that is being answered: said of decisions, and decides nothing. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { DecisionDoor } from '#contract/decision.ts';

const current = new AsyncLocalStorage<DecisionDoor>();

export function atDoor<T>(door: DecisionDoor, answer: () => Promise<T>): Promise<T> {
  return current.run(door, answer);
}

/** The command line is at the private socket, or is the host itself. */
export function doorNow(): DecisionDoor {
  return current.getStore() ?? 'command-line';
}
