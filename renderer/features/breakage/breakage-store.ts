/**
 * One card for each server that broke: the latest broken run, and how often since the last good one. A later run that
 * lasts takes the card away; a person can dismiss it, and it stays away until the server breaks anew.
 *
 * Throw-away runs (checks and the demo) are followed from their start event and never make a card.
 */
import { createStore } from 'zustand/vanilla';
import type { Event } from '#contract/event.ts';
import type { Server } from '#contract/server.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Breakage } from './breakage-rules.ts';
import { goodRunMs, judge } from './breakage-rules.ts';

export interface BreakageState {
  /** By server id, the latest breakage first. */
  cards: readonly Breakage[];
}

/** Breakages that ended before the page was opened are shown when they are this fresh. */
const freshMs = 3_600_000;
const throwAwayMax = 2_000;

export type BreakageStore = ReturnType<typeof createBreakageStore>;

export interface DismissedRuns {
  read: () => string[];
  write: (runs: string[]) => void;
}

export function createBreakageStore(clock: Clock, dismissedRuns: DismissedRuns) {
  const store = createStore<BreakageState>(() => ({ cards: [] }));
  const dismissed = new Set(dismissedRuns.read());
  const throwAway = new Set<string>();
  /** The newest started run of a server and what cancels its wait for "it lasted". */
  const lasting = new Map<string, { run: string; cancel: () => void }>();

  function remove(server: string): void {
    store.setState((state) =>
      state.cards.some((card) => card.server === server)
        ? { cards: state.cards.filter((card) => card.server !== server) }
        : state,
    );
  }

  function started(event: Event): void {
    lasting.get(event.server)?.cancel();
    const since = Math.max(0, clock.now() - Date.parse(event.at));
    if (Number.isNaN(since) || since > goodRunMs) {
      // An old start says nothing by itself: the run may have died without an end. `noteLive` decides.
      lasting.delete(event.server);
      return;
    }
    const cancel = clock.after(goodRunMs - since, () => {
      lasting.delete(event.server);
      remove(event.server);
    });
    lasting.set(event.server, { run: event.run, cancel });
  }

  function ended(event: Event): void {
    const wait = lasting.get(event.server);
    if (wait?.run === event.run) {
      wait.cancel();
      lasting.delete(event.server);
    }
  }

  function broke(event: Event): void {
    const { end } = event;
    if (end === undefined || dismissed.has(event.run)) return;
    if (clock.now() - Date.parse(event.at) > freshMs) return;
    store.setState((state) => {
      const before = state.cards.find((card) => card.server === event.server);
      if (before?.run === event.run) return state;
      const card = { server: event.server, run: event.run, at: event.at, end, times: (before?.times ?? 0) + 1 };
      return { cards: [card, ...state.cards.filter((other) => other !== before)] };
    });
  }

  return Object.assign(store, {
    actions: {
      /** Events in order, each once. */
      add: (events: readonly Event[]) => {
        for (const event of events) {
          if (event.start?.throwAway === true) {
            if (throwAway.size >= throwAwayMax) throwAway.clear();
            throwAway.add(event.run);
          }
          if (throwAway.has(event.run)) continue;
          const verdict = judge(event);
          if (verdict === 'started') started(event);
          if (event.kind === 'run.end') ended(event);
          if (verdict === 'broken') broke(event);
          if (verdict === 'good') remove(event.server);
        }
      },
      /** A server that runs now since longer than a good run's time needs no card. */
      noteServers: (servers: Iterable<Server>) => {
        for (const { id, lastRun } of servers) {
          if (lastRun?.live !== true) continue;
          if (clock.now() - Date.parse(lastRun.startedAt) >= goodRunMs) remove(id);
        }
      },
      /** The server is gone, or was put back: nothing is left to decide. */
      remove,
      dismiss: (run: string) => {
        dismissed.add(run);
        // Old marks are of no use: their runs are no longer fresh.
        dismissedRuns.write([...dismissed].slice(-200));
        store.setState((state) => ({ cards: state.cards.filter((card) => card.run !== run) }));
      },
    },
  });
}

const dismissedKey = 'belljar.dismissed';

export function sessionDismissedRuns(storage: Storage): DismissedRuns {
  return {
    read: () => (storage.getItem(dismissedKey) ?? '').split(' ').filter(Boolean),
    write: (runs) => {
      storage.setItem(dismissedKey, runs.join(' '));
    },
  };
}
