/** The audit: asked for when its dialog is opened, and again on request. */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { Audit } from '#contract/rollout.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

export type AuditState =
  { kind: 'closed' } | { kind: 'loading' } | { kind: 'failed'; error: ErrorBody } | { kind: 'done'; audit: Audit };

export type AuditStore = ReturnType<typeof createAuditStore>;

export function createAuditStore(transport: Transport) {
  const store = createStore<{ state: AuditState }>(() => ({ state: { kind: 'closed' } }));
  return Object.assign(store, {
    actions: {
      open: async (): Promise<void> => {
        store.setState({ state: { kind: 'loading' } });
        let state: AuditState;
        try {
          state = { kind: 'done', audit: await transport.call('servers.audit', {}) };
        } catch (error) {
          state = { kind: 'failed', error: toBody(error) };
        }
        if (store.getState().state.kind === 'loading') store.setState({ state });
      },
      close: (): void => {
        store.setState({ state: { kind: 'closed' } });
      },
    },
  });
}
