/**
 * A disk whose every single call can go wrong: refused, never answered because the process is killed there, or preceded by
 * something else that happens. A test puts it in place of node:fs/promises:
 *
 *     vi.mock('node:fs/promises', async (importOriginal) =>
 *       (await import('./testing/faulty-disk.ts')).guardCalls(await importOriginal()));
 */
import type * as FileSystemPromises from 'node:fs/promises';

export interface Faults {
  /** Counts calls while it is on. */
  count: number;
  on: boolean;
  /** Before the call of this number. */
  at: number;
  what: (() => void) | null;
  /** Every call from `at` on fails: nothing more is done by a process that is dead. */
  dead: boolean;
}

export const faults: Faults = { count: 0, on: false, at: -1, what: null, dead: false };

export function resetFaults(): void {
  Object.assign(faults, { count: 0, on: false, at: -1, what: null, dead: false });
}

function before(): void {
  if (!faults.on) return;
  const number = faults.count;
  faults.count += 1;
  if (faults.dead && number >= faults.at) throw Object.assign(new Error('killed'), { code: 'KILLED' });
  if (number === faults.at) faults.what?.();
}

function guarded<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        // A dead process closes nothing by itself; its files are closed for it.
        if (key !== 'close') before();
        // That it is asked for counts; waiting for the disk a thousand times is no part of what is tried.
        if (key === 'sync') return undefined;
        const answer: unknown = await (value as (...args: unknown[]) => unknown).apply(object, args);
        return key === 'open' ? guarded(answer as object) : answer;
      };
    },
  });
}

export function guardCalls(real: typeof FileSystemPromises): object {
  return { ...guarded({ ...real }), default: real };
}
