/** The order in which servers are secured: riskiest first, each with the level that fits it. Pure, from the list of servers. */
import type { Rollout, RolloutReason, RolloutStep } from '#contract/rollout.ts';
import type { Server } from '#contract/server.ts';
import type { LaunchedLevel } from '#contract/words.ts';

interface Proposal {
  level: LaunchedLevel;
  reason: RolloutReason;
  applies: boolean;
}

function proposalOf(server: Server, needsNoNetwork: boolean): Proposal | null {
  const known: LaunchedLevel = server.level === 'off' ? 'standard' : server.level;
  switch (server.state) {
    case 'off':
      return needsNoNetwork
        ? { level: 'strict', reason: 'needs-no-network', applies: true }
        : { level: 'standard', reason: 'usual', applies: true };
    case 'watched':
      return { level: 'standard', reason: 'blocks-nothing', applies: true };
    case 'drifted':
      return server.drift?.how === 'removed' ? null : { level: known, reason: 'again', applies: true };
    case 'moved':
    case 'copied':
      return { level: known, reason: 'again', applies: true };
    case 'restart-needed':
      return { level: known, reason: 'restart', applies: false };
    default:
      return null;
  }
}

const riskOf = (server: Pick<Server, 'risk'>): number => server.risk?.score ?? 0;

/** `needsNoNetwork`: ids of servers of which that is known. */
export function planRollout(servers: readonly Server[], needsNoNetwork: ReadonlySet<string>): Rollout {
  // Of the same risk, the clients' own order stays.
  const ordered = servers.toSorted((one, other) => riskOf(other) - riskOf(one));
  const steps = ordered.flatMap((server): RolloutStep[] => {
    const proposal = proposalOf(server, needsNoNetwork.has(server.id));
    if (proposal === null) return [];
    const { id, handle, state, risk } = server;
    return [{ id, handle, state, risk, ...proposal }];
  });
  return {
    v: 1,
    steps,
    contained: servers.filter(({ state }) => state === 'contained' || state === 'failing').length,
    cannot: ordered
      .filter(({ state, reason }) => state === 'cannot' && reason !== 'remote')
      .map(({ id, handle, risk }) => ({ id, handle, risk })),
  };
}
