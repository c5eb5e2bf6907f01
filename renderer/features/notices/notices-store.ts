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
  const ends = new Map<number, { endAfter: number; cancel: () => void }>();
  function dismiss(id: number): void {
    ends.get(id)?.cancel();
    ends.delete(id);
    store.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }));
  }
  function endLater(id: number, endAfter: number): void {
    ends.get(id)?.cancel();
    const cancel = clock.after(endAfter, () => {
      dismiss(id);
    });
    ends.set(id, { endAfter, cancel });
  }
  return Object.assign(store, {
    actions: {
      say: (tone: Notice['tone'], text: string, hint: string | null = null) => {
        const id = nextId;
        nextId += 1;
        store.setState((state) => ({ notices: [...state.notices, { id, tone, text, hint }].slice(-noticesMax) }));
        endLater(id, tone === 'done' ? shownMs : problemShownMs);
        const kept = new Set(store.getState().notices.map((notice) => notice.id));
        for (const [other, { cancel }] of ends) {
          if (kept.has(other)) continue;
          cancel();
          ends.delete(other);
        }
      },
      /** Somebody reads it: it stays until he lets go. */
      hold: (id: number) => {
        ends.get(id)?.cancel();
      },
      letGo: (id: number) => {
        const end = ends.get(id);
        if (end !== undefined) endLater(id, end.endAfter);
      },
      dismiss,
    },
  });
}
