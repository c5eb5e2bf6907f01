/** Where things are in the checkout. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Scratch space of the scripts: logs, stamps, reports. Ignored by git, safe to remove at any time. */
export const cache = join(root, '.cache');
export const logs = join(cache, 'logs');
export const stamps = join(cache, 'stamps');
export const reports = join(cache, 'reports');

/** An installed package's own program, started with this Node: no shell, no PATH, the same on every system. */
export function packageProgram(path) {
  return join(root, 'node_modules', path);
}
