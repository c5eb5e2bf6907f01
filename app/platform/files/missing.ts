/**
 * Whether nothing stands at a path. Most places where a client could keep something are empty, and to ask so costs a
 * microsecond, where a refused open makes a round through the thread pool and an error with its stack.
 */
import { lstatSync } from 'node:fs';

/** True only where that is sure; what may not be looked at is not missing. */
export function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
