/** From a denial to a grant: which rule, then asking the host to add it. Nothing is chosen for the person but the narrowest. */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { RuleChange } from '#contract/methods.ts';
import type { SeenHost } from '#contract/network.ts';
import type { EventKind } from '#contract/words.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { Proposals } from './proposals.ts';
import { deniedHost, patternOf, proposalsFor } from './proposals.ts';

/** The refused access a grant is about: a row of the feed, or one of the denials before a breakage. */
export interface Denial {
  server: string;
  kind: EventKind;
  target: string;
  targetBytes?: number | undefined;
  known?: string | undefined;
}

export type GrantStep =
  | { kind: 'choose' }
  | { kind: 'working' }
  | { kind: 'failed'; error: ErrorBody }
  | { kind: 'done'; change: RuleChange };

export interface Grant {
  /** The one it was opened for, first, and others that can be chosen instead. */
  denials: readonly Denial[];
  denial: Denial;
  /** Opened from a breakage card: the words then speak of trying again. */
  retry: boolean;
  proposals: Proposals;
  chosen: number;
  step: GrantStep;
}

export type GrantStore = ReturnType<typeof createGrantStore>;

export function createGrantStore(transport: Transport, home: () => string | null, onGranted: (server: string) => void) {
  const store = createStore<{ grant: Grant | null }>(() => ({ grant: null }));
  let opened = 0;

  function proposals(denial: Denial, seen: SeenHost | null = null, pattern: string | null = null): Proposals {
    const { targetBytes, ...rest } = denial;
    return proposalsFor(targetBytes === undefined ? rest : { ...rest, targetBytes }, home(), seen, pattern);
  }

  /** Who owns a name is for the host to say; until it does, and where it cannot, this host alone is proposed. */
  async function learnHost(denial: Denial): Promise<void> {
    const host = deniedHost(denial);
    if (host === null) return;
    const dialog = opened;
    const answer = await transport.call('policies.hosts', { server: denial.server }).catch(() => null);
    const known = answer?.hosts.filter((one) => one.host === host) ?? [];
    const seen = known.find(({ port }) => denial.target.endsWith(`:${String(port)}`)) ?? known[0];
    const { grant } = store.getState();
    if (seen === undefined || dialog !== opened || grant?.denial !== denial || grant.step.kind !== 'choose') return;
    store.setState({ grant: { ...grant, proposals: proposals(denial, seen) } });
  }

  /** A file that a pattern keeps back is allowed by itself or by that pattern; the host knows which one it is. */
  async function learnPattern(denial: Denial): Promise<void> {
    const { kind, target, server } = denial;
    if (!kind.startsWith('file.') || !target.startsWith('/')) return;
    const dialog = opened;
    const access = kind === 'file.read' ? 'read' : 'write';
    const answer = await transport.call('policies.explain', { server, what: target, access }).catch(() => null);
    const pattern = patternOf(answer?.rule?.id ?? null);
    const { grant } = store.getState();
    if (pattern === null || dialog !== opened || grant?.denial !== denial || grant.step.kind !== 'choose') return;
    store.setState({ grant: { ...grant, proposals: proposals(denial, null, pattern), chosen: 0 } });
  }

  return Object.assign(store, {
    actions: {
      open: (denials: readonly Denial[], retry = false) => {
        const denial = denials[0];
        if (denial === undefined) return;
        opened += 1;
        store.setState({
          grant: { denials, denial, retry, proposals: proposals(denial), chosen: 0, step: { kind: 'choose' } },
        });
        void learnHost(denial);
        void learnPattern(denial);
      },
      select: (denial: Denial) => {
        store.setState(({ grant }) => ({
          grant:
            grant === null
              ? null
              : { ...grant, denial, proposals: proposals(denial), chosen: 0, step: { kind: 'choose' } },
        }));
        void learnHost(denial);
        void learnPattern(denial);
      },
      choose: (chosen: number) => {
        store.setState(({ grant }) => ({
          grant: grant === null ? null : { ...grant, chosen, step: { kind: 'choose' } },
        }));
      },
      confirm: async (): Promise<void> => {
        const { grant } = store.getState();
        if (grant === null || grant.proposals.kind === 'none' || grant.step.kind === 'working') return;
        const proposal = grant.proposals.list[grant.chosen];
        if (proposal === undefined) return;
        const dialog = opened;
        store.setState({ grant: { ...grant, step: { kind: 'working' } } });
        let step: GrantStep;
        try {
          const change = await transport.call('policies.grant', {
            server: grant.denial.server,
            verb: proposal.verb,
            what: proposal.what,
          });
          step = { kind: 'done', change };
          onGranted(grant.denial.server);
        } catch (error) {
          step = { kind: 'failed', error: toBody(error) };
        }
        const now = store.getState().grant;
        if (dialog === opened && now !== null) store.setState({ grant: { ...now, step } });
      },
      close: () => {
        opened += 1;
        store.setState({ grant: null });
      },
    },
  });
}
