/**
 * What git keeps, read from its index file: git itself is never started, because the settings of a repository can make it
 * start programs.
 *
 * Index format 2 to 4 (SHA-1 and SHA-256). What cannot be read, or is of a later format, counts as kept: then a person is
 * asked once too often. A file outside of any repository, or one that is not in the index, is nobody's but the user's.
 *
 * Limits: the index at most 256 MiB; folders above a file at most 64.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { Repositories } from '#engine/ports.ts';

const indexMaxBytes = 256 * 1024 * 1024;
const foldersMax = 64;

/** Where git keeps what belongs to the work tree at `top`; null when that is none. */
async function gitFolder(top: string): Promise<string | null> {
  const path = join(top, '.git');
  try {
    if ((await stat(path)).isDirectory()) return path;
    const link = /^gitdir: (.+)$/m.exec(await readFile(path, 'utf8'))?.[1];
    return link === undefined ? null : isAbsolute(link) ? link : join(top, link);
  } catch {
    return null;
  }
}

/** Length of a variable-width number as index format 4 writes it, and its value. */
function readWidth(bytes: Buffer, start: number): { value: number; next: number } {
  let at = start;
  let byte = bytes[at++] ?? 0;
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes[at++] ?? 0;
    value = ((value + 1) << 7) | (byte & 0x7f);
  }
  return { value, next: at };
}

/** True, false, or null where the index is of a form that is not known here. */
export function isInIndex(bytes: Buffer, path: Buffer, hashLength: number): boolean | null {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'DIRC') return null;
  const version = bytes.readUInt32BE(4);
  if (version < 2 || version > 4) return null;
  const count = bytes.readUInt32BE(8);
  let at = 12;
  let previous: Buffer = Buffer.alloc(0);
  for (let i = 0; i < count; i += 1) {
    const flagsAt = at + 40 + hashLength;
    if (flagsAt + 2 > bytes.length) return null;
    const isExtended = version >= 3 && (bytes.readUInt16BE(flagsAt) & 0x4000) !== 0;
    let nameAt = flagsAt + (isExtended ? 4 : 2);
    let name: Buffer;
    if (version === 4) {
      const { value, next } = readWidth(bytes, nameAt);
      nameAt = next;
      const end = bytes.indexOf(0, nameAt);
      if (end < 0 || value > previous.length) return null;
      name = Buffer.concat([previous.subarray(0, previous.length - value), bytes.subarray(nameAt, end)]);
      at = end + 1;
    } else {
      const end = bytes.indexOf(0, nameAt);
      if (end < 0) return null;
      name = bytes.subarray(nameAt, end);
      at += Math.ceil((end - at + 1) / 8) * 8;
    }
    if (name.equals(path)) return true;
    // A folder that is left out of a sparse work tree stands for all it holds.
    if (name.at(-1) === 0x2f && path.subarray(0, name.length).equals(name)) return null;
    previous = name;
  }
  // A split index keeps most of its entries in another file.
  return bytes.indexOf('link', at, 'latin1') >= 0 && bytes.toString('latin1', at, at + 4) === 'link' ? null : false;
}

export function createRepositories(): Repositories {
  return {
    async keeps(file) {
      let top = dirname(file);
      for (let i = 0; i < foldersMax && top !== dirname(top); i += 1, top = dirname(top)) {
        const folder = await gitFolder(top);
        if (folder === null) continue;
        try {
          const index = join(folder, 'index');
          if ((await stat(index)).size > indexMaxBytes) return true;
          const config = await readFile(join(folder, 'config'), 'utf8').catch(() => '');
          const hashLength = /objectformat\s*=\s*sha256/i.test(config) ? 32 : 20;
          const path = Buffer.from(relative(top, file).split(sep).join('/'));
          return isInIndex(await readFile(index), path, hashLength) ?? true;
        } catch (error) {
          // A repository in which nothing was ever added has no index.
          return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
        }
      }
      return false;
    },
  };
}
