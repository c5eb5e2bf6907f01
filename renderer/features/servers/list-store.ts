/** How the list of servers is looked at: search, grouping, order, which rows are chosen. It stays while views change. */
import { createStore } from 'zustand/vanilla';
import type { ListOptions } from './arrange.ts';

export interface ListState extends ListOptions {
  /** Ids of servers that a step for many is about. */
  chosen: ReadonlySet<string>;
  /** The row that keys are about. */
  active: string | null;
}

export type ListStore = ReturnType<typeof createListStore>;

export function createListStore() {
  const store = createStore<ListState>(() => ({
    search: '',
    grouping: 'client',
    order: 'listed',
    chosen: new Set(),
    active: null,
  }));
  return Object.assign(store, {
    actions: {
      set: (change: Partial<ListOptions>) => {
        store.setState(change);
      },
      activate: (id: string) => {
        store.setState({ active: id });
      },
      toggle: (id: string) => {
        store.setState(({ chosen }) => {
          const next = new Set(chosen);
          if (!next.delete(id)) next.add(id);
          return { chosen: next };
        });
      },
      choose: (ids: Iterable<string>) => {
        store.setState({ chosen: new Set(ids) });
      },
      /** Servers that are gone are no longer chosen: a step must never be about what nobody sees. */
      keep: (exists: (id: string) => boolean) => {
        store.setState((state) => {
          const kept = [...state.chosen].filter(exists);
          return kept.length === state.chosen.size ? state : { chosen: new Set(kept) };
        });
      },
    },
  });
}
