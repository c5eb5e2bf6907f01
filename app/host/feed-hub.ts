/**
 * The feed's hub: numbers messages, keeps the newest for replay, and serves any number of readers.
 *
 * Readers pull from the one ring by their own position, so each costs a few bytes however slow it is. One that falls
 * behind the ring is told `snapshot-needed` and closed, as the contract says; so is one that names another epoch, or a
 * position that is no longer kept, except that it stays open and goes on from now.
 */
import { randomUUID } from 'node:crypto';
import type { FeedMessage } from '#contract/feed.ts';
import { feedReplayMax, pingEveryMs } from '#contract/feed.ts';
import { createTextStream } from './text-stream.ts';

type Numbered = Exclude<FeedMessage, { type: 'hello' | 'ping' | 'snapshot-needed' }>;
/** A message before the hub numbers it. */
export type FeedNews = Numbered extends infer Message
  ? Message extends Numbered
    ? Omit<Message, 'seq'>
    : never
  : never;

export interface FeedReader {
  /** The last `seq` the reader saw, with the epoch it saw it in; absent: from now on. */
  after?: number;
  epoch?: string;
  /** Shows questions as they come. */
  questions?: boolean;
}

export interface FeedHub {
  readonly epoch: string;
  readonly seq: number;
  readonly readers: number;
  publish(news: FeedNews): void;
  open(reader: FeedReader): ReadableStream<Uint8Array>;
  /** Ends all readers; they reconnect to whoever comes next. */
  close(): void;
}

export interface FeedHubOptions {
  /** How many messages are kept, and how many characters they may hold together. */
  maxMessages?: number;
  maxCharacters?: number;
  pingMs?: number;
  /** Told how many readers show questions, whenever that changes. */
  onAudience?: (count: number) => void;
}

const defaultMaxCharacters = 32 * 1024 * 1024;
/** One write never joins more than this: large enough to be cheap, small enough to let others in between. */
const chunkCharacters = 64 * 1024;

export function createFeedHub(options: FeedHubOptions = {}): FeedHub {
  const maxMessages = options.maxMessages ?? feedReplayMax;
  const maxCharacters = options.maxCharacters ?? defaultMaxCharacters;
  const pingMs = options.pingMs ?? pingEveryMs;
  const epoch = randomUUID();
  /** Lines `firstSeq` … `seq`; slots before `head` are already dropped and cut away now and then. */
  let lines: string[] = [];
  let head = 0;
  let firstSeq = 1;
  let seq = 0;
  let characters = 0;
  let closed = false;
  const readers = new Set<{ wake(): void; end(): void }>();

  const audience = new Set<object>();

  const line = (message: FeedMessage): string => `${JSON.stringify(message)}\n`;

  function dropOldest(): void {
    characters -= lines[head]?.length ?? 0;
    lines[head] = '';
    head += 1;
    firstSeq += 1;
    if (head > 4096 && head * 2 > lines.length) {
      lines = lines.slice(head);
      head = 0;
    }
  }

  return {
    epoch,
    get seq() {
      return seq;
    },
    get readers() {
      return readers.size;
    },
    publish(news) {
      if (closed) return;
      seq += 1;
      const text = line({ ...news, seq } as FeedMessage);
      lines.push(text);
      characters += text.length;
      while (lines.length - head > maxMessages || (characters > maxCharacters && lines.length - head > 1)) {
        dropOldest();
      }
      for (const reader of readers) reader.wake();
    },
    open({ after, epoch: knownEpoch, questions = false }) {
      let next = seq + 1;
      let greeting = line({ type: 'hello', epoch, seq });
      let ended = closed;
      if (after !== undefined) {
        const canReplay = (knownEpoch === undefined || knownEpoch === epoch) && after <= seq && after + 1 >= firstSeq;
        if (canReplay) next = after + 1;
        else greeting += line({ type: 'snapshot-needed', seq });
      }
      let pingDue = false;
      const timer = setInterval(() => {
        pingDue = true;
        stream.wake();
      }, pingMs);
      timer.unref();
      const stream = createTextStream({
        take() {
          if (greeting !== '') {
            const text = greeting;
            greeting = '';
            return text;
          }
          if (ended) return undefined;
          if (next < firstSeq) {
            ended = true;
            return line({ type: 'snapshot-needed', seq });
          }
          let text = '';
          while (next <= seq && text.length < chunkCharacters) {
            text += lines[head + next - firstSeq] ?? '';
            next += 1;
          }
          if (text === '' && pingDue) text = line({ type: 'ping' });
          if (text === '') return null;
          pingDue = false;
          return text;
        },
        onClose() {
          clearInterval(timer);
          readers.delete(stream);
          if (audience.delete(stream)) options.onAudience?.(audience.size);
        },
      });
      readers.add(stream);
      if (questions) options.onAudience?.(audience.add(stream).size);
      return stream.body;
    },
    close() {
      closed = true;
      for (const reader of readers) reader.end();
    },
  };
}
