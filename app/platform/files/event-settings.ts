/** What a person set about events: `<config>/events.json`. */
import { join } from 'node:path';
import { z } from 'zod';
import { muteSchema, mutesMax } from '#contract/event-search.ts';
import { keepDaysDefault, keepMegabytesDefault, retentionSchema } from '#contract/storage.ts';
import type { EventSettingsStore } from '#engine/events/ports.ts';
import { parseDocument, readOwnFile, writeOwnFile } from './own-files.ts';

const version = 1;
const documentSchema = z.strictObject({
  v: z.literal(version),
  mutes: z.array(muteSchema).max(mutesMax),
  retention: retentionSchema,
});

export function createEventSettings(configFolder: string): EventSettingsStore {
  const file = join(configFolder, 'events.json');
  return {
    async get() {
      const text = await readOwnFile(file);
      if (text === null) {
        return { mutes: [], retention: { keepDays: keepDaysDefault, keepMegabytes: keepMegabytesDefault } };
      }
      const { mutes, retention } = parseDocument(documentSchema, text, file, version, 'settings-invalid');
      return { mutes, retention };
    },
    async put(settings) {
      await writeOwnFile(file, `${JSON.stringify(documentSchema.parse({ v: version, ...settings }), null, 2)}\n`);
    },
  };
}
