/** Completing a path over the real file system: names below the home and the server's own folders, and nothing else. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completionsMax, pathCompletionSchema } from '#contract/path-completion.ts';
import type { EffectivePolicy } from '#contract/policy.ts';
import { createPathService, type PathService } from '#engine/paths/path-service.ts';
import { createFolderNames } from '#platform/paths/folder-names.ts';
import { findFolders } from '#platform/paths/folders.ts';
import { makePlaces } from '#platform/paths/places.ts';

let root: string;
let home: string;
let paths: PathService;
let granted: string[];
let own: string[];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-paths-')));
  home = join(root, 'home');
  granted = [join(root, 'work')];
  const places = makePlaces(findFolders({ HOME: home }), { HOME: home });
  own = [places.configFolder, places.dataFolder, places.stateFolder];
  for (const folder of ['home/Documents/Notes', 'home/.ssh', 'work/atlas', 'other/hidden', 'project'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const folder of own) mkdirSync(join(folder, 'inner'), { recursive: true });
  writeFileSync(join(home, 'Downloads.txt'), 'x');
  const policy = (): EffectivePolicy => ({
    v: 1,
    server: 'a',
    level: 'standard',
    network: 'none',
    rules: [
      { id: 'read:/usr', verb: 'read', what: join(root, 'other'), source: 'level' },
      { id: 'host:x', verb: 'host', what: 'example.com:443', source: 'person' },
      ...granted.map((what) => ({ id: `write:${what}`, verb: 'write' as const, what, source: 'person' as const })),
    ],
    withheld: [],
    limits: {},
  });
  paths = createPathService({
    places,
    names: createFolderNames(),
    find: async () => ({ project: join(root, 'project'), policy: policy() }),
  });
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function complete(text: string) {
  return pathCompletionSchema.parse(await paths.complete({ server: 'a', text }));
}
const names = async (text: string): Promise<string[]> => (await complete(text)).entries.map(({ path }) => path);

describe('completing a path', () => {
  it('begins at the home and at the places of the server outside of it', async () => {
    expect(await names('')).toEqual([`${home}/`, `${root}/project/`, `${root}/work/`]);
    expect(await names('~')).toEqual([`${home}/`, `${root}/project/`, `${root}/work/`]);
  });

  it('goes on below the home, in any case, folders first and marked', async () => {
    expect(await names(`${home}/do`)).toEqual([`${home}/Documents/`, `${home}/Downloads.txt`]);
    expect(await names('~/Documents/')).toEqual([`${home}/Documents/Notes/`]);
    expect(await names(`${root}/work/`)).toEqual([`${root}/work/atlas/`]);
    expect(await names(`${root}/project/`)).toEqual([]);
  });

  it('shows names with a dot only where one is typed', async () => {
    expect(await names('~/')).not.toContain(`${home}/.ssh/`);
    expect(await names('~/.s')).toEqual([`${home}/.ssh/`]);
  });

  it.each([
    ['beside them', () => `${root}/other/`],
    ['above the home', () => `${root}/`],
    ['the whole disk', () => '/'],
    ['of the system', () => '/etc/'],
    ['climbing', () => `${home}/../other/`],
    ['no path', () => 'Documents'],
    ['relative', () => './Documents/'],
    ['with a zero byte', () => `${home}/\0/`],
  ])('tells nothing %s', async (_what, text) => {
    expect(await complete(text())).toEqual({ entries: [], more: false, outside: true });
  });

  it('follows a link only to where it may list', async () => {
    symlinkSync(join(root, 'other'), join(home, 'out'));
    symlinkSync(join(home, 'Documents'), join(home, 'in'));
    expect((await complete('~/out/')).entries).toEqual([]);
    expect(await names('~/in/')).toEqual([`${home}/in/Notes/`]);
    // The link itself has a name, which is no secret, and is told apart by where it leads.
    expect(await names('~/in')).toEqual([`${home}/in/`]);
  });

  it('never lists Belljar’s own folders, and no rule for the whole disk opens it', async () => {
    for (const folder of own) expect((await complete(`${folder}/`)).entries).toEqual([]);
    granted = ['/'];
    expect((await complete('/etc/')).entries).toEqual([]);
  });

  it('keeps to its bounds and says that there is more', async () => {
    for (let index = 0; index < completionsMax + 5; index += 1)
      writeFileSync(join(root, `work/many-${String(index)}`), '');
    const { entries, more } = await complete(`${root}/work/many`);
    expect(entries).toHaveLength(completionsMax);
    expect(more).toBe(true);
  });

  it('hostile names stay text; what is not valid text is left out', async () => {
    const hostile = '\u202Egnp.exe <b>x\n';
    writeFileSync(join(root, 'work', hostile), '');
    writeFileSync(Buffer.concat([Buffer.from(`${root}/work/`), Buffer.from([0x61, 0xff])]), '');
    expect(await names(`${root}/work/`)).toEqual([`${root}/work/atlas/`, `${root}/work/${hostile}`]);
  });

  it('a folder that is not there, or a file, has no names', async () => {
    expect(await complete('~/nowhere/')).toEqual({ entries: [], more: false, outside: false });
    expect(await complete(`${home}/Downloads.txt/`)).toEqual({ entries: [], more: false, outside: false });
  });
});
