/**
 * `belljar shell <server> [-- cmd…]`: this terminal, or a pipe, attached to a shell or a command in the server's sandbox. The
 * command has a terminal of its own, which the host holds, and never this one; what it writes is passed on as it is, as ssh does.
 *
 * On a terminal every key goes inside, so it is left by ending what runs there (`exit`, Ctrl-D). Exit status: the command's, 128 + n after signal n,
 * 125 when it was refused.
 */
import { constants } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import { BelljarError, exitCodes } from '#contract/errors.ts';
import { terminalWords } from '#contract/sentences.ts';
import { terminalInputMax, type Terminal, type TerminalEnd } from '#contract/terminal.ts';
import { createTypist } from '#contract/typist.ts';
import type { Session } from '#host/session.ts';
import { followTerminal } from '#host/terminal-client.ts';
import type { Command, Context } from '../context.ts';
import { usageError } from '../context.ts';
import { plain } from '../terminal.ts';

/** How much is read before it is said that it was shown. */
const acknowledgeEvery = 16 * 1024;
const refused = 125;

function statusOf(end: TerminalEnd | null): number {
  if (end === null) return refused;
  if (end.code !== null) return end.code;
  return end.signal === null ? refused : 128 + (constants.signals[end.signal as NodeJS.Signals] ?? 0);
}

function size(): { columns: number; rows: number } {
  const bound = (value: number | undefined, usual: number, least: number, most: number): number =>
    Math.min(Math.max(value ?? usual, least), most);
  return { columns: bound(process.stdout.columns, 80, 2, 500), rows: bound(process.stdout.rows, 24, 1, 300) };
}

async function write(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

async function follow(
  context: Context,
  session: Session,
  terminal: string,
  signal: AbortSignal,
): Promise<Terminal | null> {
  let last: Terminal | null = null;
  let shown = 0;
  let acknowledged = 0;
  for await (const message of followTerminal({ connect: session.connect, terminal, signal })) {
    if (message.type === 'start' || message.type === 'terminal') last = message.terminal;
    else if (message.type === 'output') {
      await write(message.data);
      shown = message.at + message.data.length;
      if (shown - acknowledged >= acknowledgeEvery) {
        acknowledged = shown;
        await session.api['terminals.acknowledge']({ terminal, upTo: shown });
      }
    } else if (message.type === 'taken') context.terminal.note(`belljar: ${terminalWords.taken}`);
  }
  return last;
}

export const shell: Command = async (context) => {
  const end = context.args.indexOf('--');
  const [server = '', ...command] = context.positionals;
  if ((end < 0 && command.length > 0) || (end >= 0 && command.length !== context.args.length - end - 1))
    throw usageError('Usage: belljar shell <server> [-- <command> [argument...]]');
  const session = await context.session({ serve: true });
  const opened = await session.api['terminals.open']({
    server,
    ...(command.length === 0 ? {} : { command }),
    ...size(),
  });
  if (opened.grantedProgram !== null)
    context.terminal.note(`belljar: ${plain(terminalWords.granted(opened.grantedProgram))}`);
  if (opened.withheld.length > 0) context.terminal.note(`belljar: ${plain(terminalWords.withheld(opened.withheld))}`);
  const { stdin } = process;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  context.signal.addEventListener('abort', onAbort, { once: true });
  let failure: unknown = null;
  const type = createTypist(
    (data) => session.api['terminals.input']({ terminal: opened.id, data }),
    terminalInputMax,
    (error) => {
      failure = error;
      stop.abort();
    },
  );
  const decoder = new StringDecoder('utf8');
  const onData = (bytes: Buffer): void => type(decoder.write(bytes));
  // A pipe's end is the end of the input that a program at a terminal is told by Ctrl-D.
  const onEnd = (): void => type('\u0004');
  const onResize = (): void => {
    session.api['terminals.resize']({ terminal: opened.id, ...size() }).catch(() => undefined);
  };
  const isScreen = stdin.isTTY === true;
  try {
    if (isScreen) stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.once('end', onEnd);
    process.stdout.on('resize', onResize);
    const last = await follow(context, session, opened.id, stop.signal);
    if (failure instanceof BelljarError) throw failure;
    if (context.signal.aborted) return exitCodes.interrupted;
    return statusOf(last?.ended ?? null);
  } finally {
    if (isScreen) stdin.setRawMode(false);
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.pause();
    process.stdout.off('resize', onResize);
    context.signal.removeEventListener('abort', onAbort);
    await session.api['terminals.close']({ terminal: opened.id }).catch(() => undefined);
  }
};
