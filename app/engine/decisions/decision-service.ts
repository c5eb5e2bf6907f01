/**
 * Decisions: every change that a person makes is written down before it is made and settled after it, so that a kill at any
 * moment leaves either no decision or one that is known: what was begun and never settled is looked at again, and happened
 * if its things are now what it wanted.
 *
 * Undo puts back exactly what a decision changed, as long as each of these things still is what it made of them; a newer
 * decision about the same thing is named instead. It goes the same way as any other change: what this machine cannot keep
 * is refused, and it is a decision of its own, which can be undone.
 */
import {
  decisionFormatVersion,
  type Decision,
  type DecisionAction,
  type DecisionChange,
  type DecisionDoor,
  type HistoryEntry,
  type Pinned,
} from '#contract/decision.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Api } from '#contract/methods.ts';
import { policyFormatVersion, type StoredPolicy } from '#contract/policy.ts';
import { historyWords } from '#contract/sentences.ts';
import type { LaunchedLevel } from '#contract/words.ts';
import { isAboutSame, reversed, stillHolds, withChanges } from '#domain/decision-changes.ts';
import { isSamePinned, pinnedOf } from '#domain/pin-changes.ts';
import type { Log } from '../events/ports.ts';
import type { PinStore } from '../pins/ports.ts';
import type { Clock, PolicyStore } from '../ports.ts';
import type { SecretStore } from '../secrets/ports.ts';
import type { FoundServer } from '../servers/discovery.ts';
import type { Exclusive } from '../servers/exclusive.ts';
import type { DecisionLine, DecisionLog } from './ports.ts';

export interface Deciding {
  action: DecisionAction;
  server: string;
  file?: string | null;
  summary: string;
  changes: readonly DecisionChange[];
  /** Set where this is an undo, whatever is done for it. */
  undoes?: string | undefined;
  /** Putting an entry back must work also where nothing can be written down. */
  mustHappen?: boolean;
}

/** Makes a change, with its record. */
export type Decide = <T>(deciding: Deciding, change: () => Promise<T>) => Promise<T>;

export type SecretChange = Extract<DecisionChange, { of: 'secret' }>;

/** What undoing needs of the services that make changes; each runs under the lock of changes, which undo holds. */
export interface Undoing {
  find: (handle: string) => Promise<FoundServer>;
  exclusive: Exclusive;
  release: (found: FoundServer, undoes: string) => Promise<void>;
  contain: (found: FoundServer, level: LaunchedLevel, undoes: string) => Promise<void>;
  unpin: (found: FoundServer, undoes: string) => Promise<void>;
  /**
   * Installs again what was pinned before. Not under the lock of changes, which it takes itself: `check` is asked then. Without
   * `undoes` it is a decision as any other.
   */
  repin: (
    server: string,
    pinned: Pinned,
    how: { undoes?: string; check: () => Promise<void>; signal: AbortSignal | undefined },
  ) => Promise<void>;
  /** Moves secrets out of the client's file, or back into it. */
  moveSecrets: (found: FoundServer, changes: readonly SecretChange[], undoes: string) => Promise<void>;
  /** Stores this policy, after the plan that it leads to. */
  restore: (found: FoundServer, policy: StoredPolicy, deciding: Omit<Deciding, 'server' | 'changes'>) => Promise<void>;
  effective: (server: string) => Promise<'now' | 'restart'>;
}

export interface DecisionServiceDeps {
  clock: Clock;
  decisions: DecisionLog;
  policies: Pick<PolicyStore, 'get'>;
  pins: Pick<PinStore, 'get'>;
  secrets: Pick<SecretStore, 'list'>;
  door: () => DecisionDoor;
  log: Log;
  /** Asked when something is undone: by then the services are there. */
  undoing: () => Undoing;
}

export interface DecisionService {
  decide: Decide;
  list: Api['history.list'];
  undo: Api['history.undo'];
}

const listedDefault = 100;

function isDecision(line: DecisionLine): line is Decision {
  return 'action' in line;
}

export function createDecisionService(deps: DecisionServiceDeps): DecisionService {
  const { decisions } = deps;
  let recovering: Promise<void> | null = null;

  /** Whether a thing is what the change left. */
  async function holds(server: string, change: DecisionChange): Promise<boolean> {
    if (change.of === 'contained') {
      const found = await deps
        .undoing()
        .find(server)
        .catch(() => null);
      return (found?.wrapping?.id === server) === change.after;
    }
    if (change.of === 'pin') {
      return isSamePinned(pinnedOf(await deps.pins.get(server)), change.after);
    }
    if (change.of === 'secret') {
      const kept = (await deps.secrets.list(server)).find(({ name }) => name === change.name);
      return (kept?.as ?? null) === change.after;
    }
    return stillHolds(change, await deps.policies.get(server));
  }

  /** What a process that was killed began. Once, before anything else is begun. */
  function recover(): Promise<void> {
    recovering ??= (async () => {
      const lines = await decisions.read();
      const settled = new Set(lines.filter((line) => !isDecision(line)).map((line) => line.id));
      for (const line of lines) {
        if (!isDecision(line) || settled.has(line.id)) continue;
        const held = await Promise.all(line.changes.map((change) => holds(line.server, change).catch(() => false)));
        await settle(line.id, held.every(Boolean));
      }
    })().catch((error: unknown) => {
      recovering = null;
      throw error;
    });
    return recovering;
  }

  async function settle(id: string, done: boolean): Promise<void> {
    try {
      await decisions.append({ v: decisionFormatVersion, id, done });
    } catch (error) {
      // What is not settled is looked at again by the next process.
      deps.log.warn('decision-not-settled', { error: String(error) });
    }
  }

  async function begin(deciding: Deciding): Promise<string | null> {
    const id = crypto.randomUUID().replaceAll('-', '').slice(0, 16);
    const { action, server, file = null, summary, changes, undoes } = deciding;
    try {
      await recover();
      await decisions.append({
        v: decisionFormatVersion,
        id,
        at: deps.clock.now().toISOString(),
        door: deps.door(),
        action: undoes === undefined ? action : 'undo',
        server,
        file,
        summary,
        changes: [...changes],
        undoes: undoes ?? null,
      });
      return id;
    } catch (error) {
      if (deciding.mustHappen !== true || !(error instanceof BelljarError)) throw error;
      deps.log.warn('decision-not-recorded', { error: error.code });
      return null;
    }
  }

  const decide: Decide = async (deciding, change) => {
    const id = await begin(deciding);
    let done = false;
    try {
      const result = await change();
      done = true;
      return result;
    } finally {
      if (id !== null) await settle(id, done);
    }
  };

  /** Oldest first; without what was begun and did not happen. */
  async function entries(): Promise<HistoryEntry[]> {
    const lines = await decisions.read();
    const done = new Map(lines.flatMap((line) => (isDecision(line) ? [] : [[line.id, line.done] as const])));
    const happened = lines.filter(isDecision).filter(({ id }) => done.get(id) === true);
    const undone = new Set<string>();
    // Newest first: an undo that was itself undone undoes nothing.
    for (const { id, undoes } of happened.toReversed()) {
      if (undoes !== null && !undone.has(id)) undone.add(undoes);
    }
    return happened.map(({ v: _v, ...decision }) => ({ ...decision, undone: undone.has(decision.id) }));
  }

  function choose(all: readonly HistoryEntry[], id: string | undefined, server: string | null): HistoryEntry {
    const chosen =
      id === undefined
        ? all.findLast((one) => one.undoes === null && !one.undone && (server === null || one.server === server))
        : all.find((one) => one.id === id);
    if (chosen === undefined) throw new BelljarError('no-such-decision', { params: id === undefined ? {} : { id } });
    if (chosen.undone)
      throw new BelljarError('decision-overtaken', { params: { summary: chosen.summary, undone: true } });
    return chosen;
  }

  async function refuseOvertaken(decision: HistoryEntry, all: readonly HistoryEntry[]): Promise<void> {
    for (const change of decision.changes) {
      if (await holds(decision.server, change)) continue;
      const newer = all.findLast(
        (one) =>
          one.server === decision.server &&
          one.id !== decision.id &&
          one.changes.some((other) => isAboutSame(other, change)),
      );
      throw new BelljarError('decision-overtaken', {
        params: {
          summary: decision.summary,
          ...(newer === undefined ? {} : { newer: newer.summary, id: newer.id }),
        },
      });
    }
  }

  const undo: DecisionService['undo'] = async (input, signal) => {
    const undoing = deps.undoing();
    const decision = await undoing.exclusive(async () => {
      await recover();
      const server = input.server === undefined ? null : (await undoing.find(input.server)).id;
      const all = await entries();
      const chosen = choose(all, input.id, server);
      await refuseOvertaken(chosen, all);
      if (!comesBackAlone(chosen)) {
        await putBack(undoing, await undoing.find(chosen.server), chosen, reversed(chosen.changes));
      }
      return chosen;
    });
    const pin = pinBefore(decision);
    if (pin !== null) {
      const alone = comesBackAlone(decision);
      await undoing.repin(decision.server, pin, {
        // What is contained again was the undo; its pin is one more decision.
        ...(alone ? { undoes: decision.id } : {}),
        check: async () => {
          if (!alone) return;
          // Others may have decided while it was installed.
          const all = await entries();
          choose(all, decision.id, null);
          await refuseOvertaken(decision, all);
        },
        signal,
      });
    }
    const last = (await entries()).findLast(({ undoes }) => undoes === decision.id);
    if (last === undefined) throw new BelljarError('internal');
    return {
      undone: { ...decision, undone: true },
      decision: last,
      effective: await undoing.effective(decision.server),
    };
  };

  function pinBefore(decision: HistoryEntry): Pinned | null {
    return decision.changes.find((change) => change.of === 'pin')?.before ?? null;
  }

  /** A pin that comes back is installed again, which takes long and is not done under the lock of changes. */
  function comesBackAlone(decision: HistoryEntry): boolean {
    return decision.changes.length === 1 && pinBefore(decision) !== null;
  }

  async function putBack(
    undoing: Undoing,
    found: FoundServer,
    decision: HistoryEntry,
    changes: readonly DecisionChange[],
  ): Promise<void> {
    const contained = changes.find((change) => change.of === 'contained');
    if (contained === undefined && changes.some((change) => change.of === 'pin')) {
      await undoing.unpin(found, decision.id);
      return;
    }
    const secrets = changes.filter((change) => change.of === 'secret');
    if (secrets.length > 0) {
      await undoing.moveSecrets(found, secrets, decision.id);
      return;
    }
    if (contained?.after === false) {
      await undoing.release(found, decision.id);
      return;
    }
    if (contained?.after === true) {
      const level = changes.find((change) => change.of === 'level')?.after ?? 'standard';
      await undoing.contain(found, level === 'off' ? 'standard' : level, decision.id);
      return;
    }
    const stored = (await deps.policies.get(found.id)) ?? {
      v: policyFormatVersion,
      server: found.id,
      level: 'off' as const,
      rules: [],
    };
    await undoing.restore(found, withChanges(stored, changes), {
      action: 'undo',
      summary: historyWords.undid(decision.summary),
      undoes: decision.id,
    });
  }

  return {
    decide,
    undo,
    async list(input) {
      await recover();
      const server = input.server === undefined ? null : (await deps.undoing().find(input.server)).id;
      const all = (await entries()).filter((one) => server === null || one.server === server);
      return { entries: all.toReversed().slice(0, input.limit ?? listedDefault) };
    },
  };
}
