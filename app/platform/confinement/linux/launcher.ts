/**
 * The native launcher: where the one that came with this build is, how it gets to its fixed place in the data folder where
 * no package brought one for everybody, and what it says of this kernel.
 *
 * Clients hold its path in their own files, so it never moves, and it is replaced by renaming: a run that is under way
 * keeps the program it was started from. Its path must hold no space (some clients split commands at spaces).
 *
 * Trust: the shipped file is as trusted as this program. What `probe` prints is parsed strictly and bounded all the same.
 */
import { execFile } from 'node:child_process';
import type { Stats } from 'node:fs';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BelljarError } from '#contract/errors.ts';
import type { Probe } from '#contract/server.ts';
import { probeSchema } from '#contract/server.ts';
import type { Launcher, LauncherComparison } from '#engine/doctor/ports.ts';
import type { PackagedLauncher } from './packaged-launcher.ts';

const launcherName = 'belljar-launcher';
const launcherMode = 0o755;
const probeTimeoutMs = 5000;
const probeMaxBytes = 65_536;

/**
 * The launcher that came with this build: `dist/launcher/` beside the bundle that this code is in, `bin/` in a system's package, or, when
 * it runs from its sources, where make puts it; else the one in npm's package for this system. Null when there is none.
 */
export function shippedLauncher(from: string = import.meta.url): string | null {
  const root = packageRoot(dirname(fileURLToPath(from)));
  if (root === null) {
    return null;
  }
  const bundled = join(root, 'dist', 'launcher', launcherName);
  const inPackage = join(root, 'bin', launcherName);
  const built = join(root, 'native-helpers', 'build', launcherName);
  const inBundle = fileURLToPath(from).startsWith(join(root, 'dist', '/'));
  return (
    (inBundle ? [bundled, inPackage, built] : [built, bundled]).find((path) => existsSync(path)) ?? fromOwnPackage(root)
  );
}

/** Installed by npm, the launcher is in a package of its own for each system; one of another version is none. */
function fromOwnPackage(root: string): string | null {
  const name = `@belljar/launcher-${process.platform}-${process.arch}`;
  const versionOf = (file: string): unknown =>
    (JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version;
  try {
    const own = join(root, 'package.json');
    const found = createRequire(own).resolve(`${name}/package.json`);
    const program = join(dirname(found), launcherName);
    return versionOf(found) === versionOf(own) && existsSync(program) ? program : null;
  } catch {
    return null;
  }
}

/** The folder of Belljar's own package.json, at or above a folder. */
export function packageRoot(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const description: unknown = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
      if (
        typeof description === 'object' &&
        description !== null &&
        'name' in description &&
        description.name === 'belljar'
      ) {
        return at;
      }
    } catch {
      // There is none here, or it is another one's business.
    }
    if (dirname(at) === at) {
      return null;
    }
  }
}

export interface LauncherOptions {
  /** Its fixed place: `<data>/bin/belljar-launcher`. */
  path: string;
  /** Default: the one that came with this build. */
  source?: string | null;
  /** The one of a package, which is used in place of an own copy; a copy that is there is kept up to date all the same. */
  packaged?: PackagedLauncher | null;
}

export function createLauncher(options: LauncherOptions): Launcher {
  const { path, packaged = null } = options;
  const source = options.source === undefined ? shippedLauncher() : options.source;

  function compare(): LauncherComparison {
    if (source === null) {
      return 'source-missing';
    }
    let facts: Stats;
    try {
      facts = lstatSync(path);
    } catch {
      return packaged === null ? 'missing' : 'equal';
    }
    if (!facts.isFile() || !sameBytes(source, path)) {
      return 'differs';
    }
    return (facts.mode & 0o7777) === launcherMode ? 'equal' : 'wrong-mode';
  }

  function install(): string {
    if (packaged === null && /\s/.test(path)) {
      throw new BelljarError('launcher-path-space', { params: { path } });
    }
    if (packaged !== null && !packaged.isFit()) {
      const detail =
        'the one of its package was removed or exchanged; end Belljar’s host (belljar host stop) and try again';
      throw new BelljarError('launcher-missing', { params: { detail }, file: packaged.path });
    }
    const found = compare();
    if (found === 'equal') {
      return packaged?.path ?? path;
    }
    if (source === null) {
      throw new BelljarError('launcher-missing', { params: { detail: 'it was not built with this program' } });
    }
    try {
      replace(readFileSync(source), path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw new BelljarError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'write-failed', {
        params: { detail: code },
        file: path,
        cause: error,
      });
    }
    return packaged?.path ?? path;
  }

  return {
    path: packaged?.path ?? path,
    // Synchronous inside: two callers in this process can never meet half-way.
    compare: () => Promise.resolve().then(compare),
    install: () => Promise.resolve().then(install),
    // What a kernel offers does not depend on which copy asks; the shipped one is there before anything is contained.
    probe: () => probe(source ?? path),
  };
}

function sameBytes(one: string, other: string): boolean {
  try {
    return readFileSync(one).equals(readFileSync(other));
  } catch {
    return false;
  }
}

/** Old or new, never between: written beside, synced, renamed, and the folder synced so that the name lasts too. */
function replace(bytes: Uint8Array, path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fresh = join(folder, `.${launcherName}.${process.pid}.new`);
  rmSync(fresh, { force: true });
  try {
    const descriptor = openSync(
      fresh,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o700,
    );
    try {
      for (let written = 0; written < bytes.length;) {
        written += writeSync(descriptor, bytes, written);
      }
      // Not by the mode of open(), which the umask would narrow.
      fchmodSync(descriptor, launcherMode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function probe(path: string): Promise<Probe> {
  const text = await new Promise<string>((resolve, reject) => {
    execFile(
      path,
      ['probe'],
      { timeout: probeTimeoutMs, killSignal: 'SIGKILL', maxBuffer: probeMaxBytes, encoding: 'utf8', env: {}, cwd: '/' },
      (error, stdout) => {
        if (error === null) {
          resolve(stdout);
        } else {
          const code = error.killed === true ? 'it did not answer in time' : `it ended with ${String(error.code)}`;
          reject(new BelljarError('launcher-missing', { params: { detail: code }, file: path, cause: error }));
        }
      },
    );
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BelljarError('launcher-missing', {
      params: { detail: 'its probe is no JSON' },
      file: path,
      cause: error,
    });
  }
  const parsed = probeSchema.safeParse(value);
  if (!parsed.success) {
    throw new BelljarError('launcher-missing', {
      params: { detail: 'its probe is not of the form this version reads' },
      file: path,
      cause: parsed.error,
    });
  }
  return parsed.data;
}
