/**
 * Runs: one start of a contained server each, read from its spool file. A run is live while the very process that its
 * first event names still exists; one whose supervisor vanished without a last word is over, for an unknown cause.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Run } from '#contract/server.ts';
import { resolveOrKeep } from '../events/event-service.ts';
import type { Log, Spool, SpoolPruned, SpoolRun, Supervisors } from '../events/ports.ts';
import { isFailing } from './failing.ts';

const defaultRunLimit = 100;
const pollMs = 50;
/** What a run gets to end by itself before its supervisor is killed; the kernel then ends the whole tree. */
const graceMs = 5000;
const killedMs = 2000;

/** What a list of servers needs to know of their runs. */
export interface ServerActivity {
  liveRuns: number;
  lastRun: Run | null;
  failing: boolean;
}

export const noActivity: ServerActivity = {
  liveRuns: 0,
  lastRun: null,
  failing: false,
};

export interface RunServiceDependencies {
  spool: Spool;
  supervisors: Supervisors;
  resolveServer: (handle: string) => Promise<string>;
  log: Log;
  now?: () => number;
  sleep?: (milliseconds: number) => Promise<void>;
}

export interface RunService {
  /** Newest start first. */
  list(input: { server?: string | undefined; limit?: number | undefined }): Promise<{ runs: Run[] }>;
  /** All of the server's that are live, those of a person's terminals among them. */
  live(server: string): Promise<Run[]>;
  stop(input: { run: string }): Promise<Run>;
  /** By server id; servers without runs are not in it (see `noActivity`). */
  activity(): Promise<ReadonlyMap<string, ServerActivity>>;
  /** Removes the files of ended runs beyond the spool's bounds. */
  prune(): Promise<SpoolPruned>;
}

export function createRunService(dependencies: RunServiceDependencies): RunService {
  const { spool, supervisors, log } = dependencies;
  const now = dependencies.now ?? Date.now;
  const sleep =
    dependencies.sleep ?? ((milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)));

  function isLive(run: SpoolRun): boolean {
    const supervisor = run.end === null ? run.start?.supervisor : undefined;
    return supervisor !== undefined && supervisors.isAlive(supervisor.pid, supervisor.startTicks);
  }

  function toRun(run: SpoolRun): Run {
    const live = isLive(run);
    return {
      run: run.run,
      server: run.server,
      startedAt: run.startedAt,
      endedAt: live ? null : (run.endedAt ?? run.lastAt),
      live,
      denials: run.denials,
      start: run.start,
      end: run.end,
    };
  }

  async function find(id: string): Promise<SpoolRun> {
    const found = (await spool.runs()).find((run) => run.run === id);
    if (found === undefined) {
      throw new BelljarError('no-such-run', { params: { run: id } });
    }
    return found;
  }

  /** True once the process is gone. */
  async function waitUntilGone(
    supervisor: { pid: number; startTicks: number },
    milliseconds: number,
  ): Promise<boolean> {
    const deadline = now() + milliseconds;
    while (supervisors.isAlive(supervisor.pid, supervisor.startTicks)) {
      if (now() >= deadline) {
        return false;
      }
      await sleep(pollMs);
    }
    return true;
  }

  return {
    async list(input) {
      const server = input.server === undefined ? undefined : await resolveOrKeep(input.server, dependencies);
      const runs = (await spool.runs()).filter((run) => server === undefined || run.server === server);
      return { runs: runs.slice(0, input.limit ?? defaultRunLimit).map(toRun) };
    },

    async live(server) {
      return (await spool.runs()).filter((run) => run.server === server && isLive(run)).map(toRun);
    },

    async stop(input) {
      const found = await find(input.run);
      const supervisor = found.start?.supervisor;
      if (supervisor === undefined || !isLive(found)) {
        return toRun(found);
      }
      supervisors.signal(supervisor.pid, supervisor.startTicks, 'SIGTERM');
      if (!(await waitUntilGone(supervisor, graceMs))) {
        log.warn('run-killed', { run: input.run, pid: supervisor.pid });
        supervisors.signal(supervisor.pid, supervisor.startTicks, 'SIGKILL');
        if (!(await waitUntilGone(supervisor, killedMs))) {
          throw new BelljarError('timeout');
        }
      }
      return toRun(await find(input.run));
    },

    async activity() {
      const byServer = new Map<string, Run[]>();
      for (const run of await spool.runs()) {
        // A person's terminal says nothing about the server.
        if (run.start?.terminal !== undefined) continue;
        const runs = byServer.get(run.server);
        if (runs === undefined) {
          byServer.set(run.server, [toRun(run)]);
        } else {
          runs.push(toRun(run));
        }
      }
      const activity = new Map<string, ServerActivity>();
      for (const [server, runs] of byServer) {
        activity.set(server, {
          liveRuns: runs.filter((run) => run.live).length,
          lastRun: runs[0] ?? null,
          failing: isFailing(runs, now()),
        });
      }
      return activity;
    },

    prune: () => spool.prune((run) => !isLive(run)),
  };
}
