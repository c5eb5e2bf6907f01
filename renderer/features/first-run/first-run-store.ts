/**
 * The first minutes: what was found, a try of the three riskiest, and one change for all. Only the last step writes; what a
 * server that does not work contained gets instead (only watched), the person sees and can choose otherwise before that.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { Rollout, RolloutStep } from '#contract/rollout.ts';
import type { CheckResult, Server } from '#contract/server.ts';
import type { LaunchedLevel } from '#contract/words.ts';
import { toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';
import type { BulkStep } from '../servers/bulk-store.ts';
import { createBulkStore } from '../servers/bulk-store.ts';

export const triedAtFirst = 3;

export type Trying =
  | { kind: 'waiting' }
  | { kind: 'trying'; startedAt: number }
  | { kind: 'tried'; check: CheckResult }
  | { kind: 'failed'; error: ErrorBody };

/** `leave`: its entry stays as it is. */
export type Choice = LaunchedLevel | 'leave';

export type FirstRunStep = 'found' | 'try' | 'apply';

export interface FirstRunState {
  step: FirstRunStep;
  plan: Rollout | null;
  error: ErrorBody | null;
  tries: ReadonlyMap<string, Trying>;
  choices: ReadonlyMap<string, Choice>;
}

export type FirstRunStore = ReturnType<typeof createFirstRunStore>;

/** How servers stand in the end: the last sentence. */
export interface Standing {
  contained: number;
  watched: number;
  left: number;
  cannot: number;
}

export function standingOf(servers: Iterable<Server>): Standing {
  const standing: Standing = { contained: 0, watched: 0, left: 0, cannot: 0 };
  for (const { level, state } of servers) {
    if (state === 'cannot') standing.cannot += 1;
    else if (level === 'off' || state === 'drifted' || state === 'moved' || state === 'copied') standing.left += 1;
    else if (level === 'watch') standing.watched += 1;
    else standing.contained += 1;
  }
  return standing;
}

/** What is proposed for a server after it was tried, or was not. */
export function proposedChoice(step: RolloutStep, trying: Trying | undefined): Choice {
  if (!step.applies) return 'leave';
  if (trying?.kind === 'failed') return 'leave';
  if (trying?.kind !== 'tried') return step.level;
  const { verdict } = trying.check;
  return verdict === 'works' || verdict === 'works-but-refused' ? step.level : 'watch';
}

interface Dependencies {
  transport: Transport;
  now: () => number;
  serverOf: (id: string) => Server | undefined;
}

export function createFirstRunStore({ transport, now, serverOf }: Dependencies) {
  const first: FirstRunState = { step: 'found', plan: null, error: null, tries: new Map(), choices: new Map() };
  const store = createStore<FirstRunState>(() => first);
  const bulk = createBulkStore({ transport, now, serverOf });
  let running: AbortController | null = null;

  function setTry(id: string, trying: Trying): void {
    store.setState(({ tries, choices, plan }) => {
      const step = plan?.steps.find((one) => one.id === id);
      return {
        tries: new Map(tries).set(id, trying),
        choices: step === undefined ? choices : new Map(choices).set(id, proposedChoice(step, trying)),
      };
    });
  }

  async function tryOne({ id, level }: RolloutStep, signal: AbortSignal): Promise<void> {
    setTry(id, { kind: 'trying', startedAt: now() });
    let outcome: Trying;
    try {
      outcome = { kind: 'tried', check: await transport.call('servers.check', { server: id, level }, signal) };
    } catch (error) {
      // Whoever goes on before it is over has not tried it.
      if (signal.aborted) {
        store.setState(({ tries }) => ({ tries: new Map([...tries].filter(([one]) => one !== id)) }));
        return;
      }
      outcome = { kind: 'failed', error: toBody(error) };
    }
    setTry(id, outcome);
  }

  function riskiest(plan: Rollout): RolloutStep[] {
    return plan.steps.filter(({ applies }) => applies).slice(0, triedAtFirst);
  }

  /** What is worth a call: each with its level, and whether it still has to be tried. */
  function stepsOf({ plan, choices, tries }: FirstRunState): BulkStep[] {
    return (plan?.steps ?? []).flatMap(({ id }) => {
      const to = choices.get(id);
      if (to === undefined || to === 'leave') return [];
      const trying = tries.get(id);
      const worked = trying?.kind === 'tried' && trying.check.level === to && trying.check.verdict.startsWith('works');
      return [{ id, to, check: to !== 'watch' && !worked }];
    });
  }

  return Object.assign(store, {
    bulk,
    riskiest,
    actions: {
      begin: async (): Promise<void> => {
        running?.abort();
        bulk.actions.close();
        store.setState(first);
        try {
          const plan = await transport.call('servers.rollout', {});
          store.setState({
            plan,
            choices: new Map(plan.steps.map((step) => [step.id, proposedChoice(step, undefined)])),
          });
        } catch (error) {
          store.setState({ error: toBody(error) });
        }
      },
      /** Tries the riskiest, one after the other. */
      tryRiskiest: async (): Promise<void> => {
        const { plan } = store.getState();
        if (plan === null) return;
        running?.abort();
        const controller = new AbortController();
        running = controller;
        const steps = riskiest(plan);
        store.setState({ step: 'try', tries: new Map(steps.map(({ id }) => [id, { kind: 'waiting' }])) });
        for (const step of steps) {
          if (controller.signal.aborted) return;
          await tryOne(step, controller.signal);
        }
      },
      /** Shows what would be written; what is still being tried is tried again when it is contained. */
      plan: async (): Promise<void> => {
        running?.abort();
        store.setState(({ tries }) => ({
          step: 'apply',
          tries: new Map([...tries].filter(([, one]) => one.kind === 'tried' || one.kind === 'failed')),
        }));
        bulk.actions.close();
        await bulk.actions.open(stepsOf(store.getState()));
      },
      choose: async (id: string, choice: Choice): Promise<void> => {
        store.setState(({ choices }) => ({ choices: new Map(choices).set(id, choice) }));
        bulk.actions.close();
        await bulk.actions.open(stepsOf(store.getState()));
      },
      leave: (): void => {
        running?.abort();
      },
    },
  });
}
