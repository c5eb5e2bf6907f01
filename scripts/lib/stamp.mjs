/**
 * "Is this output made from these sources?", answered by content and not by time: a checkout, a branch switch or a copy
 * changes times without changing anything, and the other way round.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, stamps } from './paths.mjs';

const neverSource = new Set(['node_modules', 'build', 'dist', '.git', '.cache', 'test-results', 'playwright-report']);

function* filesBelow(path) {
  if (!existsSync(path)) return;
  if (statSync(path).isFile()) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (neverSource.has(entry.name)) continue;
    if (entry.isDirectory()) yield* filesBelow(join(path, entry.name));
    else if (entry.isFile()) yield join(path, entry.name);
  }
}

/** A hash over names and contents of all files below `sources` (relative to the checkout), and `extra`. */
export function contentHash(sources, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const source of sources) {
    for (const file of filesBelow(join(root, source))) {
      hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

export function isFresh(name, hash, outputs) {
  const file = join(stamps, name);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== hash) return false;
  return outputs.every((output) => existsSync(join(root, output)));
}

/** Called before the work starts, so that a half-made output never looks fresh. */
export function clearStamp(name) {
  rmSync(join(stamps, name), { force: true });
}

export function writeStamp(name, hash) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), hash);
}
