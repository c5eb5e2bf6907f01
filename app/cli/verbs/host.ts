/** `belljar host`: in the foreground, in the background, its status, its end. */
import { BelljarError, exitCodes } from '#contract/errors.ts';
import type { Output } from '#contract/methods.ts';
import { hostStatus, startInBackground, stopHost } from '#host/background.ts';
import { ownFolders } from '#host/own-folders.ts';
import type { Command, Context } from '../context.ts';
import { usageError } from '../context.ts';
import { localTime } from '../format.ts';
import { plain } from '../terminal.ts';

function tellStatus(context: Context, status: Output<'host.status'>): void {
  const { terminal } = context;
  if (context.json) {
    terminal.json(status);
    return;
  }
  terminal.out(`The host runs: version ${status.version}, process ${status.pid}, since ${localTime(status.startedAt)}`);
  for (const door of status.doors) terminal.out(`  ${plain(door)}`);
}

async function background(context: Context): Promise<number> {
  const { terminal } = context;
  const program = process.argv[1];
  if (program === undefined) throw new BelljarError('internal');
  const folders = ownFolders();
  const { kept, status } = await startInBackground(folders, program);
  const words = {
    service: 'The host runs as a service of yours (belljar-host.service) and starts with your next session.',
    process:
      'The host runs as a detached process. There is no systemd of yours here: it does not start by itself again.',
    already: 'A host ran already.',
  };
  // For the desktop program, which knows nothing of folders.
  if (context.json) terminal.json({ kept, socket: folders.socket, ...status });
  else {
    terminal.note(words[kept]);
    tellStatus(context, status);
  }
  return exitCodes.done;
}

async function foreground(context: Context): Promise<number> {
  const { terminal, signal } = context;
  const session = await context.session({ serve: true });
  const { host } = session;
  const status = await session.api['host.status']({});
  if (host === null) {
    terminal.note(`A host runs already: process ${status.pid}.`);
    return exitCodes.host;
  }
  if (context.json) terminal.jsonLine(status);
  else tellStatus(context, status);
  await Promise.race([
    host.stopAsked,
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    }),
  ]);
  return exitCodes.done;
}

export const host: Command = async (context) => {
  const { terminal, json, positionals, values } = context;
  const [action] = positionals;
  if (action === undefined)
    return values['background'] === true ? await background(context) : await foreground(context);
  if (values['background'] === true) throw usageError('--background belongs to "belljar host" alone.');
  if (action === 'status') {
    const status = await hostStatus(ownFolders());
    if (status === null) throw new BelljarError('host-unreachable');
    tellStatus(context, status);
    return exitCodes.done;
  }
  if (action === 'stop') {
    const wasRunning = await stopHost(ownFolders());
    if (json) terminal.json({ stopped: wasRunning });
    else terminal.note(wasRunning ? 'The host has stopped.' : 'No host runs.');
    return exitCodes.done;
  }
  throw usageError('Usage: belljar host [status|stop]');
};
