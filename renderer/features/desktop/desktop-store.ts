/** What only the desktop program can do. In a browser nothing of it is asked for, and nothing of it is offered. */
import { createStore } from 'zustand/vanilla';
import type { DesktopStatus } from '#contract/desktop.ts';
import type { Input } from '#contract/methods.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NoticesStore } from '../notices/notices-store.ts';

export interface DesktopState {
  /** Null in a browser, and until the program answered. */
  status: DesktopStatus | null;
}

export type DesktopStore = ReturnType<typeof createDesktopStore>;

export function createDesktopStore(transport: Transport, notices: NoticesStore) {
  const store = createStore<DesktopState>(() => ({ status: null }));

  async function orSay<Value>(call: () => Promise<Value>): Promise<Value | null> {
    try {
      return await call();
    } catch (error) {
      notices.actions.say('problem', toBody(error).message);
      return null;
    }
  }

  async function learn(call: () => Promise<DesktopStatus>): Promise<void> {
    const status = await orSay(call);
    if (status !== null) store.setState({ status });
  }

  return Object.assign(store, {
    actions: {
      begin: async (): Promise<void> => {
        if (transport.isDesktop) await learn(() => transport.call('desktop.status', {}));
      },
      openAtLogin: (on: boolean): Promise<void> => learn(() => transport.call('desktop.openAtLogin', { on })),
      /** What the person chose in the system's dialog; null where they chose nothing. */
      choose: async (input: Input<'desktop.choose'>): Promise<string | null> =>
        (await orSay(() => transport.call('desktop.choose', input)))?.path ?? null,
    },
  });
}
