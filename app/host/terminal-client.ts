/**
 * The output of a terminal, read over one way to the host: every message, `start` first. Comes back after a break with the
 * position it had. Ends after the terminal's end, when another reader took over, and when the signal is aborted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BelljarError } from '#contract/errors.ts';
import { terminalMessageSchema, type TerminalMessage } from '#contract/terminal.ts';
import type { Knock } from './client.ts';
import { errorOf, parseJson, readText } from './client.ts';
import { linesOf } from './lines.ts';

const lineMaxCharacters = 1024 * 1024;
const pauseMs = 200;
/** A host that is gone took its terminals with it. */
const attemptsMax = 5;

async function* messagesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<TerminalMessage> {
  for await (const lines of linesOf(body, lineMaxCharacters)) {
    for (const line of lines) {
      const message = terminalMessageSchema.safeParse(parseJson(line));
      if (!message.success)
        throw new BelljarError('internal', {
          params: { detail: 'the terminal spoke another form' },
          cause: message.error,
        });
      yield message.data;
    }
  }
}

export async function* followTerminal(options: {
  connect: () => Promise<Knock>;
  terminal: string;
  signal: AbortSignal;
}): AsyncGenerator<TerminalMessage> {
  const { signal } = options;
  let after = 0;
  for (let attempt = 0; !signal.aborted;) {
    try {
      const knock = await options.connect();
      const answer = await knock({
        method: 'GET',
        path: `/terminals/${options.terminal}?after=${String(after)}`,
        signal,
      });
      if (answer.status !== 200) throw errorOf(parseJson(await readText(answer.body)));
      for await (const message of messagesOf(answer.body)) {
        attempt = 0;
        if (message.type === 'output') after = message.at + message.data.length;
        yield message;
        const terminal = message.type === 'terminal' || message.type === 'start' ? message.terminal : null;
        const isOver = terminal !== null && terminal.ended !== null && after >= terminal.written;
        if (isOver || message.type === 'taken') return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof BelljarError && error.code !== 'host-unreachable') throw error;
    }
    attempt += 1;
    if (attempt >= attemptsMax) throw new BelljarError('host-unreachable');
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
