/**
 * Where files are: templates that are data, expanded for one system. `~` is the home folder; `{app}` the folder where programs
 * keep their settings (~/.config, ~/Library/Application Support, %APPDATA%); `{xdg}`, `{data}`, `{local}`, `{programs}`,
 * `{machine}` as below; `{NAME|template}` the variable NAME where it is set to an absolute path, else the template. A step may
 * hold `*`, which stands for the names in a folder.
 *
 * Limits: at most a thousand names a folder and matches a template; links are followed by whoever reads a file, never here.
 */
import { readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Places } from '#engine/ports.ts';
import { isMissing } from '../files/missing.ts';

export type System = Places['system'];
/** One template for all systems, or by system; none where the client does not exist there. */
export type Template = string | Partial<Record<System, string>>;

const namesMax = 1000;

/** One file or folder of a home may be looked at from another system (WSL from Windows): then as that one sees it. */
export interface Ground {
  system: System;
  home: string;
  places: Places;
}

function variable(ground: Ground, name: string): string | undefined {
  const value = ground.places.environment[name];
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

function folderOf(ground: Ground, name: string): string {
  const { system, home, places } = ground;
  const own = home === places.home && system === places.system;
  const roaming = (own ? variable(ground, 'APPDATA') : undefined) ?? join(home, 'AppData', 'Roaming');
  const local = (own ? variable(ground, 'LOCALAPPDATA') : undefined) ?? join(home, 'AppData', 'Local');
  const xdg =
    own && system === 'linux'
      ? places.xdgConfig
      : ((own ? variable(ground, 'XDG_CONFIG_HOME') : undefined) ?? join(home, '.config'));
  switch (name) {
    case 'app':
      if (system === 'macos') return join(home, 'Library', 'Application Support');
      return system === 'windows' ? roaming : xdg;
    case 'xdg':
      return xdg;
    case 'data':
      if (system === 'macos') return join(home, 'Library', 'Application Support');
      if (system === 'windows') return roaming;
      return own ? places.xdgData : join(home, '.local', 'share');
    case 'local':
      return local;
    case 'programs':
      return below(places, (own ? variable(ground, 'ProgramFiles') : undefined) ?? 'C:\\Program Files');
    case 'machine':
      return below(places, (own ? variable(ground, 'ProgramData') : undefined) ?? 'C:\\ProgramData');
    default:
      throw new Error(`no such folder: ${name}`);
  }
}

/** A system-wide place; in tests below a root of their own. */
function below(places: Places, path: string): string {
  return places.systemRoot === '' ? path : join(places.systemRoot, path);
}

/** The path of a template, still with `*`; null where the client has none on this system. */
export function expand(template: Template, ground: Ground): string | null {
  const chosen = typeof template === 'string' ? template : template[ground.system];
  if (chosen === undefined) return null;
  const named = /^\{([A-Z][A-Z0-9_]*)\|([^}]*)\}(.*)$/s.exec(chosen);
  if (named !== null) {
    const [, name = '', fallback = '', rest = ''] = named;
    const own = ground.home === ground.places.home ? variable(ground, name) : undefined;
    const start = own ?? (fallback === '' ? null : expand(fallback, ground));
    return start === null ? null : join(start, rest);
  }
  const folder = /^\{([a-z]+)\}(.*)$/s.exec(chosen);
  if (folder !== null) return join(folderOf(ground, folder[1] ?? ''), folder[2] ?? '');
  if (chosen === '~') return ground.home;
  if (chosen.startsWith('~/')) return join(ground.home, chosen.slice(2));
  return below(ground.places, chosen);
}

/** Reads each folder once, however many templates pass through it. */
export interface Look {
  /** Names in a folder, sorted; none where it cannot be read. Names that are no Unicode text are left out. */
  names(folder: string): Promise<readonly string[]>;
  /** Folders that were read for a `*`: something that comes or goes there changes the list. */
  readonly folders: Set<string>;
  /** Folders with names that are no Unicode text: no path can lead there. */
  readonly unreadable: Set<string>;
}

export function createLook(): Look {
  const known = new Map<string, Promise<readonly string[]>>();
  const unreadable = new Set<string>();
  return {
    folders: new Set(),
    unreadable,
    names(folder) {
      let names = known.get(folder);
      if (names === undefined) {
        names = (isMissing(folder) ? Promise.resolve([]) : readdir(folder)).then(
          (found) => {
            const text = found.filter((name) => !name.includes('\uFFFD'));
            if (text.length < found.length) unreadable.add(folder);
            return text.toSorted();
          },
          () => [],
        );
        known.set(folder, names);
      }
      return names;
    },
  };
}

/** Paths that a template with `*` stands for, in order; a path without one stands for itself, whether it is there or not. */
export async function match(path: string, look: Look): Promise<string[]> {
  const at = path.indexOf('*');
  if (at < 0) return [path];
  const folderEnd = Math.max(path.lastIndexOf('/', at), path.lastIndexOf('\\', at));
  const folder = path.slice(0, folderEnd);
  const rest = path.slice(folderEnd + 1);
  const stepEnd = /[/\\]/.exec(rest)?.index ?? rest.length;
  const [before = '', after = ''] = rest.slice(0, stepEnd).split('*');
  look.folders.add(folder);
  const names = (await look.names(folder))
    .filter((name) => name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after))
    .slice(0, namesMax);
  const found = await Promise.all(names.map((name) => match(join(folder, name) + rest.slice(stepEnd), look)));
  return found.flat().slice(0, namesMax);
}
