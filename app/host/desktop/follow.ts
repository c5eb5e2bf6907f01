/**
 * What the host says for the tray and for notifications (`GET /desktop`). Comes back by itself when the host goes. Lines are
 * parsed by the contract; what does not fit ends the connection like any other break.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DesktopNews } from '#contract/desktop.ts';
import { desktopNewsSchema } from '#contract/desktop.ts';
import { linesOf } from '../lines.ts';

const lineMaxCharacters = 64 * 1024;
const pauseMs = 500;
const pauseMaxMs = 15_000;

async function* newsOf(incoming: IncomingMessage): AsyncGenerator<DesktopNews> {
  if (incoming.statusCode !== 200) throw new Error('the host refused');
  for await (const lines of linesOf(incoming as AsyncIterable<Uint8Array>, lineMaxCharacters))
    for (const line of lines) yield desktopNewsSchema.parse(JSON.parse(line));
}

/** `onNews` gets null each time the host is gone. Ends when the signal is aborted. */
export async function followHost(
  open: () => Promise<IncomingMessage>,
  onNews: (news: DesktopNews | null) => void,
  signal: AbortSignal,
  firstPauseMs = pauseMs,
): Promise<void> {
  let pause = firstPauseMs;
  while (!signal.aborted) {
    let incoming: IncomingMessage | undefined;
    const end = (): void => void incoming?.destroy();
    signal.addEventListener('abort', end, { once: true });
    try {
      incoming = await open();
      // It may have been asked to end meanwhile.
      if (signal.aborted) incoming.destroy();
      for await (const news of newsOf(incoming)) {
        pause = firstPauseMs;
        onNews(news);
      }
    } catch {
      // Nobody answers, or the connection broke: said below, tried again.
    }
    signal.removeEventListener('abort', end);
    incoming?.destroy();
    if (signal.aborted) return;
    onNews(null);
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    pause = Math.min(pause * 2, pauseMaxMs);
  }
}
