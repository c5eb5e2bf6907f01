/**
 * Keeps the spool within its bounds while the host runs: once when it begins to follow, then after runs begin or end, at
 * most once a minute. A failure is logged; it must never cost anyone an event.
 */
import type { Event } from '#contract/event.ts';
import type { Log, SpoolPruned } from '../events/ports.ts';

const betweenMs = 60_000;

export interface Tidier {
  begin(): void;
  see(event: Event): void;
}

export interface TidierDependencies {
  prune: () => Promise<SpoolPruned>;
  log: Log;
  now: () => number;
}

export function createTidier({ prune, log, now }: TidierDependencies): Tidier {
  let last = Number.NEGATIVE_INFINITY;

  function begin(): void {
    if (now() - last < betweenMs) {
      return;
    }
    last = now();
    prune().catch((error: unknown) => log.warn('spool-not-pruned', { error: String(error) }));
  }

  return {
    begin,
    see(event) {
      if (event.kind === 'run.start' || event.kind === 'run.end') {
        begin();
      }
    },
  };
}
