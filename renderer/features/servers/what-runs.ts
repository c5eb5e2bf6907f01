/**
 * What an entry starts, as far as its words say: the package and its version, or the program. For reading and grouping only;
 * what is pinned, and what a risk is about, the host decides.
 */
import type { Server } from '#contract/server.ts';

export const runsKinds = ['npm', 'python', 'container', 'program', 'elsewhere'] as const;
export type RunsKind = (typeof runsKinds)[number];

export interface WhatRuns {
  kind: RunsKind;
  /** Text of the entry, hostile. */
  name: string;
  /** Null where the entry leaves it open. */
  version: string | null;
}

const npmRunners = new Set(['npx', 'bunx', 'pnpx']);
const pythonRunners = new Set(['uvx', 'pipx']);
const containers = new Set(['docker', 'podman', 'nerdctl']);
/** Programs that run what the next word names. */
const interpreters = new Set(['node', 'bun', 'deno', 'python', 'python3', 'uv', 'ruby', 'java', 'sh', 'bash', 'zsh']);

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** `name@1.2.3`, `@scope/name@1`, `name==1.2`. */
function splitVersion(word: string): { name: string; version: string | null } {
  const at = word.indexOf('@', 1);
  const equals = word.indexOf('==');
  if (equals > 0) return { name: word.slice(0, equals), version: word.slice(equals + 2) };
  if (at > 0) return { name: word.slice(0, at), version: word.slice(at + 1) || null };
  return { name: word, version: null };
}

function firstPlain(args: readonly string[]): string | null {
  return args.find((word) => word !== '' && !word.startsWith('-')) ?? null;
}

export function whatRuns({ command, args, pin }: Pick<Server, 'command' | 'args' | 'pin'>): WhatRuns {
  if (command === null) return { kind: 'elsewhere', name: '', version: null };
  const program = baseName(command).replace(/\.(?:exe|cmd|bat)$/iu, '');
  if (npmRunners.has(program) || pythonRunners.has(program)) {
    const kind = npmRunners.has(program) ? 'npm' : 'python';
    if (pin !== null) return { kind, name: pin.package, version: pin.version };
    const word = firstPlain(args[0] === 'run' ? args.slice(1) : args);
    if (word === null) return { kind, name: program, version: null };
    const { name, version } = splitVersion(word);
    return { kind, name, version: version === 'latest' ? null : version };
  }
  if (containers.has(program)) return { kind: 'container', name: program, version: null };
  const script = interpreters.has(program) ? firstPlain(args) : null;
  return { kind: 'program', name: script === null ? program : `${program} ${baseName(script)}`, version: null };
}
