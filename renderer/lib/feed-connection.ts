/**
 * Keeps one feed open: connects, takes snapshots when the host says so, resumes where it stopped, gives up a feed that
 * has gone silent, and tries again with growing pauses.
 *
 * Order: after `hello` of a new epoch (or `snapshot-needed`) the snapshot is taken before any later line is read, so the
 * listener sees snapshot, then ordered messages. Lines wait unread in the network meanwhile; that is the back-pressure.
 * Work is cut into slices of `sliceMs` with a frame between them, so that a flood never keeps the page from answering.
 *
 * Trust: a line that does not fit the schema is counted and left out; a first line that is not `hello` ends the attempt.
 */
import type { ErrorBody } from '#contract/errors.ts';
import type { FeedMessage } from '#contract/feed.ts';
import { feedMessageSchema, pingEveryMs } from '#contract/feed.ts';
import type { Clock } from './clock.ts';
import { Failure, failureOf, toBody } from './failure.ts';
import { createPacedBatches } from './paced-batches.ts';
import type { ResumePoint, Transport } from './transport.ts';

type Numbered = Exclude<FeedMessage, { type: 'hello' | 'ping' | 'snapshot-needed' }>;

export type ConnectionState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** Nobody answers, or the feed broke; tried again at `retryAt`. */
  | { kind: 'gone'; error: ErrorBody; attempt: number; retryAt: number }
  | { kind: 'unauthorized' }
  | { kind: 'too-many' };

export interface FeedListener {
  onState: (state: ConnectionState) => void;
  onSnapshotNeeded: () => Promise<void>;
  /** Messages in order, in batches at a pace the page can keep. */
  onMessages: (messages: FeedMessage[]) => void;
  onUnreadable: (lines: number) => void;
}

const sliceMs = 8;
const silentMs = 3 * pingEveryMs;
const firstPauseMs = 500;
const longestPauseMs = 10_000;

/** Pause before attempt n (1, 2, 3 …): doubles up to ten seconds. */
export function pauseBefore(attempt: number): number {
  return Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs);
}

export interface FeedConnection {
  start: () => void;
  stop: () => void;
  /** Ends the current pause. */
  retryNow: () => void;
}

export function createFeedConnection(transport: Transport, clock: Clock, listener: FeedListener): FeedConnection {
  let stopped = true;
  /** Counts starts, so that a loop that was stopped never goes on beside the one that follows it. */
  let generation = 0;
  let current: AbortController | null = null;
  let endPause: (() => void) | null = null;
  let resume: ResumePoint | null = null;
  let attempt = 0;

  async function pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = clock.after(milliseconds, done);
      endPause = done;
      function done(): void {
        cancel();
        endPause = null;
        resolve();
      }
    });
  }

  async function followOnce(controller: AbortController): Promise<void> {
    let cancelSilence = (): void => undefined;
    function heard(): void {
      cancelSilence();
      cancelSilence = clock.after(silentMs, () => {
        controller.abort();
      });
    }
    let epoch: string | null = null;
    const batches = createPacedBatches<Numbered>(clock, (messages) => {
      listener.onMessages(messages);
      const last = messages.at(-1);
      // Only what was handed on may be resumed behind.
      if (last !== undefined && epoch !== null) resume = { epoch, seq: last.seq };
    });
    try {
      heard();
      const feed = await transport.openFeed(resume, controller.signal);
      let sliceStart = performance.now();
      for await (const lines of feed) {
        heard();
        let unreadable = 0;
        for (const line of lines) {
          if (line === '') continue;
          const message = parseLine(line);
          if (epoch === null) {
            if (message?.type !== 'hello') throw failureOf('host-version');
            epoch = message.epoch;
            if (resume?.epoch !== epoch) {
              resume = { epoch, seq: message.seq };
              await takeSnapshot();
            }
            attempt = 0;
            listener.onState({ kind: 'live' });
            continue;
          }
          if (message === null) {
            unreadable += 1;
          } else if (message.type === 'snapshot-needed') {
            batches.flush();
            resume = { epoch, seq: message.seq };
            await takeSnapshot();
          } else if (message.type !== 'hello' && message.type !== 'ping') {
            batches.add(message);
          }
          if (performance.now() - sliceStart > sliceMs) {
            await clock.nextFrame();
            heard();
            sliceStart = performance.now();
          }
        }
        if (unreadable > 0) listener.onUnreadable(unreadable);
      }
      throw failureOf('host-unreachable');
    } finally {
      cancelSilence();
      batches.flush();
    }
  }

  async function takeSnapshot(): Promise<void> {
    try {
      await listener.onSnapshotNeeded();
    } catch (error) {
      // A snapshot that failed must be taken again, so nothing may be resumed.
      resume = null;
      throw error;
    }
  }

  async function run(own: number): Promise<void> {
    while (!stopped && own === generation) {
      const controller = new AbortController();
      current = controller;
      try {
        await followOnce(controller);
      } catch (error) {
        controller.abort();
        if (stopped || own !== generation) return;
        const body = error instanceof Failure ? error.body : toBody(error);
        if (body.code === 'unauthorized') {
          stopped = true;
          listener.onState({ kind: 'unauthorized' });
          return;
        }
        if (body.code === 'too-many-streams') {
          listener.onState({ kind: 'too-many' });
          await pause(longestPauseMs);
          continue;
        }
        attempt += 1;
        const wait = pauseBefore(attempt);
        listener.onState({ kind: 'gone', error: body, attempt, retryAt: clock.now() + wait });
        await pause(wait);
      }
    }
  }

  return {
    start: () => {
      if (!stopped) return;
      stopped = false;
      attempt = 0;
      generation += 1;
      listener.onState({ kind: 'connecting' });
      void run(generation);
    },
    stop: () => {
      stopped = true;
      endPause?.();
      current?.abort();
    },
    retryNow: () => {
      endPause?.();
    },
  };
}

function parseLine(line: string): FeedMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = feedMessageSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}
