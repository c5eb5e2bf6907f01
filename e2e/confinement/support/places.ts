/**
 * Where things are: the project, its launcher, and a folder for what tests build once and keep. Nothing here is removed by
 * a test; the cache may be deleted at any time.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The bundled measurements run from elsewhere and are told; everything else stands two folders below the project. */
export const projectRoot = process.env['BELLJAR_ROOT'] ?? resolve(import.meta.dirname, '../../..');

export const launcherPath =
  process.env['BELLJAR_TEST_LAUNCHER'] ?? join(projectRoot, 'native-helpers/build/belljar-launcher');

export const techniquesFolder = join(projectRoot, 'e2e/confinement/techniques');

/** `<project>/.cache/<name>`, or below the user's cache folder where the project belongs to somebody else. */
export function cacheFolder(name: string): string {
  const candidates = [
    join(projectRoot, '.cache', name),
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'belljar-tests', name),
  ];
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      continue;
    }
  }
  throw new Error(`No folder can be written for what the tests build: ${candidates.join(', ')}`);
}

/** A launcher that was not built is a failure, never a reason to skip: the tests would prove nothing without it. */
export function requireLauncher(): string {
  try {
    accessSync(launcherPath, constants.X_OK);
  } catch {
    throw new Error(`The launcher is not built: ${launcherPath}. Build it: make -C native-helpers`);
  }
  return launcherPath;
}
