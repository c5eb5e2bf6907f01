/**
 * The journal: what stood in a client's file before Belljar edited it. Written and synced before the edit, kept until the
 * server is released: `<data>/journal/<server id>.json`. Holds the entries' secrets, so it is 0600 in a 0700 folder that no
 * rule can open, and nothing of it is ever shown.
 *
 * Beside it `history.jsonl`: what was done and when, without secrets, one object a line, cut to the newest when it grows.
 */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BelljarError } from '#contract/errors.ts';
import { historyEntrySchema, type HistoryEntry } from '#contract/methods.ts';
import { serverIdPattern, serverIdSchema } from '#contract/words.ts';
import type { Journal, JournalRecord } from '#engine/ports.ts';
import { writeError } from '../files/file-store.ts';
import {
  listOwnFiles,
  makeOwnFolder,
  parseDocument,
  readOwnFile,
  removeOwnFile,
  writeOwnFile,
} from '../files/own-files.ts';

const journalFormatVersion = 1;
const historyMax = 10_000;
const historyMaxBytes = 4 * 1024 * 1024;

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
  const historyFile = join(folder, 'history.jsonl');

  async function get(server: string): Promise<JournalRecord | null> {
    const file = fileOf(server);
    const text = await readOwnFile(file);
    if (text === null) return null;
    const record = parseDocument(recordSchema, text, file, journalFormatVersion, 'journal-invalid');
    if (record.server !== server)
      throw new BelljarError('journal-invalid', { file, params: { detail: 'it names another server' } });
    return record;
  }

  async function readHistory(): Promise<HistoryEntry[]> {
    const text = await readOwnFile(historyFile);
    if (text === null) return [];
    return text.split('\n').flatMap((line) => {
      if (line === '') return [];
      try {
        // A line that a kill cut short, or a newer Belljar wrote, is skipped: the history proves nothing, it only tells.
        const parsed = historyEntrySchema.safeParse(JSON.parse(line));
        return parsed.success ? [parsed.data] : [];
      } catch {
        return [];
      }
    });
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
    async appendHistory(entry) {
      const whole: HistoryEntry = { id: randomBytes(8).toString('hex'), ...entry };
      await makeOwnFolder(folder);
      try {
        const handle = await open(historyFile, 'a', 0o600);
        let size: number;
        try {
          // Starts with a line end, so that a line which a kill cut short spoils nothing but itself.
          await handle.writeFile(`\n${JSON.stringify(historyEntrySchema.parse(whole))}\n`);
          await handle.sync();
          size = (await handle.stat()).size;
        } finally {
          await handle.close();
        }
        if (size > historyMaxBytes) {
          const kept = (await readHistory()).slice(-historyMax / 2);
          await writeOwnFile(historyFile, kept.map((item) => `${JSON.stringify(item)}\n`).join(''));
        }
      } catch (error) {
        throw writeError(error, historyFile);
      }
      return whole;
    },
    history: async (limit) => (await readHistory()).toReversed().slice(0, limit),
  };
}
