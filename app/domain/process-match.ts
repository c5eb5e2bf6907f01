/**
 * Which processes are an entry's server from before it was contained. A process shows the command line it was started with,
 * or what it made of it: a script shows its interpreter first, `npx` and `uvx` name themselves anew.
 */
import { programName } from './command-line.ts';
import type { Launch } from './entry.ts';

/** True when an argument is what the entry says, its placeholders replaced by anything. */
function isArgument(shown: string, written: string): boolean {
  if (shown === written) return true;
  if (!/\$\{[^}]+\}/.test(written)) return false;
  const parts = written.split(/\$\{[^}]+\}/);
  let at = 0;
  return parts.every((part, index) => {
    const found = index === 0 ? (shown.startsWith(part) ? 0 : -1) : shown.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
    return index < parts.length - 1 || part === '' || shown.endsWith(part);
  });
}

function areArguments(shown: readonly string[], written: readonly string[]): boolean {
  return shown.length === written.length && shown.every((part, index) => isArgument(part, written[index] ?? ''));
}

/** The same program: the very text, or the place where a bare name was found. */
function isCommand(shown: string, written: string): boolean {
  return isArgument(shown, written) || (!written.includes('/') && programName(shown) === programName(written));
}

export function isStartedBy(commandLine: readonly string[], launch: Launch): boolean {
  const { command, args } = launch;
  for (const from of [0, 1, 2]) {
    // `interpreter [option] script args`: what a script's first line made of it.
    const shown = commandLine[from];
    if (shown === undefined || (from > 0 && !/^[A-Za-z]/.test(programName(commandLine[0] ?? '')))) break;
    if (isCommand(shown, command) && areArguments(commandLine.slice(from + 1), args)) return true;
  }
  return isRenamed(commandLine, launch);
}

/** npx calls itself `npm exec package args` (in one piece), uvx runs as `uv tool uvx args`. */
function isRenamed(commandLine: readonly string[], launch: Launch): boolean {
  const program = programName(launch.command);
  if (program === 'npx') {
    const words = launch.args.filter((part) => !/^(?:-y|--yes|-q|--quiet)$/.test(part)).join(' ');
    return words !== '' && commandLine.join(' ').trim() === `npm exec ${words}`;
  }
  if (program === 'uvx') {
    const [first = '', second, third, ...rest] = commandLine;
    return programName(first) === 'uv' && second === 'tool' && third === 'uvx' && areArguments(rest, launch.args);
  }
  return false;
}
