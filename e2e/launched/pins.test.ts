/**
 * Pins with the whole engine, npm and the real launcher, over a registry on this machine: what is installed, from where, what
 * is refused, what is started afterwards and what no longer is.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { Input } from '#contract/methods.ts';
import { pinRecordSchema, type PinRecord } from '#contract/pin.ts';
import { callTool, talk, type Launch, type Session } from '../real-servers/session.ts';
import { ordinaryPath } from '../confinement/support/start.ts';
import { openRegistry, serverProgram, type Registry } from './support/registry.ts';
import { makeWorld, type World } from './support/world.ts';

// Each installs with npm several times, which a busy machine makes long.
vi.setConfig({ testTimeout: 180_000 });

let world: World;
let registry: Registry;
let file: string;
const server = 'claude-desktop/pinned';
const id = 'claude-desktop.pinned';

function publish(version: string, more: Partial<Parameters<Registry['publish']>[0]> = {}): void {
  registry.publish({
    name: '@pinned-here/served',
    version,
    publisher: 'first-publisher',
    dependencies: { '@pinned-here/part': '*' },
    bin: 'server.js',
    files: { 'server.js': serverProgram(`served ${version}`) },
    ...more,
  });
}

function configure(args: readonly string[] = ['-y', '@pinned-here/served', 'one', 'two words']): void {
  file = world.configure({ pinned: { command: 'npx', args: [...args], env: { SECRET_TOKEN: 'decoy' } } });
}

beforeEach(async () => {
  registry = await openRegistry();
  registry.publish({
    name: '@pinned-here/part',
    version: '1.0.0',
    files: { 'index.js': "module.exports = 'part 1.0.0';" },
  });
  publish('1.0.0');
  world = makeWorld();
  writeFileSync(join(world.home, '.npmrc'), `registry=${registry.address}\n`, { mode: 0o600 });
  configure();
});
afterEach(async () => {
  await world.close();
  await registry.close();
});

const contain = async (): Promise<void> => {
  const { results } = await world.api['servers.contain']({
    servers: [server],
    level: 'standard',
    dryRun: false,
    check: false,
  });
  expect(results[0]?.error).toBeUndefined();
};
const pin = (more: Partial<Input<'pins.pin'>> = {}): ReturnType<World['api']['pins.pin']> =>
  world.api['pins.pin']({ server, update: false, dryRun: false, withScripts: false, hosts: [], ...more });
const shown = async (): Promise<Awaited<ReturnType<World['api']['servers.show']>>['server']> =>
  (await world.api['servers.show']({ server })).server;
const recordFile = (): string => join(world.folders.data, 'pins', id, 'pin.json');
const record = (): PinRecord => pinRecordSchema.parse(JSON.parse(readFileSync(recordFile(), 'utf8')));

/** As the client starts it: no registry answers, and nothing was ever fetched. */
function start(): Promise<Session> {
  const entry = (JSON.parse(readFileSync(file, 'utf8')) as { mcpServers: { pinned: Launch } }).mcpServers.pinned;
  return talk(entry, [{ method: 'tools/list' }, callTool('facts', {})], {
    env: {
      PATH: `${dirname(process.execPath)}:${ordinaryPath}`,
      HOME: world.home,
      npm_config_registry: 'http://127.0.0.1:9/',
    },
    cwd: world.home,
  });
}

function nameOf(session: Session): unknown {
  return (session.answers[0]?.result as { serverInfo?: { name: string } } | undefined)?.serverInfo?.name;
}

const failure = (work: Promise<unknown>): Promise<BelljarError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(BelljarError);
      return error as BelljarError;
    },
  );

describe('a pinned server', () => {
  test('is installed once, contained, and starts without registry and cache; unpinned it is what it was', async () => {
    const original = readFileSync(file, 'utf8');
    expect((await failure(pin())).code).toBe('not-contained');
    await contain();
    const wrapped = readFileSync(file, 'utf8');
    const plan = join(world.folders.data, 'plans', `${id}.plan`);
    const planBefore = readFileSync(plan, 'utf8');
    expect((await shown()).fetches).toEqual({ runner: 'npm', package: '@pinned-here/served', exact: false });

    const answer = await pin();
    expect(answer).toMatchObject({
      id,
      changed: true,
      pin: { package: '@pinned-here/served', version: '1.0.0', problem: null },
    });
    expect(answer.changes.publisher).toBe('first-publisher');
    expect(answer.changes.added.map(({ name }) => name).toSorted()).toEqual([
      '@pinned-here/part',
      '@pinned-here/served',
    ]);
    expect(record().packages.every(({ integrity }) => integrity.startsWith('sha512-'))).toBe(true);
    // The entry stays as it was; the secret of the entry is in neither record nor plan.
    expect(readFileSync(file, 'utf8')).toBe(wrapped);
    expect(readFileSync(plan, 'utf8') + readFileSync(recordFile(), 'utf8')).not.toContain('decoy');
    expect((await shown()).pin).toMatchObject({ version: '1.0.0', problem: null });
    expect((await shown()).fetches).toBeNull();
    // Nothing of the installation is left but the tree, and nothing lies in the home.
    expect(readdirSync(join(world.folders.data, 'pins'))).toEqual([id]);
    expect(existsSync(join(world.home, '.npm'))).toBe(false);
    expect(statSync(record().tree).mode & 0o777).toBe(0o700);

    const before = registry.asked.length;
    const session = await start();
    expect(nameOf(session), session.stderr).toBe('served 1.0.0');
    const facts = (session.answers[2]?.result as { content: { text: string }[] } | undefined)?.content[0]?.text ?? '';
    expect(JSON.parse(facts)).toEqual({
      args: ['one', 'two words'],
      file: join(record().tree, 'node_modules/@pinned-here/served/server.js'),
    });
    expect(registry.asked.length).toBe(before);

    expect(await pin()).toMatchObject({ changed: false, pin: { version: '1.0.0' } });
    expect(await world.api['pins.unpin']({ server })).toMatchObject({ id, changed: true });
    expect(readFileSync(plan, 'utf8')).toBe(planBefore);
    expect(existsSync(join(world.folders.data, 'pins', id))).toBe(false);
    expect((await failure(world.api['pins.unpin']({ server }))).code).toBe('not-pinned');
    await world.api['servers.release']({ servers: [server], dryRun: false });
    expect(readFileSync(file, 'utf8')).toBe(original);
    const { entries } = await world.api['history.list']({});
    expect(entries.map(({ action }) => action)).toEqual(['release', 'unpin', 'pin', 'contain']);
  });

  test('is updated when a person says so, and says before what that would change', async () => {
    await contain();
    await pin();
    const old = record().tree;
    expect((await world.api['pins.outdated']({})).servers).toMatchObject([{ id, outdated: false }]);
    publish('1.1.0', {
      publisher: 'second-publisher',
      dependencies: { '@pinned-here/part': '*', '@pinned-here/fresh': '*' },
    });
    registry.publish({ name: '@pinned-here/fresh', version: '3.0.0', files: { 'index.js': '' } });
    const { servers } = await world.api['pins.outdated']({ server });
    expect(servers).toMatchObject([
      {
        outdated: true,
        changes: {
          from: '1.0.0',
          to: '1.1.0',
          publisherBefore: 'first-publisher',
          publisher: 'second-publisher',
          added: [{ name: '@pinned-here/fresh', version: '3.0.0' }],
          changed: [{ name: '@pinned-here/served', from: '1.0.0', to: '1.1.0' }],
          replaced: [],
        },
      },
    ]);
    expect(nameOf(await start())).toBe('served 1.0.0');
    expect(await pin({ update: true, dryRun: true })).toMatchObject({ pin: { version: '1.0.0' } });
    expect(record().tree).toBe(old);
    expect(await pin({ update: true })).toMatchObject({ changed: true, pin: { version: '1.1.0' } });
    expect(nameOf(await start())).toBe('served 1.1.0');
    expect(existsSync(old)).toBe(false);
    // While the registry does not answer, what is pinned goes on.
    writeFileSync(join(world.home, '.npmrc'), 'registry=http://127.0.0.1:9/\n');
    expect((await failure(pin({ update: true }))).code).toBe('install-failed');
    expect(nameOf(await start())).toBe('served 1.1.0');
  });

  test('starts nothing when its tree was changed, and is installed again from what was written down', async () => {
    await contain();
    await pin();
    publish('1.1.0');
    const changed = join(record().tree, 'node_modules/@pinned-here/part/index.js');
    const { atime, mtime } = statSync(changed);
    writeFileSync(changed, "module.exports = 'part 6.6.6';");
    utimesSync(changed, atime, mtime);
    const refused = await start();
    expect(refused.answers[0]?.error).toMatchObject({ data: { belljar: { code: 'pin-tampered' } } });
    expect(refused.code).toBe(125);
    expect((await shown()).pin?.problem).toBe('pin-tampered');
    const { findings } = await world.api['machine.doctor']({ repair: true });
    expect(findings).toContainEqual(expect.objectContaining({ code: 'pin-tampered', repaired: false }));
    expect((await start()).code).toBe(125);

    expect(await pin()).toMatchObject({ changed: true, pin: { version: '1.0.0', problem: null } });
    expect(nameOf(await start())).toBe('served 1.0.0');

    // Only touched, as a copy of the folder would be: the doctor compares it file by file, and starts it again.
    utimesSync(join(record().tree, 'node_modules/@pinned-here/part/index.js'), new Date(), new Date());
    expect((await start()).code).toBe(125);
    const second = await world.api['machine.doctor']({ repair: true });
    expect(second.findings).toContainEqual(expect.objectContaining({ code: 'pin-touched', repaired: true }));
    expect(nameOf(await start())).toBe('served 1.0.0');
  });

  test('starts nothing when its entry names another package, until it is pinned again', async () => {
    await contain();
    await pin();
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"@pinned-here/served"', '"@pinned-here/served@1.1.0"'));
    publish('1.1.0');
    const refused = await start();
    expect(refused.answers[0]?.error).toMatchObject({ data: { belljar: { code: 'pin-mismatch' } } });
    expect((await shown()).pin?.problem).toBe('pin-mismatch');
    // Arguments of the server itself are not the pin's.
    writeFileSync(file, text.replace('two words', 'three'));
    expect(nameOf(await start())).toBe('served 1.0.0');
    writeFileSync(file, text.replace('"@pinned-here/served"', '"@pinned-here/served@1.1.0"'));
    expect(await pin()).toMatchObject({ changed: true, pin: { version: '1.1.0', problem: null } });
    expect(nameOf(await start())).toBe('served 1.1.0');
  });
});

describe('a decision about a pin', () => {
  const undo = (decision?: string): ReturnType<World['api']['history.undo']> =>
    world.api['history.undo'](decision === undefined ? {} : { id: decision });
  const decisions = async (): Promise<{ id: string; action: string; summary: string; undone: boolean }[]> =>
    (await world.api['history.list']({})).entries;
  const newest = async (): Promise<string> => (await decisions())[0]?.id ?? '';
  const part = (): string | undefined => record().packages.find(({ name }) => name === '@pinned-here/part')?.version;
  const update = (): ReturnType<typeof pin> => pin({ update: true });

  test('is undone: an update, by the same packages as before; an unpin; a release; and each of those again', async () => {
    await contain();
    await pin();
    const first = record();
    // The version that is named stays; only what it depends on is newer.
    registry.publish({
      name: '@pinned-here/part',
      version: '2.0.0',
      files: { 'index.js': "module.exports = 'part 2.0.0';" },
    });
    await update();
    expect([record().version, part()]).toEqual(['1.0.0', '2.0.0']);
    publish('1.1.0');
    await update();
    expect([record().version, part()]).toEqual(['1.1.0', '2.0.0']);
    await undo();
    expect([record().version, part()]).toEqual(['1.0.0', '2.0.0']);
    await undo();
    expect([record().version, part()]).toEqual(['1.0.0', '1.0.0']);
    const { content, packages, lock } = first;
    expect(record()).toMatchObject({ content, packages, lock });
    expect(nameOf(await start())).toBe('served 1.0.0');
    // The undo is a decision, and can be undone.
    const undone = await undo(await newest());
    expect(undone).toMatchObject({ decision: { action: 'undo' }, effective: 'now' });
    expect(part()).toBe('2.0.0');

    await world.api['pins.unpin']({ server });
    expect((await shown()).pin).toBeNull();
    await undo();
    expect((await shown()).pin).toMatchObject({ version: '1.0.0', problem: null });
    expect(part()).toBe('2.0.0');
    expect(nameOf(await start())).toBe('served 1.0.0');
    await undo(await newest());
    expect((await shown()).pin).toBeNull();
    await undo(await newest());

    await world.api['servers.release']({ servers: [server], dryRun: false });
    expect(existsSync(recordFile())).toBe(false);
    await undo();
    expect((await shown()).pin).toMatchObject({ version: '1.0.0', problem: null });
    expect(nameOf(await start())).toBe('served 1.0.0');
  });

  test('is not undone past a newer one, which is named', async () => {
    await contain();
    await pin();
    const older = await newest();
    publish('1.1.0');
    await update();
    const error = await failure(undo(older));
    expect(error).toMatchObject({ code: 'decision-overtaken', params: { id: await newest() } });
    expect(record().version).toBe('1.1.0');
    // Of the same version, with other packages.
    registry.publish({ name: '@pinned-here/part', version: '2.0.0', files: { 'index.js': '' } });
    const before = await newest();
    await update();
    expect((await failure(undo(before))).code).toBe('decision-overtaken');
    // The twin: in turn.
    await undo();
    await undo();
    expect(record().version).toBe('1.0.0');
  });

  test('that cannot be undone changes nothing, and says why', async () => {
    await contain();
    await pin();
    publish('1.1.0');
    await update();
    const unchanged = async (): Promise<void> => {
      expect((await shown()).pin).toMatchObject({ version: '1.1.0', problem: null });
      expect((await decisions())[0]).toMatchObject({
        summary: expect.stringContaining('1.1.0') as string,
        undone: false,
      });
      expect(readdirSync(dirname(recordFile())).length, 'the record and one tree').toBe(2);
      expect(nameOf(await start())).toBe('served 1.1.0');
    };
    // The registry serves something else under the same name.
    registry.replaceArchive('@pinned-here/served', '1.0.0');
    const replaced = await failure(undo());
    expect(replaced.code).toBe('install-failed');
    expect(replaced.params['detail']).toMatch(/integrity|EINTEGRITY|sha512/i);
    await unchanged();
    // The entry starts another package.
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"@pinned-here/served"', '"@pinned-here/other"'));
    expect(await failure(undo())).toMatchObject({
      code: 'cannot-undo',
      params: { reason: 'entry', package: '@pinned-here/served 1.0.0' },
    });
    writeFileSync(file, text);
    await unchanged();
    // What was installed is not known any more.
    rmSync(join(world.folders.data, 'former-pins'), { recursive: true });
    expect(await failure(undo())).toMatchObject({
      code: 'cannot-undo',
      params: { package: '@pinned-here/served 1.0.0' },
    });
    await unchanged();
  });
});

describe('what is not installed', () => {
  const nothingKept = (): void => {
    expect(existsSync(recordFile())).toBe(false);
    const folder = join(world.folders.data, 'pins');
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  };

  test('packages that run programs, unless a person lets them: contained, without network', async () => {
    await contain();
    const proof = join(world.home, 'proof');
    const program = `const { writeFileSync } = require('node:fs');
      const attempt = (name, act) => { try { act(); return name; } catch { return 'no ' + name; } };
      const told = [attempt('home', () => writeFileSync(${JSON.stringify(proof)}, '')),
        attempt('settings', () => require('node:fs').readFileSync(${JSON.stringify(join(world.home, '.npmrc'))})),
        process.env.SECRET_TOKEN ?? 'no token'];
      require('node:net').connect(${registry.port.toString()}, '127.0.0.1').on('connect', () => done('network')).on('error', () => done('no network'));
      function done(last) { writeFileSync('told.json', JSON.stringify([...told, last])); process.exit(0); }`;
    publish('1.2.0', {
      scripts: { postinstall: 'node script.js' },
      files: { 'server.js': serverProgram('served 1.2.0'), 'script.js': program },
    });
    const error = await failure(pin());
    expect(error).toMatchObject({ code: 'pin-needs-scripts', params: { scripts: '@pinned-here/served@1.2.0' } });
    nothingKept();
    expect(await pin({ withScripts: true })).toMatchObject({ changed: true, pin: { version: '1.2.0' } });
    const told = readFileSync(join(record().tree, 'node_modules/@pinned-here/served/told.json'), 'utf8');
    expect(JSON.parse(told)).toEqual(['no home', 'no settings', 'no token', 'no network']);
    expect(existsSync(proof)).toBe(false);
    expect(record().scripts).toEqual(['@pinned-here/served@1.2.0']);
    expect(nameOf(await start())).toBe('served 1.2.0');
  });

  test('bytes that are not what the registry said', async () => {
    await contain();
    registry.replaceArchive('@pinned-here/part', '1.0.0');
    const error = await failure(pin());
    expect(error.code).toBe('install-failed');
    expect(error.params['detail']).toMatch(/integrity|EINTEGRITY|sha512/i);
    nothingKept();
  });

  test('files that lie elsewhere, unless a person names that host', async () => {
    await contain();
    let knocks = 0;
    const elsewhere = createServer((socket) => {
      knocks += 1;
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    await new Promise<void>((resolve) => {
      elsewhere.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { port } = elsewhere.address() as { port: number };
      publish('1.3.0', { archiveAt: `http://127.0.0.1:${port.toString()}/served.tgz` });
      const error = await failure(pin());
      expect(error).toMatchObject({ code: 'install-failed', params: { host: `127.0.0.1:${port.toString()}` } });
      expect(knocks).toBe(0);
      expect((await failure(pin({ hosts: [`127.0.0.1:${port.toString()}`] }))).code).toBe('install-failed');
      expect(knocks).toBeGreaterThan(0);
      nothingKept();
    } finally {
      elsewhere.close();
    }
  });

  test.each([
    ['no registry package', ['-y', 'github:someone/served'], 'not-from-registry'],
    ['an option that is not understood', ['-y', '--node-options=--inspect', '@pinned-here/served'], 'unknown-option'],
  ])('%s', async (_name, args) => {
    configure(args);
    await contain();
    expect((await failure(pin())).code).toBe('cannot-pin');
    expect((await shown()).fetches).toBeNull();
    expect(registry.asked).toEqual([]);
  });
});
