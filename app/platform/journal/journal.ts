/**
 * The journal: what stood in a client's file before Belljar edited it. Written and synced before the edit, kept until the
 * server is released: `<data>/journal/<server id>.json`. The entries' own texts, which hold secrets, lie in the store of
 * secrets; the journal names them. Both are 0600 in 0700 folders that no rule can open, and nothing of them is ever shown.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { BelljarError } from '#contract/errors.ts';
import { serverIdPattern, serverIdSchema } from '#contract/words.ts';
import type { Journal, JournalRecord } from '#engine/ports.ts';
import { listOwnFiles, parseDocument, readOwnFile, removeOwnFile, writeOwnFile } from '../files/own-files.ts';
import { createSealedEntries, sealedNamePattern } from '../secrets/sealed-entries.ts';

const journalFormatVersion = 2;

const facts = {
  server: serverIdSchema,
  client: z.string().max(64),
  scope: z.string().max(8192),
  name: z.string(),
  file: z.string().max(8192),
  at: z.string().max(40),
  settled: z.boolean(),
};
const texts = {
  original: z.strictObject({
    text: z.string(),
    command: z.string(),
    args: z.array(z.string()),
    hasArgs: z.boolean(),
  }),
  wrapped: z.strictObject({ text: z.string(), launcher: z.string() }),
};

/** What the journal's own file says: facts, and where the texts lie in the store of secrets. */
const currentSchema = z.strictObject({
  v: z.literal(journalFormatVersion),
  ...facts,
  sealed: z.string().regex(sealedNamePattern),
});
/** Version 1 held the texts itself; such a record is read, and written anew in the form of today. */
const documentSchema = z.union([currentSchema, z.strictObject({ v: z.literal(1), ...facts, ...texts })]);
const sealedSchema = z.strictObject({ v: z.literal(journalFormatVersion), ...texts });

export function createJournal(dataFolder: string): Journal {
  const folder = join(dataFolder, 'journal');
  const fileOf = (server: string): string => join(folder, `${server}.json`);
  const sealed = createSealedEntries(dataFolder);

  async function read(server: string): Promise<z.infer<typeof documentSchema> | null> {
    const file = fileOf(server);
    const text = await readOwnFile(file);
    if (text === null) return null;
    const document = parseDocument(documentSchema, text, file, journalFormatVersion, 'journal-invalid');
    if (document.server !== server)
      throw new BelljarError('journal-invalid', { file, params: { detail: 'it names another server' } });
    return document;
  }

  async function get(server: string): Promise<JournalRecord | null> {
    const document = await read(server);
    if (document === null) return null;
    if (document.v === 1) return document;
    const file = fileOf(server);
    const text = await sealed.get(server, document.sealed);
    if (text === null)
      throw new BelljarError('journal-invalid', { file, params: { detail: 'the entry it names is gone' } });
    const { original, wrapped } = parseDocument(sealedSchema, text, file, journalFormatVersion, 'journal-invalid');
    const { sealed: _name, ...record } = document;
    return { ...record, v: 1, original, wrapped };
  }

  /** A record that cannot be read is replaced as if there were none. */
  async function sealedNow(server: string): Promise<string | null> {
    try {
      const document = await read(server);
      return document === null || document.v === 1 ? null : document.sealed;
    } catch (error) {
      if (error instanceof BelljarError && error.code !== 'newer-format') return null;
      throw error;
    }
  }

  return {
    get,
    async put(record) {
      const { original, wrapped, ...rest } = record;
      const { server } = record;
      const secret = JSON.stringify(sealedSchema.parse({ v: journalFormatVersion, original, wrapped }));
      const name = await sealed.put(server, secret, await sealedNow(server));
      const document = currentSchema.parse({ ...rest, v: journalFormatVersion, sealed: name });
      await writeOwnFile(fileOf(server), `${JSON.stringify(document, null, 2)}\n`);
      await sealed.sweep(server, name);
    },
    async remove(server) {
      await removeOwnFile(fileOf(server));
      await sealed.sweep(server, null);
    },
    async list() {
      const names = await listOwnFiles(folder, '.json');
      const records = await Promise.all(
        names
          .map((name) => name.slice(0, -'.json'.length))
          .filter((server) => serverIdPattern.test(server))
          .map(get),
      );
      return records.filter((record) => record !== null);
    },
  };
}
