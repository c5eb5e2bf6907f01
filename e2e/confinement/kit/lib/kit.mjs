/** Prepares the kit: builds programs, and lays them into one folder that every sandbox grants. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { buildAll, buildOnce, supportFolder, techniquesFolder } from './programs.mjs';
import { playBare } from './play.mjs';
import { sandboxes } from './sandboxes.mjs';

const inFolder = (folder, ending) =>
  readdirSync(folder)
    .filter((name) => extname(name) === ending)
    .map((name) => join(folder, name));

/** `cache`: where what was built is kept between runs. */
export async function openKit(cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'escape-kit')) {
  mkdirSync(cache, { recursive: true });
  const sources = [...inFolder(supportFolder, '.c'), ...inFolder(techniquesFolder, '.c')];
  await buildAll(sources, cache, availableParallelism());
  const folder = mkdtempSync('/tmp/ekp-');
  chmodSync(folder, 0o755);
  const places = new Map();
  for (const source of sources) {
    const name = basename(source, '.c');
    copyFileSync(buildOnce(source, cache), join(folder, name));
    chmodSync(join(folder, name), 0o755);
    places.set(name, join(folder, name));
  }
  for (const script of [...inFolder(supportFolder, '.py'), ...inFolder(techniquesFolder, '.py')])
    copyFileSync(script, join(folder, basename(script)));
  const programs = Object.assign(
    (name) => {
      const place = places.get(name);
      if (place === undefined) throw new Error(`There is no program ${name}`);
      return place;
    },
    { folder, scripts: folder },
  );
  const bare = sandboxes.find((one) => one.name === 'bare');
  const known = new Map();
  return {
    programs,
    bareOf(one) {
      let result = known.get(one.id);
      if (result === undefined) {
        result = playBare(one, bare, programs);
        known.set(one.id, result);
      }
      return result;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
