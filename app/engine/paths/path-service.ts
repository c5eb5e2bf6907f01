/**
 * Names of files and folders for a path that a person types, for a rule of one server.
 *
 * What is told: names, and which of them are folders, below the home and below folders that the server's own policy or project
 * names; decided on real paths, so that a link leads nowhere else. Belljar's own folders are never listed. Everything else
 * answers as if nothing were there.
 */
import { completionsMax, type PathCompletion } from '#contract/path-completion.ts';
import type { Api } from '#contract/methods.ts';
import type { EffectivePolicy } from '#contract/policy.ts';
import { expandPath, isWithin } from '#domain/paths.ts';
import type { Places } from '../ports.ts';
import type { FolderNames } from './ports.ts';

interface Dependencies {
  places: Places;
  names: FolderNames;
  /** The server's project, and its policy where it has one; throws `not-found`. */
  find: (handle: string) => Promise<{ project: string | null; policy: EffectivePolicy | null }>;
}

export interface PathService {
  complete: Api['paths.complete'];
}

const nothing = (outside: boolean): PathCompletion => ({ entries: [], more: false, outside });

export function createPathService({ places, names, find }: Dependencies): PathService {
  async function rootsOf(handle: string): Promise<string[]> {
    const { project, policy } = await find(handle);
    const own = (policy?.rules ?? [])
      .filter(
        ({ verb, what, source }) => (verb === 'read' || verb === 'write') && what.startsWith('/') && source !== 'level',
      )
      .map(({ what }) => what);
    return [places.home, ...(project === null ? [] : [project]), ...own];
  }

  /** Where somebody begins who typed nothing: the home, and what the server has outside of it. */
  function beginnings(roots: readonly string[]): PathCompletion {
    const outside = roots.filter((root) => root === places.home || !isWithin(root, places.home));
    const entries = [...new Set(outside)].slice(0, completionsMax).map((path) => ({ path: `${path}/`, folder: true }));
    return { entries, more: false, outside: false };
  }

  /** The real path of a folder whose names may be told; null for any other. */
  async function realListed(folder: string, roots: readonly string[]): Promise<string | null> {
    const real = await names.real(folder);
    if (real === null) return null;
    const realRoots = await Promise.all(roots.map((root) => names.real(root)));
    const own = await Promise.all(
      [places.configFolder, places.dataFolder, places.stateFolder].map(
        async (path) => (await names.real(path)) ?? path,
      ),
    );
    if (own.some((path) => isWithin(real, path))) return null;
    // A root that is the whole disk opens nothing: a rule for it would be refused too.
    const isInside = realRoots.some((root) => root !== null && root !== '/' && isWithin(real, root));
    return isInside ? real : null;
  }

  return {
    async complete({ server, text }) {
      const roots = await rootsOf(server);
      if (text === '' || text === '~') return beginnings(roots);
      const cut = text.lastIndexOf('/');
      if (cut === -1) return nothing(true);
      const written = text.slice(0, cut) === '' ? '/' : text.slice(0, cut);
      const prefix = text.slice(cut + 1);
      const folder = expandPath(written, places);
      if (folder === null) return nothing(true);
      const real = await realListed(folder, roots);
      if (real === null) return nothing(!roots.some((root) => isWithin(folder, root)));
      const found = await names.list(real, prefix, completionsMax);
      if (found === null) return nothing(false);
      const base = folder === '/' ? '' : folder;
      const entries = found.entries.map((entry) => ({
        path: `${base}/${entry.name}${entry.folder ? '/' : ''}`,
        folder: entry.folder,
      }));
      return { entries, more: found.more, outside: false };
    },
  };
}
