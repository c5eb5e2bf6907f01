/** Giving up the sight of files over the real file system: when it may be, what the plan says, and what goes before it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toErrorBody } from '#contract/sentences.ts';
import { makeServerWorld, type ServerWorld } from './testing/server-world.ts';

const id = 'cursor.a';
let home: string;
let world: ServerWorld;

const grant = (verb: 'read' | 'write' | 'deny' | 'host' | 'permission', what: string) =>
  world.policies.grant({ server: id, verb, what });
const sight = (chosen?: 'full' | 'without-files') =>
  world.policies.sight({ server: id, ...(chosen === undefined ? {} : { sight: chosen }) });
const record = (): string | undefined =>
  /^record (.*)$/m.exec(readFileSync(join(world.places.dataFolder, 'plans', `${id}.plan`), 'utf8'))?.[1];
const stored = (): string => {
  const file = join(world.places.configFolder, 'policies', `${id}.json`);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'belljar-sight-'));
  world = makeServerWorld(home);
  const file = join(home, '.cursor', 'mcp.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ mcpServers: { a: { command: '/bin/cat', args: ['/srv/data'] } } }));
  await world.servers.contain({ servers: [id], level: 'strict', dryRun: false, check: false });
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Nothing is kept back in its folders. */
const lift = () => grant('write', '**/*');

describe('accesses to files', () => {
  test('are left unseen once nothing needs a look at each, and seen again', async () => {
    await lift();
    expect(record()).toBe('denials');
    expect(await sight('without-files')).toMatchObject({ changed: true, chosen: 'without-files', hindrances: [] });
    expect(record()).toBe('without-files');
    expect((await world.servers.show({ server: id })).server.filesUnseen).toBe(true);
    expect(await sight()).toMatchObject({ changed: false, chosen: 'without-files' });
    expect(await sight('full')).toMatchObject({ changed: true, chosen: 'full', hindrances: [] });
    expect(record()).toBe('denials');
    expect((await world.servers.show({ server: id })).server.filesUnseen).toBeUndefined();
  });

  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'something is kept back',
      async () => undefined,
      'areas',
      /kept back inside of its folders.*grant .* write '\*\*\/\*'/s,
    ],
    ['it has a network', () => grant('host', 'api.example.com'), 'network', /names are looked up/],
    ['it asks', () => grant('permission', 'ask-access'), 'network ask-access', /asks when it is refused/],
    ['a browser needs files of /proc', () => grant('permission', 'nested-sandbox'), 'nested-sandbox', /browser/],
  ])('are not given up where %s: nothing is changed', async (name, decide, hindrances, words) => {
    if (!name.includes('kept back')) await lift();
    await decide();
    const before = [stored(), record()];
    const failure: unknown = await sight('without-files').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'sight-impossible', params: { hindrances } });
    const body = toErrorBody(failure);
    expect(`${body.message} ${body.remedy ?? ''}`).toMatch(words);
    expect([stored(), record()]).toEqual(before);
  });

  test('are not given up at the level that is there to see them', async () => {
    await world.servers.level({ server: id, level: 'watch' });
    await expect(sight('without-files')).rejects.toMatchObject({ params: { hindrances: 'watch network' } });
    expect(record()).toBe('all');
  });

  test('are seen all the same when a person decides later what needs it, and it says so', async () => {
    await lift();
    await sight('without-files');
    await grant('deny', '/srv/data/private');
    expect(record()).toBe('denials');
    expect((await world.servers.show({ server: id })).policy?.sight).toEqual({
      chosen: 'without-files',
      hindrances: ['areas'],
    });
    expect(await sight()).toMatchObject({ chosen: 'without-files', hindrances: ['areas'] });
    await world.policies.revoke({ server: id, verb: 'deny', what: '/srv/data/private' });
    expect(record()).toBe('without-files');
  });

  test('the decision is told, undone to the byte, and undone again', async () => {
    await lift();
    const before = [stored(), record()];
    await sight('without-files');
    const after = [stored(), record()];
    const [decision] = (await world.history.list({})).entries;
    expect(decision).toMatchObject({
      action: 'sight',
      summary: 'gave up seeing accesses to files',
      changes: [{ of: 'sight', before: null, after: 'without-files' }],
    });
    const { decision: undone } = await world.history.undo({});
    expect([stored(), record()]).toEqual(before);
    await world.history.undo({ id: undone.id });
    expect([stored(), record()]).toEqual(after);
  });

  test('are seen in a trial all the same', async () => {
    await lift();
    await sight('without-files');
    await world.servers.check({ server: id });
    expect(world.checked.at(-1)?.plan).toContain('\nrecord denials\n');
    expect(record()).toBe('without-files');
  });

  test('explain says that no event tells of them, and of nothing else', async () => {
    await lift();
    await sight('without-files');
    expect(await world.policies.explain({ server: id, what: '/srv/other' })).toMatchObject({
      verdict: 'refused',
      unseen: true,
    });
    expect(await world.policies.explain({ server: id, what: 'a.example:443' })).not.toHaveProperty('unseen');
    await sight('full');
    expect(await world.policies.explain({ server: id, what: '/srv/other' })).not.toHaveProperty('unseen');
  });
});
