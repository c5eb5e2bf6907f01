/**
 * Where the programs that entries name lie, and whether everybody may write to them. A bare name is looked for in the PATH of
 * this process; a client may have another one, so what is found says what is likely. Nothing is started.
 */
import { realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { ProgramPlace } from '#domain/risk.ts';
import type { Places, Programs } from '#engine/ports.ts';

const foldersMax = 64;
const stickyBit = 0o1000;

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The path itself or a folder above it that everybody may write to; in a sticky folder nobody replaces what is another's. */
function findOpen(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { mode } = statSync(at);
      if ((mode & 0o002) !== 0 && (at === path || (mode & stickyBit) === 0)) return at;
    } catch {
      return null;
    }
    if (at === dirname(at)) return null;
  }
}

export function createPrograms({ environment }: Pick<Places, 'environment'>): Programs {
  function find(command: string): ProgramPlace | null {
    if (command === '' || command.includes('\0')) return null;
    const folders = (environment['PATH'] ?? '').split(delimiter).filter(isAbsolute).slice(0, foldersMax);
    const candidates = isAbsolute(command)
      ? [command]
      : /[/\\]/.test(command)
        ? []
        : folders.map((folder) => join(folder, command));
    const path = candidates.find(isFile);
    if (path === undefined) return null;
    try {
      const real = realpathSync(path);
      return { path, openAt: findOpen(path) ?? (real === path ? null : findOpen(real)) };
    } catch {
      return null;
    }
  }

  return {
    async find(commands) {
      return new Map([...new Set(commands)].map((command) => [command, find(command)]));
    },
  };
}
