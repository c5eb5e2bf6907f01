/**
 * Watches files that others replace. Editors and clients write a new file over the old one, so what is watched is folders,
 * and of what happens in them only the named files count. The system tells; nothing is asked by the clock.
 *
 * Of a file, its folder is watched and, inside of the home, every folder above it up to the home, each for one name alone:
 * so a file is noticed whose folders come later, are renamed away, or are made anew. What a symbolic link leads to is
 * watched likewise, each link of a chain. A folder that comes into the watch is told as a change by itself: what happened in
 * it before would be lost.
 *
 * Limits: at most `foldersMax` folders, and what the system has room for. The files of folders beyond that, or that may not
 * be watched, are looked at slowly, and `status` says so. Nothing is watched with what lies below it. A change that is made
 * through another name of a file (a hard link) or on another machine (network file systems) is not told by the system.
 */
import { readdirSync, readlinkSync, statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { Watched, WatchStatus } from '#engine/ports.ts';

export interface FileWatch {
  /** Replaces what is watched. */
  set(watched: Watched): void;
  status(): WatchStatus;
  close(): void;
}

export interface FileWatchOptions {
  home: string;
  /** Called for each change, undelayed; whoever acts on it waits for the burst to end. */
  onChange: (path: string) => void;
  foldersMax?: number;
  /** How often files are looked at that the system tells nothing of. */
  slowMs?: number;
  /** For tests: a system that refuses. */
  open?: (folder: string, listener: (event: string, name: string | null) => void) => FSWatcher;
}

const linksMax = 16;
const namesMax = 1000;
/** Folders that come and go in a burst are looked at once for all of them. */
const settleMs = 20;
const lateMs = 1500;

/** Names in a folder that count; null where all do. */
type Names = Set<string> | null;

interface Open {
  watcher: FSWatcher;
  /** Which folder it is: a path may come to lead to another one. */
  identity: string;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function identityOf(folder: string): string | null {
  try {
    const facts = statSync(folder);
    return facts.isDirectory() ? `${facts.dev.toString()}:${facts.ino.toString()}` : null;
  } catch {
    return null;
  }
}

/** What can be told of a file without reading it. */
function traceOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return '';
  }
}

/** The folders to watch, most wanted first, and in each the names that count. */
function foldersFor(watched: Watched, home: string): Map<string, Names> {
  const folders = new Map<string, Names>();
  const add = (folder: string, name: string): void => {
    const names = folders.get(folder);
    if (names === undefined) folders.set(folder, new Set([name]));
    else names?.add(name);
  };
  /** The folder of a path, and those above it by which it could come or go. */
  const addPath = (path: string): void => {
    const isInHome = path.startsWith(`${home}/`);
    let found = 0;
    for (let at = path; at !== dirname(at); at = dirname(at)) {
      const folder = dirname(at);
      if (!isInHome && found > 0 && folder === dirname(folder)) break;
      add(folder, basename(at));
      if (isInHome ? folder === home : identityOf(folder) !== null && (found += 1) > 1) break;
    }
  };
  const addFile = (file: string): void => {
    let path = file;
    for (let links = 0; links < linksMax; links += 1) {
      addPath(path);
      try {
        const target = readlinkSync(path);
        path = isAbsolute(target) ? join(target) : join(dirname(path), target);
      } catch {
        return;
      }
    }
  };
  for (const file of watched.files) addFile(file);
  for (const folder of watched.folders) {
    addFile(folder);
    folders.set(folder, null);
  }
  return folders;
}

export function watchFiles(watched: Watched, options: FileWatchOptions): FileWatch {
  const { home, onChange } = options;
  const foldersMax = options.foldersMax ?? 1024;
  const openFolder =
    options.open ?? ((folder, listener) => watch(folder, { persistent: false, recursive: false }, listener));
  let wanted = foldersFor(watched, home);
  const open = new Map<string, Open>();
  /** Folders that the system tells nothing of, with what was last seen of the names in them. */
  let slow = new Map<string, string>();
  let reason: string | null = null;
  let settling: NodeJS.Timeout | null = null;
  let polling: NodeJS.Timeout | null = null;
  let lateLook: NodeJS.Timeout | null = null;
  let closed = false;

  function close(folder: string): void {
    open.get(folder)?.watcher.close();
    open.delete(folder);
  }

  function traceFolder(folder: string): string {
    let names: readonly string[] = [...(wanted.get(folder) ?? [])];
    if (wanted.get(folder) === null) {
      try {
        names = readdirSync(folder).slice(0, namesMax);
      } catch {
        names = [];
      }
    }
    return names.map((name) => `${name} ${traceOf(join(folder, name))}`).join('\n');
  }

  function told(folder: string, event: string, name: string | null): void {
    if (closed) return;
    const names = wanted.get(folder);
    if (names === undefined) return;
    // Of itself, a folder tells by its own name that it was removed or renamed.
    const counts = name === null || names === null || names.has(name) || name === basename(folder);
    if (!counts) return;
    if (event !== 'change') settling ??= setTimeout(follow, settleMs);
    // What came may be a folder whose files are not in it yet, and which is not watched itself.
    if (names === null && event !== 'change' && lateLook === null)
      lateLook = setTimeout(() => {
        lateLook = null;
        onChange(folder);
      }, lateMs);
    onChange(name === null ? folder : join(folder, name));
  }

  function begin(folder: string, identity: string): 'open' | 'gone' | 'slow' {
    try {
      const watcher = openFolder(folder, (event, name) => told(folder, event, name));
      watcher.on('error', () => {
        // A folder that went away by itself: another may stand there already.
        if (open.get(folder)?.watcher !== watcher) return;
        close(folder);
        settling ??= setTimeout(follow, settleMs);
      });
      open.set(folder, { watcher, identity });
      return 'open';
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return 'gone';
      reason = code;
      return 'slow';
    }
  }

  /** Brings what is open in line with what is wanted and there. Answers the first folder that was not open before. */
  function bring(): string | null {
    const nextSlow = new Map<string, string>();
    let fresh: string | null = null;
    reason = null;
    for (const folder of open.keys()) if (!wanted.has(folder)) close(folder);
    for (const folder of wanted.keys()) {
      const identity = identityOf(folder);
      const known = open.get(folder);
      if (known !== undefined && known.identity === identity) continue;
      close(folder);
      if (identity === null) continue;
      let outcome: ReturnType<typeof begin> = 'slow';
      if (open.size < foldersMax) outcome = begin(folder, identity);
      else reason ??= 'bound';
      if (outcome === 'open') fresh ??= folder;
      if (outcome !== 'slow') continue;
      const before = slow.get(folder);
      if (before === undefined) fresh ??= folder;
      nextSlow.set(folder, before ?? traceFolder(folder));
    }
    slow = nextSlow;
    if (slow.size === 0 && polling !== null) {
      clearInterval(polling);
      polling = null;
    } else if (slow.size > 0 && polling === null) {
      polling = setInterval(lookSlowly, options.slowMs ?? 5000);
      polling.unref();
    }
    return fresh;
  }

  let current = watched;
  function follow(): void {
    settling = null;
    if (closed) return;
    // A link may lead elsewhere by now, and a folder may have come.
    wanted = foldersFor(current, home);
    const fresh = bring();
    if (fresh !== null) onChange(fresh);
  }

  function lookSlowly(): void {
    for (const [folder, before] of slow) {
      const now = traceFolder(folder);
      if (now === before) continue;
      slow.set(folder, now);
      onChange(folder);
    }
    // Room may have been made meanwhile.
    follow();
  }

  bring();
  return {
    set(given) {
      current = given;
      follow();
    },
    status: () => ({ folders: open.size, slowly: slow.size, reason }),
    close() {
      closed = true;
      if (settling !== null) clearTimeout(settling);
      if (polling !== null) clearInterval(polling);
      if (lateLook !== null) clearTimeout(lateLook);
      for (const folder of [...open.keys()]) close(folder);
    },
  };
}
