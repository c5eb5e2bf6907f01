/**
 * The journal: what stood in a client's file before Belljar edited it. Written and synced before the edit, kept until the
 * server is released: `<data>/journal/<server id>.json`. Holds the entries' secrets, so it is 0600 in a 0700 folder that no
 * rule can open, and nothing of it is ever shown.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { BelljarError } from '#contract/errors.ts';
import { serverIdPattern, serverIdSchema } from '#contract/words.ts';
import type { Journal, JournalRecord } from '#engine/ports.ts';
import { listOwnFiles, parseDocument, readOwnFile, removeOwnFile, writeOwnFile } from '../files/own-files.ts';

const journalFormatVersion = 1;

const recordSchema: z.ZodType<JournalRecord> = z.strictObject({
  v: z.literal(journalFormatVersion),
  server: serverIdSchema,
  client: z.string().max(64),
  scope: z.string().max(8192),
  name: z.string(),
  file: z.string().max(8192),
  at: z.string().max(40),
  settled: z.boolean(),
  original: z.strictObject({
    text: z.string(),
    command: z.string(),
    args: z.array(z.string()),
    hasArgs: z.boolean(),
  }),
  wrapped: z.strictObject({ text: z.string(), launcher: z.string() }),
});

export function createJournal(dataFolder: string): Journal {
  const folder = join(dataFolder, 'journal');
  const fileOf = (server: string): string => join(folder, `${server}.json`);

  async function get(server: string): Promise<JournalRecord | null> {
    const file = fileOf(server);
    const text = await readOwnFile(file);
    if (text === null) return null;
    const record = parseDocument(recordSchema, text, file, journalFormatVersion, 'journal-invalid');
    if (record.server !== server)
      throw new BelljarError('journal-invalid', { file, params: { detail: 'it names another server' } });
    return record;
  }

  return {
    get,
    async put(record) {
      await writeOwnFile(fileOf(record.server), `${JSON.stringify(recordSchema.parse(record), null, 2)}\n`);
    },
    remove: (server) => removeOwnFile(fileOf(server)),
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
