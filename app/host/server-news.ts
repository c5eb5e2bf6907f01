/**
 * News of servers and of the machine: lists again when something may have changed, and publishes only what differs from
 * what was last said. What can change a list: client files and policies (watched by their folders), runs that start or
 * end, denials (counted), hosts that are reached, and processes outside any run, of which nothing tells: those are looked at
 * now and then while somebody listens, more often while one is known.
 *
 * Lists never overlap; they take at most a third of the time, however much changes, and the last change is never missed.
 *
 * A file that is being written reads as a broken one, or as one without its servers. So what would be bad news (a server
 * that is gone, a file that cannot be used) is said only when it is still so a moment later.
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
  /** How long bad news waits for its confirmation. */
  confirmMs?: number;
  /** How often to look at what tells nobody: while a process outside is known, and otherwise. */
  lookMs?: number;
  restMs?: number;
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
  const confirmMs = options.confirmMs ?? 400;
  const lookMs = options.lookMs ?? 5000;
  const restMs = options.restMs ?? 60_000;
  const said = new Map<string, string>();
  /** What would be bad news, and since when it looks so. */
  const doubts = new Map<string, number>();
  let machine = '';
  let problems = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  let dueAt = Infinity;
  let notBefore = 0;
  let listedAt = 0;
  let hasOld = false;
  let running: Promise<void> | null = null;
  let closed = false;

  /** What is to be said of a list; with `first`, everything is taken as it is. */
  function remember(list: ServerList, first: boolean): FeedNews[] {
    const now = Date.now();
    const doubted = new Set<string>();
    /** True where a thing was so already long enough ago to be believed. */
    const isSure = (what: string): boolean => {
      if (first) return true;
      doubted.add(what);
      const since = doubts.get(what) ?? now;
      doubts.set(what, since);
      return now - since >= confirmMs;
    };
    const news: FeedNews[] = [];
    const present = new Set<string>();
    for (const server of list.servers) {
      present.add(server.id);
      const text = JSON.stringify(server);
      if (said.get(server.id) === text) continue;
      if (server.drift?.how === 'removed' && !isSure(`gone ${server.id}`)) continue;
      said.set(server.id, text);
      news.push({ type: 'server', server });
    }
    for (const id of said.keys()) {
      if (present.has(id) || !isSure(`gone ${id}`)) continue;
      said.delete(id);
      news.push({ type: 'server-gone', id });
    }
    const found = new Set(list.machine.problems.map(({ file, code }) => `problem ${code} ${file}`));
    // Each is asked, so that each has its own time.
    const isBelieved = [...found]
      .filter((problem) => !problems.has(problem))
      .map(isSure)
      .every(Boolean);
    const machineText = JSON.stringify(list.machine);
    if (machine !== machineText && isBelieved) {
      machine = machineText;
      problems = found;
      news.push({ type: 'machine', machine: list.machine });
    }
    for (const what of doubts.keys()) if (!doubted.has(what)) doubts.delete(what);
    const waits = [...doubts.values()].map((since) => since + confirmMs - now).filter((wait) => wait > 0);
    if (waits.length > 0) within(Math.max(...waits));
    hasOld = list.servers.some(({ state }) => state === 'restart-needed');
    return news;
  }

  async function listNow(first = false): Promise<void> {
    const began = Date.now();
    try {
      const news = remember(await options.list(), first);
      if (!closed && !first) for (const item of news) options.publish(item);
    } catch (error) {
      options.onError(error);
    }
    listedAt = Date.now();
    notBefore = listedAt + Math.min(2 * (listedAt - began), 2000);
  }

  function within(milliseconds: number): void {
    if (closed) return;
    const at = Math.max(Date.now() + milliseconds, notBefore);
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
      if (Date.now() < notBefore) {
        within(0);
        return;
      }
      running = listNow().finally(() => {
        running = null;
      });
    }, at - Date.now());
  }

  const look = setInterval(
    () => {
      if (options.hasReaders() && (hasOld || Date.now() - listedAt >= restMs)) within(0);
    },
    Math.min(lookMs, restMs),
  );
  look.unref();

  return {
    changed: () => within(settleMs),
    event(event) {
      if (event.kind === 'run.start' || event.kind === 'run.end') within(settleMs);
      else if (isDenial(event) || event.kind === 'net.connect') within(countsMs);
    },
    async start() {
      running = listNow(true).finally(() => {
        running = null;
      });
      await running;
    },
    async close() {
      closed = true;
      clearInterval(look);
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}
