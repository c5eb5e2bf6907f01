/** What the command of an entry says against containing it. */
import type { CannotReason } from '#contract/words.ts';
import { firstProgram, programName } from './command-line.ts';
import type { Launch } from './entry.ts';

const containerEngines = new Set(['docker', 'docker-compose', 'nerdctl']);
const sandboxes = new Set([
  'podman',
  'bwrap',
  'firejail',
  'flatpak',
  'toolbox',
  'distrobox',
  'distrobox-enter',
  'systemd-run',
  'sandbox-exec',
  'srt',
  'thv',
  'nsjail',
  'minijail0',
  'runsc',
  'unshare',
]);
const rootMakers = new Set(['sudo', 'pkexec', 'doas', 'su', 'run0', 'gksudo', 'kdesu']);

/** Null when nothing speaks against it. `env NAME=value docker …` and `cmd /c docker …` count as what they start. */
export function cannotByCommand(launch: Launch): CannotReason | null {
  const command = programName(firstProgram(launch));
  if (containerEngines.has(command)) return 'docker';
  if (sandboxes.has(command)) return 'other-sandbox';
  return rootMakers.has(command) ? 'needs-root' : null;
}

/** `${NAME}` in the command itself, which the client replaces before it starts the server. */
export function hasPlaceholder(command: string): boolean {
  return /\$\{[^}]+\}|\$[A-Za-z_]/.test(command);
}
