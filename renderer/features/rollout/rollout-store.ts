/**
 * The rollout: what is not contained, riskiest first; on the person's word each chosen server is tried and contained in that
 * order, one after the other, up to the first that does not work. It can be stopped between two.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { ChangeResult } from '#contract/methods.ts';
import type { Rollout, RolloutStep } from '#contract/rollout.ts';
import type { Clock } from '../../lib/clock.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

export interface StepResult {
  step: RolloutStep;
  result: ChangeResult | null;
  error: ErrorBody | null;
}

export type RolloutState =
  | { kind: 'closed' }
  | { kind: 'loading' }
  | { kind: 'failed'; error: ErrorBody }
  | { kind: 'ready'; plan: Rollout; left: ReadonlySet<string> }
  | { kind: 'working'; steps: RolloutStep[]; results: StepResult[]; startedAt: number; stopping: boolean }
  | { kind: 'done'; results: StepResult[]; notTouched: number };

export type RolloutStore = ReturnType<typeof createRolloutStore>;

export function createRolloutStore(transport: Transport, clock: Clock) {
  const store = createStore<{ state: RolloutState }>(() => ({ state: { kind: 'closed' } }));
  const set = (state: RolloutState): void => {
    store.setState({ state });
  };

  async function applyStep(step: RolloutStep): Promise<StepResult> {
    try {
      const input = { servers: [step.id], level: step.level, dryRun: false, check: true };
      const [result = null] = (await transport.call('servers.contain', input)).results;
      return { step, result, error: result?.error ?? null };
    } catch (error) {
      return { step, result: null, error: toBody(error) };
    }
  }

  /** `left`: what the person took out of the list. */
  function chosen(plan: Rollout, left: ReadonlySet<string>): RolloutStep[] {
    return plan.steps.filter(({ id, applies }) => applies && !left.has(id));
  }

  return Object.assign(store, {
    chosen,
    actions: {
      open: async (): Promise<void> => {
        // What is under way is shown, not begun again.
        if (store.getState().state.kind === 'working') return;
        set({ kind: 'loading' });
        let next: RolloutState;
        try {
          next = { kind: 'ready', plan: await transport.call('servers.rollout', {}), left: new Set() };
        } catch (error) {
          next = { kind: 'failed', error: toBody(error) };
        }
        if (store.getState().state.kind === 'loading') set(next);
      },
      toggle: (id: string): void => {
        const { state } = store.getState();
        if (state.kind !== 'ready') return;
        const left = new Set(state.left);
        if (!left.delete(id)) left.add(id);
        set({ ...state, left });
      },
      confirm: async (): Promise<void> => {
        const { state } = store.getState();
        if (state.kind !== 'ready') return;
        const steps = chosen(state.plan, state.left);
        const results: StepResult[] = [];
        set({ kind: 'working', steps, results, startedAt: clock.now(), stopping: false });
        for (const step of steps) {
          const outcome = await applyStep(step);
          results.push(outcome);
          const now = store.getState().state;
          if (now.kind !== 'working' || now.stopping || outcome.error !== null) break;
          set({ ...now, results: [...results], startedAt: clock.now() });
        }
        set({ kind: 'done', results, notTouched: steps.length - results.length });
      },
      /** While one is under way: no other follows it. */
      close: (): void => {
        const { state } = store.getState();
        set(state.kind === 'working' ? { ...state, stopping: true } : { kind: 'closed' });
      },
    },
  });
}
