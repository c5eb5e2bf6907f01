/** The places of the engine, from the folders of this user: what rules are expanded against, and what no rule may open. */
import { existsSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Places } from '#engine/ports.ts';
import type { Folders } from './folders.ts';

function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid;
  } catch {
    return null;
  }
}

function currentSystem(): Places['system'] {
  if (process.platform === 'darwin') return 'macos';
  return process.platform === 'win32' ? 'windows' : 'linux';
}

/** A person's own copy of the launcher. */
export function ownLauncher(folders: Pick<Folders, 'data'>): string {
  return join(folders.data, 'bin', 'belljar-launcher');
}

/** `packaged`: the launcher of a package, where there is one that is fit. */
export function makePlaces(folders: Folders, environment: NodeJS.ProcessEnv = process.env, packaged?: string): Places {
  const xdg = (name: string, ...fallback: string[]): string => {
    const value = environment[name];
    return value !== undefined && isAbsolute(value) ? value : join(folders.home, ...fallback);
  };
  const runtime = environment['XDG_RUNTIME_DIR'];
  const own = ownLauncher(folders);
  return {
    home: folders.home,
    xdgConfig: xdg('XDG_CONFIG_HOME', '.config'),
    xdgData: xdg('XDG_DATA_HOME', '.local', 'share'),
    xdgCache: xdg('XDG_CACHE_HOME', '.cache'),
    xdgState: xdg('XDG_STATE_HOME', '.local', 'state'),
    xdgRuntime: runtime !== undefined && isAbsolute(runtime) ? runtime : null,
    configFolder: folders.config,
    dataFolder: folders.data,
    stateFolder: folders.state,
    system: currentSystem(),
    uid: process.geteuid?.() ?? -1,
    homeOwner: ownerOf(folders.home),
    launcher: packaged ?? own,
    // An entry that names the own copy stays with it when a package comes, as long as the copy is there.
    launchers: packaged === undefined ? [own] : existsSync(own) ? [packaged, own] : [packaged],
    environment,
    systemRoot: '',
  };
}
