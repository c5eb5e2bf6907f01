/**
 * Removing Belljar from an account. Only what Belljar made is removed, by its names; a folder goes when nothing else is
 * left in it, so that an override that points at a shared folder costs nobody anything. A secret that no client's file was
 * seen to hold again stays where it is, and is named.
 */
import { existsSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Folders } from '#platform/paths/folders.ts';

const historyFiles = ['', '-wal', '-shm', '-journal', '.lock'].map((end) => `history.sqlite${end}`);

const made = {
  config: ['policies', 'events.json'],
  data: ['bin', 'open-link', 'plans', 'journal', 'pins', 'former-pins'],
  state: ['spool', 'started', 'run-grants', 'decisions.jsonl', 'log', 'lock', 'runtime', 'host.sock', ...historyFiles],
} as const;

export interface Removal {
  removed: string[];
  /** Folders that hold something that is not Belljar's. */
  left: string[];
}

function removeIfEmpty(folder: string, removal: Removal): void {
  if (!existsSync(folder)) return;
  try {
    rmdirSync(folder);
    removal.removed.push(folder);
  } catch {
    if (readdirSync(folder).length > 0) removal.left.push(folder);
  }
}

/** The store of secrets and what is in it; what a release let go is gone from it already. */
function secretFolders({ data }: Folders): string[] {
  const store = join(data, 'secrets');
  const servers = existsSync(store) ? readdirSync(store).map((name) => join(store, name)) : [];
  for (const server of servers)
    for (const name of readdirSync(server)) if (/^entry-[0-9a-f]{16}\.sealed$/.test(name)) rmSync(join(server, name));
  return [...servers, store];
}

export function removeFolders(folders: Folders): Removal {
  const removal: Removal = { removed: [], left: [] };
  const remove = (path: string): void => {
    if (!existsSync(path)) return;
    rmSync(path, { recursive: true, force: true });
    removal.removed.push(path);
  };
  if (existsSync(folders.runtime)) {
    for (const name of readdirSync(folders.runtime)) {
      if (/^(host(-[0-9a-f]+)?\.sock|panel-[0-9a-f]+\.html|run-[\w-]+\.plan|terminals)$/.test(name)) {
        remove(join(folders.runtime, name));
      }
    }
    removeIfEmpty(folders.runtime, removal);
  }
  for (const folder of secretFolders(folders)) removeIfEmpty(folder, removal);
  for (const which of ['config', 'data', 'state'] as const) {
    for (const name of made[which]) remove(join(folders[which], name));
    removeIfEmpty(folders[which], removal);
  }
  return removal;
}
