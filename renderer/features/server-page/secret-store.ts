/**
 * Moving a server's secrets out of its client's file, and back: what is being done, and what went wrong. Which secrets there
 * are is the server's, and is shown as the host says it; one thing at a time is done for a server.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { SecretsResult } from '#contract/methods.ts';
import type { Secret } from '#contract/secret.ts';
import { secretWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import type { Clock } from '../../lib/clock.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NoticesStore } from '../notices/notices-store.ts';

/** What lies in the client's file and can be moved out of it. */
export function movableOf(server: Server): Secret[] {
  return server.secrets.filter(
    ({ state, obstacle }) => (state === 'in-file' || state === 'newer') && obstacle === null,
  );
}

export type SecretStep =
  | { kind: 'moving'; startedAt: number }
  | { kind: 'returning'; startedAt: number }
  | { kind: 'failed'; error: ErrorBody };

export interface SecretsState {
  steps: ReadonlyMap<string, SecretStep>;
}

export type SecretsStore = ReturnType<typeof createSecretsStore>;

export function createSecretsStore(transport: Transport, clock: Clock, notices: NoticesStore) {
  const store = createStore<SecretsState>(() => ({ steps: new Map() }));

  function set(id: string, step: SecretStep | null): void {
    const steps = new Map(store.getState().steps);
    if (step === null) steps.delete(id);
    else steps.set(id, step);
    store.setState({ steps });
  }

  function isBusy(id: string): boolean {
    const kind = store.getState().steps.get(id)?.kind;
    return kind === 'moving' || kind === 'returning';
  }

  async function act(
    server: Server,
    kind: 'moving' | 'returning',
    words: (names: string) => string,
    work: () => Promise<SecretsResult>,
  ): Promise<void> {
    if (isBusy(server.id)) return;
    set(server.id, { kind, startedAt: clock.now() });
    try {
      const { names } = await work();
      set(server.id, null);
      notices.actions.say('done', words(names.join(', ')), server.uptakeSentence);
    } catch (error) {
      set(server.id, { kind: 'failed', error: toBody(error) });
    }
  }

  return Object.assign(store, {
    actions: {
      /** All that can be moved; each is given to the server as the variable that it was. */
      move: (server: Server): Promise<void> =>
        act(server, 'moving', secretWords.movedNow, () =>
          transport.call('secrets.move', { server: server.id, names: 'all', as: 'variable', dryRun: false }),
        ),
      putBack: (server: Server): Promise<void> =>
        act(server, 'returning', secretWords.putBackNow, () =>
          transport.call('secrets.restore', { server: server.id, names: 'all', dryRun: false }),
        ),
      dismiss: (id: string): void => {
        if (!isBusy(id)) set(id, null);
      },
    },
  });
}
