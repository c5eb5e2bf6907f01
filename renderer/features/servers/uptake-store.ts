/**
 * Servers whose walls were put up while this page looked on, until a run of each was seen behind them: a client takes a
 * changed entry up in its own time. What is ticked is a fact of the host, never a click.
 */
import { createStore } from 'zustand/vanilla';
import type { FeedMessage } from '#contract/feed.ts';
import type { Server } from '#contract/server.ts';
import { without } from '../../lib/without.ts';

export interface UptakeStep {
  code: 'written' | 'old-gone' | 'first-run';
  done: boolean;
}

export interface UptakeState {
  /** By id: since when a contained run is waited for. */
  waiting: ReadonlyMap<string, number>;
}

export type UptakeStore = ReturnType<typeof createUptakeStore>;

function isLaunched(server: Server | undefined): boolean {
  return server !== undefined && server.level !== 'off' && server.state !== 'drifted' && server.state !== 'cannot';
}

/** True where a run through the launcher began after `since`. */
function hasRun(server: Server, since: number): boolean {
  return server.lastRun !== null && Date.parse(server.lastRun.startedAt) >= since;
}

/** Null where nothing is waited for. `since` null: its walls were put up before this page came. */
export function uptakeSteps(server: Server, since: number | null): UptakeStep[] | null {
  if (server.state !== 'restart-needed' && since === null) return null;
  if (!isLaunched(server)) return null;
  return [
    { code: 'written', done: true },
    { code: 'old-gone', done: (server.oldProcesses ?? []).length === 0 && server.state !== 'restart-needed' },
    { code: 'first-run', done: since === null ? server.liveRuns > 0 : hasRun(server, since) },
  ];
}

export function createUptakeStore(now: () => number) {
  const store = createStore<UptakeState>(() => ({ waiting: new Map() }));
  function forget(id: string): void {
    store.setState(({ waiting }) => ({ waiting: without(waiting, id) }));
  }
  return Object.assign(store, {
    actions: {
      /** Before the servers' store takes the messages: `before` is what it holds. */
      apply: (messages: readonly FeedMessage[], before: ReadonlyMap<string, Server>) => {
        for (const message of messages) {
          if (message.type === 'server-gone') forget(message.id);
          if (message.type !== 'server') continue;
          const { server } = message;
          const was = before.get(server.id);
          if (!isLaunched(server)) forget(server.id);
          else if (was !== undefined && !isLaunched(was))
            store.setState(({ waiting }) => ({ waiting: new Map(waiting).set(server.id, now()) }));
        }
      },
      forget,
    },
  });
}
