import { describe, expect, it } from 'vitest';
import { makeEvent } from '../../test-support/fixtures.ts';
import { barsOf, bucketCount, bucketMs, createRefusalsStore } from './refusals-store.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const before = (milliseconds: number): string => new Date(now - milliseconds).toISOString();

describe('refusals over the last hour', () => {
  it('counts what was refused in its span of time, and nothing else', () => {
    const refusals = createRefusalsStore();
    refusals.actions.add([
      makeEvent(1, { at: before(0), count: 3 }),
      makeEvent(2, { at: before(bucketMs), count: 2 }),
      makeEvent(3, { at: before(0), verdict: 'allowed', count: 50 }),
      makeEvent(4, { at: before(2 * bucketCount * bucketMs), count: 7 }),
      makeEvent(5, { at: 'no time' }),
      makeEvent(6, { at: before(0), server: 'desk.other' }),
    ]);
    const bars = barsOf(refusals.getState().servers.get('desk.files'), now);
    expect(bars).toHaveLength(bucketCount);
    expect(bars.slice(-2)).toEqual([2, 3]);
    expect(bars.slice(0, -2).every((count) => count === 0)).toBe(true);
    expect(barsOf(undefined, now).every((count) => count === 0)).toBe(true);
  });

  it('keeps an hour, however long it runs', () => {
    const refusals = createRefusalsStore();
    for (let index = 0; index < 200; index += 1)
      refusals.actions.add([makeEvent(index + 1, { at: new Date(now + index * bucketMs).toISOString() })]);
    expect(refusals.getState().servers.get('desk.files')?.size).toBe(bucketCount);
  });
});
