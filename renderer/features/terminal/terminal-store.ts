/** The terminals that are open, and opening and closing them. What one shows is its session's. */
import { createStore } from 'zustand/vanilla';
import type { Terminal } from '#contract/terminal.ts';
import type { Clock } from '../../lib/clock.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NavigationStore } from '../navigation/navigation-store.ts';
import type { NoticesStore } from '../notices/notices-store.ts';
import { createTerminalSession, type TerminalSession } from './terminal-session.ts';

export interface TerminalState {
  terminals: readonly Terminal[];
  /** The server whose terminal is being opened. */
  opening: string | null;
}

/** Before its screen is measured; the view says the real size at once. */
const firstSize = { columns: 80, rows: 24 };

export type TerminalStore = ReturnType<typeof createTerminalStore>;

export function createTerminalStore(
  transport: Transport,
  clock: Clock,
  navigation: NavigationStore,
  notices: NoticesStore,
) {
  const store = createStore<TerminalState>(() => ({ terminals: [], opening: null }));

  async function refresh(): Promise<void> {
    try {
      store.setState({ terminals: (await transport.call('terminals.list', {})).terminals });
    } catch {
      // What is shown stays; the session says what is wrong.
    }
  }

  return Object.assign(store, {
    session: (id: string): TerminalSession => createTerminalSession(transport, clock, id),
    actions: {
      refresh,
      /** Opens one and goes there; a failure is said where it was asked for. */
      open: async (server: string): Promise<void> => {
        if (store.getState().opening !== null) return;
        store.setState({ opening: server });
        try {
          const terminal = await transport.call('terminals.open', { server, ...firstSize });
          store.setState((state) => ({ terminals: [...state.terminals, terminal] }));
          navigation.actions.go({ name: 'terminal', id: terminal.id });
        } catch (error) {
          const body = toBody(error);
          notices.actions.say('problem', body.message, body.remedy ?? null);
        } finally {
          store.setState({ opening: null });
        }
      },
      close: async (terminal: Terminal): Promise<void> => {
        try {
          await transport.call('terminals.close', { terminal: terminal.id });
        } catch (error) {
          const body = toBody(error);
          if (body.code !== 'no-such-terminal') notices.actions.say('problem', body.message, body.remedy ?? null);
        }
        await refresh();
        const { route } = navigation.getState();
        if (route.name === 'terminal' && route.id === terminal.id)
          navigation.actions.go({ name: 'server', server: terminal.server });
      },
    },
  });
}
