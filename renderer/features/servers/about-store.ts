/** What one server may do and how its runs went: asked for when a card is opened, and again when something changes. */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { Rule } from '#contract/policy.ts';
import { areaWords } from '#contract/sentences.ts';
import type { ServerDetail } from '#contract/server.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NoticesStore } from '../notices/notices-store.ts';

export interface About {
  detail: ServerDetail | null;
  error: ErrorBody | null;
}

export interface AboutState {
  /** Open cards by server id. */
  open: ReadonlyMap<string, About>;
}

export type AboutStore = ReturnType<typeof createAboutStore>;

export function createAboutStore(transport: Transport, notices: NoticesStore) {
  const store = createStore<AboutState>(() => ({ open: new Map() }));

  /** Servers being asked about, and whether to ask once more afterwards: a flood of changes asks one at a time. */
  const loading = new Map<string, boolean>();

  async function load(id: string): Promise<void> {
    if (loading.has(id)) {
      loading.set(id, true);
      return;
    }
    loading.set(id, false);
    await loadOnce(id);
    const again = loading.get(id) === true;
    loading.delete(id);
    if (again && store.getState().open.has(id)) await load(id);
  }

  async function loadOnce(id: string): Promise<void> {
    let about: About;
    try {
      about = { detail: await transport.call('servers.show', { server: id }), error: null };
    } catch (error) {
      about = { detail: null, error: toBody(error) };
    }
    store.setState((state) => (state.open.has(id) ? { open: new Map(state.open).set(id, about) } : state));
  }

  async function act(id: string, request: () => Promise<string>): Promise<void> {
    try {
      notices.actions.say('done', await request());
    } catch (error) {
      const body = toBody(error);
      notices.actions.say('problem', body.message, body.remedy ?? null);
    }
    await load(id);
  }

  return Object.assign(store, {
    actions: {
      toggle: async (id: string): Promise<void> => {
        const open = new Map(store.getState().open);
        if (open.delete(id)) {
          store.setState({ open });
          return;
        }
        store.setState({ open: open.set(id, { detail: null, error: null }) });
        await load(id);
      },
      refresh: async (id: string): Promise<void> => {
        if (store.getState().open.has(id)) await load(id);
      },
      revoke: (id: string, rule: Rule): Promise<void> =>
        act(id, async () => {
          const answer = await transport.call('policies.revoke', { server: id, verb: rule.verb, what: rule.what });
          const takes = rule.verb !== 'deny' && rule.verb !== 'protect';
          if (answer.effective === 'restart') return 'The rule is gone from the next start on.';
          return takes ? `The rule is gone. ${areaWords.open}` : 'The rule is gone.';
        }),
      /** Allows what the level keeps back. */
      lift: (id: string, rule: Rule): Promise<void> =>
        act(id, async () => {
          const answer = await transport.call('policies.grant', { server: id, verb: 'write', what: rule.what });
          return answer.effective === 'now' ? areaWords.lifted : `${areaWords.lifted} It takes effect after a restart.`;
        }),
      stop: (id: string, run: string): Promise<void> =>
        act(id, async () => {
          await transport.call('runs.stop', { run });
          return 'The run was stopped.';
        }),
    },
  });
}
