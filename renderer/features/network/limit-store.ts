/**
 * Limiting the network of one server: what it was seen to use is proposed, the person chooses, and every choice shows at
 * once what would change in the policy. Nothing is written before the person says so; what is written is what was shown.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { LimitResult } from '#contract/methods.ts';
import type { HostGroup } from '#contract/network.ts';
import type { Server } from '#contract/server.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

export type LimitStep =
  | { kind: 'loading' }
  | { kind: 'unreadable'; error: ErrorBody }
  /** `preview` belongs to `chosen` as it stands, or is null while it is asked for; `shown` is the latest there was. */
  | {
      kind: 'choose';
      groups: readonly HostGroup[];
      chosen: ReadonlySet<string>;
      shown: LimitResult;
      isFresh: boolean;
      error: ErrorBody | null;
    }
  | { kind: 'working' }
  | { kind: 'done'; result: LimitResult };

export interface Limit {
  server: Server;
  step: LimitStep;
}

export type LimitStore = ReturnType<typeof createLimitStore>;

/** True where a rule for every name below a domain says what the other rule says. */
export function isBelow(what: string, wide: string): boolean {
  const suffix = /^\*(\.[^:]+):/u.exec(wide)?.[1];
  const name = /^([^:[\]]+):/u.exec(what)?.[1];
  return suffix !== undefined && name !== undefined && what !== wide && name.endsWith(suffix);
}

export function createLimitStore(transport: Transport, onLimited: (server: string) => void) {
  const store = createStore<{ limit: Limit | null }>(() => ({ limit: null }));
  /** Names the dialog and the latest choice in it; answers for older ones are not shown. */
  let asked = 0;

  function setStep(step: LimitStep): void {
    store.setState(({ limit }) => ({ limit: limit === null ? null : { ...limit, step } }));
  }

  async function preview(server: Server, groups: readonly HostGroup[], chosen: ReadonlySet<string>): Promise<void> {
    asked += 1;
    const mine = asked;
    const before = store.getState().limit?.step;
    if (before?.kind !== 'choose') return;
    setStep({ ...before, chosen, isFresh: false, error: null });
    let step: LimitStep;
    try {
      const shown = await transport.call('policies.limit', { server: server.id, hosts: [...chosen], dryRun: true });
      step = { kind: 'choose', groups, chosen, shown, isFresh: true, error: null };
    } catch (error) {
      step = { ...before, chosen, isFresh: false, error: toBody(error) };
    }
    if (mine === asked) setStep(step);
  }

  async function write(server: Server, input: { hosts: string[] } | { off: true }): Promise<void> {
    const before = store.getState().limit?.step;
    if (before?.kind !== 'choose') return;
    asked += 1;
    const mine = asked;
    setStep({ kind: 'working' });
    let step: LimitStep;
    try {
      const result = await transport.call('policies.limit', { server: server.id, ...input, dryRun: false });
      step = { kind: 'done', result };
      onLimited(server.id);
    } catch (error) {
      step = { ...before, error: toBody(error) };
    }
    if (mine === asked) setStep(step);
  }

  return Object.assign(store, {
    actions: {
      open: async (server: Server): Promise<void> => {
        asked += 1;
        const mine = asked;
        store.setState({ limit: { server, step: { kind: 'loading' } } });
        let step: LimitStep;
        try {
          const shown = await transport.call('policies.limit', { server: server.id, dryRun: true });
          const { groups, hosts } = shown;
          step = { kind: 'choose', groups, chosen: new Set(hosts), shown, isFresh: true, error: null };
        } catch (error) {
          step = { kind: 'unreadable', error: toBody(error) };
        }
        if (mine === asked) setStep(step);
      },
      /** What a wider rule says already leaves with it. */
      toggle: async (what: string): Promise<void> => {
        const { limit } = store.getState();
        if (limit?.step.kind !== 'choose') return;
        const { groups, chosen } = limit.step;
        const next = chosen.has(what)
          ? [...chosen].filter((other) => other !== what)
          : [...[...chosen].filter((other) => !isBelow(other, what)), what];
        await preview(limit.server, groups, new Set(next));
      },
      confirm: async (): Promise<void> => {
        const { limit } = store.getState();
        if (limit?.step.kind !== 'choose' || !limit.step.isFresh) return;
        await write(limit.server, { hosts: limit.step.shown.hosts });
      },
      openAgain: async (): Promise<void> => {
        const { limit } = store.getState();
        if (limit !== null) await write(limit.server, { off: true });
      },
      close: () => {
        asked += 1;
        store.setState({ limit: null });
      },
    },
  });
}
