/** "Put everything back": what would be written in each file first, then, on the person's word, all of it. */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { ChangeResult } from '#contract/methods.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

export type ReleaseAllState =
  | { kind: 'closed' }
  | { kind: 'loading' }
  | { kind: 'failed'; error: ErrorBody }
  | { kind: 'ready'; planned: ChangeResult[] }
  | { kind: 'working'; planned: ChangeResult[] }
  | { kind: 'done'; results: ChangeResult[] };

export type ReleaseAllStore = ReturnType<typeof createReleaseAllStore>;

export function createReleaseAllStore(transport: Transport) {
  const store = createStore<{ state: ReleaseAllState }>(() => ({ state: { kind: 'closed' } }));
  /** Names the dialog that is open; a late answer for a closed one changes nothing. */
  let opened = 0;

  async function ask(dryRun: boolean, dialog: number): Promise<void> {
    let state: ReleaseAllState;
    try {
      const { results } = await transport.call('servers.release', { servers: 'all', dryRun });
      state = dryRun
        ? { kind: 'ready', planned: results.filter((result) => result.changed || result.error !== undefined) }
        : { kind: 'done', results };
    } catch (error) {
      state = { kind: 'failed', error: toBody(error) };
    }
    if (dialog === opened) store.setState({ state });
  }

  return Object.assign(store, {
    actions: {
      open: async (): Promise<void> => {
        opened += 1;
        store.setState({ state: { kind: 'loading' } });
        await ask(true, opened);
      },
      confirm: async (): Promise<void> => {
        const { state } = store.getState();
        if (state.kind !== 'ready') return;
        store.setState({ state: { kind: 'working', planned: state.planned } });
        await ask(false, opened);
      },
      close: () => {
        opened += 1;
        store.setState({ state: { kind: 'closed' } });
      },
    },
  });
}
