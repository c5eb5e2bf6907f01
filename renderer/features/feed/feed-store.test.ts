import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import { makeEvent } from '../../test-support/fixtures.ts';
import { everything, matcher } from './feed-filter.ts';
import { addEvents, createRowIndex, createSeenRuns, mergeKey } from './feed-rows.ts';
import { createFeedStore } from './feed-store.ts';

const nameOf = (id: string): string => id;

/** Events of a few runs, kinds and targets, numbered within their run. */
const eventsArbitrary = fc
  .array(
    fc.record({
      run: fc.constantFrom('run-a', 'run-b'),
      kind: fc.constantFrom<Event['kind'][]>('file.read', 'exec', 'net.connect', 'run.end'),
      target: fc.constantFrom('/a', '/b', '/c', '/d'),
      verdict: fc.constantFrom<Event['verdict'][]>('allowed', 'refused'),
      count: fc.integer({ min: 1, max: 1000 }),
    }),
    { maxLength: 60 },
  )
  .map((parts) => {
    const newest = new Map<string, number>();
    return parts.map((part) => {
      const seq = (newest.get(part.run) ?? 0) + 1;
      newest.set(part.run, seq);
      return makeEvent(seq, part);
    });
  });

/** Cuts a list in batches at arbitrary places. */
function batchesOf<T>(items: readonly T[], cuts: readonly number[]): T[][] {
  const places = [...new Set(cuts.map((cut) => cut % (items.length + 1)))].toSorted((a, b) => a - b);
  return [...places, items.length].map((end, index) => items.slice(index === 0 ? 0 : places[index - 1], end));
}

describe('rows', () => {
  it('merge what is the same, newest first, with exact counts, however the batches fall', () => {
    fc.assert(
      fc.property(eventsArbitrary, fc.array(fc.nat()), (events, cuts) => {
        let index = createRowIndex();
        for (const batch of batchesOf(events, cuts)) index = addEvents(index, batch).index;
        const counts = new Map<string, number>();
        const order: string[] = [];
        for (const event of events) {
          const key = mergeKey(event);
          counts.set(key, (counts.get(key) ?? 0) + event.count);
          order.splice(0, 0, ...order.splice(order.indexOf(key), order.includes(key) ? 1 : 0));
          if (order.includes(key)) order.splice(order.indexOf(key), 1);
          order.unshift(key);
        }
        expect(index.rows.map(({ key }) => key)).toEqual(order);
        expect(new Map(index.rows.map(({ key, count }) => [key, count]))).toEqual(counts);
        expect(index.byKey.size).toBe(index.rows.length);
      }),
    );
  });

  it('keep to their limit; the oldest leave and are counted', () => {
    const events = Array.from({ length: 30 }, (_, at) => makeEvent(at + 1, { target: `/t/${String(at)}` }));
    const { index } = addEvents(createRowIndex(), events, 10);
    expect(index.rows.map(({ event }) => event.target)).toEqual(
      Array.from({ length: 10 }, (_, at) => `/t/${String(29 - at)}`),
    );
    expect(index.dropped).toBe(20);
    expect(index.byKey.size).toBe(10);
  });

  it('a merge key cannot be forged by a target', () => {
    const one = makeEvent(1, { target: '/a', verdict: 'refused' });
    const two = makeEvent(1, { kind: 'exec', target: 'file.read' });
    expect(mergeKey(one)).not.toBe(mergeKey(two));
  });
});

describe('seen runs', () => {
  it('take each event once, though snapshot and feed overlap', () => {
    const seen = createSeenRuns();
    expect([1, 2, 3, 2, 3, 4].map((seq) => seen.take(makeEvent(seq)))).toEqual([true, true, true, false, false, true]);
    expect(seen.take(makeEvent(1, { run: 'run-2' }))).toBe(true);
  });
});

describe('feed store', () => {
  it('shows exactly what a fresh filter would, after any batches', () => {
    fc.assert(
      fc.property(
        eventsArbitrary,
        fc.array(fc.nat()),
        fc.record({
          server: fc.constant(null),
          range: fc.constant(null),
          sinceMs: fc.constantFrom(null, Date.parse('2026-03-01T12:00:00.000Z')),
          kind: fc.constantFrom(null, 'files' as const, 'runs' as const, 'network' as const),
          verdict: fc.constantFrom(null, 'refused' as const, 'allowed' as const),
          text: fc.constantFrom('', '/a', 'tried'),
        }),
        (events, cuts, filter) => {
          const store = createFeedStore(nameOf, 6);
          store.actions.setFilter(filter);
          for (const batch of batchesOf(events, cuts)) store.actions.add(batch);
          const shown = store.getState().visible;
          store.actions.setFilter(filter);
          expect(shown.map(({ key }) => key)).toEqual(store.getState().visible.map(({ key }) => key));
          expect(shown.every(matcher(filter, nameOf))).toBe(true);
        },
      ),
    );
  });

  it('holds still, counts what waits, and shows all of it afterwards', () => {
    const store = createFeedStore(nameOf);
    store.actions.add([makeEvent(1, { target: '/old' })]);
    const before = store.getState().visible;
    store.actions.hold('paused');
    store.actions.hold('in-use');
    store.actions.add([makeEvent(2, { target: '/new' }), makeEvent(3, { target: '/old', count: 4 })]);
    store.actions.add([makeEvent(4, { target: '/new' })]);
    expect(store.getState().visible).toBe(before);
    expect(store.getState().waiting).toBe(2);
    store.actions.letGo('in-use');
    expect(store.getState().visible).toBe(before);
    store.actions.letGo('paused');
    expect(store.getState().visible.map(({ event, count }) => [event.target, count])).toEqual([
      ['/new', 2],
      ['/old', 5],
    ]);
    expect(store.getState().waiting).toBe(0);
  });

  it('counts only matching rows as waiting, and a new filter gets the whole answer', () => {
    const store = createFeedStore(nameOf);
    store.actions.setFilter({ kind: 'programs' });
    store.actions.hold('scrolled');
    store.actions.add([makeEvent(1), makeEvent(2, { kind: 'exec', target: '/bin/sh' })]);
    expect(store.getState().waiting).toBe(1);
    store.actions.setFilter({ kind: null });
    expect(store.getState()).toMatchObject({ waiting: 0, total: 2 });
    expect(store.getState().visible).toHaveLength(2);
  });

  it('finds by words in any order, in sentences, targets and programs', () => {
    const store = createFeedStore(() => 'My Files');
    store.actions.add([
      makeEvent(1, { target: '/home/mara/.ssh/id', known: 'ssh-keys' }),
      makeEvent(2, { target: '/etc/hosts', verdict: 'allowed' }),
    ]);
    const find = (text: string): string[] => {
      store.actions.setFilter({ text });
      return store.getState().visible.map(({ event }) => event.target);
    };
    expect(find('SSH your')).toEqual(['/home/mara/.ssh/id']);
    expect(find('my files tried')).toEqual(['/home/mara/.ssh/id']);
    expect(find('bin/node')).toHaveLength(2);
    expect(find('ssh hosts')).toEqual([]);
    store.actions.clearFilter();
    expect(store.getState().filter).toEqual(everything);
    expect(store.getState().visible).toHaveLength(2);
  });

  it('takes 100,000 rows and a batch of 5,000, and the oldest leave', () => {
    const store = createFeedStore(nameOf);
    store.actions.add(Array.from({ length: 100_000 }, (_, at) => makeEvent(at + 1, { target: `/t/${String(at)}` })));
    const batch = Array.from({ length: 5_000 }, (_, at) => makeEvent(100_001 + at, { target: `/n/${String(at)}` }));
    store.actions.add(batch);
    expect(store.getState()).toMatchObject({ total: 100_000, dropped: 5_000 });
    expect(store.getState().visible[0]?.event.target).toBe('/n/4999');
    expect(store.getState().visible.at(-1)?.event.target).toBe('/t/5000');
  });
});
