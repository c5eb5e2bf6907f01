/**
 * The rollout: what is not contained, riskiest first. On the person's word each chosen server is tried and contained in that order,
 * one after the other, up to the first that does not work; it can be stopped between two. Beside it the audit: what runs past Belljar.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { ChangeResult } from '#contract/methods.ts';
import type { Audit, Rollout, RolloutStep } from '#contract/rollout.ts';
import { ask, notAsked, type Asked } from '../../lib/asked.ts';
import type { Clock } from '../../lib/clock.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

export interface StepResult {
  step: RolloutStep;
  result: ChangeResult | null;
  error: ErrorBody | null;
}

export interface Work {
  steps: readonly RolloutStep[];
  results: readonly StepResult[];
  startedAt: number;
  stopping: boolean;
}

export interface RolloutState {
  plan: Asked<Rollout>;
  audit: Asked<Audit>;
  /** What the person took out of the list. */
  left: ReadonlySet<string>;
  work: Work | null;
  /** What came of the last work, and how many of it were not touched. */
  done: { results: readonly StepResult[]; notTouched: number } | null;
}

export type RolloutStore = ReturnType<typeof createRolloutStore>;

export function createRolloutStore(transport: Transport, clock: Clock) {
  const store = createStore<RolloutState>(() => ({
    plan: notAsked,
    audit: notAsked,
    left: new Set(),
    work: null,
    done: null,
  }));

  async function applyStep(step: RolloutStep): Promise<StepResult> {
    try {
      const input = { servers: [step.id], level: step.level, dryRun: false, check: true };
      const [result = null] = (await transport.call('servers.contain', input)).results;
      return { step, result, error: result?.error ?? null };
    } catch (error) {
      return { step, result: null, error: toBody(error) };
    }
  }

  async function look(): Promise<void> {
    // While something is contained the list is the one that was begun with.
    if (store.getState().work !== null) return;
    await Promise.all([
      ask<Rollout>(
        clock.now,
        () => store.getState().plan,
        (plan) => {
          store.setState({ plan });
        },
        () => transport.call('servers.rollout', {}),
      ),
      ask<Audit>(
        clock.now,
        () => store.getState().audit,
        (audit) => {
          store.setState({ audit });
        },
        () => transport.call('servers.audit', {}),
      ),
    ]);
  }

  async function apply(steps: readonly RolloutStep[]): Promise<void> {
    if (store.getState().work !== null || steps.length === 0) return;
    const results: StepResult[] = [];
    store.setState({ work: { steps, results: [], startedAt: clock.now(), stopping: false }, done: null });
    for (const step of steps) {
      const outcome = await applyStep(step);
      results.push(outcome);
      const { work } = store.getState();
      if (work === null || work.stopping || outcome.error !== null) break;
      store.setState({ work: { ...work, results: [...results], startedAt: clock.now() } });
    }
    store.setState({ work: null, done: { results, notTouched: steps.length - results.length } });
    await look();
  }

  /** Those that the person left in. */
  function chosen({ plan, left }: RolloutState): readonly RolloutStep[] {
    return plan.value?.steps.filter(({ id, applies }) => applies && !left.has(id)) ?? [];
  }

  return Object.assign(store, {
    chosen,
    actions: {
      look,
      toggle: (id: string): void => {
        const left = new Set(store.getState().left);
        if (!left.delete(id)) left.add(id);
        store.setState({ left });
      },
      applyChosen: (): Promise<void> => apply(chosen(store.getState())),
      applyOne: (step: RolloutStep): Promise<void> => apply([step]),
      /** While one is under way: no other follows it. */
      stop: (): void => {
        const { work } = store.getState();
        if (work !== null) store.setState({ work: { ...work, stopping: true } });
      },
    },
  });
}
