/** Time as the panel's classes see it: replaced in tests, and the one place that touches timers. */
export interface Clock {
  now: () => number;
  /** Runs once later; the answer cancels it. */
  after: (milliseconds: number, run: () => void) => () => void;
  /** The next moment to do work for the screen: an animation frame, or a timer while the page is hidden. */
  nextFrame: () => Promise<void>;
}

/** Longest wait for a frame: a hidden page gets none, and its stores must still follow. */
const hiddenFrameMs = 250;

export const browserClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
  nextFrame: () =>
    new Promise((resolve) => {
      const timer = setTimeout(done, hiddenFrameMs);
      const frame = requestAnimationFrame(done);
      function done(): void {
        clearTimeout(timer);
        cancelAnimationFrame(frame);
        resolve();
      }
    }),
};
