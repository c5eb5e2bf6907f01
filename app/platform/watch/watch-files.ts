/**
 * Watches files that others replace: editors and clients write a new file over the old one, so what is watched is the
 * folder, and only the named files in it count. A file that is not there yet is noticed when it comes, also when its
 * folder has to come first: then the nearest folder that exists is watched until it does.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Watched } from '#engine/ports.ts';

export interface FileWatch {
  /** Replaces what is watched. */
  set(watched: Watched): void;
  close(): Promise<void>;
}

/** The nearest folder above the file that exists, and every path between the two. */
function chain(file: string): { folder: string; between: string[] } {
  const between = [file];
  let folder = dirname(file);
  while (!existsSync(folder) && dirname(folder) !== folder) {
    between.push(folder);
    folder = dirname(folder);
  }
  return { folder, between };
}

/** `onChange` is called for each change, undelayed; whoever acts on it waits for the burst to end. */
export async function watchFiles(watched: Watched, onChange: (path: string) => void): Promise<FileWatch> {
  const { watch } = await import('chokidar');
  let wanted = new Set<string>();
  let open = new Set<string>();
  const folders = new Set<string>();
  let closed = false;

  const watcher = watch([], {
    depth: 0,
    ignoreInitial: true,
    persistent: true,
    // Whole homes are watched for one file in them: everything else is not even looked at.
    ignored: (path) => !folders.has(path) && !wanted.has(path) && !open.has(dirname(path)),
  });

  function follow(given: Watched): void {
    const nextWanted = new Set<string>();
    const nextFolders = new Set<string>();
    open = new Set(given.folders);
    // A folder is watched as if it held a file of any name.
    for (const file of [...given.files, ...given.folders.map((folder) => `${folder}/*`)]) {
      const { folder, between } = chain(file);
      nextFolders.add(folder);
      for (const path of between) nextWanted.add(path);
    }
    const gone = [...folders].filter((folder) => !nextFolders.has(folder));
    const fresh = [...nextFolders].filter((folder) => !folders.has(folder));
    wanted = nextWanted;
    folders.clear();
    for (const folder of nextFolders) folders.add(folder);
    if (gone.length > 0) watcher.unwatch(gone);
    if (fresh.length > 0) watcher.add(fresh);
  }

  let current = watched;
  watcher.on('all', (_event, path) => {
    if (closed || (!wanted.has(path) && !open.has(dirname(path)))) return;
    // A folder on the way to a file came or went: the watch moves with it.
    follow(current);
    onChange(path);
  });
  // A folder that may not be read is as good as one that is not there; the list says so by itself.
  watcher.on('error', () => undefined);
  const ready = new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  follow(watched);
  if (folders.size > 0) await ready;
  return {
    set(given) {
      current = given;
      if (!closed) follow(given);
    },
    async close() {
      closed = true;
      await watcher.close();
    },
  };
}
