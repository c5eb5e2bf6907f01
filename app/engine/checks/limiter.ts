/** Lets so many tasks run at once; the others wait in order, and leave the queue when they are cancelled. */
export type Limiter = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function createLimiter(atOnce: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async (task, signal) => {
    signal?.throwIfAborted();
    if (running >= atOnce) {
      await new Promise<void>((resolve, reject) => {
        const start = (): void => {
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        const leave = (): void => {
          waiting.splice(waiting.indexOf(start), 1);
          reject(signal?.reason instanceof Error ? signal.reason : new Error('cancelled'));
        };
        waiting.push(start);
        signal?.addEventListener('abort', leave, { once: true });
      });
    } else {
      running += 1;
    }
    try {
      return await task();
    } finally {
      // A task that waits takes this place over, so that the number never dips and never exceeds.
      const next = waiting.shift();
      if (next === undefined) {
        running -= 1;
      } else {
        next();
      }
    }
  };
}
