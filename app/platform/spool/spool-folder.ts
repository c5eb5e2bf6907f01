/**
 * The spool's folder: which of its names are files of runs, and how many names are looked at.
 *
 * Trust: none. A name is only taken for a run's where it has a run's form, nothing is followed through a link, and what is
 * beyond the bound is not looked at.
 */
import type { Stats } from 'node:fs';
import { lstatSync, opendirSync } from 'node:fs';
import { join } from 'node:path';
import { runIdPattern } from '#contract/words.ts';

const suffix = '.jsonl';
/** More names than this in the folder are not looked at: whoever put them there is not the launcher. */
export const spoolNamesMax = 10_000;

export interface SpoolName {
  name: string;
  /** Null where this is no regular file with a run's name. */
  run: string | null;
  size: number;
  modifiedMs: number;
  /** Device and inode. */
  identity: string;
}

export function spoolPath(folder: string, run: string): string {
  return join(folder, run + suffix);
}

export function runOf(name: string): string | null {
  const run = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
  return runIdPattern.test(run) ? run : null;
}

export function lstat(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

/** What is in the folder, as far as it is looked at. `more` says that there is more. Throws where it cannot be read. */
export function listSpoolFolder(folder: string): { names: SpoolName[]; more: boolean } {
  const names: SpoolName[] = [];
  let looked = 0;
  const opened = opendirSync(folder);
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
      if (looked >= spoolNamesMax) return { names, more: true };
      looked += 1;
      const facts = lstat(join(folder, entry.name));
      if (facts === null) continue;
      names.push({
        name: entry.name,
        run: facts.isFile() ? runOf(entry.name) : null,
        size: facts.size,
        modifiedMs: facts.mtimeMs,
        identity: identityOf(facts),
      });
    }
  } finally {
    opened.closeSync();
  }
  return { names, more: false };
}

/** Device and inode: another file under a name is another one. */
export function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
