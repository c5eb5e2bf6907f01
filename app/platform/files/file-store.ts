/**
 * Config files of clients: read with bounds, and replaced only while they still are what was read.
 *
 * A replacement is written to a new file in the target's own folder (symbolic links are followed first, so that a linked
 * dotfile stays linked), with the target's mode and owner, synced, compared once more, and renamed over the target. At
 * every moment, also after `kill -9` or a power cut, the file holds the whole old or the whole new text. What a killed
 * process leaves behind is a file named `.<name>.belljar-<pid>-<random>`; the next replacement removes it.
 *
 * Between the last comparison and the rename another program can still write into the old file. The old file is therefore
 * kept open, looked at again afterwards, and put back if it changed: the other program's text wins.
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
import { access, open, readdir, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
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

async function readWhole(handle: FileHandle, file: string, maxBytes: number): Promise<Buffer> {
  const facts = await handle.stat();
  if (!facts.isFile()) throw new BelljarError('config-unreadable', { file, params: { detail: 'not a file' } });
  if (facts.size > maxBytes) throw new BelljarError('config-too-large', { file, params: { bytes: facts.size } });
  // Read by position and not to the end as the size said: the file may grow meanwhile, or be one that has no size.
  const chunks: Buffer[] = [];
  let total = 0;
  while (total <= maxBytes) {
    const chunk = Buffer.alloc(65_536);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, total);
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
  }
  throw new BelljarError('config-too-large', { file, params: { bytes: total } });
}

/** Opened without waiting, since a named pipe under this name would otherwise never answer. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK;

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

  async function removeLeftovers(folder: string, prefix: string): Promise<void> {
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

  async function replace(snapshot: FileSnapshot, bytes: Uint8Array): Promise<void> {
    const { file, realFile } = snapshot;
    await assertReplaceable(snapshot);
    const folder = dirname(realFile);
    const prefix = `.${basename(realFile)}.belljar-`;
    const temporary = join(folder, `${prefix}${process.pid.toString()}-${randomBytes(6).toString('hex')}`);
    let old: FileHandle | undefined;
    try {
      await removeLeftovers(folder, prefix);
      await step('checked');
      await writeTemporary(snapshot, temporary, bytes);
      if (habits.replacesOpenFiles) old = await open(realFile, readFlags);
      await putInPlace(snapshot, temporary);
      await step('renamed');
      await syncFolder(folder);
      await step('folder-synced');
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      await old?.close();
      throw replaceError(error, file);
    }
    if (old !== undefined) await returnIfOverwritten(snapshot, old, bytes);
  }

  /** Compares and renames, again where someone holds the file; what he wrote meanwhile is seen by the next comparison. */
  async function putInPlace(snapshot: FileSnapshot, temporary: string): Promise<void> {
    for (const wait of [...habits.waits, null]) {
      if (!(await isUnchanged(snapshot))) throw new BelljarError('config-changed', { file: snapshot.file });
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

  /** Someone wrote into the old file after it was compared: what he wrote goes back in place. */
  async function returnIfOverwritten(snapshot: FileSnapshot, old: FileHandle, written: Uint8Array): Promise<void> {
    let late: Buffer;
    try {
      late = await readWhole(old, snapshot.file, maxBytes);
    } catch {
      return;
    } finally {
      await old.close();
    }
    if (Buffer.compare(late, snapshot.bytes) === 0) return;
    const now = await read(snapshot.file);
    if (now !== null && Buffer.compare(now.bytes, written) === 0) {
      const back = join(
        dirname(snapshot.realFile),
        `.${basename(snapshot.realFile)}.belljar-${process.pid.toString()}-${randomBytes(6).toString('hex')}`,
      );
      try {
        await writeTemporary(snapshot, back, late);
        await rename(back, snapshot.realFile);
        await syncFolder(dirname(snapshot.realFile));
      } catch (error) {
        await unlink(back).catch(() => undefined);
        throw replaceError(error, snapshot.file);
      }
    }
    throw new BelljarError('config-changed', { file: snapshot.file });
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
