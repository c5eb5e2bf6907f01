/**
 * Events: the history a person asks for, and the live feed. The spool's files are the store; nothing is kept in memory
 * beyond what a query answers, so a flood of a million denials costs no more than its bounded files.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import type { EventFilter } from '#contract/methods.ts';
import { serverIdPattern } from '#contract/words.ts';
import type { Log, Spool, SpoolQuery } from './ports.ts';
import { parseSince } from './since.ts';

/** How many events a query answers that names no limit. */
export const defaultEventLimit = 10_000;

export interface EventServiceDependencies {
  spool: Spool;
  /** Resolves a handle to a server id; throws `not-found` or `ambiguous`. */
  resolveServer: (handle: string) => Promise<string>;
  log: Log;
  now?: () => number;
}

export interface EventService {
  list(filter: EventFilter): Promise<{ events: Event[] }>;
  /** Starts following with the first listener, stops with the last. A listener that throws is logged and kept. */
  subscribe(listener: (event: Event) => void): Promise<() => void>;
  /** Exact number of denials of the last hour, a server id. */
  denialsLastHour(): Promise<ReadonlyMap<string, number>>;
  /** What the runs of each server connected to and looked up, a server id. */
  hostUses: Spool['hostUses'];
}

export function createEventService(dependencies: EventServiceDependencies): EventService {
  const { spool, log } = dependencies;
  const now = dependencies.now ?? Date.now;
  const listeners = new Set<{ call: (event: Event) => void }>();
  let stopFollowing: Promise<() => void> | null = null;

  function deliver(event: Event): void {
    for (const listener of listeners) {
      try {
        listener.call(event);
      } catch (error) {
        log.warn('event-listener-failed', { error: String(error) });
      }
    }
  }

  return {
    async list(filter) {
      const query: SpoolQuery = { limit: filter.limit ?? defaultEventLimit };
      if (filter.server !== undefined) {
        query.server = await resolveOrKeep(filter.server, dependencies);
      }
      if (filter.run !== undefined) {
        query.run = filter.run;
      }
      if (filter.kind !== undefined) {
        query.kind = filter.kind;
      }
      if (filter.verdict !== undefined) {
        query.verdict = filter.verdict;
      }
      if (filter.since !== undefined) {
        query.sinceMs = parseSince(filter.since, now());
      }
      return { events: await spool.newest(query) };
    },

    async subscribe(call) {
      const listener = { call };
      listeners.add(listener);
      stopFollowing ??= spool.follow(deliver);
      const following = stopFollowing;
      try {
        await following;
      } catch (error) {
        listeners.delete(listener);
        if (stopFollowing === following) {
          stopFollowing = null;
        }
        throw error;
      }
      return () => {
        if (!listeners.delete(listener) || listeners.size > 0 || stopFollowing !== following) {
          return;
        }
        stopFollowing = null;
        void following.then((stop) => stop());
      };
    },

    denialsLastHour: () => spool.denialsLastHour(now()),

    hostUses: () => spool.hostUses(),
  };
}

/**
 * Events outlive entries: a server that left its client's file is still asked for by its id.
 */
export async function resolveOrKeep(
  handle: string,
  dependencies: {
    spool: Spool;
    resolveServer: (handle: string) => Promise<string>;
  },
): Promise<string> {
  try {
    return await dependencies.resolveServer(handle);
  } catch (error) {
    const unknown = error instanceof BelljarError && error.code === 'not-found';
    if (!unknown || !serverIdPattern.test(handle)) {
      throw error;
    }
    const runs = await dependencies.spool.runs();
    if (!runs.some((run) => run.server === handle)) {
      throw error;
    }
    return handle;
  }
}
