/** `belljar run`: puts the launcher in its place and writes a plan that lasts as long as the command. No host, no lock. */
import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdHocRequest } from '#engine/policies/ad-hoc-plan.ts';
import { planForCommand } from '#engine/policies/ad-hoc-plan.ts';
import { findClients } from '#platform/clients/clients.ts';
import { createLauncher } from '#platform/confinement/linux/launcher.ts';
import { findPackagedLauncher } from '#platform/confinement/linux/packaged-launcher.ts';
import type { Folders } from '#platform/paths/folders.ts';
import { makeFolders } from '#platform/paths/folders.ts';
import { makePlaces, ownLauncher } from '#platform/paths/places.ts';
import { version } from './version.ts';

export interface AdHocRun {
  launcher: string;
  args: string[];
  /** Removes the plan. */
  close(): void;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

export async function prepareRun(folders: Folders, request: AdHocRequest): Promise<AdHocRun> {
  makeFolders(folders);
  const packaged = findPackagedLauncher(folders, version);
  const places = makePlaces(folders, process.env, packaged?.path);
  const spool = join(folders.state, 'spool');
  const located = await findClients(places).locate([], []);
  const { text } = planForCommand(request, {
    places,
    clientFiles: located.files
      .map(({ file }) => file)
      .flatMap(({ file, project }) => (project === null && existsSync(file) ? [file] : [])),
    spool,
    realPath,
    exists: existsSync,
  });
  const launcher = await createLauncher({ path: ownLauncher(folders), packaged }).install();
  const plan = join(folders.runtime, `run-${process.pid}-${randomBytes(6).toString('hex')}.plan`);
  writeFileSync(plan, text, { mode: 0o600, flag: 'wx' });
  return {
    launcher,
    args: ['exec', '--plan', plan, '--', request.launch.command, ...request.launch.args],
    close: () => rmSync(plan, { force: true }),
  };
}
