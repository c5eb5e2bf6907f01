/**
 * `belljar panel`: opens the loopback door and hands its address to the browser, by a file that only this user can read.
 * With a host that runs, it is asked and this command ends; without one, this command is the host until Ctrl-C.
 */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { exitCodes } from '#contract/errors.ts';
import type { Command } from '../context.ts';
import { given, numberOption } from '../context.ts';

/** Only the path of the file is an argument: other users can read the arguments of processes. */
function openBrowser(file: string): Promise<boolean> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  return new Promise((resolve) => {
    const child = spawn(program, [file], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

export const panel: Command = async (context) => {
  const { terminal, signal } = context;
  const port = numberOption(context, 'port', 65_535, 0);
  const session = await context.session({ serve: true });
  const answer = await session.api['host.panel'](given({ port }));
  const open = context.values['no-open'] !== true && (await openBrowser(answer.redirectFile));
  if (context.json) terminal.jsonLine(answer);
  else {
    if (open) terminal.note(`The panel opens in your browser, at ${answer.origin}.`);
    else terminal.note('Open this file in your browser; it works once, for five minutes:');
    if (!open) terminal.out(pathToFileURL(answer.redirectFile).href);
  }
  if (session.host === null) return exitCodes.done;
  if (!context.json) terminal.note('This command serves it: Ctrl-C ends it.');
  await Promise.race([
    session.host.stopAsked,
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    }),
  ]);
  return exitCodes.done;
};
