/**
 * From a denial to a grant: which rule, for how long, what that would change by the host's own word, then asking the host for it.
 * Nothing is chosen for the person but the narrowest.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { GrantResult, Input } from '#contract/methods.ts';
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
  | { kind: 'done'; change: GrantResult };

/** Until what runs now stops, or as a rule of the policy. */
export type Hold = 'stop' | 'always';

/** What the host says would change, or why it cannot be. */
export type Preview =
  { kind: 'loading' } | { kind: 'known'; change: GrantResult } | { kind: 'failed'; error: ErrorBody };

export interface Grant {
  /** The one it was opened for, first, and others that can be chosen instead. */
  denials: readonly Denial[];
  denial: Denial;
  /** Opened from a breakage card: the words then speak of trying again. */
  retry: boolean;
  proposals: Proposals;
  chosen: number;
  preview: Preview;
  /** Null until the host has said what can be. */
  hold: Hold | null;
  step: GrantStep;
}

/** The same until it stops; null where that cannot be. */
export function passingOf({ untilStop }: GrantResult): { runs: string[]; diff: string } | null {
  return untilStop === undefined || 'error' in untilStop ? null : untilStop;
}

export type GrantStore = ReturnType<typeof createGrantStore>;

export function createGrantStore(transport: Transport, home: () => string | null, onGranted: (server: string) => void) {
  const store = createStore<{ grant: Grant | null }>(() => ({ grant: null }));
  let opened = 0;
  let looked = 0;

  function inputOf(grant: Grant, hold: Hold): Input<'policies.grant'> | null {
    const proposal = grant.proposals.kind === 'none' ? undefined : grant.proposals.list[grant.chosen];
    if (proposal === undefined) return null;
    const rule = { server: grant.denial.server, verb: proposal.verb, what: proposal.what };
    return hold === 'stop' ? { ...rule, until: 'stop' } : rule;
  }

  /** What the chosen rule would change: nothing can be confirmed before that is shown. */
  async function look(): Promise<void> {
    looked += 1;
    const asked = looked;
    const { grant } = store.getState();
    const input = grant === null ? null : inputOf(grant, 'always');
    if (input === null) return;
    let preview: Preview;
    try {
      preview = { kind: 'known', change: await transport.call('policies.grant', { ...input, dryRun: true }) };
    } catch (error) {
      preview = { kind: 'failed', error: toBody(error) };
    }
    const now = store.getState().grant;
    if (asked !== looked || now === null || now.step.kind === 'done') return;
    const canPass = preview.kind === 'known' && passingOf(preview.change) !== null;
    store.setState({ grant: { ...now, preview, hold: canPass ? (now.hold ?? 'stop') : 'always' } });
  }

  function proposals(denial: Denial, seen: SeenHost | null = null, pattern: string | null = null): Proposals {
    const { targetBytes, ...rest } = denial;
    return proposalsFor(targetBytes === undefined ? rest : { ...rest, targetBytes }, home(), seen, pattern);
  }

  /** Whatever changes the rule that is chosen, what it would change is asked for anew. */
  function show(grant: Omit<Grant, 'preview'>): void {
    store.setState({ grant: { ...grant, preview: { kind: 'loading' } } });
    void look();
  }

  function begin(rest: Pick<Grant, 'denials' | 'retry' | 'hold'>, denial: Denial): void {
    show({ ...rest, denial, proposals: proposals(denial), chosen: 0, step: { kind: 'choose' } });
    void learnHost(denial);
    void learnPattern(denial);
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
    show({ ...grant, proposals: proposals(denial, seen) });
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
    show({ ...grant, proposals: proposals(denial, null, pattern), chosen: 0 });
  }

  return Object.assign(store, {
    actions: {
      /** `hold`: what is chosen at first; null is the narrower. What broke is started anew, so what ends with a run is no help. */
      open: (denials: readonly Denial[], retry = false, hold: Hold | null = retry ? 'always' : null) => {
        const denial = denials[0];
        if (denial === undefined) return;
        opened += 1;
        begin({ denials, retry, hold }, denial);
      },
      select: (denial: Denial) => {
        const { grant } = store.getState();
        if (grant !== null) begin(grant, denial);
      },
      choose: (chosen: number) => {
        const { grant } = store.getState();
        if (grant !== null) show({ ...grant, chosen, step: { kind: 'choose' } });
      },
      keep: (hold: Hold) => {
        store.setState(({ grant }) => ({
          grant: grant === null ? null : { ...grant, hold, step: { kind: 'choose' } },
        }));
      },
      confirm: async (): Promise<void> => {
        const { grant } = store.getState();
        if (grant === null || grant.hold === null || grant.step.kind === 'working') return;
        const input = inputOf(grant, grant.hold);
        if (input === null) return;
        const dialog = opened;
        store.setState({ grant: { ...grant, step: { kind: 'working' } } });
        let step: GrantStep;
        try {
          const change = await transport.call('policies.grant', input);
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
