/**
 * Finds an Electron that can show a window here. Its package brings types and a command that fetches the program; that command
 * is never run for anybody. `ELECTRON_PATH` names another one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/** The program's path, or in one sentence why there is none. A package is built without a window and as whoever. */
export function findElectron(environment = process.env, { forPackaging = false } = {}) {
  const folder = join(root, 'node_modules/electron');
  const named = environment.ELECTRON_PATH;
  let path = named;
  if (named === undefined || named === '') {
    const record = join(folder, 'path.txt');
    if (existsSync(record)) path = join(folder, 'dist', readFileSync(record, 'utf8').trim());
  }
  if (path === undefined || path === '' || !existsSync(path)) {
    return { missing: 'Electron is not downloaded here; npx install-electron gets it' };
  }
  if (process.platform === 'linux' && !forPackaging) {
    if (!environment.DISPLAY && !environment.WAYLAND_DISPLAY) return { missing: 'there is no display' };
    if (process.getuid?.() === 0)
      return { missing: 'as root Electron has no sandbox of its own, and without it it is not started' };
  }
  return { path };
}
