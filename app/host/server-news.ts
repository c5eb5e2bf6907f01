/**
 * News of servers and of the machine: lists again when something may have changed, and publishes only what differs from
 * what was last said. What can change a list: client files and policies (watched by their folders), runs that start or
 * end, denials (counted), hosts that are reached, and processes outside any run, of which nothing tells: those are looked at now and then while
 * somebody listens.
 *
 * Lists never overlap, and a flood of events costs at most one list a second.
 */
import type { Event } from '#contract/event.ts';
import { isDenial } from '#contract/event.ts';
import type { ServerList } from '#contract/server.ts';
import type { FeedNews } from './feed-hub.ts';

export interface ServerNewsOptions {
  list: () => Promise<ServerList>;
  publish: (news: FeedNews) => void;
  /** Whether anyone listens: without that nothing is looked at by the clock. */
  hasReaders: () => boolean;
  onError: (error: unknown) => void;
  /** How long a burst of changes may take to settle. */
  settleMs?: number;
  /** Least time between two lists that only counts can have changed. */
  countsMs?: number;
  /** How often to look at what tells nobody. */
  lookMs?: number;
}

export interface ServerNews {
  /** Something on disk changed, or a run began or ended: list soon. */
  changed(): void;
  event(event: Event): void;
  /** Takes the first list, of which no news is made: whoever listens takes a snapshot first. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export function createServerNews(options: ServerNewsOptions): ServerNews {
  const settleMs = options.settleMs ?? 60;
  const countsMs = options.countsMs ?? 1000;
  const lookMs = options.lookMs ?? 5000;
  const said = new Map<string, string>();
  let machine = '';
  let timer: NodeJS.Timeout | null = null;
  let dueAt = Infinity;
  let running: Promise<void> | null = null;
  let closed = false;

  function remember(list: ServerList): FeedNews[] {
    const news: FeedNews[] = [];
    const present = new Set<string>();
    for (const server of list.servers) {
      present.add(server.id);
      const text = JSON.stringify(server);
      if (said.get(server.id) === text) continue;
      said.set(server.id, text);
      news.push({ type: 'server', server });
    }
    for (const id of said.keys()) {
      if (present.has(id)) continue;
      said.delete(id);
      news.push({ type: 'server-gone', id });
    }
    const machineText = JSON.stringify(list.machine);
    if (machine !== machineText) {
      machine = machineText;
      news.push({ type: 'machine', machine: list.machine });
    }
    return news;
  }

  async function listNow(): Promise<void> {
    try {
      const news = remember(await options.list());
      if (!closed) for (const item of news) options.publish(item);
    } catch (error) {
      options.onError(error);
    }
  }

  function within(milliseconds: number): void {
    if (closed) return;
    const at = Date.now() + milliseconds;
    if (at >= dueAt) return;
    dueAt = at;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      dueAt = Infinity;
      if (running !== null) {
        // One is under way that may have read too early: once more after it.
        void running.then(() => within(settleMs));
        return;
      }
      running = listNow().finally(() => {
        running = null;
      });
    }, milliseconds);
  }

  const look = setInterval(() => {
    if (options.hasReaders()) within(0);
  }, lookMs);
  look.unref();

  return {
    changed: () => within(settleMs),
    event(event) {
      if (event.kind === 'run.start' || event.kind === 'run.end') within(settleMs);
      else if (isDenial(event) || event.kind === 'net.connect') within(countsMs);
    },
    async start() {
      try {
        remember(await options.list());
      } catch (error) {
        options.onError(error);
      }
    },
    async close() {
      closed = true;
      clearInterval(look);
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}
