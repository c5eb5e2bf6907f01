/**
 * The way back: after a change on this page the newest decision is offered to be undone. The offer stays until it is used,
 * dismissed, or a newer one takes its place; nobody has to be quick. What the host says is shown, nothing is made up here.
 */
import { createStore } from 'zustand/vanilla';
import type { HistoryEntry } from '#contract/decision.ts';
import type { ErrorBody } from '#contract/errors.ts';
import type { Input, MethodName, Output } from '#contract/methods.ts';
import { historyWords } from '#contract/sentences.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { NoticesStore } from '../notices/notices-store.ts';

export interface UndoState {
  offer: HistoryEntry | null;
  /** The decision that is being undone. */
  working: string | null;
  error: ErrorBody | null;
}

export type UndoStore = ReturnType<typeof createUndoStore>;

/** Calls that may be a decision. */
const deciding: ReadonlySet<MethodName> = new Set<MethodName>([
  'servers.contain',
  'servers.release',
  'servers.level',
  'policies.grant',
  'policies.revoke',
  'policies.limit',
  'policies.resources',
  'policies.sight',
  'pins.pin',
  'pins.unpin',
  'questions.answer',
  'history.undo',
]);

export function createUndoStore(transport: Transport, notices: NoticesStore, onUndone: (server: string) => void) {
  const store = createStore<UndoState>(() => ({ offer: null, working: null, error: null }));
  /** The newest decision that was known before: what is older is not offered. */
  let newest: string | null = null;
  let isKnown = false;

  async function newestEntry(): Promise<HistoryEntry | null> {
    const { entries } = await transport.call('history.list', { limit: 1 });
    return entries[0] ?? null;
  }

  /** Nothing to offer is no failure: the history has every decision. */
  async function offerNewest(): Promise<void> {
    const entry = await newestEntry().catch(() => null);
    if (entry === null || entry.id === newest) return;
    newest = entry.id;
    if (entry.door === 'panel') store.setState({ offer: entry, error: null });
  }

  return Object.assign(store, {
    /** True where the host's history is known, and holds nothing. */
    isNothingDecided: (): boolean => isKnown && newest === null,
    actions: {
      /** What was decided before this page came is not offered. */
      begin: async (): Promise<void> => {
        try {
          newest = (await newestEntry())?.id ?? null;
          isKnown = true;
        } catch {
          newest = null;
        }
      },
      /** After a call of the page; several servers at once are not one decision, and are found in the history. */
      after: async <M extends MethodName>(method: M, output: Output<M>): Promise<void> => {
        if (!deciding.has(method)) return;
        // Only looked at.
        if (typeof output === 'object' && 'changed' in output && output.changed === false) return;
        const results = typeof output === 'object' && 'results' in output ? (output.results as unknown[]) : [];
        if (results.length > 1) {
          newest = (await newestEntry().catch(() => null))?.id ?? newest;
          store.setState({ offer: null, error: null });
          return;
        }
        await offerNewest();
      },
      undo: async (entry: Pick<HistoryEntry, 'id'>): Promise<void> => {
        if (store.getState().working !== null) return;
        store.setState({ working: entry.id, error: null });
        try {
          const input: Input<'history.undo'> = { id: entry.id };
          const answer = await transport.call('history.undo', input);
          newest = answer.decision.id;
          store.setState({ working: null, offer: answer.decision, error: null });
          notices.actions.say(
            'done',
            historyWords.done(answer.undone.summary),
            historyWords.effective[answer.effective],
          );
          onUndone(answer.undone.server);
        } catch (error) {
          const body = toBody(error);
          store.setState({ working: null, error: body });
          notices.actions.say('problem', body.message, body.remedy ?? null);
        }
      },
      dismiss: () => {
        store.setState({ offer: null, error: null });
      },
    },
  });
}
