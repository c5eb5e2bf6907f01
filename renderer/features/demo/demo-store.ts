/** The thirty-second proof: a nosy server of ours, run once free and once contained, and what got through each time. */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { DemoResult } from '#contract/methods.ts';
import type { Clock } from '../../lib/clock.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

export type Demo =
  | { kind: 'idle' }
  | { kind: 'running'; startedAt: number }
  | { kind: 'failed'; error: ErrorBody }
  | { kind: 'done'; result: DemoResult };

export interface DemoState {
  open: boolean;
  demo: Demo;
}

export type DemoStore = ReturnType<typeof createDemoStore>;

export function createDemoStore(transport: Transport, clock: Clock) {
  const store = createStore<DemoState>(() => ({ open: false, demo: { kind: 'idle' } }));
  async function run(): Promise<void> {
    if (store.getState().demo.kind === 'running') return;
    store.setState({ demo: { kind: 'running', startedAt: clock.now() } });
    try {
      store.setState({ demo: { kind: 'done', result: await transport.call('demo.run', {}) } });
    } catch (error) {
      store.setState({ demo: { kind: 'failed', error: toBody(error) } });
    }
  }
  return Object.assign(store, {
    actions: {
      /** Opens the dialog; a run that goes on or is done is shown, not repeated. */
      open: async (): Promise<void> => {
        store.setState({ open: true });
        if (store.getState().demo.kind !== 'done') await run();
      },
      again: run,
      close: () => {
        store.setState({ open: false });
      },
    },
  });
}
