/** Something the host was asked for: not yet, being asked, answered or failed; what was answered before stays until it is replaced. */
import type { ErrorBody } from '#contract/errors.ts';
import { toBody } from './failure.ts';

export interface Asked<Value> {
  /** Since when it is being asked; null while it is not. */
  askingSince: number | null;
  value: Value | null;
  error: ErrorBody | null;
}

export const notAsked: Asked<never> = { askingSince: null, value: null, error: null };

/** Asks, unless it is being asked already, and tells each step. */
export async function ask<Value>(
  now: () => number,
  read: () => Asked<Value>,
  write: (asked: Asked<Value>) => void,
  question: () => Promise<Value>,
): Promise<void> {
  if (read().askingSince !== null) return;
  write({ ...read(), askingSince: now() });
  try {
    write({ askingSince: null, value: await question(), error: null });
  } catch (error) {
    write({ ...read(), askingSince: null, error: toBody(error) });
  }
}
