/**
 * One level for many servers: what would be written in each file first; then, on the person's word, one after the other.
 * Containing tries each server first; one that does not work is left as it is and told of, and the others go on. It can be
 * stopped between two. "Put everything back" is the same with every server and the level off.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { ChangeResult } from '#contract/methods.ts';
import type { Server } from '#contract/server.ts';
import type { Level } from '#contract/words.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import { rewritesEntry } from './change-store.ts';

export interface BulkStep {
  id: string;
  to: Level;
  /** False where it was tried already, and worked. */
  check: boolean;
}

export interface BulkResult extends Pick<ChangeResult, 'id' | 'changed' | 'diff' | 'notice' | 'error'> {
  to: Level;
  /** The client's file; empty where only Belljar's own policy changes. */
  file: string;
}

export type BulkState =
  | { kind: 'closed' }
  | { kind: 'loading' }
  | { kind: 'failed'; error: ErrorBody }
  /** `everything`: every server of the host, also those that this page does not know. */
  | { kind: 'ready'; everything: boolean; steps: readonly BulkStep[]; planned: readonly BulkResult[] }
  | {
      kind: 'working';
      steps: readonly BulkStep[];
      results: readonly BulkResult[];
      startedAt: number;
      stopping: boolean;
    }
  | { kind: 'done'; results: readonly BulkResult[]; notTouched: number };

export type BulkStore = ReturnType<typeof createBulkStore>;

interface Dependencies {
  transport: Transport;
  now: () => number;
  serverOf: (id: string) => Server | undefined;
}

/** Fewer in a call than the host's own time allows for. */
const plannedAtOnce = 50;

export function createBulkStore({ transport, now, serverOf }: Dependencies) {
  const store = createStore<{ state: BulkState }>(() => ({ state: { kind: 'closed' } }));
  /** Names what is open; a late answer for what was closed changes nothing. */
  let opened = 0;
  const set = (state: BulkState): void => {
    store.setState({ state });
  };

  function isRewrite({ id, to }: Pick<BulkStep, 'id' | 'to'>): boolean {
    const server = serverOf(id);
    return server === undefined || rewritesEntry(server, to);
  }

  async function plan(steps: readonly BulkStep[]): Promise<BulkResult[]> {
    const planned: BulkResult[] = [];
    for (const level of new Set(steps.map(({ to }) => to))) {
      const some = steps.filter((step) => step.to === level);
      const rewritten = some.filter(isRewrite).map(({ id }) => id);
      for (let at = 0; at < rewritten.length; at += plannedAtOnce) {
        const servers = rewritten.slice(at, at + plannedAtOnce);
        const { results } =
          level === 'off'
            ? await transport.call('servers.release', { servers, dryRun: true })
            : await transport.call('servers.contain', { servers, level, dryRun: true, check: false });
        planned.push(...results.map((result) => ({ ...result, to: level })));
      }
      for (const { id } of some.filter((step) => !isRewrite(step)))
        planned.push({ id, to: level, file: '', changed: serverOf(id)?.level !== level });
    }
    return planned;
  }

  async function apply({ id, to, check }: BulkStep): Promise<BulkResult> {
    try {
      if (!isRewrite({ id, to })) {
        const changed = serverOf(id)?.level !== to;
        if (changed) await transport.call('servers.level', { server: id, level: to });
        return { id, to, file: '', changed };
      }
      const { results } =
        to === 'off'
          ? await transport.call('servers.release', { servers: [id], dryRun: false })
          : await transport.call('servers.contain', { servers: [id], level: to, dryRun: false, check });
      const [result] = results;
      if (result === undefined) throw new Error('no result');
      return { ...result, to };
    } catch (error) {
      return { id, to, file: serverOf(id)?.file ?? '', changed: false, error: toBody(error) };
    }
  }

  async function prepare(work: () => Promise<BulkState>): Promise<void> {
    opened += 1;
    const mine = opened;
    set({ kind: 'loading' });
    let next: BulkState;
    try {
      next = await work();
    } catch (error) {
      next = { kind: 'failed', error: toBody(error) };
    }
    if (mine === opened) set(next);
  }

  async function releaseEverything(): Promise<void> {
    try {
      const { results } = await transport.call('servers.release', { servers: 'all', dryRun: false });
      set({ kind: 'done', results: results.map((result) => ({ ...result, to: 'off' })), notTouched: 0 });
    } catch (error) {
      set({ kind: 'failed', error: toBody(error) });
    }
  }

  function isWorking(): boolean {
    return store.getState().state.kind === 'working';
  }

  return Object.assign(store, {
    actions: {
      /** What is under way is shown, not begun again. */
      open: async (steps: readonly BulkStep[]): Promise<void> => {
        if (isWorking()) return;
        await prepare(async () => ({ kind: 'ready', everything: false, steps, planned: await plan(steps) }));
      },
      openRelease: async (): Promise<void> => {
        if (isWorking()) return;
        await prepare(async () => {
          const { results } = await transport.call('servers.release', { servers: 'all', dryRun: true });
          const planned = results
            .filter((result) => result.changed || result.error !== undefined)
            .map((result) => ({ ...result, to: 'off' as const }));
          return {
            kind: 'ready',
            everything: true,
            steps: planned.map(({ id, to }) => ({ id, to, check: false })),
            planned,
          };
        });
      },
      confirm: async (): Promise<void> => {
        const { state } = store.getState();
        if (state.kind !== 'ready') return;
        const { steps } = state;
        const results: BulkResult[] = [];
        set({ kind: 'working', steps, results, startedAt: now(), stopping: false });
        if (state.everything) {
          await releaseEverything();
          return;
        }
        for (const step of steps) {
          results.push(await apply(step));
          const current = store.getState().state;
          if (current.kind !== 'working' || current.stopping) break;
          set({ ...current, results: [...results], startedAt: now() });
        }
        set({ kind: 'done', results, notTouched: steps.length - results.length });
      },
      /** While one is under way: no other follows it. */
      close: (): void => {
        const { state } = store.getState();
        opened += 1;
        set(state.kind === 'working' ? { ...state, stopping: true } : { kind: 'closed' });
      },
    },
  });
}
