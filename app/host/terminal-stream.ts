/** The output of a terminal as an answer: messages of the contract, one a line, with pings while nothing comes. */
import { pingEveryMs } from '#contract/feed.ts';
import type { TerminalMessage } from '#contract/terminal.ts';
import { createTextStream } from './text-stream.ts';

export type AttachTerminal = (
  terminal: string,
  after: number,
  wake: () => void,
) => { take(): TerminalMessage | null | undefined; close(): void };

/** Throws what attaching throws, before anything is answered. */
export function terminalStream(
  attach: AttachTerminal,
  terminal: string,
  after: number,
  pingMs = pingEveryMs,
): ReadableStream<Uint8Array> {
  let wake: () => void = () => undefined;
  const reading = attach(terminal, after, () => wake());
  let isPingDue = false;
  const timer = setInterval(() => {
    isPingDue = true;
    wake();
  }, pingMs);
  timer.unref();
  const stream = createTextStream({
    take() {
      const message = reading.take();
      if (message === undefined) return undefined;
      if (message === null && !isPingDue) return null;
      isPingDue = false;
      return `${JSON.stringify(message ?? { type: 'ping' })}\n`;
    },
    onClose() {
      clearInterval(timer);
      reading.close();
    },
  });
  wake = () => stream.wake();
  return stream.body;
}
