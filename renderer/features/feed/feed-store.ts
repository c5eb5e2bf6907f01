/**
 * The live feed's store. It mirrors the host's events, merged into rows, and decides what is on the screen now.
 *
 * Holding: while any reason to hold stands (paused by the person, scrolled away, in use), what is on the screen does not
 * move. Events are still merged as they come, so nothing is lost and memory stays bounded by distinct rows; the store
 * counts how many rows are waiting. When the last reason goes, the list is shown as it is by then.
 */
import { createStore } from 'zustand/vanilla';
import type { Event } from '#contract/event.ts';
import { isDenial } from '#contract/event.ts';
import type { Mute } from '#contract/event-search.ts';
import { isMutedBy } from '#contract/event-search.ts';
import type { FeedFilter } from './feed-filter.ts';
import { everything, isEverything, matcher } from './feed-filter.ts';
import type { Addition, FeedRow, RowIndex } from './feed-rows.ts';
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
  /** From this instant on the page has every event; what is older is asked of the history. */
  completeFrom: string;
  /** Noise that is left out, unless it is to be shown. */
  mutes: readonly Mute[];
  showMuted: boolean;
  /** Rows that are left out because of that. */
  muted: number;
  /** Events and denials since the page was opened, for those who cannot see them come. */
  heard: { events: number; denials: number };
}

export interface FeedActions {
  /** Events in order, each once. */
  add: (events: readonly Event[]) => void;
  /** `completeFrom`: the instant from which on the snapshot holds every event; `atThat`: those of that very instant. */
  markLoaded: (completeFrom: string, atThat: readonly Event[]) => void;
  /** Forgets all rows: what follows has a gap behind it. */
  restart: () => void;
  /** Whether an event of the instant `completeFrom` is among the rows. */
  hasAtEdge: (event: Event) => boolean;
  setMutes: (mutes: readonly Mute[]) => void;
  showMuted: (shown: boolean) => void;
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
  /** Events of the instant `completeFrom` that are among the rows. */
  let edge = new Set<string>();
  /** Rows that the mutes fit, shown or not. */
  let mutedKeys = new Set<string>();

  const store = createStore<FeedState>(() => ({
    visible: [],
    filter: everything,
    holds: new Set(),
    waiting: 0,
    total: 0,
    dropped: 0,
    loaded: false,
    completeFrom: '',
    mutes: [],
    showMuted: false,
    muted: 0,
    heard: { events: 0, denials: 0 },
  }));

  /** Null where every row is shown. */
  function shown(state: Pick<FeedState, 'filter' | 'mutes' | 'showMuted'>): ((row: FeedRow) => boolean) | null {
    const silent = state.showMuted ? 0 : state.mutes.length;
    if (isEverything(state.filter) && silent === 0) return null;
    const matches = matcher(state.filter, nameOf);
    if (silent === 0) return matches;
    return (row) => !mutedKeys.has(row.key) && matches(row);
  }

  function filtered(state: Pick<FeedState, 'filter' | 'mutes' | 'showMuted'>): readonly FeedRow[] {
    const matches = shown(state);
    return matches === null ? index.rows : index.rows.filter(matches);
  }

  function noteMuted(rows: Iterable<FeedRow>, mutes: readonly Mute[]): void {
    for (const row of rows) {
      if (mutes.some((mute) => isMutedBy(mute, row.event))) mutedKeys.add(row.key);
    }
  }

  /** The visible list after a batch: touched rows that match come first, the others keep their place. */
  function moved(state: FeedState, touched: Addition['touched']): readonly FeedRow[] {
    const matches = shown(state);
    if (matches === null) return index.rows;
    const next = [...touched.values()].reverse().filter(matches);
    for (const row of state.visible) if (!touched.has(row.key) && index.byKey.has(row.key)) next.push(row);
    return next;
  }

  /** What leaves the page is asked of the history from then on. */
  function completeFrom(state: FeedState): string {
    return index.droppedAt > state.completeFrom ? index.droppedAt : state.completeFrom;
  }

  const actions: FeedActions = {
    add: (events) => {
      if (events.length === 0) return;
      const addition = addEvents(index, events, limit);
      index = addition.index;
      store.setState((state) => {
        noteMuted(addition.touched.values(), state.mutes);
        const facts = {
          total: index.byKey.size,
          dropped: index.dropped,
          muted: mutedKeys.size,
          heard: {
            events: state.heard.events + events.length,
            denials: state.heard.denials + events.filter(isDenial).length,
          },
        };
        if (state.holds.size === 0) {
          return { ...facts, visible: moved(state, addition.touched), completeFrom: completeFrom(state) };
        }
        const matches = shown(state);
        for (const row of addition.touched.values()) if (matches === null || matches(row)) waitingKeys.add(row.key);
        return { ...facts, waiting: waitingKeys.size };
      });
    },
    markLoaded: (from, atThat) => {
      if (!store.getState().loaded) edge = new Set(atThat.map(({ run, seq }) => `${run} ${seq.toString()}`));
      // A later snapshot follows the one before without a gap: what was complete stays so.
      store.setState((state) => (state.loaded ? {} : { loaded: true, completeFrom: from }));
    },
    restart: () => {
      index = createRowIndex();
      waitingKeys = new Set();
      mutedKeys = new Set();
      store.setState({ visible: [], waiting: 0, total: 0, dropped: 0, muted: 0, loaded: false });
    },
    hasAtEdge: ({ run, seq }) => edge.has(`${run} ${seq.toString()}`),
    setMutes: (mutes) => {
      store.setState((state) => {
        mutedKeys = new Set();
        noteMuted(index.rows, mutes);
        waitingKeys = new Set();
        return { mutes, muted: mutedKeys.size, waiting: 0, visible: filtered({ ...state, mutes }) };
      });
    },
    showMuted: (showMuted) => {
      store.setState((state) => {
        waitingKeys = new Set();
        return { showMuted, waiting: 0, visible: filtered({ ...state, showMuted }) };
      });
    },
    setFilter: (change) => {
      store.setState((state) => {
        const filter = { ...state.filter, ...change };
        // Another question gets its whole answer, also while held.
        waitingKeys = new Set();
        return { filter, visible: filtered({ ...state, filter }), waiting: 0 };
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
        return { holds, visible: filtered(state), waiting: 0, completeFrom: completeFrom(state) };
      });
    },
    knownOf: (run, target) => index.rows.find(({ event }) => event.run === run && event.target === target)?.event.known,
  };

  return Object.assign(store, { actions });
}
