/**
 * Wrapping: how a contained entry looks (`<launcher> run <id> -- <command> <args>`), and how one is recognised. There is no
 * marker in the entry, since clients drop keys they do not know: the command and the first arguments say it all, and they
 * are enough to undo it by hand.
 */
import { serverIdPattern } from '#contract/words.ts';
import type { Launch } from './entry.ts';

export const launcherName = 'belljar-launcher';

export function wrapArguments(id: string): string[] {
  return ['run', id, '--'];
}

export interface Wrapping {
  launcher: string;
  /** The server the launcher is told to run; another one's where an entry was copied. */
  id: string;
  /** What is started inside. */
  launch: Launch;
}

/** True for a command that is Belljar's launcher, wherever it lies, on whatever system it was written. */
export function isLauncher(command: string): boolean {
  const isAbsolute = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(command);
  const name = command.split(/[/\\]/).at(-1) ?? '';
  return isAbsolute && (name === launcherName || name.toLowerCase() === `${launcherName}.exe`);
}

/** Null when the launch is no wrapped one. Wrapped twice (by hand) counts once: the innermost command is what runs. */
export function readWrapping(launch: Launch): Wrapping | null {
  const [verb, id, dashes, command, ...args] = launch.args;
  if (!isLauncher(launch.command) || verb !== 'run' || dashes !== '--') return null;
  if (id === undefined || !serverIdPattern.test(id) || command === undefined || command === '') return null;
  const inner: Launch = { command, args };
  return { launcher: launch.command, id, launch: readWrapping(inner)?.launch ?? inner };
}
