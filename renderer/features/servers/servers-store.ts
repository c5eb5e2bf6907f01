/**
 * The servers as the host last described them, and what is being asked of the host about each one now. A level that was
 * asked for is shown as asked for, never as reached, until the host says so.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { Server } from '#contract/server.ts';
import type { Level } from '#contract/words.ts';
import { without } from '../../lib/without.ts';

export interface ServersState {
  /** By id, in the host's order. */
  servers: ReadonlyMap<string, Server>;
  loaded: boolean;
  /** Set when the list itself could not be had. */
  error: ErrorBody | null;
  /** Levels that were asked for and not answered yet. */
  asked: ReadonlyMap<string, Level>;
  /** The last failed request about a server, shown beside its level until the next one. */
  failures: ReadonlyMap<string, ErrorBody>;
}

/** Whether walls stand around it. Watch is never counted. */
export function isContained(server: Server): boolean {
  return (server.level === 'standard' || server.level === 'strict') && server.state === 'contained';
}

/** Whether its state asks a person to do something. */
export function asksForSomething({ state }: Server): boolean {
  return ['restart-needed', 'failing', 'drifted', 'moved', 'copied'].includes(state);
}

export type ServersStore = ReturnType<typeof createServersStore>;

export function createServersStore() {
  const store = createStore<ServersState>(() => ({
    servers: new Map(),
    loaded: false,
    error: null,
    asked: new Map(),
    failures: new Map(),
  }));

  return Object.assign(store, {
    actions: {
      replace: (servers: readonly Server[]) => {
        store.setState({
          servers: new Map(servers.map((server) => [server.id, server])),
          loaded: true,
          error: null,
        });
      },
      fail: (error: ErrorBody) => {
        store.setState({ error });
      },
      apply: (messages: readonly FeedMessage[]) => {
        let next: Map<string, Server> | null = null;
        for (const message of messages) {
          if (message.type === 'server') {
            next ??= new Map(store.getState().servers);
            next.set(message.server.id, message.server);
          } else if (message.type === 'server-gone') {
            next ??= new Map(store.getState().servers);
            next.delete(message.id);
          }
        }
        if (next !== null) store.setState({ servers: next });
      },
      ask: (id: string, level: Level) => {
        store.setState((state) => ({
          asked: new Map(state.asked).set(id, level),
          failures: without(state.failures, id),
        }));
      },
      answered: (id: string, failure: ErrorBody | null) => {
        store.setState((state) => ({
          asked: without(state.asked, id),
          failures: failure === null ? without(state.failures, id) : new Map(state.failures).set(id, failure),
        }));
      },
      forgetFailure: (id: string) => {
        store.setState((state) => ({ failures: without(state.failures, id) }));
      },
    },
    nameOf: (id: string): string => store.getState().servers.get(id)?.name ?? id,
  });
}
