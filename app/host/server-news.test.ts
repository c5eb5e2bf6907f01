/** News of the list: what differs is said once, bad news only when it lasts, and the last change is never missed. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Problem, Server, ServerList } from '#contract/server.ts';
import type { FeedNews } from './feed-hub.ts';
import { createServerNews, type ServerNews } from './server-news.ts';
import { createMemoryEngine, makeEvent } from './testing/memory-api.ts';

const engine = createMemoryEngine();
const { machine } = await engine.api['servers.list']({});
const server = (name: string, more: Partial<Server> = {}): Server => ({
  ...([...engine.servers.values()][0] as Server),
  id: `x.${name}`,
  name,
  ...more,
});
const broken: Problem = { client: 'X', file: '/x', code: 'config-invalid', message: 'broken' };

let now: ServerList;
let lists: number;
let listMs: number;
let said: FeedNews[];
let news: ServerNews;
let readers: boolean;

beforeEach(async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  [lists, listMs, said, readers] = [0, 0, [], true];
  now = { v: 1, machine, servers: [server('a'), server('b')] };
  news = createServerNews({
    async list() {
      lists += 1;
      const { servers } = now;
      if (listMs > 0) await new Promise((resolve) => setTimeout(resolve, listMs));
      return { ...now, servers };
    },
    publish: (item) => said.push(item),
    hasReaders: () => readers,
    onError(error) {
      throw error;
    },
  });
  await news.start();
  lists = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  await news.close();
});

const told = (): string[] =>
  said.map((item) => (item.type === 'server' ? `${item.server.name} ${item.server.state}` : item.type));

test('what is new or differs is said once, soon', async () => {
  now = { ...now, servers: [...now.servers, server('c')] };
  news.changed();
  await vi.advanceTimersByTimeAsync(100);
  expect(told()).toEqual(['c off']);
  news.changed();
  await vi.advanceTimersByTimeAsync(1000);
  expect(told()).toEqual(['c off']);
});

test('a file that is written in two halves: nothing is said of what was never so', async () => {
  const whole = now;
  now = { ...whole, servers: [server('a')], machine: { ...machine, problems: [broken] } };
  news.changed();
  await vi.advanceTimersByTimeAsync(300);
  now = { ...whole, servers: [...whole.servers, server('c')] };
  news.changed();
  await vi.advanceTimersByTimeAsync(3000);
  expect(told()).toEqual(['c off']);
});

test('what lasts is said: a server that is gone, an entry that was removed, a file that is broken', async () => {
  const removed = server('a', { state: 'drifted', drift: { how: 'removed', before: ['x'], now: null } });
  now = { ...now, servers: [removed], machine: { ...machine, problems: [broken] } };
  news.changed();
  await vi.advanceTimersByTimeAsync(200);
  expect(told()).toEqual([]);
  await vi.advanceTimersByTimeAsync(600);
  expect(told().toSorted()).toEqual(['a drifted', 'machine', 'server-gone']);
  // Good news does not wait.
  now = { ...now, servers: [server('a')], machine };
  news.changed();
  await vi.advanceTimersByTimeAsync(100);
  expect(told().slice(3)).toEqual(['a off', 'machine']);
});

test('bad news that ends and comes again waits again', async () => {
  const whole = now;
  for (let round = 0; round < 3; round += 1) {
    now = { ...whole, servers: [server('a')] };
    news.changed();
    await vi.advanceTimersByTimeAsync(250);
    now = whole;
    news.changed();
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(told()).toEqual([]);
});

test('many changes: lists take at most a third of the time, and the last change is said', async () => {
  listMs = 100;
  for (let at = 0; at < 1000; at += 1) {
    now = { ...now, servers: [server('a', { denialsLastHour: at + 1 })] };
    news.changed();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(lists).toBeLessThanOrEqual(10_000 / 300 + 1);
  await vi.advanceTimersByTimeAsync(3000);
  const last = said.filter((item) => item.type === 'server').at(-1);
  expect(last).toMatchObject({ server: { denialsLastHour: 1000 } });
});

test('with nothing to see it looks once a minute, and not at all without readers', async () => {
  await vi.advanceTimersByTimeAsync(600_000);
  expect(lists).toBeGreaterThanOrEqual(9);
  expect(lists).toBeLessThanOrEqual(11);
  lists = 0;
  readers = false;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(lists).toBe(0);
});

test('while a process runs outside, it looks every few seconds', async () => {
  now = { ...now, servers: [server('a', { state: 'restart-needed' }), server('b')] };
  news.changed();
  await vi.advanceTimersByTimeAsync(100);
  lists = 0;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lists).toBeGreaterThanOrEqual(11);
});

test('a run that ends is looked at soon, a host that is reached within a second', async () => {
  news.event(makeEvent(1, { kind: 'run.end', verdict: 'allowed' }));
  await vi.advanceTimersByTimeAsync(100);
  expect(lists).toBe(1);
  news.event(makeEvent(2, { kind: 'net.connect', verdict: 'allowed' }));
  await vi.advanceTimersByTimeAsync(500);
  expect(lists).toBe(1);
  await vi.advanceTimersByTimeAsync(600);
  expect(lists).toBe(2);
});

test('a run that starts is looked at soon, a refusal within a second', async () => {
  news.event(makeEvent(1));
  await vi.advanceTimersByTimeAsync(500);
  expect(lists).toBe(0);
  await vi.advanceTimersByTimeAsync(600);
  expect(lists).toBe(1);
  news.event(makeEvent(2, { kind: 'run.start', verdict: 'allowed' }));
  await vi.advanceTimersByTimeAsync(100);
  expect(lists).toBe(2);
});
