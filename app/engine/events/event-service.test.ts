import { describe, expect, it } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import { createEventService } from './event-service.ts';
import type { Spool, SpoolQuery, SpoolRun } from './ports.ts';
import { parseSince } from './since.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');

function setUp(runs: Partial<SpoolRun>[] = []) {
  const queries: SpoolQuery[] = [];
  const followers = new Set<(event: Event) => void>();
  const warnings: string[] = [];
  let failFollow = false;
  const spool: Spool = {
    newest: (query) => {
      queries.push(query);
      return Promise.resolve([]);
    },
    runs: () => Promise.resolve(runs as SpoolRun[]),
    denialsLastHour: (at) => Promise.resolve(new Map([['demo', at]])),
    hostUses: () => Promise.resolve(new Map()),
    follow: (listener) => {
      if (failFollow) {
        return Promise.reject(new Error('no watch'));
      }
      followers.add(listener);
      return Promise.resolve(() => followers.delete(listener));
    },
    prune: () => Promise.resolve({ files: 0, bytes: 0 }),
    status: () => Promise.reject(new Error('unused')),
  };
  const service = createEventService({
    spool,
    resolveServer: (handle) =>
      handle === 'claude/demo'
        ? Promise.resolve('demo')
        : Promise.reject(
            new BelljarError(handle === 'twice' ? 'ambiguous' : 'not-found', { params: { server: handle } }),
          ),
    log: { info: () => undefined, warn: (code) => warnings.push(code) },
    now: () => now,
  });
  return { service, queries, followers, warnings, failFollow: (fail: boolean) => (failFollow = fail) };
}

const event = { seq: 1 } as Event;

describe('list', () => {
  it('turns a filter into a query, with the newest ten thousand where no limit is named', async () => {
    const { service, queries } = setUp();
    await service.list({});
    await service.list({ server: 'claude/demo', run: 'r', kind: 'exec', verdict: 'refused', since: '15m', limit: 3 });
    expect(queries).toEqual([
      { limit: 10_000 },
      { server: 'demo', run: 'r', kind: 'exec', verdict: 'refused', sinceMs: now - 900_000, limit: 3 },
    ]);
  });

  it('knows a server that left its file by the id its runs carry, and no other', async () => {
    const { service, queries } = setUp([{ server: 'gone-server' }]);
    await service.list({ server: 'gone-server' });
    expect(queries[0]?.server).toBe('gone-server');
    await expect(service.list({ server: 'never-there' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(service.list({ server: 'twice' })).rejects.toMatchObject({ code: 'ambiguous' });
    await expect(service.list({ since: 'soon' })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(queries.length).toBe(1);
  });
});

describe('subscribe', () => {
  it('follows once for all listeners, and ends with the last', async () => {
    const { service, followers, warnings } = setUp();
    const seen: string[] = [];
    const stopOne = await service.subscribe(() => {
      throw new Error('broken');
    });
    const stopTwo = await service.subscribe(() => seen.push('two'));
    expect(followers.size).toBe(1);
    for (const follower of followers) {
      follower(event);
    }
    expect(seen).toEqual(['two']);
    expect(warnings).toEqual(['event-listener-failed']);
    stopOne();
    stopOne();
    expect(followers.size).toBe(1);
    stopTwo();
    await Promise.resolve();
    expect(followers.size).toBe(0);
    const again = await service.subscribe(() => seen.push('again'));
    expect(followers.size).toBe(1);
    again();
  });

  it('tries again after a failure', async () => {
    const { service, followers, failFollow } = setUp();
    failFollow(true);
    await expect(service.subscribe(() => undefined)).rejects.toThrow('no watch');
    failFollow(false);
    await service.subscribe(() => undefined);
    expect(followers.size).toBe(1);
  });
});

describe('since', () => {
  it.each([
    ['30s', now - 30_000],
    ['15m', now - 900_000],
    ['2h', now - 7_200_000],
    ['7d', now - 604_800_000],
    ['2026-03-01T11:00:00Z', now - 3_600_000],
    ['2026-03-01T13:00:00.000+02:00', now - 3_600_000],
    ['2026-02-28', Date.parse('2026-02-28')],
  ])('%s', (text, expected) => {
    expect(parseSince(text, now)).toBe(expected);
  });
  it.each(['', 'yesterday', '15', '15 m', '-15m', '1.5h', '2026-13-01', '2026-03-01T99:00:00Z', '15m; rm'])(
    'refuses %j',
    (text) => {
      expect(() => parseSince(text, now)).toThrow(BelljarError);
    },
  );
});
