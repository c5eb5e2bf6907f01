/**
 * Secrets that were moved out of a project's file, when the project is renamed, copied or deleted, and when an entry only says
 * that it is one of them: over the real file system in a throw-away home. Who gets a value, and that none is ever lost.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decoys } from '#contract/secret-decoys.ts';
import type { Server } from '#contract/server.ts';
import { findFolders } from '#platform/paths/folders.ts';
import { removeFolders } from './removal.ts';
import { makeServerWorld, memoryDocuments, type ServerWorld } from './testing/server-world.ts';

const github = decoys.github[0] ?? '';
const other = decoys.github[1] ?? '';
const token = decoys.supabase[0] ?? '';

/** Odd on purpose: no list of arguments, escapes, both kinds of quotes, a secret in an argument. */
const documents = {
  JSON: {
    file: '.mcp.json',
    text: `{ "mcpServers" : {
    "plain": { "command": "x" },
    "notes": { "command": "notes-server",
\t"env": { "LEVEL" : "debug", "GITHUB_TOKEN":"${github.replace('g', '\\u0067')}" }  }
} }`,
  },
  TOML: {
    file: '.codex/config.toml',
    text: `# mine
[mcp_servers.notes]
command = 'npx' # literal
args = ['-y', "@supabase/mcp-server-supabase", '--access-token', '${token}']

[mcp_servers.notes.env]
GITHUB_TOKEN = '${github}' # do not lose
LEVEL = "debug"
`,
  },
} as const;
type Format = keyof typeof documents;

let root: string;
let home: string;
let world: ServerWorld;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'belljar-moved-'));
  home = join(root, 'home');
  world = makeServerWorld(home, {}, { processes: memoryDocuments().processes });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const textOf = (file: string): string => readFileSync(file, 'utf8');
const folderOf = (name: string): string => join(root, name);
const list = async (): Promise<Server[]> => (await world.servers.list({})).servers;
const contain = (id: string, more: { check?: boolean; dryRun?: boolean } = {}) =>
  world.servers.contain({ servers: [id], dryRun: false, check: false, project: true, ...more });
const release = (servers: 'all' | string[]) => world.servers.release({ servers, dryRun: false });
const storeOf = (id: string): string => join(world.places.dataFolder, 'secrets', id);
/** Values alone. */
const kept = (id: string): string[] =>
  existsSync(storeOf(id)) ? readdirSync(storeOf(id)).filter((name) => name.endsWith('.variable')) : [];
const planOf = (id: string): string => textOf(join(world.places.dataFolder, 'plans', `${id}.plan`));

/** The server `notes` of the project in this folder. */
async function at(name: string, server = 'notes'): Promise<Server> {
  await world.servers.look({ folder: folderOf(name) });
  const found = (await list()).find((each) => each.file.startsWith(`${folderOf(name)}/`) && each.name === server);
  if (found === undefined) throw new Error(`no server in ${name}`);
  return found;
}

interface Project {
  id: string;
  file: string;
  before: string;
  names: string[];
}

/** A project whose server is contained, its secrets out of its file. */
async function setUp(format: Format, name = 'one'): Promise<Project> {
  const { file, text } = documents[format];
  const path = join(folderOf(name), file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  const { id } = await at(name);
  expect((await contain(id)).results).toMatchObject([{ changed: true, state: 'contained' }]);
  const { names } = await world.secrets.move({ server: id, names: 'all', as: 'variable', dryRun: false });
  expect(names.length).toBeGreaterThan(0);
  for (const value of [github, token]) expect(textOf(path)).not.toContain(value);
  return { id, file, before: text, names: names.toSorted() };
}

const variables = (names: readonly string[]): string[] => names.map((each) => `${each}.variable`);
const rename = (from: string, to: string): void => renameSync(folderOf(from), folderOf(to));
const copy = (from: string, to: string): void => cpSync(folderOf(from), folderOf(to), { recursive: true });
const uninstalled = (): { removed: readonly string[]; left: readonly string[] } => {
  const { configFolder: config, dataFolder: data, stateFolder: state } = world.places;
  return removeFolders({ ...findFolders({ HOME: home }), config, data, state });
};

describe.each(Object.keys(documents) as Format[])('%s', (format) => {
  test('a renamed project is contained again, its secrets go with it, and it is released to the byte', async () => {
    const one = await setUp(format);
    rename('one', 'two');
    const two = await at('two');
    expect([two.state, two.id === one.id]).toEqual(['copied', false]);
    expect(two.secrets.map(({ state }) => state)).not.toContain('missing');
    expect((await contain(two.id, { check: true })).results).toMatchObject([{ changed: true, state: 'contained' }]);
    // Tried with what lay under the old id, contained with what lies under the new one.
    expect(world.checked.at(-1)?.plan).toContain(join(storeOf(one.id), 'GITHUB_TOKEN.variable'));
    expect(world.checked.at(-1)?.env).toMatchObject({ GITHUB_TOKEN: github });
    expect(planOf(two.id)).toContain(join(storeOf(two.id), 'GITHUB_TOKEN.variable'));
    expect(planOf(two.id)).not.toContain(one.id);
    expect([kept(one.id), kept(two.id)]).toEqual([[], variables(one.names)]);
    expect(await at('two')).toMatchObject({ state: 'contained' });
    expect((await release([two.id])).results).toMatchObject([{ changed: true, state: 'off' }]);
    expect(textOf(join(folderOf('two'), one.file))).toBe(one.before);
    expect([kept(one.id), kept(two.id)]).toEqual([[], []]);
  });

  test('a renamed project is released at once, and an uninstall leaves nothing', async () => {
    const one = await setUp(format);
    rename('one', 'two');
    const two = await at('two');
    const { results } = await release('all');
    expect(results.filter(({ error, notice }) => error ?? notice)).toEqual([]);
    expect(results.find(({ id }) => id === two.id)).toMatchObject({ changed: true, state: 'off' });
    expect(textOf(join(folderOf('two'), one.file))).toBe(one.before);
    expect(uninstalled().left).toEqual([]);
    expect(existsSync(world.places.dataFolder)).toBe(false);
  });

  test('a copied project has its own, and the original keeps its', async () => {
    const one = await setUp(format);
    copy('one', 'two');
    const two = await at('two');
    expect((await contain(two.id)).results).toMatchObject([{ changed: true, state: 'contained' }]);
    expect([kept(one.id), kept(two.id)]).toEqual([variables(one.names), variables(one.names)]);
    expect([(await at('one')).state, (await at('two')).state]).toEqual(['contained', 'contained']);
    await release([two.id]);
    expect(textOf(join(folderOf('two'), one.file))).toBe(one.before);
    expect(kept(one.id)).toEqual(variables(one.names));
    await release([one.id]);
    expect(textOf(join(folderOf('one'), one.file))).toBe(one.before);
    expect(kept(one.id)).toEqual([]);
  });

  test('a copy that nobody contained is released before its original, and to the byte', async () => {
    const one = await setUp(format);
    copy('one', 'two');
    await at('two');
    const { results } = await release('all');
    expect(results.filter(({ changed, error, notice }) => !changed || error || notice)).toEqual([]);
    for (const name of ['one', 'two']) expect(textOf(join(folderOf(name), one.file)), name).toBe(one.before);
    expect(uninstalled().left).toEqual([]);
  });

  test('the original is put back first: its copy keeps what it asks for', async () => {
    const one = await setUp(format);
    copy('one', 'two');
    const two = await at('two');
    await release([one.id]);
    expect(textOf(join(folderOf('one'), one.file))).toBe(one.before);
    expect([kept(one.id), kept(two.id)]).toEqual([[], variables(one.names)]);
    expect((await contain(two.id)).results).toMatchObject([{ changed: true, state: 'contained' }]);
    await release([two.id]);
    for (const value of [github, ...(format === 'TOML' ? [token] : [])])
      expect(textOf(join(folderOf('two'), one.file)).replace('\\u0067', 'g')).toContain(value);
    expect(kept(two.id)).toEqual([]);
  });
});

test('secrets alone are put back into the original: its copy keeps them', async () => {
  const one = await setUp('JSON');
  copy('one', 'two');
  const two = await at('two');
  await world.secrets.restore({ server: one.id, names: 'all', dryRun: false });
  expect([kept(one.id), kept(two.id)]).toEqual([[], variables(one.names)]);
});

test('of two copies whose original is gone, the first leaves the second what it asks for', async () => {
  const one = await setUp('JSON');
  copy('one', 'two');
  rename('one', 'three');
  const [two, three] = [await at('two'), await at('three')];
  await contain(two.id);
  expect([kept(one.id), kept(two.id)]).toEqual([variables(one.names), variables(one.names)]);
  await contain(three.id);
  expect([kept(one.id), kept(three.id)]).toEqual([[], variables(one.names)]);
});

test('a file that cannot be read may hold the original: nothing is taken from it', async () => {
  const one = await setUp('JSON');
  copy('one', 'two');
  const two = await at('two');
  writeFileSync(join(folderOf('one'), one.file), '{ broken');
  await contain(two.id);
  expect([kept(one.id), kept(two.id)]).toEqual([variables(one.names), variables(one.names)]);
});

test('an entry that was copied in its own file under another name', async () => {
  const one = await setUp('JSON');
  const file = join(folderOf('one'), one.file);
  const document = JSON.parse(textOf(file)) as { mcpServers: Record<string, unknown> };
  document.mcpServers['again'] = document.mcpServers['notes'];
  writeFileSync(file, JSON.stringify(document));
  const again = await at('one', 'again');
  expect((await contain(again.id)).results).toMatchObject([{ changed: true, state: 'contained' }]);
  expect([kept(one.id), kept(again.id)]).toEqual([variables(one.names), variables(one.names)]);
  await release('all');
  const { mcpServers } = JSON.parse(textOf(file)) as typeof document;
  expect(mcpServers['again']).toEqual(mcpServers['notes']);
  expect(mcpServers['again']).toMatchObject({ env: { GITHUB_TOKEN: github } });
});

test('what a client writes into an entry, and a value that was moved later, is no other entry', async () => {
  const one = await setUp('JSON');
  const file = join(folderOf('one'), one.file);
  writeFileSync(file, textOf(file).replace('kept-by-belljar:GITHUB_TOKEN', other));
  await world.secrets.move({ server: one.id, names: 'all', as: 'variable', dryRun: false });
  writeFileSync(file, textOf(file).replace('"env"', '"disabled": true, "autoApprove": ["a"], "env"'));
  rename('one', 'two');
  const two = await at('two');
  expect((await contain(two.id)).results).toMatchObject([{ changed: true, state: 'contained' }]);
  await release([two.id]);
  expect(textOf(join(folderOf('two'), one.file))).toContain(other);
});

describe('an entry that names another server’s id, and is not its entry, gets nothing', () => {
  const launcher = (): string => world.places.launcher;
  const asking = (id: string, change: object = {}): object => ({
    command: launcher(),
    args: ['run', id, '--', 'notes-server'],
    env: { LEVEL: 'debug', GITHUB_TOKEN: 'kept-by-belljar:GITHUB_TOKEN' },
    ...change,
  });
  const env = { LEVEL: 'debug', GITHUB_TOKEN: 'kept-by-belljar:GITHUB_TOKEN' };
  const cases: [string, string, string, (id: string) => object][] = [
    ['another program', '.mcp.json', 'notes', (id) => asking(id, { args: ['run', id, '--', 'evil'] })],
    ['another argument', '.mcp.json', 'notes', (id) => asking(id, { args: ['run', id, '--', 'notes-server', 'x'] })],
    ['one more variable', '.mcp.json', 'notes', (id) => asking(id, { env: { ...env, NODE_OPTIONS: '-r ./evil' } })],
    ['a variable less', '.mcp.json', 'notes', (id) => asking(id, { env: { GITHUB_TOKEN: env.GITHUB_TOKEN } })],
    [
      'the secret as another variable',
      '.mcp.json',
      'notes',
      (id) => asking(id, { env: { ...env, LEVEL: env.GITHUB_TOKEN } }),
    ],
    ['another folder to run in', '.mcp.json', 'notes', (id) => asking(id, { cwd: '/evil' })],
    ['another name', '.mcp.json', 'mine', (id) => asking(id)],
    ['another client', '.cursor/mcp.json', 'notes', (id) => asking(id)],
  ];

  test.each(cases)('%s', async (_, file, name, make) => {
    const one = await setUp('JSON');
    const path = join(folderOf('evil'), file);
    mkdirSync(dirname(path), { recursive: true });
    const text = JSON.stringify({ mcpServers: { [name]: make(one.id) } }, null, 2);
    writeFileSync(path, text);
    const evil = await at('evil', name);
    expect(evil.state).toBe('copied');
    expect(evil.secrets).toContainEqual(expect.objectContaining({ name: 'GITHUB_TOKEN', state: 'missing' }));
    for (const check of [true, false]) {
      const { results } = await contain(evil.id, { check });
      expect(results).toMatchObject([{ changed: false, error: { code: 'secret-foreign' } }]);
      expect(JSON.stringify(results)).not.toContain(github);
    }
    expect(world.checked).toEqual([]);
    expect(textOf(path)).toBe(text);
    await expect(world.secrets.restore({ server: evil.id, names: 'all', dryRun: false })).rejects.toMatchObject({
      code: 'secret-foreign',
    });
    await expect(world.servers.level({ server: evil.id, level: 'off' })).rejects.toMatchObject({
      code: 'secret-foreign',
    });
    const { results } = await release('all');
    expect(results.find(({ id }) => id === evil.id)).toMatchObject({
      changed: true,
      state: 'off',
      notice: { code: 'secret-foreign', remedy: expect.stringContaining('kept-by-belljar:GITHUB_TOKEN') as string },
    });
    // All were put back, so an uninstall comes to its end; the reference stays, which says nothing.
    expect(results.filter(({ error }) => error)).toEqual([]);
    expect(textOf(join(folderOf('one'), one.file))).toBe(one.before);
    const now = textOf(path);
    expect([now.includes(github), now.includes('kept-by-belljar:GITHUB_TOKEN'), now.includes(launcher())]).toEqual([
      false,
      true,
      false,
    ]);
    expect(kept(evil.id)).toEqual([]);
    expect(uninstalled().left).toEqual([]);
  });

  test('also when the original is gone, or its record: the value stays, and an uninstall names where', async () => {
    const one = await setUp('JSON');
    rename('one', 'two');
    const file = join(folderOf('two'), one.file);
    const text = textOf(file);
    writeFileSync(file, text.replace('"notes-server"', '"evil"'));
    const two = await at('two');
    expect((await contain(two.id)).results).toMatchObject([{ error: { code: 'secret-foreign' } }]);
    writeFileSync(file, text);
    rmSync(join(world.places.dataFolder, 'journal'), { recursive: true });
    expect((await contain(two.id)).results).toMatchObject([{ error: { code: 'secret-foreign' } }]);
    expect((await release('all')).results).toMatchObject([{ changed: true, notice: { code: 'secret-foreign' } }]);
    expect(textOf(file)).not.toContain(github);
    expect(kept(one.id)).toEqual(variables(one.names));
    const { left } = uninstalled();
    expect(left).toContain(storeOf(one.id));
    expect(textOf(join(storeOf(one.id), 'GITHUB_TOKEN.variable'))).toBe(github);
  });

  test('no release of the other gives it anything either', async () => {
    const one = await setUp('JSON');
    const path = join(folderOf('evil'), '.mcp.json');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      JSON.stringify({ mcpServers: { notes: asking(one.id, { args: ['run', one.id, '--', 'x'] }) } }),
    );
    const evil = await at('evil');
    await release([one.id]);
    expect([kept(one.id), kept(evil.id)]).toEqual([[], []]);
  });
});

test('another value under the new id is not overwritten; a release takes the one that the entry brings along', async () => {
  const one = await setUp('JSON');
  copy('one', 'two');
  const two = await at('two');
  await world.store.put(two.id, { name: 'GITHUB_TOKEN', as: 'variable', value: other, source: null });
  const { results } = await contain(two.id);
  expect(results).toMatchObject([{ changed: false, error: { code: 'secret-twice' } }]);
  expect(JSON.stringify(results)).not.toContain(other);
  await release([two.id]);
  expect(textOf(join(folderOf('two'), one.file))).toBe(one.before);
  expect([kept(one.id), kept(two.id)]).toEqual([variables(one.names), variables(one.names)]);
});

test('a trial run gives nothing, and neither does a file that cannot be written', async () => {
  const one = await setUp('JSON');
  rename('one', 'two');
  const two = await at('two');
  expect((await contain(two.id, { dryRun: true })).results).toMatchObject([{ changed: true, state: 'copied' }]);
  expect([kept(one.id), kept(two.id)]).toEqual([variables(one.names), []]);
  world.onStep = (step) => {
    if (step === 'temporary-synced') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
  expect((await contain(two.id)).results).toMatchObject([{ changed: false, error: {} }]);
  expect([kept(one.id), kept(two.id)]).toEqual([variables(one.names), []]);
  world.onStep = () => undefined;
  expect((await contain(two.id)).results).toMatchObject([{ changed: true, state: 'contained' }]);
});

test('the doctor says of a moved project that it is a copy, and misses no secret of it', async () => {
  const one = await setUp('JSON');
  rename('one', 'two');
  const two = await at('two');
  const codes = async (): Promise<string[]> => (await world.examine()).map(({ code }) => code);
  expect(await codes()).toEqual(['documents', 'copied', 'journal-orphaned', 'secrets']);
  await contain(two.id);
  expect(await codes()).toEqual(['documents', 'journal-orphaned', 'secrets']);
  expect([kept(one.id), kept(two.id)]).toEqual([[], variables(one.names)]);
});

test('the doctor names an entry that asks for another server’s secret', async () => {
  await setUp('JSON');
  copy('one', 'two');
  const file = join(folderOf('two'), '.mcp.json');
  writeFileSync(file, textOf(file).replace('"notes-server"', '"evil"'));
  await at('two');
  expect((await world.examine()).map(({ code, severity }) => [code, severity])).toContainEqual([
    'secret-foreign',
    'warning',
  ]);
});
