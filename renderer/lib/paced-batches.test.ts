import { describe, expect, it } from 'vitest';
import { createManualClock, settle } from '../test-support/fixtures.ts';
import type { Clock } from './clock.ts';
import { createPacedBatches } from './paced-batches.ts';

describe('paced batches', () => {
  it('hand a single item on at once, and everything in order', async () => {
    const batches: number[][] = [];
    const paced = createPacedBatches<number>(createManualClock(), (items) => batches.push(items));
    paced.add(1);
    await settle();
    expect(batches).toEqual([[1]]);
    for (let item = 2; item < 100; item += 1) paced.add(item);
    await settle();
    expect(batches.flat()).toEqual(Array.from({ length: 99 }, (_, index) => index + 1));
  });

  it('rest after a batch that the page was long at, and then hand on all that came', async () => {
    const manual = createManualClock();
    let drawn: () => void = () => undefined;
    const clock: Clock = {
      ...manual,
      nextFrame: () =>
        new Promise((resolve) => {
          drawn = resolve;
        }),
    };
    const batches: number[][] = [];
    const paced = createPacedBatches<number>(clock, (items) => {
      batches.push(items);
      const until = performance.now() + 60;
      while (performance.now() < until);
    });
    paced.add(1);
    await settle();
    paced.add(2);
    paced.add(3);
    drawn();
    await settle();
    expect(batches).toEqual([[1]]);
    await manual.advance(200);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('flush hands on what waits, once', async () => {
    const batches: number[][] = [];
    const paced = createPacedBatches<number>(createManualClock(), (items) => batches.push(items));
    paced.add(1);
    paced.flush();
    await settle();
    expect(batches).toEqual([[1]]);
  });
});
