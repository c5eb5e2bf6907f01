/**
 * Searching the history, muting noise, and how much is kept. Muting is about what a page shows: it takes nothing out of
 * the history, of exports or of the command line unless they ask for that, and can be taken back.
 */
import { BelljarError } from '#contract/errors.ts';
import type { EventGrouping, EventGroups, EventPage, EventSearch, Mute, MuteRule } from '#contract/event-search.ts';
import { mutesMax, searchPageDefault } from '#contract/event-search.ts';
import type { Retention, Storage } from '#contract/storage.ts';
import { serverIdPattern } from '#contract/words.ts';
import type { EventSettings, EventSettingsStore, History, HistoryQuery } from './ports.ts';
import { parseSince } from './since.ts';

const groupsDefault = 200;

export interface SearchServiceDependencies {
  history: History;
  settings: EventSettingsStore;
  /** Resolves a handle to a server id; throws `not-found` or `ambiguous`. */
  resolveServer: (handle: string) => Promise<string>;
  now: () => number;
}

export interface SearchService {
  search(input: EventSearch): Promise<EventPage>;
  groups(input: EventGrouping): Promise<EventGroups>;
  mutes(): Promise<{ mutes: Mute[] }>;
  mute(rule: MuteRule): Promise<{ mute: Mute }>;
  unmute(input: { id: string }): Promise<{ mute: Mute }>;
  storage(): Promise<Storage>;
  retain(change: { keepDays?: number | undefined; keepMegabytes?: number | undefined }): Promise<Storage>;
  rebuild(): Promise<Storage>;
}

export function createSearchService(dependencies: SearchServiceDependencies): SearchService {
  const { history, settings, now } = dependencies;
  /** Changes of the one document, one after the other. */
  let changing: Promise<unknown> = Promise.resolve();

  function change<T>(work: (before: EventSettings) => { after: EventSettings; result: T }): Promise<T> {
    const changed = changing.then(async () => {
      const { after, result } = work(await settings.get());
      await settings.put(after);
      return result;
    });
    changing = changed.catch(() => undefined);
    return changed;
  }

  /** Events outlive entries: a server that left its client's file is still asked for by its id. */
  async function resolve(handle: string): Promise<string> {
    try {
      return await dependencies.resolveServer(handle);
    } catch (error) {
      const unknown = error instanceof BelljarError && error.code === 'not-found';
      if (!unknown || !serverIdPattern.test(handle)) throw error;
      const { events } = await history.search({ server: handle, order: 'newest', limit: 1 });
      if (events.length === 0) throw error;
      return handle;
    }
  }

  async function queryOf(input: EventGrouping | EventSearch): Promise<HistoryQuery> {
    const query: HistoryQuery = {};
    if (input.server !== undefined) query.server = await resolve(input.server);
    if (input.run !== undefined) query.run = input.run;
    if (input.kinds !== undefined) query.kinds = input.kinds;
    if (input.verdict !== undefined) query.verdict = input.verdict;
    if (input.text !== undefined) query.text = input.text;
    if (input.target !== undefined) query.target = input.target;
    if (input.since !== undefined) query.sinceMs = parseSince(input.since, now());
    if (input.until !== undefined) query.untilMs = parseSince(input.until, now());
    if (input.hideMuted === true) query.mutes = (await settings.get()).mutes;
    return query;
  }

  async function storage(): Promise<Storage> {
    const { retention } = await settings.get();
    return { ...(await history.status()), retention };
  }

  return {
    async search(input) {
      return await history.search({
        ...(await queryOf(input)),
        order: input.order ?? 'newest',
        limit: input.limit ?? searchPageDefault,
        ...(input.after === undefined ? {} : { after: input.after }),
      });
    },

    async groups(input) {
      return await history.groups({ ...(await queryOf(input)), limit: input.limit ?? groupsDefault });
    },

    async mutes() {
      return { mutes: [...(await settings.get()).mutes] };
    },

    async mute(rule) {
      return await change((before) => {
        const same = before.mutes.find(
          ({ server, kind, target }) => server === rule.server && kind === rule.kind && target === rule.target,
        );
        if (same !== undefined) return { after: before, result: { mute: same } };
        if (before.mutes.length >= mutesMax) {
          throw new BelljarError('invalid-input', { params: { detail: `more than ${mutesMax} cannot be muted` } });
        }
        const id = crypto.randomUUID().replaceAll('-', '').slice(0, 12);
        const mute = { ...rule, id, at: new Date(now()).toISOString() };
        return { after: { ...before, mutes: [...before.mutes, mute] }, result: { mute } };
      });
    },

    async unmute({ id }) {
      return await change((before) => {
        const mute = before.mutes.find((one) => one.id === id);
        if (mute === undefined) throw new BelljarError('no-such-mute');
        return { after: { ...before, mutes: before.mutes.filter((one) => one !== mute) }, result: { mute } };
      });
    },

    storage,

    async retain({ keepDays, keepMegabytes }) {
      const retention = await change((before) => {
        const next: Retention = {
          keepDays: keepDays ?? before.retention.keepDays,
          keepMegabytes: keepMegabytes ?? before.retention.keepMegabytes,
        };
        return { after: { ...before, retention: next }, result: next };
      });
      await history.retain(retention);
      return await storage();
    },

    async rebuild() {
      await history.rebuild();
      return await storage();
    },
  };
}
