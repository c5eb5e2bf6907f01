/**
 * Config files of clients: read with bounds, and replaced only while they still are what was read.
 *
 * A replacement is written to a new file in the target's own folder (symbolic links are followed first, so that a linked
 * dotfile stays linked), with the target's mode and owner, synced, compared once more, and renamed over the target. At
 * every moment, also after `kill -9` or a power cut, the file holds the whole old or the whole new text. What a killed
 * process leaves behind is a file named `.<name>.belljar-<pid>-<random>`; the next replacement removes it.
 *
 * Between the last comparison and the rename another program can still write into the old file, or have emptied it and not
 * yet written what it wants to. The old file is therefore kept, open and by a second name beside it, looked at again
 * afterwards, and if it changed the file itself is put back, not a copy: the other program's text wins, also what it has yet
 * to write. Where a file system gives no second names, a copy is put back. Not seen is a program that opened the file before
 * the rename without emptying it and writes after that look.
 *
 * Windows lets no open file be replaced: there the old one is not kept open, and a program that holds it makes the rename
 * fail. It is tried again for a while, compared anew before each try, and then given up: the text is never written into the
 * file itself.
 *
 * Not kept: extended attributes and access control lists, and hard links (the other names keep the old text).
 *
 * Trust: the folder is the user's own. Root is treated like anyone: a file without any write bit is read-only.
 */
import { constants } from 'node:fs';
import { access, link, open, readdir, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelljarError } from '#contract/errors.ts';
import type { FileSnapshot, FileStore } from '#engine/ports.ts';
import { isMissing } from './missing.ts';

export const configMaxBytes = 10 * 1024 * 1024;

/** Steps of a replacement, for tests that end the process in between. */
export type WriteStep =
  'checked' | 'temporary-made' | 'temporary-written' | 'temporary-synced' | 'compared' | 'renamed' | 'folder-synced';

/** How a system lets a file be replaced that others may be using. */
export interface ReplaceHabits {
  /** An open file may be replaced, and its old text be looked at afterwards. */
  replacesOpenFiles: boolean;
  /** By these errors the system says that someone holds the file just now. */
  busy: ReadonlySet<string>;
  /** Milliseconds before each further try. */
  waits: readonly number[];
  rename(from: string, to: string): Promise<void>;
}

export const posixHabits: ReplaceHabits = { replacesOpenFiles: true, busy: new Set(), waits: [], rename };

/** A virus scanner or a client that reads the file holds it for some milliseconds, now and then for a second. */
export const windowsHabits: ReplaceHabits = {
  replacesOpenFiles: false,
  busy: new Set(['EPERM', 'EACCES', 'EBUSY']),
  waits: [10, 20, 40, 80, 160, 320, 640, 1000],
  rename,
};

export interface FileStoreOptions {
  maxBytes?: number;
  habits?: ReplaceHabits;
  onStep?: (step: WriteStep) => void | Promise<void>;
}

/** A file that is being replaced. */
interface Kept {
  handle: FileHandle;
  /** A second name of the very file, for as long as the replacement lasts; null where there can be none. */
  name: string | null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/** What an error of the system means to the person whose file it is. */
export function writeError(error: unknown, file: string): BelljarError {
  if (error instanceof BelljarError) return error;
  const code = codeOf(error);
  const details = { file, params: { detail: code }, cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return new BelljarError('disk-full', details);
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return new BelljarError('config-read-only', details);
  return new BelljarError('write-failed', details);
}

/** The same for a file that was there when it was read: gone means changed. */
function replaceError(error: unknown, file: string): BelljarError {
  return codeOf(error) === 'ENOENT'
    ? new BelljarError('config-changed', { file, cause: error })
    : writeError(error, file);
}

function readError(error: unknown, file: string): BelljarError {
  return error instanceof BelljarError
    ? error
    : new BelljarError('config-unreadable', { file, params: { detail: codeOf(error) }, cause: error });
}

/** Syncs a folder, so that a rename in it survives a power cut; systems that cannot are left alone. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder for that; it writes the names of a volume in order.
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

function tooMuch(bytes: number, maxBytes: number): { bytes: number; limit: string } {
  return { bytes, limit: `${Math.floor(maxBytes / 1_048_576).toString()} MiB` };
}

async function readWhole(handle: FileHandle, file: string, maxBytes: number): Promise<Buffer> {
  const facts = await handle.stat();
  if (!facts.isFile()) throw new BelljarError('config-unreadable', { file, params: { detail: 'not a file' } });
  if (facts.size > maxBytes)
    throw new BelljarError('config-too-large', { file, params: tooMuch(facts.size, maxBytes) });
  // Read by position and not to the end as the size said: the file may grow meanwhile, or be one that has no size. Room for
  // one byte more tells in one go that it did not.
  const chunks: Buffer[] = [];
  let total = 0;
  while (total <= maxBytes) {
    const chunk = Buffer.alloc(Math.max(1024, Math.min(facts.size - total + 1, 1_048_576)));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, total);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
  }
  throw new BelljarError('config-too-large', { file, params: tooMuch(total, maxBytes) });
}

/** Opened without waiting, since a named pipe under this name would otherwise never answer. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** How names begin that are ours beside a file, while it is replaced. */
const prefixOf = (realFile: string): string => `.${basename(realFile)}.belljar-`;

const nameBeside = (realFile: string): string =>
  join(dirname(realFile), `${prefixOf(realFile)}${process.pid.toString()}-${randomBytes(6).toString('hex')}`);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

export function createFileStore(options: FileStoreOptions = {}): FileStore {
  const maxBytes = options.maxBytes ?? configMaxBytes;
  const habits = options.habits ?? (process.platform === 'win32' ? windowsHabits : posixHabits);
  const step = async (name: WriteStep): Promise<void> => {
    await options.onStep?.(name);
  };

  async function read(file: string): Promise<FileSnapshot | null> {
    if (isMissing(file)) return null;
    let handle: FileHandle;
    let realFile: string;
    try {
      realFile = await realpath(file);
      handle = await open(realFile, readFlags);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
      throw readError(error, file);
    }
    try {
      const facts = await handle.stat();
      const bytes = await readWhole(handle, file, maxBytes);
      return { file, realFile, bytes, mode: facts.mode & 0o7777, uid: facts.uid, gid: facts.gid };
    } catch (error) {
      throw readError(error, file);
    } finally {
      await handle.close();
    }
  }

  async function assertReplaceable(snapshot: FileSnapshot): Promise<void> {
    const { file, realFile } = snapshot;
    const folder = dirname(realFile);
    const readOnly = (detail: string): BelljarError =>
      new BelljarError('config-read-only', { file, params: { detail } });
    try {
      const facts = await stat(folder);
      if ((snapshot.mode & 0o222) === 0) throw readOnly('no one may write to it');
      if ((facts.mode & 0o222) === 0) throw readOnly('no one may write to its folder');
      // The new file could not be given to another owner, and would silently change hands.
      const uid = process.geteuid?.() ?? -1;
      if (uid > 0 && snapshot.uid !== uid) throw readOnly('it belongs to another user');
      await access(realFile, constants.W_OK);
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      throw replaceError(error, file);
    }
  }

  /** True while the path still leads to the same file with the same bytes, mode and owner. */
  async function isUnchanged(snapshot: FileSnapshot): Promise<boolean> {
    const now = await read(snapshot.file);
    return (
      now !== null &&
      now.realFile === snapshot.realFile &&
      now.mode === snapshot.mode &&
      now.uid === snapshot.uid &&
      now.gid === snapshot.gid &&
      Buffer.compare(now.bytes, snapshot.bytes) === 0
    );
  }

  async function removeLeftovers(realFile: string): Promise<void> {
    const folder = dirname(realFile);
    const prefix = prefixOf(realFile);
    for (const name of await readdir(folder)) {
      const pid = name.startsWith(prefix) ? /^(\d+)-[0-9a-f]{12}$/.exec(name.slice(prefix.length))?.[1] : undefined;
      if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid)))
        await unlink(join(folder, name)).catch(() => undefined);
    }
  }

  async function writeTemporary(snapshot: FileSnapshot, temporary: string, bytes: Uint8Array): Promise<void> {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await step('temporary-made');
      await handle.writeFile(bytes);
      await step('temporary-written');
      const facts = await handle.stat();
      if (facts.uid !== snapshot.uid || facts.gid !== snapshot.gid) await handle.chown(snapshot.uid, snapshot.gid);
      await handle.chmod(snapshot.mode);
      await handle.sync();
      await step('temporary-synced');
    } finally {
      await handle.close();
    }
  }

  /** The old file, by its descriptor and a name of its own. */
  async function keepOld(realFile: string): Promise<Kept> {
    const handle = await open(realFile, readFlags);
    const name = nameBeside(realFile);
    // FAT and some network file systems know no second names.
    const hasName = await link(realFile, name).then(
      () => true,
      () => false,
    );
    return { handle, name: hasName ? name : null };
  }

  async function replace(snapshot: FileSnapshot, bytes: Uint8Array): Promise<void> {
    const { file, realFile } = snapshot;
    await assertReplaceable(snapshot);
    const temporary = nameBeside(realFile);
    let old: Kept | undefined;
    try {
      try {
        await removeLeftovers(realFile);
        await step('checked');
        await writeTemporary(snapshot, temporary, bytes);
        if (habits.replacesOpenFiles) old = await keepOld(realFile);
        await putInPlace(snapshot, temporary, old);
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        throw replaceError(error, file);
      }
      await step('renamed');
      // It is in place: that nobody knows whether it would survive a power cut does not make it undone.
      await syncFolder(dirname(realFile)).catch(() => undefined);
      await step('folder-synced');
      if (old !== undefined) await returnIfOverwritten(snapshot, old, bytes);
    } finally {
      await old?.handle.close();
      if (typeof old?.name === 'string') await unlink(old.name).catch(() => undefined);
    }
  }

  /** Compares and renames, again where someone holds the file; what he wrote meanwhile is seen by the next comparison. */
  async function putInPlace(snapshot: FileSnapshot, temporary: string, old: Kept | undefined): Promise<void> {
    for (const wait of [...habits.waits, null]) {
      // The same bytes in another file, whose writer would not be seen afterwards, are a change too.
      if (!(await isUnchanged(snapshot)) || (old !== undefined && !(await isSameFile(old.handle, snapshot.realFile))))
        throw new BelljarError('config-changed', { file: snapshot.file });
      await step('compared');
      try {
        await habits.rename(temporary, snapshot.realFile);
        return;
      } catch (error) {
        if (!habits.busy.has(codeOf(error))) throw error;
        if (wait === null)
          throw new BelljarError('config-busy', {
            file: snapshot.file,
            params: { detail: codeOf(error) },
            cause: error,
          });
        await sleep(wait);
      }
    }
  }

  async function isSameFile(handle: FileHandle, path: string): Promise<boolean> {
    const [one, other] = await Promise.all([handle.stat(), stat(path)]);
    return one.dev === other.dev && one.ino === other.ino;
  }

  /** Someone wrote into the old file after it was compared: it goes back in place. */
  async function returnIfOverwritten(snapshot: FileSnapshot, old: Kept, written: Uint8Array): Promise<void> {
    const { file, realFile } = snapshot;
    // What cannot be read any more, or has grown beyond the bound, is not what was compared.
    const late = await readWhole(old.handle, file, maxBytes).catch(() => null);
    if (late !== null && Buffer.compare(late, snapshot.bytes) === 0) return;
    if (late === null && old.name === null) return;
    const now = await read(file);
    if (now !== null && Buffer.compare(now.bytes, written) === 0) {
      try {
        if (old.name !== null) await rename(old.name, realFile);
        else if (late !== null) await writeBack(snapshot, late);
      } catch (error) {
        throw replaceError(error, file);
      }
      await syncFolder(dirname(realFile)).catch(() => undefined);
    }
    throw new BelljarError('config-changed', { file });
  }

  async function writeBack(snapshot: FileSnapshot, late: Uint8Array): Promise<void> {
    const back = nameBeside(snapshot.realFile);
    try {
      await writeTemporary(snapshot, back, late);
      await rename(back, snapshot.realFile);
    } catch (error) {
      await unlink(back).catch(() => undefined);
      throw error;
    }
  }

  async function resolve(path: string): Promise<string> {
    const rest: string[] = [];
    for (let at = path; ; at = dirname(at)) {
      try {
        return join(await realpath(at), ...rest);
      } catch {
        if (at === dirname(at)) return path;
        rest.unshift(basename(at));
      }
    }
  }

  async function exists(path: string): Promise<boolean> {
    return stat(path).then(
      () => true,
      () => false,
    );
  }

  return { read, replace, assertReplaceable, resolve, exists };
}
