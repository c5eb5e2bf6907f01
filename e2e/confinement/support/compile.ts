/**
 * Builds the attack programs with the system's C compiler, once for each content. Those that the escape kit plays too lie in
 * it (kit/techniques, kit/support) and are built as it builds them; the others are in techniques/.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as kit from '../kit/lib/programs.mjs';
import { cacheFolder, techniquesFolder } from './places.ts';

/** Folder of all built programs: what a plan must allow to be executed. */
export function programsFolder(): string {
  return cacheFolder('techniques');
}

function sourceOf(name: string): string {
  const places = [kit.techniquesFolder, kit.supportFolder, techniquesFolder].map((folder) => join(folder, `${name}.c`));
  const source = places.find((place) => existsSync(place));
  if (source === undefined) throw new Error(`There is no attack program ${name}: looked for ${places.join(', ')}`);
  return source;
}

/** The same program in one piece, which needs no library to be opened; built anew each time, to where it may be changed. */
export function compileWhole(name: string, program: string): void {
  kit.buildTo(sourceOf(name), program, ['-static']);
}

/** `sources` holds the source; the measurements have programs of their own. */
export function compile(name: string, sources?: string): string {
  return kit.buildOnce(sources === undefined ? sourceOf(name) : join(sources, `${name}.c`), programsFolder());
}
