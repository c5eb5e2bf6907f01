/** Whether this page may speak to the host, and whether the host answers. */
import { createStore } from 'zustand/vanilla';
import type { ConnectionState } from '../../lib/feed-connection.ts';

export interface SessionState {
  connection: ConnectionState;
  /** True after the first snapshot: what is on the screen then stays there while the host is away. */
  everLive: boolean;
  /** Lines of the feed that could not be understood. */
  unreadable: number;
}

export type SessionStore = ReturnType<typeof createSessionStore>;

export function createSessionStore() {
  const store = createStore<SessionState>(() => ({
    connection: { kind: 'connecting' },
    everLive: false,
    unreadable: 0,
  }));
  return Object.assign(store, {
    actions: {
      setConnection: (connection: ConnectionState) => {
        store.setState((state) => ({ connection, everLive: state.everLive || connection.kind === 'live' }));
      },
      addUnreadable: (lines: number) => {
        store.setState((state) => ({ unreadable: state.unreadable + lines }));
      },
    },
  });
}
