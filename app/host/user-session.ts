/** The session of the person who runs this program: their folders, the real engine. The engine is loaded when needed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Folders } from '#platform/paths/folders.ts';
import { findFolders } from '#platform/paths/folders.ts';
import type { HostEngine } from './host.ts';
import type { HostLog } from './log.ts';
import type { Session } from './session.ts';
import { openSession } from './session.ts';

/** The built renderer: beside the bundle, or in dist/ when run from the sources. */
export function findRendererFolder(): string {
  const here = import.meta.dirname;
  const places = [join(here, '../renderer'), join(here, '../../dist/renderer')];
  return places.find((place) => existsSync(join(place, 'index.html'))) ?? join(here, '../renderer');
}

async function makeEngine(folders: Folders, log: HostLog): Promise<HostEngine> {
  const { composeEngine } = await import('./compose.ts');
  return composeEngine(folders, log);
}

export function openUserSession(options: {
  serve: boolean;
  waitMs?: number;
  folders?: Folders;
  folder?: string;
}): Promise<Session> {
  return openSession({
    folders: options.folders ?? findFolders(),
    rendererFolder: findRendererFolder(),
    makeEngine,
    serve: options.serve,
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    ...(options.waitMs === undefined ? {} : { waitMs: options.waitMs }),
  });
}
