/**
 * Lists a folder for completion: names only, nothing is opened but the folder itself.
 *
 * Limits: of a folder the first 20,000 entries are looked at. Names that begin with a dot only where that is asked for. What
 * is hostile stays text: a name that is not valid UTF-8 is left out, since it could not be written down as a rule.
 */
import { opendir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderNames } from '#engine/paths/ports.ts';

const entriesMax = 20_000;

export function createFolderNames(): FolderNames {
  return {
    async real(path) {
      try {
        return await realpath(path);
      } catch {
        return null;
      }
    },
    async list(folder, prefix, most) {
      const wanted = prefix.toLowerCase();
      const isHiddenWanted = prefix.startsWith('.');
      const found: { name: string; folder: boolean; isLink: boolean }[] = [];
      let looked = 0;
      let more = false;
      try {
        for await (const entry of await opendir(folder)) {
          looked += 1;
          if (looked > entriesMax) {
            more = true;
            break;
          }
          const { name } = entry;
          if (name.includes('\uFFFD') || (name.startsWith('.') && !isHiddenWanted)) continue;
          if (!name.toLowerCase().startsWith(wanted)) continue;
          found.push({ name, folder: entry.isDirectory(), isLink: entry.isSymbolicLink() });
        }
      } catch {
        return null;
      }
      found.sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name, 'en'));
      const entries = await Promise.all(
        found.slice(0, most).map(async ({ name, folder: isFolder, isLink }) => ({
          name,
          folder: isLink
            ? await stat(join(folder, name)).then(
                (facts) => facts.isDirectory(),
                () => false,
              )
            : isFolder,
        })),
      );
      return { entries, more: more || found.length > most };
    },
  };
}
