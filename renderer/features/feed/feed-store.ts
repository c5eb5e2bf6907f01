/**
 * The live feed's store. It mirrors the host's events, merged into rows, and decides what is on the screen now.
 *
 * Holding: while any reason to hold stands (paused by the person, scrolled away, in use), what is on the screen does not
 * move. Events are still merged as they come, so nothing is lost and memory stays bounded by distinct rows; the store
 * counts how many rows are waiting. When the last reason goes, the list is shown as it is by then.
 */
import { createStore } from 'zustand/vanilla';
import type { Event } from '#contract/event.ts';
import type { FeedFilter } from './feed-filter.ts';
import { everything, isEverything, matcher } from './feed-filter.ts';
import type { FeedRow, RowIndex } from './feed-rows.ts';
import { addEvents, createRowIndex } from './feed-rows.ts';

export type HoldReason = 'paused' | 'scrolled' | 'in-use';

export interface FeedState {
  /** What the list shows: filtered, newest first, still while held. */
  visible: readonly FeedRow[];
  filter: FeedFilter;
  holds: ReadonlySet<HoldReason>;
  /** Rows that match the filter and are new or changed since the list was held. */
  waiting: number;
  /** All rows kept, whether they match or not. */
  total: number;
  /** Rows that left the panel because it was full; the host still has them. */
  dropped: number;
  /** False until the first snapshot. */
  loaded: boolean;
}

export interface FeedActions {
  /** Events in order, each once. */
  add: (events: readonly Event[]) => void;
  markLoaded: () => void;
  setFilter: (change: Partial<FeedFilter>) => void;
  clearFilter: () => void;
  hold: (reason: HoldReason) => void;
  letGo: (reason: HoldReason) => void;
  /** The well-known name of a run's target, from any row that is kept, visible or not. */
  knownOf: (run: string, target: string) => string | undefined;
}

export type FeedStore = ReturnType<typeof createFeedStore>;

export function createFeedStore(nameOf: (server: string) => string, limit?: number) {
  let index: RowIndex = createRowIndex();
  /** Keys touched while held, and whether they match the filter. */
  let waitingKeys = new Set<string>();

  const store = createStore<FeedState>(() => ({
    visible: [],
    filter: everything,
    holds: new Set(),
    waiting: 0,
    total: 0,
    dropped: 0,
    loaded: false,
  }));

  function filtered(filter: FeedFilter): readonly FeedRow[] {
    return isEverything(filter) ? index.rows : index.rows.filter(matcher(filter, nameOf));
  }

  /** The visible list after a batch: touched rows that match come first, the others keep their place. */
  function moved(state: FeedState, touched: ReadonlySet<string>): readonly FeedRow[] {
    if (isEverything(state.filter)) return index.rows;
    const matches = matcher(state.filter, nameOf);
    const next: FeedRow[] = [];
    for (const row of index.rows) {
      // Touched rows stand at the top of the index in order.
      if (!touched.has(row.key)) break;
      if (matches(row)) next.push(row);
    }
    for (const row of state.visible) if (!touched.has(row.key) && index.byKey.has(row.key)) next.push(row);
    return next;
  }

  const actions: FeedActions = {
    add: (events) => {
      if (events.length === 0) return;
      const addition = addEvents(index, events, limit);
      index = addition.index;
      store.setState((state) => {
        const facts = { total: index.rows.length, dropped: index.dropped };
        if (state.holds.size === 0) return { ...facts, visible: moved(state, addition.touched) };
        const matches = matcher(state.filter, nameOf);
        for (const key of addition.touched) {
          const row = index.byKey.get(key);
          if (row !== undefined && matches(row)) waitingKeys.add(key);
        }
        return { ...facts, waiting: waitingKeys.size };
      });
    },
    markLoaded: () => {
      store.setState({ loaded: true });
    },
    setFilter: (change) => {
      store.setState((state) => {
        const filter = { ...state.filter, ...change };
        // Another question gets its whole answer, also while held.
        waitingKeys = new Set();
        return { filter, visible: filtered(filter), waiting: 0 };
      });
    },
    clearFilter: () => {
      actions.setFilter(everything);
    },
    hold: (reason) => {
      store.setState((state) => (state.holds.has(reason) ? state : { holds: new Set([...state.holds, reason]) }));
    },
    letGo: (reason) => {
      store.setState((state) => {
        if (!state.holds.has(reason)) return state;
        const holds = new Set([...state.holds].filter((other) => other !== reason));
        if (holds.size > 0 || waitingKeys.size === 0) return { holds };
        waitingKeys = new Set();
        return { holds, visible: filtered(state.filter), waiting: 0 };
      });
    },
    knownOf: (run, target) => index.rows.find(({ event }) => event.run === run && event.target === target)?.event.known,
  };

  return Object.assign(store, { actions });
}
