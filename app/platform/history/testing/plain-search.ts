/**
 * What a search over events means, said as plainly as it can be: everything is looked at, in order. The history is held
 * against it, and fakes of the host answer with it.
 */
import type { Event } from '#contract/event.ts';
import type { EventGroups, EventPage } from '#contract/event-search.ts';
import { isMutedBy, matchesPattern, ownText, searchWords, sharedText } from '#contract/event-search.ts';
import type { Storage } from '#contract/storage.ts';
import type { HistoryQuery } from '#engine/events/ports.ts';

function fits(query: HistoryQuery, event: Event): boolean {
  const at = Date.parse(event.at);
  const text = `${sharedText(event.server, event.kind, event.verdict)}\n${ownText({ ...event, exe: event.process.exe })}`;
  return (
    (query.server === undefined || event.server === query.server) &&
    (query.run === undefined || event.run === query.run) &&
    (query.kinds === undefined || query.kinds.includes(event.kind)) &&
    (query.verdict === undefined || event.verdict === query.verdict) &&
    (query.target === undefined || matchesPattern(query.target, event.target)) &&
    (query.sinceMs === undefined || at >= query.sinceMs) &&
    (query.untilMs === undefined || at <= query.untilMs) &&
    searchWords(query.text ?? '').every((word) => text.includes(word))
  );
}

const isMuted = (query: HistoryQuery, event: Event): boolean =>
  query.mutes?.some((rule) => isMutedBy(rule, event)) === true;

/** `events` in the order in which they came; of two at the same instant the later one is newer. */
export function plainSearch(
  events: readonly Event[],
  query: HistoryQuery & { order: 'newest' | 'oldest'; after?: string; limit: number },
): EventPage {
  const sign = query.order === 'newest' ? -1 : 1;
  const numbered = events.map((event, n) => ({ event, at: Date.parse(event.at), n }));
  numbered.sort((a, b) => (a.at - b.at || a.n - b.n) * sign);
  const [at = '', n = ''] = query.after?.split('.') ?? [];
  const from =
    query.after === undefined ? 0 : numbered.findIndex((one) => one.at === Number(at) && one.n === Number(n)) + 1;
  const page: EventPage = { events: [], next: null, muted: 0, behind: null };
  for (const one of numbered.slice(from)) {
    if (!fits(query, one.event)) continue;
    if (isMuted(query, one.event)) {
      page.muted += 1;
      continue;
    }
    page.events.push(one.event);
    if (page.events.length >= query.limit) return { ...page, next: `${one.at.toString()}.${one.n.toString()}` };
  }
  return page;
}

export function plainGroups(events: readonly Event[], query: HistoryQuery & { limit: number }): EventGroups {
  const groups = new Map<string, EventGroups['groups'][number]>();
  let muted = 0;
  for (const event of plainSearch(events, { ...query, mutes: [], order: 'oldest', limit: events.length + 1 }).events) {
    if (isMuted(query, event)) {
      muted += 1;
      continue;
    }
    const key = JSON.stringify([event.server, event.kind, event.verdict, event.target]);
    const before = groups.get(key);
    groups.delete(key);
    groups.set(key, {
      event,
      count: (before?.count ?? 0) + event.count,
      lines: (before?.lines ?? 0) + 1,
      firstAt: before === undefined || event.firstAt < before.firstAt ? event.firstAt : before.firstAt,
    });
  }
  return { groups: [...groups.values()].reverse().slice(0, query.limit), countedSince: null, muted, behind: null };
}

/** An object without the keys that are undefined, as a request holds it. */
export function defined<Shape extends object>(shape: Shape): { [Key in keyof Shape]: Exclude<Shape[Key], undefined> } {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Shape]: Exclude<Shape[Key], undefined>;
  };
}

/** What a fake of the host says of how much it keeps. */
export const plainStorage: Storage = {
  file: '/home/someone/.local/state/belljar/history.sqlite',
  bytes: 4096,
  events: 1,
  oldestAt: '2026-01-02T03:04:05.678Z',
  newestAt: '2026-01-02T03:04:05.678Z',
  rebuilt: null,
  behind: null,
  retention: { keepDays: 90, keepMegabytes: 1024 },
};
