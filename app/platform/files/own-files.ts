/**
 * Belljar's own small documents: folders 0700, files 0600, replaced atomically and synced. What is read back must be a
 * plain file of this user; a document of a newer format is refused and never rewritten.
 */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { BelljarError, type ErrorCode } from '#contract/errors.ts';
import { syncFolder, writeError } from './file-store.ts';
import { isMissing } from './missing.ts';

const ownMaxBytes = 16 * 1024 * 1024;

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export async function makeOwnFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeError(error, folder);
  }
}

export async function writeOwnFile(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  await makeOwnFolder(folder);
  const temporary = join(folder, `.${basename(file)}.${process.pid.toString()}-${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(folder);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw writeError(error, file);
  }
}

/** Null when it is not there. */
export async function readOwnFile(file: string): Promise<string | null> {
  if (isMissing(file)) return null;
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const facts = await handle.stat();
      if (!facts.isFile() || facts.size > ownMaxBytes)
        throw new BelljarError('config-unreadable', { file, params: { detail: 'not a file of Belljar' } });
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    if (error instanceof BelljarError) throw error;
    throw new BelljarError('config-unreadable', { file, params: { detail: 'no access' }, cause: error });
  }
}

export async function removeOwnFile(file: string): Promise<void> {
  try {
    await unlink(file);
    await syncFolder(dirname(file));
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw writeError(error, file);
  }
}

/** Names of plain files in a folder with an ending; none when it is not there. */
export async function listOwnFiles(folder: string, ending: string): Promise<string[]> {
  if (isMissing(folder)) return [];
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith(ending) && !name.startsWith('.'));
    const files = await Promise.all(
      names.map(async (name) => ((await lstat(join(folder, name))).isFile() ? name : null)),
    );
    return files.filter((name) => name !== null).toSorted();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw new BelljarError('config-unreadable', { file: folder, params: { detail: 'no access' }, cause: error });
  }
}

/** Parses a versioned document strictly. `bad` is the code for what is not of its form. */
export function parseDocument<T extends z.ZodType>(
  schema: T,
  text: string,
  file: string,
  version: number,
  bad: ErrorCode,
): z.infer<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BelljarError(bad, { file, params: { detail: 'not JSON' }, cause: error });
  }
  const found = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
  if (typeof found === 'number' && found > version) throw new BelljarError('newer-format', { file });
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const detail = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new BelljarError(bad, { file, params: { detail: `not of its form at "${detail}"` } });
  }
  return parsed.data;
}
