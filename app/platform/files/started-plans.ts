/** Plans that live runs were started with: `<state>/started/<server id>/<run>.plan`, mode 0600. */
import { join } from 'node:path';
import type { StartedPlanStore } from '#engine/ports.ts';
import { listOwnFiles, readOwnFile, removeOwnFile, writeOwnFile } from './own-files.ts';

const ending = '.plan';

export function createStartedPlanStore(stateFolder: string): StartedPlanStore {
  const folder = (server: string): string => join(stateFolder, 'started', server);
  const file = (server: string, run: string): string => join(folder(server), `${run}${ending}`);
  return {
    read: (server, run) => readOwnFile(file(server, run)),
    keep: (server, run, text) => writeOwnFile(file(server, run), text),
    async retain(server, runs) {
      const kept = new Set(runs.map((run) => `${run}${ending}`));
      for (const name of await listOwnFiles(folder(server), ending))
        if (!kept.has(name)) await removeOwnFile(join(folder(server), name));
    },
  };
}
