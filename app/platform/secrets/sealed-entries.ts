/**
 * What the journal keeps of an entry's own text, which may hold any secret, known as one or not: it lies in the store of
 * secrets (`<data>/secrets/<server id>/entry-<random>.sealed`), and the journal holds its name. A new text is a new file, so
 * that a journal's record is whole whichever of the two was written last; the old one goes after the record.
 */
import { randomBytes } from 'node:crypto';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listOwnFiles, readOwnFile, removeOwnFile, writeOwnFile } from '../files/own-files.ts';
import { removeUnfinished, secretsFolder } from './secret-store.ts';

export const sealedNamePattern = /^entry-[0-9a-f]{16}$/;
const ending = '.sealed';

export interface SealedEntries {
  get(server: string, name: string): Promise<string | null>;
  /** Answers the name by which it is found; `now` is the one in use, which stays where its text is the same. */
  put(server: string, text: string, now: string | null): Promise<string>;
  /** Removes all but this one. */
  sweep(server: string, kept: string | null): Promise<void>;
  /** Those that are there. */
  list(server: string): Promise<string[]>;
}

export function createSealedEntries(dataFolder: string): SealedEntries {
  const place = (server: string, name: string): string => join(secretsFolder(dataFolder, server), `${name}${ending}`);
  const list = async (server: string): Promise<string[]> =>
    (await listOwnFiles(secretsFolder(dataFolder, server), ending)).map((file) => file.slice(0, -ending.length));
  return {
    list,
    get: (server, name) => readOwnFile(place(server, name)),
    async put(server, text, now) {
      if (now !== null && (await readOwnFile(place(server, now))) === text) return now;
      const name = `entry-${randomBytes(8).toString('hex')}`;
      await writeOwnFile(place(server, name), text);
      return name;
    },
    async sweep(server, kept) {
      for (const name of await list(server)) if (name !== kept) await removeOwnFile(place(server, name));
      await removeUnfinished(dataFolder, server);
      // Goes with its last file; stays while it holds one.
      if (kept === null) await rmdir(secretsFolder(dataFolder, server)).catch(() => undefined);
    },
  };
}
