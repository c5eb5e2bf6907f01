/** Plans, the only thing the launcher reads: `<data>/plans/<server id>.plan`, mode 0600, replaced atomically. */
import { join } from 'node:path';
import type { PlanStore } from '#engine/ports.ts';
import { readOwnFile, removeOwnFile, writeOwnFile } from './own-files.ts';

export function createPlanStore(dataFolder: string): PlanStore {
  const file = (server: string): string => join(dataFolder, 'plans', `${server}.plan`);
  return {
    file,
    read: (server) => readOwnFile(file(server)),
    write: (server, text) => writeOwnFile(file(server), text),
    remove: (server) => removeOwnFile(file(server)),
  };
}
