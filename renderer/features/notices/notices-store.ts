/** Short messages about what was just done, said once by screen readers and gone after a while. */
import { createStore } from 'zustand/vanilla';
import type { Clock } from '../../lib/clock.ts';

export interface Notice {
  id: number;
  tone: 'done' | 'problem';
  /** May hold hostile names; shown through HostileText. */
  text: string;
  hint: string | null;
}

export interface NoticesState {
  notices: readonly Notice[];
}

const shownMs = 9_000;
const problemShownMs = 20_000;
const noticesMax = 4;

export type NoticesStore = ReturnType<typeof createNoticesStore>;

export function createNoticesStore(clock: Clock) {
  const store = createStore<NoticesState>(() => ({ notices: [] }));
  let nextId = 1;
  function dismiss(id: number): void {
    store.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }));
  }
  return Object.assign(store, {
    actions: {
      say: (tone: Notice['tone'], text: string, hint: string | null = null) => {
        const id = nextId;
        nextId += 1;
        store.setState((state) => ({ notices: [...state.notices, { id, tone, text, hint }].slice(-noticesMax) }));
        clock.after(tone === 'done' ? shownMs : problemShownMs, () => {
          dismiss(id);
        });
      },
      dismiss,
    },
  });
}
