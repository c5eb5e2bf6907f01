/**
 * The launcher that a package puts in its place for everybody on this machine (`native-helpers/launcher/linux/own-places.hpp`). Where it is
 * fit, entries name it and a home needs no program of its own: nobody but root can exchange it, and it is the same path for every person.
 *
 * Trust: it is believed only where nobody but root could have put anything there: the file and every folder above it are root's, no
 * link, and not writable by anybody else. And only in the version of this program, which it says itself, so that it
 * reads what this program writes. And only for people whom /etc/passwd knows with the very home that this program uses: the launcher looks
 * there alone for where its plans are. Anything else is as if there were none, and a person's own copy is used as ever.
 */
import { execFileSync } from 'node:child_process';
import type { Stats } from 'node:fs';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Folders } from '#platform/paths/folders.ts';

export const packagedLauncher = '/usr/lib/belljar/bin/belljar-launcher';

const versionTimeoutMs = 2000;
const writableByOthers = 0o022;

interface Place {
  file: string;
  /** Whose it must be. */
  owner: number;
  /** The folder where looking begins; what is above is nobody's to change. */
  top: string;
  /** Where users' homes are told. */
  passwd: string;
}

const place: Place = { file: packagedLauncher, owner: 0, top: '/', passwd: '/etc/passwd' };

/** As the launcher reads it (`native-helpers/launcher/core/user-home.cpp`): the first line of the user counts. */
function homeInPasswd(file: string, uid: number): string | null {
  try {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const fields = line.split(':');
      if (fields.length === 7 && fields[2] === uid.toString()) return fields[5] ?? null;
    }
  } catch {
    // Not to be read: nobody is known.
  }
  return null;
}

const isOwners = (facts: Stats, owner: number): boolean => facts.uid === owner && (facts.mode & writableByOthers) === 0;

/** From the top down: once a folder is the owner's alone, what its names lead to can no longer be changed by anybody else. */
function isOwnersAlone({ file, owner, top }: Place): boolean {
  const folders: string[] = [];
  for (let at = dirname(file); ; at = dirname(at)) {
    folders.unshift(at);
    if (at === top) break;
    if (dirname(at) === at) return false;
  }
  try {
    for (const folder of folders) {
      const facts = lstatSync(folder);
      if (!facts.isDirectory() || !isOwners(facts, owner)) return false;
    }
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const facts = fstatSync(descriptor);
      return facts.isFile() && isOwners(facts, owner) && (facts.mode & 0o7777) === 0o755;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

function saysVersion(file: string, version: string): boolean {
  try {
    const said = execFileSync(file, ['--version'], {
      encoding: 'utf8',
      timeout: versionTimeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 4096,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {},
      cwd: '/',
    });
    return said === `belljar-launcher ${version}\n`;
  } catch {
    return false;
  }
}

export interface PackagedLauncher {
  path: string;
  /** Whether it still is what it was when it was found: a package may go while this program runs. */
  isFit(): boolean;
}

/**
 * The packaged launcher, for folders where it finds the plans: those of this user's own home. For any other it is null: the
 * launcher is told no folder, and what a client passes on as environment decides nothing.
 */
export function findPackagedLauncher(folders: Folders, version: string, at: Place = place): PackagedLauncher | null {
  const isHome = folders.usual && folders.data === join(folders.home, '.local', 'share', 'belljar');
  const isFit = (): boolean => isOwnersAlone(at) && saysVersion(at.file, version);
  const isKnown = isHome && homeInPasswd(at.passwd, process.geteuid?.() ?? -1) === folders.home;
  return isKnown && isFit() ? { path: at.file, isFit } : null;
}
