/**
 * Hands items on in batches at a pace the page can keep: the first at once, the next not before the page has drawn the
 * one before and rested for as long again. A single event is on the screen with the next frame; a flood costs the page at
 * most about a third of its time, however fast it comes, so that clicks and keys are answered in between.
 */
import type { Clock } from './clock.ts';

export interface PacedBatches<T> {
  add: (item: T) => void;
  /** Hands on what waits, now. */
  flush: () => void;
}

/** A batch that the page drew within this time needs no rest: it is drawn with the frame anyway. */
const easyMs = 24;
const longestRestMs = 200;

export function createPacedBatches<T>(clock: Clock, handOn: (items: T[]) => void): PacedBatches<T> {
  let waiting: T[] = [];
  let running = false;

  function flush(): void {
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    handOn(items);
  }

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const began = performance.now();
      flush();
      await clock.nextFrame();
      const cost = performance.now() - began;
      if (cost > easyMs) {
        await new Promise<void>((resolve) => {
          clock.after(Math.min(2 * cost, longestRestMs), resolve);
        });
      }
    }
    running = false;
  }

  return {
    add: (item) => {
      waiting.push(item);
      if (!running)
        queueMicrotask(() => {
          if (!running) void run();
        });
    },
    flush,
  };
}
