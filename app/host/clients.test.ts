/**
 * Every client, with the engine over the real file system. A home and a project with files as clients and people write them
 * (comments, odd indents, letters of all kinds) is listed, contained and released; what changes is in golden files that can
 * be read. And for each place of each client on each system: a server there is found, contained, and comes back to the byte.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serverListSchema } from '#contract/server.ts';
import { catalogue } from '#platform/clients/clients.ts';
import type { Client, FileSource } from '#platform/clients/client.ts';
import { expand, type System, type Template } from '#platform/clients/places.ts';
import { json, jsonWithComments } from '#platform/clients/formats/json.ts';
import { toml } from '#platform/clients/formats/toml.ts';
import { makeServerWorld, memoryDocuments, testPlaces, type ServerWorld } from './testing/server-world.ts';

const fixtures = join(import.meta.dirname, '../platform/clients/fixtures');
let root: string;
let home: string;
let project: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'belljar-clients-'));
  home = join(root, 'home');
  project = join(root, 'project');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Clients that have no file of the user's: what they read in a project is listed as another one's. */
const withoutFixture = ['jetbrains-air'];

const textOf = (file: string): string => readFileSync(file, 'utf8');
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(home, file).includes('belljar'))
    .toSorted();
}
/** Without what differs from run to run. */
const plain = (text: string): string =>
  text
    .replaceAll(home, '@HOME@')
    .replaceAll(project, '@PROJECT@')
    .replaceAll(/-[0-9a-f]{12}(?=[",\s])/g, '-<hash>');
const contain = (world: ServerWorld, names: 'all' | string[] = 'all') =>
  world.servers.contain({ servers: names, dryRun: false, check: false, project: true });
const release = (world: ServerWorld) => world.servers.release({ servers: 'all', dryRun: false });

// Some sixty servers, each written and synced many times over.
describe('a home as people have it', { timeout: 60_000 }, () => {
  let world: ServerWorld;
  let before: Map<string, string>;

  beforeEach(() => {
    cpSync(fixtures, root, { recursive: true });
    for (const file of filesBelow(root)) {
      const text = textOf(file);
      writeFileSync(file, text.replaceAll('@HOME@', home).replaceAll('@PROJECT@', project));
    }
    before = new Map(filesBelow(root).map((file) => [file, textOf(file)]));
    world = makeServerWorld(home);
  });

  test('every server is listed; what cannot be contained says why and what to do instead', async () => {
    const list = await world.servers.list({});
    expect(serverListSchema.parse(list)).toEqual(list);
    expect(list.machine.problems).toEqual([]);
    const lines = list.servers.map((server) =>
      [
        `${server.clientTitle} | ${server.scope} | ${server.name} | ${[server.command, ...server.args].join(' ')}`,
        ...(server.why === undefined
          ? []
          : [`    ${server.reason ?? ''}: ${server.why.sentence} ${server.why.remedy}`]),
        ...server.notes.map((note) => `    ${note}`),
        ...(server.sameAs.length === 0 ? [] : [`    same as: ${server.sameAs.join(', ')}`]),
        ...(server.headers.length === 0 ? [] : [`    headers: ${server.headers.join(', ')}`]),
        ...(server.autoApprove ? ['    runs its tools without asking'] : []),
      ].join('\n'),
    );
    await expect(plain(`${lines.join('\n')}\n`)).toMatchFileSnapshot('../platform/clients/golden/list.txt');
    for (const server of list.servers) expect(server.state === 'cannot', server.id).toBe(server.why !== undefined);
  });

  test('each client has a file here, of which a server is listed', async () => {
    const listed = new Set((await world.servers.list({})).servers.map(({ client }) => client));
    const without = catalogue
      .filter(({ id, systems: where }) => (where === undefined || where.includes('linux')) && !listed.has(id))
      .map(({ id }) => id);
    expect(without).toEqual(withoutFixture);
  });

  test('contained, each change can be read; released, every byte is what it was', async () => {
    const { results } = await contain(world);
    expect(results.filter((result) => result.error !== undefined)).toEqual([]);
    const shown = results.map(({ diff }) => plain(diff?.unified ?? '')).join('\n');
    await expect(shown).toMatchFileSnapshot('../platform/clients/golden/contained.diff');
    const states = (await world.servers.list({})).servers.map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['contained', 'cannot']));
    expect((await contain(world)).results.every((result) => !result.changed && result.error === undefined)).toBe(true);

    const released = await release(world);
    expect(released.results.filter((result) => result.error !== undefined)).toEqual([]);
    expect(new Map(filesBelow(root).map((file) => [file, textOf(file)]))).toEqual(before);
  });

  test('released from the arguments alone, each entry means what it meant and nothing else changed', async () => {
    const meant = (await world.servers.list({})).servers.map(({ id, command, args }) => [id, command, args]);
    await contain(world);
    const journal = join(world.places.dataFolder, 'journal');
    rmSync(journal, { recursive: true });
    await world.servers.look({ folder: project });
    const { results } = await release(world);
    expect(results.filter((result) => result.error !== undefined)).toEqual([]);
    expect((await world.servers.list({})).servers.map(({ id, command, args }) => [id, command, args])).toEqual(meant);
    const different = [...before].filter(([file, text]) => textOf(file) !== text).map(([file]) => plain(file));
    // Where containing had to add a list of arguments, an empty one stays; everything else comes back to the byte.
    expect(different).toEqual([
      '@HOME@/.codex/config.toml',
      '@HOME@/.config/Code/User/mcp.json',
      '@HOME@/.config/goose/config.yaml',
      '@HOME@/.vibe/config.toml',
      '@PROJECT@/.codex/config.toml',
    ]);
  });

  test('what a client rewrote in between is kept: the entry alone is put back', async () => {
    const { servers } = await world.servers.list({});
    const ofBoth = servers.filter(({ client, why }) => ['codex', 'zed'].includes(client) && why === undefined);
    await contain(
      world,
      ofBoth.map(({ id }) => id),
    );
    const file = join(home, '.codex/config.toml');
    writeFileSync(file, textOf(file).replace('model = "gpt-5-codex"', '# changed\nmodel = "other"'));
    const zed = join(home, '.config/zed/settings.json');
    writeFileSync(zed, textOf(zed).replace('"vim_mode": false', '"vim_mode": true /* now */'));
    await release(world);
    expect(textOf(file)).toBe((before.get(file) ?? '').replace('model = "gpt-5-codex"', '# changed\nmodel = "other"'));
    expect(textOf(zed)).toBe((before.get(zed) ?? '').replace('"vim_mode": false', '"vim_mode": true /* now */'));
  });
});

/** A file of a client with one server, in the form of its source. */
function sample(source: FileSource, name: string): string | null {
  const entry = { command: 'some-server', args: ['--flag', 'ä b'], env: { A: '1' } };
  if (source.format === toml) {
    const isList = typeof source.maps !== 'function' && source.maps[0]?.kind === 'list';
    const head = isList ? `[[mcp_servers]]\nname = "${name}"` : `[mcp_servers.${name}]`;
    return `# c\n${head}\ncommand = "some-server" # d\nargs = [ "--flag", 'ä b' ]\n`;
  }
  const maps = typeof source.maps === 'function' ? null : source.maps;
  if (source.format !== json && source.format !== jsonWithComments) {
    const map = maps?.[0];
    if (map === undefined) return null;
    const { command, env } = map.fields;
    const item = `${command}: some-server # c\n${' '.repeat(4)}args:\n      - --flag\n      - "ä b"\n    ${env}: {A: '1'}\n`;
    return map.kind === 'list'
      ? `${map.path.join('.')}:\n  - name: ${name}\n    ${item}`
      : `${map.path.join('.')}:\n  ${name}:\n    ${item}`;
  }
  const nest = (path: readonly (string | number)[], value: unknown): unknown =>
    path.reduceRight((inner, step) => ({ [step]: inner }), value);
  const candidates: unknown[] =
    maps === null
      ? [
          { mcpServers: { [name]: entry } },
          { context_servers: { [name]: entry } },
          { 'mcp.servers': { [name]: entry } },
          { name, server: { type: 'node', mcp_config: entry } },
        ]
      : maps.map((map) =>
          nest(map.path, {
            [name]:
              map.fields.args === null
                ? { type: 'local', command: ['some-server', '--flag', 'ä b'], environment: { A: '1' } }
                : entry,
          }),
        );
  for (const candidate of candidates) {
    const text = `${JSON.stringify(candidate, null, 3)}\n`;
    const document = source.format.parse(text, '');
    const found = typeof source.maps === 'function' ? source.maps(document, '') : source.maps;
    if (found.length > 0) return text;
  }
  return null;
}

const systems: readonly System[] = ['linux', 'macos', 'windows'];

/** Every place that data names on a system, with `*` filled in. */
function placesOf(
  client: Client,
  system: System,
  environment: Record<string, string>,
): { file: string; source: FileSource }[] {
  const places = testPlaces(home, { system, environment });
  return client.sources.flatMap((source) => {
    const templates: readonly Template[] =
      typeof source.at === 'object' && Symbol.iterator in source.at ? source.at : [source.at];
    // Of alternatives, the last counts where none is there.
    const template = templates.at(-1) ?? '';
    const path =
      source.scope === 'project'
        ? typeof template === 'string'
          ? join(project, template)
          : null
        : expand(template, { system, home, places });
    return path === null ? [] : [{ file: path.replaceAll('*', 'x1'), source }];
  });
}

test.each(systems)('on %s: each client, in each of its places', async (system) => {
  const all = catalogue.filter(({ systems: where }) => where === undefined || where.includes(system));
  const environment = Object.fromEntries(
    [...JSON.stringify(all.map(({ sources }) => sources)).matchAll(/\{([A-Z][A-Z0-9_]*)\|\}/g)].map(([, name = '']) => [
      name,
      join(root, 'moved', name),
    ]),
  );
  const expected = new Map<string, string>();
  for (const client of all) {
    for (const [index, { file, source }] of placesOf(client, system, environment).entries()) {
      const text = sample(source, `${client.id}-${index.toString()}`);
      expect(text, `${client.id}: ${file}`).not.toBeNull();
      if (text === null || expected.has(file)) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      expected.set(file, text);
    }
  }
  const world = makeServerWorld(home, { system, environment }, memoryDocuments());
  await world.servers.look({ folder: project });
  const { servers, machine } = await world.servers.list({});
  expect(machine.problems).toEqual([]);
  const listed = new Set(servers.map(({ file }) => file));
  expect([...expected.keys()].filter((file) => !listed.has(file))).toEqual([]);
  const named = new Set(servers.flatMap(({ clientTitle, sharedWith }) => [clientTitle, ...sharedWith]));
  expect(all.map(({ title }) => title).filter((title) => !named.has(title))).toEqual([]);
  expect(new Set(servers.map(({ id }) => id)).size).toBe(servers.length);

  await contain(world);
  const after = (await world.servers.list({})).servers;
  for (const server of after) {
    if (server.state === 'cannot') {
      expect(server.why?.remedy, server.id).toBeTruthy();
      expect(textOf(server.file)).toBe(expected.get(server.file));
    } else {
      const start = [server.state, server.command, server.args];
      expect(start, server.id).toEqual(['contained', 'some-server', ['--flag', 'ä b']]);
      expect(textOf(server.file)).toContain('belljar-launcher');
    }
  }
  await release(world);
  for (const [file, text] of expected) expect(textOf(file), file).toBe(text);
});

/** Where a client looks elsewhere once its own variable says so: `[client, variable, source, template]`, those of Linux. */
const moved = catalogue
  .filter(({ systems: where }) => where === undefined || where.includes('linux'))
  .flatMap((client) =>
    client.sources.flatMap((source) =>
      (Array.isArray(source.at) ? (source.at as readonly Template[]) : [source.at as Template]).flatMap((template) => {
        const path = typeof template === 'string' ? template : template.linux;
        const name = /^\{([A-Z][A-Z0-9_]*)\|[^}]+\}/.exec(path ?? '')?.[1];
        return path === undefined || name === undefined ? [] : [{ client: client.id, name, source, path }];
      }),
    ),
  );

describe('a variable of a client’s own', () => {
  const variables = [...new Set(moved.map(({ name }) => name))];

  test.each(variables)('%s: its files are found where it leads, and nowhere else', async (name) => {
    const folder = join(root, 'moved', name);
    const here = testPlaces(home, { environment: { [name]: folder } });
    const usual = testPlaces(home);
    const expected = new Map<string, string>();
    const elsewhere: string[] = [];
    for (const [index, { client, source, path }] of moved.filter((one) => one.name === name).entries()) {
      const text = sample(source, `${client}-${index.toString()}`);
      const at = (places: typeof here): string =>
        (expand(path, { system: 'linux', home, places }) ?? '').replaceAll('*', 'x1');
      expect(at(here).startsWith(`${folder}/`), path).toBe(true);
      expect(at(usual).startsWith(`${home}/`), path).toBe(true);
      for (const file of [at(here), at(usual)]) {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text ?? '');
      }
      if (text === null) continue;
      expected.set(at(here), text);
      elsewhere.push(at(usual));
    }
    expect(expected.size).toBeGreaterThan(0);
    const world = makeServerWorld(home, { environment: { [name]: folder } }, memoryDocuments());
    const files = new Set((await world.servers.list({})).servers.map(({ file }) => file));
    // Of alternatives the first that is there counts.
    expect([...expected.keys()].some((file) => files.has(file))).toBe(true);
    expect(elsewhere.filter((file) => files.has(file))).toEqual([]);
    await contain(world);
    for (const { file, state } of (await world.servers.list({})).servers)
      expect(textOf(file).includes('belljar-launcher'), file).toBe(state === 'contained');
    await release(world);
    for (const [file, text] of expected) expect(textOf(file), file).toBe(text);
  });

  test.each(['', 'relative/folder', './x', '~/x', '$HOME/x'])('that says no place (%j) moves nothing', (value) => {
    const environment = Object.fromEntries(variables.map((name) => [name, value]));
    const ground = (given: Record<string, string>) =>
      ({ system: 'linux', home, places: testPlaces(home, { environment: given }) }) as const;
    for (const { path } of moved) expect(expand(path, ground(environment))).toBe(expand(path, ground({})));
  });

  test('is the user’s own: it moves nothing in another home', () => {
    const folder = join(root, 'moved');
    const environment = Object.fromEntries(variables.map((name) => [name, folder]));
    const places = testPlaces(home, { environment });
    for (const { path } of moved)
      expect(expand(path, { system: 'linux', home: join(root, 'other'), places })?.startsWith(folder), path).toBe(
        false,
      );
  });
});
