/**
 * The plans that live runs were started with. A plan that is replaced while runs of its server live is kept for each of them until
 * they end: what a change means for a running server follows from what it has, and not from what was decided last.
 */
import { isLive, nothingWaits, waitingOf, type Waiting } from '#domain/live-change.ts';
import type { PlanStore, StartedPlanStore } from '../ports.ts';
import type { RunService } from '../runs/run-service.ts';

export interface StartedPlansDeps {
  plans: PlanStore;
  started: StartedPlanStore;
  runs: Pick<RunService, 'live'>;
  now: () => number;
}

export interface StartedPlans {
  /** Keeps what is replaced, where a run has it. */
  plans: PlanStore;
  /** What live runs of a server do not have yet of its plan; null where that cannot be told. */
  waiting(server: string): Promise<Waiting | null>;
  /** Whether this run has at once what `next` is more than `before`, both plans that it could be given; null where that cannot be told. */
  holdsNow(server: string, run: string, before: string, next: string): Promise<boolean | null>;
  /** Whether `next` in place of the present plan changes nothing that only the next start brings. */
  isLive(server: string, next: string): Promise<boolean>;
}

export function createStartedPlans({ plans, started, runs, now }: StartedPlansDeps): StartedPlans {
  /** What the launcher would not take either was nothing that a run started with. */
  const readable = (server: string): Promise<string | null> => plans.read(server).catch(() => null);

  async function liveRuns(server: string): Promise<{ run: string; startedAt: string }[]> {
    // A terminal has a plan of its own, which follows the server's.
    return (await runs.live(server)).filter(({ start }) => start?.terminal === undefined);
  }

  async function keep(server: string, live: readonly { run: string }[], text: string): Promise<void> {
    for (const { run } of live) if ((await started.read(server, run)) === null) await started.keep(server, run, text);
  }

  /** What each live run waits for, were `next` the plan. */
  async function waitingFor(server: string, present: string | null, next: string): Promise<(Waiting | null)[]> {
    return Promise.all(
      (await liveRuns(server)).map(async ({ run }) => {
        const text = (await started.read(server, run)) ?? present;
        return text === null ? null : waitingOf(text, next);
      }),
    );
  }

  return {
    plans: {
      ...plans,
      async write(server, text) {
        const old = await readable(server);
        if (old === null || old === text) return plans.write(server, text);
        const before = await liveRuns(server);
        await keep(server, before, old);
        await started.retain(
          server,
          before.map(({ run }) => run),
        );
        await plans.write(server, text);
        // One that was just starting may have read the old one.
        const written = new Date(now()).toISOString();
        const known = new Set(before.map(({ run }) => run));
        const since = (await liveRuns(server)).filter(({ run, startedAt }) => !known.has(run) && startedAt <= written);
        await keep(server, since, old);
      },
    },

    async waiting(server) {
      const text = await readable(server);
      if (text === null) return (await liveRuns(server)).length === 0 ? nothingWaits : null;
      const all = await waitingFor(server, text, text);
      if (all.includes(null)) return null;
      const lines = (of: 'comes' | 'goes'): string[] => [...new Set(all.flatMap((one) => one?.[of] ?? []))];
      return { comes: lines('comes'), goes: lines('goes') };
    },

    async holdsNow(server, run, before, next) {
      const text = (await started.read(server, run)) ?? (await readable(server));
      const [earlier, later] = text === null ? [null, null] : [waitingOf(text, before), waitingOf(text, next)];
      return earlier === null || later === null ? null : isLive(earlier, later);
    },

    async isLive(server, next) {
      const present = await readable(server);
      const [before, after] = await Promise.all([
        waitingFor(server, present, present ?? next),
        waitingFor(server, present, next),
      ]);
      return after.every((waits, index) => {
        const earlier = before[index] ?? null;
        return waits !== null && earlier !== null && isLive(earlier, waits);
      });
    },
  };
}
