import { describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import { createManualClock, makeEnd, makeEvent, makeServer } from '../../test-support/fixtures.ts';
import { isBreakage } from './breakage-rules.ts';
import { createBreakageStore } from './breakage-store.ts';

const refusal = { at: '2026-03-01T12:00:00.000Z', kind: 'file.read' as const, target: '/secret' };

describe('what is a breakage', () => {
  it.each([
    ['an early end with an error', makeEnd({ durationMs: 29_999 }), true],
    ['a late end with an error', makeEnd({ durationMs: 30_000 }), false],
    ['a late end right after a refusal', makeEnd({ durationMs: 3_600_000, justBefore: [refusal] }), true],
    ['a signal at once', makeEnd({ cause: 'signal', signal: 'SIGSEGV', durationMs: 10 }), true],
    ['a launcher that failed', makeEnd({ cause: 'launcher-failed', durationMs: 5 }), true],
    ['a clean early exit', makeEnd({ code: 0, durationMs: 900 }), false],
    ['a clean exit right after a refusal', makeEnd({ code: 0, durationMs: 900, justBefore: [refusal] }), false],
    ['a client that closed it', makeEnd({ cause: 'client-gone', durationMs: 500, justBefore: [refusal] }), false],
    ['a person who stopped it', makeEnd({ cause: 'stopped', durationMs: 500, justBefore: [refusal] }), false],
  ])('%s', (_, end, broken) => {
    expect(isBreakage(end)).toBe(broken);
  });
});

function setUp(dismissed: string[] = []) {
  const clock = createManualClock();
  let stored = dismissed;
  const store = createBreakageStore(clock, {
    read: () => stored,
    write: (runs) => {
      stored = runs;
    },
  });
  const at = (): string => new Date(clock.now()).toISOString();
  const start = (run: string, throwAway = false): Event =>
    makeEvent(1, {
      run,
      kind: 'run.start',
      at: at(),
      start: {
        level: 'standard',
        network: 'open',
        program: '/usr/bin/node',
        supervisor: { pid: 1, startTicks: 1 },
        landlockAbi: 6,
        enforcement: { full: [], partial: [], missing: [] },
        notApplied: [],
        throwAway,
      },
    });
  const end = (run: string, overrides: Parameters<typeof makeEnd>[0] = {}): Event =>
    makeEvent(2, { run, kind: 'run.end', at: at(), end: makeEnd(overrides) });
  return { clock, store, start, end, stored: () => stored, cards: () => store.getState().cards };
}

describe('cards', () => {
  it('are one a server, the latest, with how often', () => {
    const { store, start, end, cards } = setUp();
    store.actions.add([start('r1'), end('r1'), start('r2'), end('r2')]);
    store.actions.add([makeEvent(2, { ...end('r9'), server: 'desk.other' })]);
    expect(cards().map(({ server, run, times }) => [server, run, times])).toEqual([
      ['desk.other', 'r9', 1],
      ['desk.files', 'r2', 2],
    ]);
  });

  it('go when a later run lasts, not before', async () => {
    const { store, start, end, cards, clock } = setUp();
    store.actions.add([start('r1'), end('r1'), start('r2')]);
    await clock.advance(29_900);
    expect(cards()).toHaveLength(1);
    await clock.advance(200);
    expect(cards()).toEqual([]);
  });

  it('stay when the later run breaks too', async () => {
    const { store, start, end, cards, clock } = setUp();
    store.actions.add([start('r1'), end('r1'), start('r2')]);
    await clock.advance(10_000);
    store.actions.add([end('r2', { durationMs: 10_000 })]);
    await clock.advance(60_000);
    expect(cards().map(({ run, times }) => [run, times])).toEqual([['r2', 2]]);
  });

  it('go when a later run ended well, or the host says one has run for long', () => {
    const { store, end, cards, clock } = setUp();
    store.actions.add([end('r1'), end('r2', { cause: 'client-gone', durationMs: 31_000 })]);
    expect(cards()).toEqual([]);
    store.actions.add([end('r3')]);
    const lastRun = {
      run: 'r4',
      server: 'desk.files',
      startedAt: new Date(clock.now() - 31_000).toISOString(),
      endedAt: null,
      live: true,
      denials: 0,
      start: null,
      end: null,
    };
    store.actions.noteServers([makeServer({ lastRun: { ...lastRun, live: false } })]);
    expect(cards()).toHaveLength(1);
    store.actions.noteServers([makeServer({ lastRun })]);
    expect(cards()).toEqual([]);
  });

  it('are not made of checks and demos', () => {
    const { store, start, end, cards } = setUp();
    store.actions.add([start('r1', true)]);
    store.actions.add([end('r1')]);
    expect(cards()).toEqual([]);
  });

  it('are not made of what ended long ago', () => {
    const { store, end, cards, clock } = setUp();
    const old = { ...end('r1'), at: new Date(clock.now() - 3_700_000).toISOString() };
    store.actions.add([old]);
    expect(cards()).toEqual([]);
  });

  it('stay dismissed, also over a reload, until the server breaks anew', () => {
    const { store, end, cards, stored } = setUp();
    store.actions.add([end('r1')]);
    store.actions.dismiss('r1');
    expect(cards()).toEqual([]);
    expect(stored()).toEqual(['r1']);

    const later = setUp(stored());
    later.store.actions.add([later.end('r1')]);
    expect(later.cards()).toEqual([]);
    later.store.actions.add([later.end('r2')]);
    expect(later.cards().map(({ run }) => run)).toEqual(['r2']);
  });
});
