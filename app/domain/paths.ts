/**
 * Paths as text: normal form, containment, and the `~` and `$XDG_*` that people write. No file is looked at; symbolic links
 * are the platform's matter.
 */
import type { Folders } from './folders.ts';

const encoder = new TextEncoder();

/** False for text with half a surrogate pair, which no file name of this system can hold. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** True when `text` takes at most `max` bytes in UTF-8. */
export function fitsBytes(text: string, max: number): boolean {
  // A unit of UTF-16 takes three bytes at the most.
  return text.length * 3 <= max || encoder.encode(text).length <= max;
}

/** The normal form of an absolute path (no `.`, `..`, doubled or final slash), or null for what is not one. */
export function normalPath(path: string): string | null {
  if (!path.startsWith('/') || path.includes('\0')) return null;
  // Nearly all are in normal form, and some hundred of them are looked at for each plan.
  if (path === '/' || !/\/\.{0,2}(?:\/|$)/.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** True when `path` is `folder` or lies in it; both normal. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || isStrictlyWithin(path, folder);
}

export function isStrictlyWithin(path: string, folder: string): boolean {
  // Without making a text of the folder and a slash: hundreds of places are asked for each path of each server.
  return folder === '/' ? path !== '/' : path[folder.length] === '/' && path.startsWith(folder);
}

const variables: Record<string, (folders: Folders) => string | null> = {
  HOME: (folders) => folders.home,
  XDG_CONFIG_HOME: (folders) => folders.xdgConfig,
  XDG_DATA_HOME: (folders) => folders.xdgData,
  XDG_CACHE_HOME: (folders) => folders.xdgCache,
  XDG_STATE_HOME: (folders) => folders.xdgState,
  XDG_RUNTIME_DIR: (folders) => folders.xdgRuntime,
};

/** Expands `~`, `~/…`, `$XDG_…`, `${HOME}` at the start of a path; null when it is not absolute afterwards. */
export function expandPath(text: string, folders: Folders): string | null {
  if (text === '~') return normalPath(folders.home);
  if (text.startsWith('~/')) return normalPath(`${folders.home}/${text.slice(2)}`);
  const variable = /^\$(?:\{([A-Z_]+)\}|([A-Z_]+))(?=\/|$)/.exec(text);
  if (variable !== null) {
    const folder = variables[variable[1] ?? variable[2] ?? '']?.(folders) ?? null;
    return folder === null ? null : normalPath(`${folder}/${text.slice(variable[0].length)}`);
  }
  return normalPath(text);
}

/** `~/…` for paths in the home, as people read them. */
export function shortPath(path: string, folders: Folders): string {
  if (path === folders.home) return '~';
  return isStrictlyWithin(path, folders.home) ? `~/${path.slice(folders.home.length + 1)}` : path;
}
