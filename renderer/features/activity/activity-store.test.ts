import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import { isMutedBy } from '#contract/event-search.ts';
import type { Input, Output } from '#contract/methods.ts';
import { createFakeTransport, makeEvent, settle } from '../../test-support/fixtures.ts';
import {
  everything,
  formatFilter,
  kindGroups,
  matcher,
  parseFilter,
  searchOf,
  timeRanges,
} from '../feed/feed-filter.ts';
import { addEvents, addOlder, createRowIndex } from '../feed/feed-rows.ts';
import { createFeedStore } from '../feed/feed-store.ts';
import { createActivityStore } from './activity-store.ts';
import { muteChoices } from './mute-rules.ts';

const instant = (second: number): string =>
  new Date(Date.parse('2026-03-01T12:00:00.000Z') + second * 1000).toISOString();
const at = (seq: number, changes: Partial<Event> = {}): Event =>
  makeEvent(seq, { at: instant(seq), firstAt: instant(seq), target: `/t/${String(seq)}`, ...changes });
const page = (events: Event[], next: string | null = null): Output<'events.search'> => ({
  events,
  next,
  muted: 0,
  behind: null,
});

function make(rows?: number) {
  const transport = createFakeTransport();
  const feed = createFeedStore((id) => id, rows);
  const saved: { name: string; text: Promise<string> }[] = [];
  const said: string[] = [];
  const activity = createActivityStore({
    transport,
    feed,
    save: (name, parts, type) => saved.push({ name, text: new Blob(parts, { type }).text() }),
    say: (_tone, text) => said.push(text),
  });
  const asked = (): Input<'events.search'>[] =>
    transport.calls.filter(({ method }) => method === 'events.search').map(({ input }) => input as never);
  return { transport, feed, activity, saved, said, asked };
}

describe('what is earlier', () => {
  it('begins where the live rows end: what both have stands there once', async () => {
    const { transport, feed, activity, asked } = make();
    feed.actions.add([at(10), at(11)]);
    feed.actions.markLoaded(instant(10), [at(10)]);
    const twin = at(3, { at: instant(10), target: '/same-instant' });
    transport.answer('events.search', ({ after }) =>
      after === undefined ? page([at(10), twin, at(9)], '1.1') : page([at(8), at(7, { target: '/t/9' })]),
    );
    await activity.actions.loadEarlier();
    expect(activity.getState().earlier.map(({ event }) => event.target)).toEqual(['/same-instant', '/t/9']);
    await activity.actions.loadEarlier();
    expect(activity.getState().phase).toBe('done');
    // The same again, further back: one row with both.
    expect(activity.getState().earlier.map(({ event, count }) => [event.target, count])).toEqual([
      ['/same-instant', 1],
      ['/t/9', 2],
      ['/t/8', 1],
    ]);
    await activity.actions.loadEarlier();
    expect(asked()).toMatchObject([{ until: instant(10), hideMuted: true }, { after: '1.1' }]);
  });

  it('throws away an answer to a question that was changed meanwhile', async () => {
    const { transport, feed, activity } = make();
    feed.actions.markLoaded(instant(10), []);
    let answer: (page: Output<'events.search'>) => void = () => undefined;
    transport.answer('events.search', () => new Promise((resolve) => (answer = resolve)));
    const first = activity.actions.loadEarlier();
    await settle();
    feed.actions.setFilter({ text: 'else' });
    answer(page([at(1)]));
    await first;
    expect(activity.getState()).toMatchObject({ earlier: [], phase: 'idle' });
  });

  it('goes through pages without a match, and says how far it came', async () => {
    const { transport, feed, activity, asked } = make();
    feed.actions.markLoaded(instant(10), []);
    transport.answer('events.search', () => page([], `${String(Date.parse(instant(5)))}.1`));
    await activity.actions.loadEarlier();
    expect(activity.getState()).toMatchObject({ phase: 'idle', searchedTo: instant(5), earlier: [] });
    expect(asked().length).toBeGreaterThan(1);
  });

  it('asks nothing beyond the time that was chosen, and is asked again when the host is back', async () => {
    const { transport, feed, activity, asked } = make();
    feed.actions.markLoaded(instant(10), []);
    feed.actions.setFilter({ range: '15m', sinceMs: Date.parse(instant(11)) });
    await activity.actions.loadEarlier();
    expect([activity.getState().phase, asked()]).toEqual(['done', []]);
    feed.actions.clearFilter();
    transport.answer('events.search', () => {
      throw new Error('gone');
    });
    await activity.actions.loadEarlier();
    expect(activity.getState().phase).toBe('failed');
    activity.actions.hostIsBack();
    transport.answer('events.search', () => page([at(1)]));
    await activity.actions.loadEarlier();
    expect(activity.getState().earlier).toHaveLength(1);
  });
});

it('groups are counted for another question, not for each row that leaves a full list', async () => {
  const { transport, feed, activity } = make(2);
  feed.actions.add([at(10), at(11)]);
  feed.actions.markLoaded(instant(10), [at(10)]);
  let counted = 0;
  transport.answer('events.groups', () => {
    counted += 1;
    return {
      groups: [{ event: at(1), count: 3, lines: 1, firstAt: instant(0) }],
      countedSince: null,
      muted: 0,
      behind: null,
    };
  });
  transport.answer('events.search', () => page([at(9)]));
  await activity.actions.loadEarlier();
  expect(activity.getState().earlier).toHaveLength(1);
  activity.actions.group(true);
  // While they are counted, and afterwards.
  feed.actions.add([at(12)]);
  await settle();
  feed.actions.add([at(13)]);
  await settle();
  expect(feed.getState().completeFrom).toBe(instant(11));
  expect(counted).toBe(1);
  expect(activity.getState()).toMatchObject({ earlier: [], groupsPhase: 'done', groups: [{ count: 3 }] });
  feed.actions.setFilter({ text: 'else' });
  expect(activity.getState().groups).toEqual([]);
  await settle();
  expect(counted).toBe(2);
  expect(activity.getState().groups).toHaveLength(1);
});

it('exports every page, oldest first, muted or not', async () => {
  const { transport, activity, saved, asked } = make();
  transport.answer('events.search', ({ after }) =>
    after === undefined ? page([at(1, { target: '=1' })], '1.1') : page([at(2)]),
  );
  await activity.actions.exportEvents('csv');
  expect(saved.map(({ name }) => name)).toEqual(['belljar-events.csv']);
  const text = (await saved[0]?.text) ?? '';
  expect(text.trim().split('\r\n')).toHaveLength(3);
  expect(text).toContain(`"'=1"`);
  for (const input of asked()) {
    expect(input.order).toBe('oldest');
    expect(input.hideMuted).toBeUndefined();
  }
});

it('mutes, shows what is left, and takes it back', async () => {
  const { transport, feed, activity, said } = make();
  feed.actions.add([at(1, { target: '/noise/a' }), at(2)]);
  const mutes: Output<'events.mutes'>['mutes'] = [];
  transport.answer('events.mutes', () => ({ mutes }));
  transport.answer('events.mute', (rule) => {
    const mute = { ...rule, id: '0123456789ab', at: instant(0) };
    mutes.push(mute);
    return { mute };
  });
  transport.answer('events.unmute', () => ({ mute: mutes.splice(0)[0] ?? ({} as never) }));
  await activity.actions.mute({ server: null, kind: null, target: '/noise/*' }, 'done');
  feed.actions.add([at(3, { target: '/noise/b' })]);
  expect(feed.getState().visible.map(({ event }) => event.target)).toEqual(['/t/2']);
  expect(feed.getState().muted).toBe(2);
  feed.actions.showMuted(true);
  expect(feed.getState().visible).toHaveLength(3);
  feed.actions.showMuted(false);
  await activity.actions.unmute('0123456789ab', 'back');
  expect(feed.getState().visible).toHaveLength(3);
  expect(said).toEqual(['done', 'back']);
});

describe('the filter', () => {
  const filters = fc.record({
    server: fc.constantFrom(null, 'cursor.a'),
    kind: fc.constantFrom(null, ...(Object.keys(kindGroups) as (keyof typeof kindGroups)[])),
    verdict: fc.constantFrom(null, 'refused' as const, 'allowed' as const, 'asked' as const),
    text: fc.string({ maxLength: 50 }).filter((text) => text.trim() !== '' || text === ''),
    range: fc.constantFrom(null, ...(Object.keys(timeRanges) as (keyof typeof timeRanges)[])),
  });

  it('is read from the address as it was written, and survives anything that stands there', () => {
    const now = Date.parse(instant(0));
    fc.assert(
      fc.property(filters, (filter) => {
        const sinceMs = filter.range === null ? null : now - timeRanges[filter.range];
        const whole = { ...filter, text: new TextDecoder().decode(new TextEncoder().encode(filter.text)), sinceMs };
        expect(parseFilter(formatFilter(whole), now)).toEqual(whole);
      }),
    );
    fc.assert(fc.property(fc.string(), (query) => parseFilter(query, now).text.length <= 400));
    expect(parseFilter('kind=constructor&verdict=x&server=../x&range=toString', now)).toEqual(everything);
  });

  it('asks the history for no kind that it would not show itself', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        const search = searchOf({ ...filter, text: '', sinceMs: null });
        const shows = matcher({ ...filter, text: '', sinceMs: null }, (id) => id);
        for (const kind of Object.values(kindGroups).flat()) {
          const event = at(1, { kind, server: filter.server ?? 'x.y', verdict: filter.verdict ?? 'allowed' });
          const [row] = addEvents(createRowIndex(), [event]).index.rows;
          const found = search.kinds?.includes(kind) ?? true;
          expect(row !== undefined && shows(row)).toBe(found);
        }
      }),
    );
  });
});

it('proposes mutes that fit the row they come from', () => {
  fc.assert(
    fc.property(fc.constantFrom('/a/b/c.txt', '/c', 'api.example.com:443', '', '/a*b/*'), (target) => {
      const event = at(1, { target });
      for (const { rule } of muteChoices(event)) expect(isMutedBy(rule, event)).toBe(true);
    }),
  );
  expect(muteChoices(at(1, { target: '/a/b' })).map(({ rule }) => rule.target)).toEqual(['/a/b', '/a/*', '/a/b']);
  expect(addOlder([], [])).toEqual([]);
});
