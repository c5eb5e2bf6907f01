/**
 * `GET /desktop`: what the desktop program shows outside its window, decided here and not there. One stream a program, over the
 * private socket; the feed behind it is read as any other reader reads it, so it slows nobody and is told when it lost something.
 * What waits for a slow reader is the newest state and the notices, which are at most one for a server in an hour.
 */
import type { DesktopNews } from '#contract/desktop.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { Question } from '#contract/question.ts';
import type { Server } from '#contract/server.ts';
import { createDesktopRules, type ToldNotices } from '#engine/desktop/desktop-rules.ts';
import type { FeedHub } from './feed-hub.ts';
import { createTextStream } from './text-stream.ts';

export interface DesktopNewsOptions {
  feed: Pick<FeedHub, 'open'>;
  /** What there is now. */
  look: () => Promise<{ servers: readonly Server[]; questions: readonly Question[] }>;
  /** What earlier streams told. */
  told?: ToldNotices;
  now?: () => number;
}

async function* messagesOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<FeedMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    // Our own hub wrote them a moment ago.
    for (const line of lines) yield JSON.parse(line) as FeedMessage;
  }
}

export function openDesktopNews({
  feed,
  look,
  told: before,
  now = Date.now,
}: DesktopNewsOptions): ReadableStream<Uint8Array> {
  const rules = createDesktopRules(now, before);
  const waiting: DesktopNews[] = [];
  let told = '';
  let due: DesktopNews[] = [];
  let ended = false;
  const reader = feed.open({ questions: true }).getReader();

  function tellState(): void {
    const lines = rules.lines();
    if (lines.join('\n') === told) return;
    told = lines.join('\n');
    due = [{ type: 'state', lines }];
  }

  async function begin(): Promise<void> {
    const { servers, questions } = await look();
    rules.begin(servers, questions);
  }

  async function pump(): Promise<void> {
    await begin();
    tellState();
    stream.wake();
    for await (const message of messagesOf(reader)) {
      if (message.type === 'ping') waiting.push({ type: 'ping' });
      if (message.type === 'snapshot-needed') await begin();
      const notice = rules.apply(message);
      if (notice !== null) waiting.push(notice);
      tellState();
      stream.wake();
    }
  }

  const stream = createTextStream({
    take() {
      const news = [...due.splice(0), ...waiting.splice(0)];
      if (news.length > 0) return news.map((one) => `${JSON.stringify(one)}\n`).join('');
      return ended ? undefined : null;
    },
    onClose() {
      ended = true;
      reader.cancel().catch(() => undefined);
    },
  });
  // The feed's end, and a list that fails, end it; the program comes back.
  void pump()
    .catch(() => undefined)
    .finally(() => {
      ended = true;
      stream.wake();
    });
  return stream.body;
}
