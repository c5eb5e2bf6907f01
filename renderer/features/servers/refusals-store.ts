/**
 * How often each server was refused something, over the last hour, from the events that the page has. For the eye: the
 * number that counts is the host's own (`denialsLastHour`).
 */
import { createStore } from 'zustand/vanilla';
import type { Event } from '#contract/event.ts';
import { isDenial } from '#contract/event.ts';

export const bucketMs = 150_000;
export const bucketCount = 24;

/** Counts by the number of their span of time since 1970. */
type Buckets = ReadonlyMap<number, number>;

export interface RefusalsState {
  servers: ReadonlyMap<string, Buckets>;
}

export type RefusalsStore = ReturnType<typeof createRefusalsStore>;

/** Oldest first, as many as `bucketCount`. */
export function barsOf(buckets: Buckets | undefined, now: number): number[] {
  const last = Math.floor(now / bucketMs);
  return Array.from({ length: bucketCount }, (_, index) => buckets?.get(last - bucketCount + 1 + index) ?? 0);
}

export function createRefusalsStore() {
  const store = createStore<RefusalsState>(() => ({ servers: new Map() }));
  return Object.assign(store, {
    actions: {
      /** Events, each once. */
      add: (events: readonly Event[]) => {
        const fresh = new Map<string, Map<number, number>>();
        for (const event of events) {
          if (!isDenial(event)) continue;
          const bucket = Math.floor(Date.parse(event.at) / bucketMs);
          if (Number.isNaN(bucket)) continue;
          let buckets = fresh.get(event.server);
          if (buckets === undefined) {
            buckets = new Map(store.getState().servers.get(event.server));
            fresh.set(event.server, buckets);
          }
          buckets.set(bucket, (buckets.get(bucket) ?? 0) + event.count);
        }
        if (fresh.size === 0) return;
        for (const buckets of fresh.values()) {
          const newest = Math.max(...buckets.keys());
          for (const bucket of buckets.keys()) if (bucket <= newest - bucketCount) buckets.delete(bucket);
        }
        store.setState(({ servers }) => ({ servers: new Map([...servers, ...fresh]) }));
      },
    },
  });
}
