import { beforeEach, expect, test } from 'vitest';
import type { Run } from '#contract/server.ts';
import { formatPlan } from '#domain/plan-text.ts';
import { plainPlan } from '#domain/testing/plain-plan.ts';
import { createStartedPlans } from './started-plans.ts';

const text = (...exec: string[]): string => formatPlan(plainPlan({ exec }));

let plan: string | null;
let isReadable: boolean;
let kept: Map<string, string>;
let live: Pick<Run, 'run' | 'startedAt'>[];
const started = createStartedPlans({
  plans: {
    file: String,
    read: () => (isReadable ? Promise.resolve(plan) : Promise.reject(new Error('a link'))),
    write: (_, written) => {
      plan = written;
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
  },
  started: {
    read: (_, run) => Promise.resolve(kept.get(run) ?? null),
    keep: (_, run, old) => Promise.resolve(void kept.set(run, old)),
    retain: (_, runs) => {
      kept = new Map([...kept].filter(([run]) => runs.includes(run)));
      return Promise.resolve();
    },
  },
  runs: {
    live: () =>
      Promise.resolve(
        live.map((run) => ({ ...run, server: 'a', endedAt: null, live: true, denials: 0, start: null, end: null })),
      ),
  },
  now: () => Date.parse('2026-01-01T12:00:00.000Z'),
});
const at = '2026-01-01T11:00:00.000Z';

beforeEach(() => {
  plan = text('/usr');
  isReadable = true;
  kept = new Map();
  live = [{ run: 'one', startedAt: at }];
});

test('each run is measured by what it was started with', async () => {
  expect(await started.isLive('a', text('/usr', '/x'))).toBe(false);
  await started.plans.write('a', text('/usr', '/x'));
  live.push({ run: 'two', startedAt: '2026-01-01T12:00:00.001Z' });
  expect(await started.waiting('a')).toEqual({ comes: ['exec /x'], goes: [] });
  // Back to what the first has; the second has it and keeps it.
  await started.plans.write('a', text('/usr'));
  expect(await started.waiting('a')).toEqual({ comes: [], goes: ['exec /x'] });
  live.pop();
  expect(await started.waiting('a')).toEqual({ comes: [], goes: [] });
  expect([...kept]).toEqual([
    ['one', text('/usr')],
    ['two', text('/usr', '/x')],
  ]);
  await started.plans.write('a', text('/x'));
  expect([...kept.keys()]).toEqual(['one']);
});

test('one that was just starting may have the old plan', async () => {
  live = [];
  const write = started.plans.write('a', text('/x'));
  live = [{ run: 'late', startedAt: at }];
  await write;
  expect(kept.get('late')).toBe(text('/usr'));
  expect(await started.waiting('a')).toEqual({ comes: ['exec /x'], goes: ['exec /usr'] });
});

test('a plan that cannot be read is replaced all the same', async () => {
  isReadable = false;
  await started.plans.write('a', text('/x'));
  expect(plan).toBe(text('/x'));
  expect(await started.waiting('a')).toBeNull();
});

test('what cannot be told waits', async () => {
  kept.set('one', 'damaged');
  expect(await started.waiting('a')).toBeNull();
  expect(await started.isLive('a', text('/usr'))).toBe(false);
  live = [];
  expect(await started.isLive('a', text('/usr'))).toBe(true);
});
