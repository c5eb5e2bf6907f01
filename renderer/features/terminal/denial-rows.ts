/** Refusals of terminals that this page saw, merged into rows: kept apart from the feed's filter and its holding still. */
import { createStore } from 'zustand/vanilla';
import { isDenial, type Event } from '#contract/event.ts';
import { addEvents, createRowIndex, type FeedRow, type RowIndex } from '../feed/feed-rows.ts';

const rowsMax = 1_000;

export interface DenialRowsState {
  rows: readonly FeedRow[];
}

export type DenialRowsStore = ReturnType<typeof createDenialRows>;

export function createDenialRows() {
  const store = createStore<DenialRowsState>(() => ({ rows: [] }));
  let index: RowIndex = createRowIndex();
  /** Runs whose first event says that they are a terminal's. */
  const runs = new Set<string>();
  return Object.assign(store, {
    actions: {
      add: (events: readonly Event[]): void => {
        for (const event of events) if (event.start?.terminal !== undefined) runs.add(event.run);
        const denials = events.filter((event) => runs.has(event.run) && isDenial(event));
        if (denials.length === 0) return;
        ({ index } = addEvents(index, denials, rowsMax));
        store.setState({ rows: index.rows });
      },
    },
  });
}
