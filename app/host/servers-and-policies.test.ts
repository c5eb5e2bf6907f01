/** Servers and policies of the engine over the real file system, in a throw-away home; runs, events and trials are made up. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { methods } from '#contract/methods.ts';
import { toErrorBody } from '#contract/sentences.ts';
import type { Explanation } from '#contract/policy.ts';
import type { Server } from '#contract/server.ts';
import type { PolicyService } from '#engine/policies/policy-service.ts';
import type { Places } from '#engine/ports.ts';
import type { ServerActivity } from '#engine/runs/run-service.ts';
import type { ServerService } from '#engine/servers/server-service.ts';
import { createProcesses } from '#platform/processes/processes.ts';
import { makeServerWorld, type HostUse, type ServerWorld } from './testing/server-world.ts';

let home: string;
let places: Places;
let servers: ServerService;
let history: ServerWorld['history'];
let policies: PolicyService;
let activity: Map<string, ServerActivity>;
let checked: { plan: string; command: string; env: Readonly<Record<string, string>> }[];
let world: ServerWorld;
let children: ChildProcess[];
let hostUses: Map<string, HostUse[]>;
const secret = 'Zx81kQ9mB2vT7rY4pL0sN6wD';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'belljar-home-'));
  children = [];
  start();
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

function start(change: Partial<Places> = {}): void {
  world = makeServerWorld(home, change);
  ({ places, servers, policies, history, activity, checked, hostUses } = world);
}

const files = {
  desktop: () => join(home, '.config', 'Claude', 'claude_desktop_config.json'),
  code: () => join(home, '.claude.json'),
  cursor: () => join(home, '.cursor', 'mcp.json'),
};
function write(file: string, value: unknown): string {
  const text = typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return text;
}
const textOf = (file: string): string => readFileSync(file, 'utf8');
const contain = (...names: string[]) =>
  servers.contain({ servers: names.length === 0 ? 'all' : names, dryRun: false, check: false });
const release = (...names: string[]) => servers.release({ servers: names.length === 0 ? 'all' : names, dryRun: false });
/** A plan's lines as the launcher would take them: what stands once, and lists. */
function readPlan(text: string) {
  const lines = text.split('\n').map((line) => line.split(' '));
  const all = (key: string): string[] => lines.filter((line) => line[0] === key).map((line) => line[1] ?? '');
  const one = (key: string): string => all(key).join();
  const [server, level, network, spool, folder] = ['server', 'level', 'network', 'spool', 'home'].map(one);
  const [refuse = [], read = [], exec = [], write = []] = ['refuse', 'read', 'exec', 'write'].map(all);
  const [socket = [], local = [], listen = [], env = []] = ['socket', 'local', 'listen', 'env'].map(all);
  const whole = (key: string): string[] =>
    lines.filter((line) => line[0] === key).map((line) => line.slice(1).join(' '));
  const [host = [], area = [], except = []] = ['host', 'area', 'except'].map(whole);
  const inside = { area, deny: all('deny'), protect: all('protect'), protectOld: all('protect-old'), except };
  const own = { server, level, network, spool, home: folder, host, permission: all('permission') };
  return { ...own, ...inside, refuse, read, exec, write, socket, local, listen, env };
}
const planOf = (id: string) => readPlan(textOf(join(places.dataFolder, 'plans', `${id}.plan`)));

async function list(): Promise<Server[]> {
  const answer = await servers.list({});
  expect(methods['servers.list'].output.parse(answer)).toEqual(answer);
  return answer.servers;
}
async function stateOf(name: string): Promise<string> {
  const found = (await list()).find((server) => server.id === name || server.name === name);
  return found === undefined ? 'gone' : found.state;
}
/** Everything that Belljar keeps, as text: to look for what must not be there. */
function ownFiles(folder = home): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.slice(home.length).includes('belljar'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the list', () => {
  test('names every server with what can be said of it, and no secret', async () => {
    write(files.desktop(), {
      mcpServers: { files: { command: 'npx', args: ['-y', 'p', join(home, 'work'), '~/.ssh'] } },
    });
    write(files.cursor(), {
      mcpServers: {
        a: { command: 'node', args: ['s.js', '--token', secret], env: { API_KEY: secret } },
        files: { command: 'x' },
        far: { url: 'https://example.com' },
        box: { command: 'docker', args: ['run', 'x'] },
        pod: { command: 'podman', args: ['run', 'x'] },
        root: { command: 'sudo', args: ['x'] },
        hidden: { command: 'env', args: ['A=b', 'sudo', 'x'] },
        none: {},
        bad: { command: ['x'] },
      },
    });
    write(files.code(), { mcpServers: {}, projects: { [home]: { mcpServers: { a: { command: 'x' } } } } });
    write(join(places.systemRoot, 'etc/claude-code/managed-mcp.json'), { mcpServers: { corp: { command: 'x' } } });
    const found = await list();
    expect(found.map(({ handle, state, reason }) => [handle, reason ?? state])).toEqual([
      ['claude-desktop/files', 'off'],
      ['claude-code/a', 'off'],
      ['claude-code/corp', 'client-managed'],
      ['cursor/a', 'off'],
      ['cursor/files', 'off'],
      ['cursor/far', 'remote'],
      ['cursor/box', 'docker'],
      ['cursor/pod', 'other-sandbox'],
      ['cursor/root', 'needs-root'],
      ['cursor/hidden', 'needs-root'],
      ['cursor/none', 'no-command'],
      ['cursor/bad', 'bad-entry'],
    ]);
    expect(found[0]).toMatchObject({
      id: 'claude-desktop.files',
      withheld: [join(home, '.ssh')],
      uptake: 'quit-and-start',
    });
    expect(found[3]).toMatchObject({ env: ['API_KEY'], args: ['s.js', '--token', '•••'], denialsLastHour: 7 });
    expect(JSON.stringify(found)).not.toContain(secret);
    expect((await servers.list({ client: 'claude-code' })).servers).toHaveLength(2);
    expect((await servers.list({ state: 'cannot' })).servers).toHaveLength(8);
    expect(ownFiles()).toEqual([]);
  });

  test('a file that cannot be used is a problem with its place, and costs the others nothing', async () => {
    write(files.desktop(), '{\n  "mcpServers": {,}\n}');
    write(files.cursor(), { mcpServers: { a: { command: 'x' } } });
    write(files.code(), '\uFEFF{}');
    const answer = await servers.list({});
    expect(answer.servers.map((server) => server.id)).toEqual(['cursor.a']);
    expect(answer.machine.problems).toMatchObject([
      { client: 'Claude Desktop', code: 'config-invalid', file: files.desktop(), at: { line: 2, column: 18 } },
      { client: 'Claude Code', code: 'config-bom', file: files.code(), at: { line: 1, column: 1 } },
    ]);
    const looked = answer.machine.lookedAt ?? [];
    expect(looked.some(({ file, found }) => file.endsWith('/.codex/config.toml') && !found)).toBe(true);
    expect(looked.filter(({ found }) => found).map(({ file, found }) => [file, found])).toEqual([
      [files.desktop(), true],
      [files.code(), true],
      [files.cursor(), true],
    ]);
    await expect(contain('claude-desktop/files')).rejects.toMatchObject({
      code: 'config-invalid',
      file: files.desktop(),
    });
    await expect(servers.show({ server: 'nosuch' })).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(servers.show({ server: 'cursor/nosuch' })).rejects.toMatchObject({ code: 'not-found' });
  });

  test.each([
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'config-invalid'],
    ['too large', Buffer.alloc(10 * 1024 * 1024 + 1, 0x20), 'config-too-large'],
  ])('a file that is %s', async (_, bytes, code) => {
    write(files.cursor(), '');
    writeFileSync(files.cursor(), bytes);
    expect((await servers.list({})).machine.problems).toMatchObject([{ code, file: files.cursor() }]);
  });

  test('handles: id, client/name, a bare name where it is unique', async () => {
    write(files.cursor(), { mcpServers: { a: { command: 'x' }, both: { command: 'x' } } });
    write(files.desktop(), { mcpServers: { both: { command: 'x' }, 'über/🔥': { command: 'x' } } });
    for (const handle of ['a', 'cursor/a', 'cursor.a']) expect((await servers.find(handle)).id).toBe('cursor.a');
    expect((await servers.find('claude-desktop/über/🔥')).id).toEqual(
      expect.stringMatching(/^claude-desktop\.u-ber-[0-9a-f]{12}$/),
    );
    await expect(servers.find('both')).rejects.toMatchObject({
      code: 'ambiguous',
      params: { candidates: 'claude-desktop/both, cursor/both' },
    });
    await expect(servers.find('c')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('containing and releasing', () => {
  const config = {
    mcpServers: {
      filesystem: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem', '/srv/data'] },
      'a "b"/🔥': { command: 'node', env: { KEY: secret } },
    },
    preferences: { x: [1, 2, { y: null }] },
  };

  test('the entry starts through the launcher, and comes back to the byte', async () => {
    const before = write(files.desktop(), config);
    const { results } = await contain('filesystem');
    expect(methods['servers.contain'].output.parse({ results })).toEqual({ results });
    expect(results).toMatchObject([
      { id: 'claude-desktop.filesystem', changed: true, state: 'contained', file: files.desktop() },
    ]);
    const entries = JSON.parse(textOf(files.desktop())) as typeof config;
    expect(entries.mcpServers.filesystem).toEqual({
      command: places.launcher,
      args: ['run', 'claude-desktop.filesystem', '--', 'npx', ...config.mcpServers.filesystem.args],
    });
    expect(entries.preferences).toEqual(config.preferences);
    expect(planOf('claude-desktop.filesystem')).toMatchObject({
      server: 'claude-desktop.filesystem',
      level: 'standard',
      network: 'open',
      write: expect.arrayContaining(['/dev/null']) as string[],
      area: expect.arrayContaining(['write arg:2', 'read cwd']) as string[],
      deny: expect.arrayContaining(['**/.env']) as string[],
      protect: expect.arrayContaining(['**/.vscode']) as string[],
      protectOld: expect.arrayContaining(['**/.git/hooks']) as string[],
      spool: join(places.stateFolder, 'spool'),
      home,
    });
    const [server] = await list();
    expect(server).toMatchObject({ command: 'npx', args: config.mcpServers.filesystem.args, level: 'standard' });
    for (const file of ownFiles()) expect(statSync(file).mode & 0o077, file).toBe(0);

    expect((await release('filesystem')).results).toMatchObject([{ changed: true, state: 'off' }]);
    expect(textOf(files.desktop())).toBe(before);
    expect(existsSync(join(places.dataFolder, 'plans', 'claude-desktop.filesystem.plan'))).toBe(false);
    expect(readdirSync(join(places.dataFolder, 'journal'))).toEqual([]);
    expect((await history.list({})).entries.map((entry) => entry.action)).toEqual(['release', 'contain']);
  });

  test.each([
    ['tabs and carriage returns', (text: string) => text.replaceAll('  ', '\t').replaceAll('\n', '\r\n')],
    ['everything on one line, without a final line end', (text: string) => JSON.stringify(JSON.parse(text))],
    ['odd spaces', (text: string) => text.replaceAll(':', ' :   ').replaceAll('[', '[ ')],
  ])('several servers of one file with %s, released in any order', async (_, style) => {
    const before = write(files.desktop(), style(JSON.stringify(config, null, 2)));
    const ids = (await list()).map((server) => server.id);
    expect((await contain()).results.every((result) => result.changed)).toBe(true);
    await release(ids[0] ?? '');
    await contain(ids[0] ?? '');
    await release(ids[1] ?? '');
    expect((await release()).results).toMatchObject([{ id: ids[0], changed: true }]);
    expect(textOf(files.desktop())).toBe(before);
  });

  test('secrets stand in the client file and in the store of secrets, nowhere else', async () => {
    write(files.desktop(), config);
    const { results } = await contain();
    expect(JSON.stringify(results)).not.toContain(secret);
    const holders = ownFiles().filter((file) => textOf(file).includes(secret));
    expect(holders.map((file) => dirname(dirname(file)))).toEqual([join(places.dataFolder, 'secrets')]);
    await release();
    expect(ownFiles().filter((file) => textOf(file).includes(secret))).toEqual([]);
  });

  test('twice is once', async () => {
    write(files.desktop(), config);
    await contain('filesystem');
    const after = textOf(files.desktop());
    expect((await contain('filesystem')).results).toMatchObject([{ changed: false, state: 'contained' }]);
    expect(textOf(files.desktop())).toBe(after);
    await release('filesystem');
    expect((await release('filesystem')).results).toMatchObject([{ changed: false, state: 'off' }]);
  });

  test('a dry run shows the masked change and writes nothing', async () => {
    const before = write(files.desktop(), config);
    const { results } = await servers.contain({ servers: 'all', dryRun: true, check: true });
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({ changed: true, state: 'off' });
    expect(results[0]?.diff?.unified).toContain(`+      "command": "${places.launcher}"`);
    expect(results[0]?.diff?.unified).toMatch(/^@@ -3,/m);
    expect(results[1]?.diff?.after).toContain('"KEY": "•••"');
    expect(JSON.stringify(results)).not.toContain(secret);
    expect(checked).toEqual([]);
    expect(textOf(files.desktop())).toBe(before);
    expect(ownFiles()).toEqual([]);
    expect(await servers.diff({ server: 'filesystem' })).toEqual(results[0]?.diff);
  });

  test('links stay links, and the mode stays', async () => {
    const real = join(home, 'dotfiles.json');
    const before = write(real, config);
    chmodSync(real, 0o600);
    mkdirSync(dirname(files.desktop()), { recursive: true });
    symlinkSync(real, files.desktop());
    await contain('filesystem');
    expect(textOf(real)).toContain('belljar-launcher');
    await release();
    expect(textOf(real)).toBe(before);
    expect(statSync(real).mode & 0o777).toBe(0o600);
  });

  test('when the client changed the rest of the file, the entry alone is put back', async () => {
    write(files.desktop(), config);
    await contain();
    const now = JSON.parse(textOf(files.desktop())) as Record<string, unknown>;
    write(files.desktop(), JSON.stringify({ ...now, preferences: 'new' }, null, 4));
    await release();
    expect(JSON.parse(textOf(files.desktop()))).toEqual({ ...config, preferences: 'new' });
    expect(textOf(files.desktop())).toContain('\n    "preferences"');
  });

  test('without its journal, from the arguments alone', async () => {
    write(files.desktop(), config);
    await contain('filesystem');
    rmSync(join(places.dataFolder, 'journal'), { recursive: true });
    expect(await stateOf('filesystem')).toBe('contained');
    expect((await release('filesystem')).results).toMatchObject([{ changed: true, state: 'off' }]);
    expect(JSON.parse(textOf(files.desktop()))).toEqual(config);
  });

  test('with a broken journal too; with a newer one not, and nothing is lost', async () => {
    const before = write(files.desktop(), config);
    await contain('filesystem');
    const after = textOf(files.desktop());
    const record = join(places.dataFolder, 'journal', 'claude-desktop.filesystem.json');
    writeFileSync(record, '{"v":3}');
    expect((await release('filesystem')).results).toMatchObject([{ changed: false, error: { code: 'newer-format' } }]);
    expect(textOf(files.desktop())).toBe(after);
    expect((await servers.list({})).machine.problems).toMatchObject([{ code: 'newer-format', file: record }]);
    writeFileSync(record, 'broken');
    expect((await release('filesystem')).results).toMatchObject([{ changed: true }]);
    expect(textOf(files.desktop())).toBe(before);
  });

  test.each(['checked', 'temporary-made', 'temporary-written', 'temporary-synced'] as const)(
    'a client that writes at the step "%s" wins, and nothing half-done remains',
    async (at) => {
      write(files.desktop(), config);
      const theirs = `${JSON.stringify({ ...config, theirs: true })}\n`;
      world.onStep = (step) => {
        if (step === at) writeFileSync(files.desktop(), theirs);
      };
      const { results } = await contain('filesystem');
      expect(results).toMatchObject([
        { changed: false, state: 'off', error: { code: 'config-changed', file: files.desktop() } },
      ]);
      expect(textOf(files.desktop())).toBe(theirs);
      // Begun, and known not to have happened.
      expect(ownFiles()).toEqual([join(places.stateFolder, 'decisions.jsonl')]);
      expect((await history.list({})).entries).toEqual([]);
      world.onStep = () => undefined;
      await contain('filesystem');
      const contained = textOf(files.desktop());
      world.onStep = (step) => {
        if (step === at) writeFileSync(files.desktop(), contained.replace('true', 'false'));
      };
      expect((await release('filesystem')).results).toMatchObject([
        { changed: false, state: 'contained', error: { code: 'config-changed' } },
      ]);
      world.onStep = () => undefined;
      await release('filesystem');
      expect(textOf(files.desktop())).toBe(theirs.replace('true', 'false'));
    },
  );

  test('one that fails does not stop the others', async () => {
    write(files.desktop(), config);
    write(files.cursor(), { mcpServers: { a: { command: 'x' } } });
    chmodSync(files.desktop(), 0o444);
    const { results } = await contain();
    expect(results.map((result) => [result.id, result.error?.code ?? result.state])).toEqual([
      ['claude-desktop.filesystem', 'config-read-only'],
      [expect.stringMatching(/^claude-desktop\.a-b-[0-9a-f]{12}$/), 'config-read-only'],
      ['cursor.a', 'contained'],
    ]);
    expect(results[0]?.error).toMatchObject({ file: files.desktop(), message: expect.stringMatching(/./) as string });
    await expect(contain('cursor/a', 'nosuch')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('what cannot be contained is refused with the reason', async () => {
    write(files.cursor(), {
      mcpServers: { box: { command: 'docker', args: ['run', 'x'] }, far: { url: 'https://x' } },
    });
    const before = textOf(files.cursor());
    expect((await contain('box', 'far')).results.map((result) => result.error)).toMatchObject([
      { code: 'cannot-contain', params: { reason: 'docker' } },
      { code: 'cannot-contain', params: { reason: 'remote' } },
    ]);
    expect((await contain()).results).toEqual([]);
    expect(textOf(files.cursor())).toBe(before);
  });

  test('nothing is changed by root in the home of someone else, and it can still be seen', async () => {
    write(files.cursor(), { mcpServers: { a: { command: 'x' } } });
    start({ uid: 0, homeOwner: 1000 });
    const code = 'refused-root-in-user-home';
    await expect(contain()).rejects.toMatchObject({ code });
    await expect(release()).rejects.toMatchObject({ code });
    await expect(servers.level({ server: 'a', level: 'strict' })).rejects.toMatchObject({ code });
    await expect(policies.grant({ server: 'a', verb: 'read', what: '/x' })).rejects.toMatchObject({ code });
    expect(await list()).toHaveLength(1);
    start({ uid: 0, homeOwner: 0 });
    expect((await contain()).results).toMatchObject([{ changed: true }]);
  });

  test('a launcher whose path holds a space is refused', async () => {
    write(files.cursor(), { mcpServers: { a: { command: 'x' } } });
    start({ launcher: '/a b/belljar-launcher' });
    expect((await contain()).results).toMatchObject([{ changed: false, error: { code: 'launcher-path-space' } }]);
  });
});

describe('the check', () => {
  beforeEach(() => write(files.cursor(), { mcpServers: { a: { command: 'node', args: ['/s.js'], env: { K: 'v' } } } }));
  const checkAndContain = () => servers.contain({ servers: ['a'], level: 'strict', dryRun: false, check: true });

  test('comes first, with the plan that would be used and the real environment', async () => {
    expect((await checkAndContain()).results).toMatchObject([
      { changed: true, state: 'contained', check: { verdict: 'works' } },
    ]);
    expect(checked).toMatchObject([{ command: 'node', env: { K: 'v' } }]);
    expect(readPlan(checked[0]?.plan ?? '')).toEqual({ ...planOf('cursor.a'), spool: '/tmp/throw-away' });
  });

  test.each([
    ['does-not-start', 'check-failed'],
    ['differs', 'check-failed'],
    ['cannot-be-tried', 'check-impossible'],
  ] as const)('leaves a server alone that %s', async (outcome, code) => {
    const before = textOf(files.cursor());
    world.verdict = outcome;
    const { results } = await checkAndContain();
    expect(results).toMatchObject([{ changed: false, state: 'off', check: { verdict: outcome }, error: { code } }]);
    expect(textOf(files.cursor())).toBe(before);
    expect(ownFiles()).toEqual([]);
  });

  test('lets one that works but was refused something pass', async () => {
    world.verdict = 'works-but-refused';
    expect((await checkAndContain()).results).toMatchObject([{ changed: true, state: 'contained' }]);
  });

  test('can be asked for alone, also when contained', async () => {
    expect((await servers.check({ server: 'a' })).level).toBe('standard');
    await servers.contain({ servers: ['a'], level: 'strict', dryRun: false, check: false });
    expect((await servers.check({ server: 'a' })).level).toBe('strict');
    expect(checked.map((item) => item.command)).toEqual(['node', 'node']);
  });
});

describe('states', () => {
  /** No process of another test run looks like ours. */
  const unique = randomUUID();
  const config = {
    mcpServers: { a: { command: process.execPath, args: ['-e', `setTimeout(() => {}, 60000, '${unique}')`] } },
  };

  async function spawned(command: string, args: string[]): Promise<ChildProcess> {
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    children.push(child);
    await new Promise((resolve) => child.once('spawn', resolve));
    return child;
  }

  /** With what it started itself. */
  function killGroup(pid: number): boolean {
    try {
      return process.kill(-pid, 'SIGKILL');
    } catch {
      return false;
    }
  }

  /** A process that this one did not start: its parent ends at once. */
  async function orphan(command: string, args: readonly string[]): Promise<number> {
    const script = `const c = require('child_process').spawn(process.argv[1], process.argv.slice(2), { detached: true, stdio: 'ignore' }); c.unref(); console.log(c.pid);`;
    const parent = spawn(process.execPath, ['-e', script, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    parent.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await new Promise((resolve) => parent.once('close', resolve));
    const pid = Number(out);
    children.push({ kill: () => killGroup(pid) } as unknown as ChildProcess);
    return pid;
  }

  test('restart-needed while an old process of the entry runs outside the launcher', async () => {
    write(files.cursor(), config);
    const pid = await orphan(config.mcpServers.a.command, config.mcpServers.a.args);
    expect(await stateOf('a')).toBe('off');
    await contain('a');
    const [server] = await list();
    expect(server).toMatchObject({ state: 'restart-needed', oldProcesses: [{ pid }] });
    expect(Math.abs(Date.parse(server?.oldProcesses?.[0]?.since ?? '') - Date.now())).toBeLessThan(20_000);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => stateOf('a')).toBe('contained');
  });

  test('a process below the launcher or below this program is no old one', async () => {
    write(files.cursor(), config);
    await contain('a');
    const own = await spawned(config.mcpServers.a.command, config.mcpServers.a.args);
    expect((await createProcesses().list()).some((item) => item.pid === own.pid)).toBe(true);
    expect(await stateOf('a')).toBe('contained');
    mkdirSync(dirname(places.launcher), { recursive: true });
    // A program of its own in the launcher's place, that starts the server and stays its parent.
    writeFileSync(places.launcher, readFileSync('/bin/sh'), { mode: 0o755 });
    const script = '"$0" "$@"; exit 0';
    await orphan(places.launcher, ['-c', script, config.mcpServers.a.command, ...config.mcpServers.a.args]);
    const isBelow = async (): Promise<boolean> => {
      const all = await createProcesses().list();
      const launchers = new Set(all.filter((item) => item.program === places.launcher).map((item) => item.pid));
      return all.some((item) => launchers.has(item.parent) && item.commandLine[0] === config.mcpServers.a.command);
    };
    await expect.poll(isBelow).toBe(true);
    expect(await stateOf('a')).toBe('contained');
  });

  test('the audit finds a bare process of an entry that is off, changed or gone, and none that is in walls', async () => {
    write(files.cursor(), config);
    const { command, args } = config.mcpServers.a;
    const bare = async () =>
      (await servers.audit({})).findings
        .filter(({ code }) => code === 'runs-bare' || code === 'old-process')
        .map(({ code, server, sentence }) => [code, server, /process (.*)\.$/.exec(sentence)?.[1]]);
    expect(await bare()).toEqual([]);
    await orphan(command, [...args, 'other']);
    await spawned(command, args);
    // Another account's launcher, or one that was moved, has walls too.
    const other = join(dirname(places.launcher), 'elsewhere', 'belljar-launcher');
    mkdirSync(dirname(other), { recursive: true });
    writeFileSync(other, readFileSync('/bin/sh'), { mode: 0o755 });
    await orphan(other, ['-c', '"$0" "$@"; exit 0', command, ...args]);
    const isBelow = async (): Promise<boolean> => {
      const all = await createProcesses().list();
      const walls = new Set(all.filter(({ program }) => program === other).map(({ pid }) => pid));
      return all.some(({ parent, commandLine }) => walls.has(parent) && commandLine[0] === command);
    };
    await expect.poll(isBelow).toBe(true);
    expect(await bare()).toEqual([]);

    const pid = await orphan(command, args);
    expect(await bare()).toEqual([['runs-bare', 'cursor.a', pid.toString()]]);
    await contain('a');
    expect((await bare()).map(([code]) => code)).toEqual(['old-process']);
    // Its client took the entry out of the walls, gave it another command line, and removed it.
    write(files.cursor(), { mcpServers: { a: { command, args: [...args, 'new'] } } });
    expect(await bare()).toEqual([['runs-bare', 'cursor.a', pid.toString()]]);
    write(files.cursor(), { mcpServers: {} });
    expect(await bare()).toEqual([['runs-bare', 'cursor.a', pid.toString()]]);
    process.kill(pid, 'SIGKILL');
    await expect.poll(bare).toEqual([]);
  });

  test('failing and watched', async () => {
    write(files.cursor(), config);
    await contain('a');
    activity.set('cursor.a', { liveRuns: 0, lastRun: null, failing: true });
    expect(await stateOf('a')).toBe('failing');
    activity.clear();
    await servers.level({ server: 'a', level: 'watch' });
    expect(await stateOf('a')).toBe('watched');
  });

  test('drifted: the client put the entry back', async () => {
    const before = write(files.cursor(), config);
    await contain('a');
    write(files.cursor(), before);
    expect(await stateOf('a')).toBe('drifted');
    await expect(servers.level({ server: 'a', level: 'strict' })).rejects.toMatchObject({ code: 'drifted' });
    expect((await servers.diff({ server: 'a' })).unified).toContain('belljar-launcher');
    expect((await contain('a')).results).toMatchObject([{ changed: true, state: 'contained' }]);
    write(files.cursor(), before);
    expect((await release('a')).results).toMatchObject([{ changed: false, state: 'off' }]);
    expect(textOf(files.cursor())).toBe(before);
  });

  test('drifted: the arguments inside changed; a release keeps the new ones', async () => {
    write(files.cursor(), config);
    await contain('a');
    write(files.cursor(), textOf(files.cursor()).replace('60000', '60001'));
    expect(await stateOf('a')).toBe('drifted');
    await release('a');
    expect(textOf(files.cursor())).toBe(`${JSON.stringify(config, null, 2)}\n`.replace('60000', '60001'));
  });

  test('drifted: a wrapped entry came back after its release, and can be contained or released again', async () => {
    const before = write(files.cursor(), config);
    await contain('a');
    const wrapped = textOf(files.cursor());
    await release('a');
    write(files.cursor(), wrapped);
    expect(await stateOf('a')).toBe('drifted');
    await contain('a');
    expect(textOf(files.cursor())).toBe(wrapped);
    await release('a');
    expect(textOf(files.cursor())).toBe(before);
  });

  test('drifted: the launcher without what it needs; the journal knows the rest', async () => {
    write(files.cursor(), config);
    await contain('a');
    write(files.cursor(), { mcpServers: { a: { command: places.launcher, args: [] } } });
    expect(await stateOf('a')).toBe('drifted');
    expect((await release('a')).results).toMatchObject([{ changed: true, state: 'off' }]);
    expect(JSON.parse(textOf(files.cursor()))).toEqual(config);
    write(files.cursor(), { mcpServers: { a: { command: places.launcher } } });
    expect(await stateOf('a')).toBe('cannot');
    expect((await release('a')).results).toMatchObject([{ changed: false, error: { code: 'drifted' } }]);
  });

  test('copied: under another name the entry still runs as the first', async () => {
    write(files.cursor(), config);
    await contain('a');
    const entry = (JSON.parse(textOf(files.cursor())) as typeof config).mcpServers.a;
    write(files.cursor(), { mcpServers: { a: entry, b: entry } });
    expect(await stateOf('b')).toBe('copied');
    await contain('b');
    expect(await stateOf('b')).toBe('contained');
    const now = JSON.parse(textOf(files.cursor())) as { mcpServers: { b: { args: string[] } } };
    expect(now.mcpServers.b.args).toEqual(['run', 'cursor.b', '--', process.execPath, ...config.mcpServers.a.args]);
    await release();
    expect(JSON.parse(textOf(files.cursor()))).toEqual({
      mcpServers: { a: config.mcpServers.a, b: config.mcpServers.a },
    });
  });

  test('moved: the launcher of another place, wrapped never twice', async () => {
    const args = ['run', 'cursor.a', '--', 'node', 'x'];
    write(files.cursor(), { mcpServers: { a: { command: '/elsewhere/belljar-launcher', args } } });
    expect(await stateOf('a')).toBe('moved');
    await contain('a');
    expect(JSON.parse(textOf(files.cursor()))).toEqual({ mcpServers: { a: { command: places.launcher, args } } });
    expect(await stateOf('a')).toBe('contained');
    await release('a');
    expect(JSON.parse(textOf(files.cursor()))).toEqual({ mcpServers: { a: { command: 'node', args: ['x'] } } });
  });

  test('the launcher of a package comes and goes: an entry stays with the one it names, and is healed when that is gone', async () => {
    const packaged = join(home, 'packages', 'belljar-launcher');
    mkdirSync(dirname(packaged), { recursive: true });
    writeFileSync(packaged, '');
    const { launcher: own } = places;
    write(files.cursor(), { mcpServers: { a: config.mcpServers.a, b: config.mcpServers.a } });
    const text = textOf(files.cursor());
    const commands = (): string[] =>
      Object.values((JSON.parse(textOf(files.cursor())) as typeof config).mcpServers).map(({ command }) => command);

    await contain('cursor/a');
    start({ launcher: packaged, launchers: [packaged, own] });
    await contain('cursor/b');
    expect(commands()).toEqual([own, packaged]);
    expect([await stateOf('a'), await stateOf('b')]).toEqual(['contained', 'contained']);
    await contain();
    expect(commands()).toEqual([own, packaged]);

    // Of another version it is not right for this program, but it starts: nothing is changed unasked.
    start();
    expect([await stateOf('a'), await stateOf('b')]).toEqual(['contained', 'moved']);
    await world.repair();
    expect(commands()).toEqual([own, packaged]);
    rmSync(packaged);
    expect(await world.repair()).toEqual([]);
    expect(commands()).toEqual([own, own]);
    expect([await stateOf('a'), await stateOf('b')]).toEqual(['contained', 'contained']);
    await release();
    expect(textOf(files.cursor())).toBe(text);
  });

  test('an entry wrapped twice by hand is unwrapped whole', async () => {
    const twice = ['run', 'cursor.a', '--', places.launcher, 'run', 'cursor.a', '--', 'node', 'x'];
    write(files.cursor(), { mcpServers: { a: { command: places.launcher, args: twice } } });
    expect((await list())[0]).toMatchObject({ command: 'node', args: ['x'] });
    await contain('a');
    expect(textOf(files.cursor()).match(/belljar-launcher/g)).toHaveLength(1);
    await release('a');
    expect(JSON.parse(textOf(files.cursor()))).toEqual({ mcpServers: { a: { command: 'node', args: ['x'] } } });
  });

  test('an edit that was ended before the file changed leaves the server off', async () => {
    write(files.cursor(), config);
    await contain('a');
    const record = join(places.dataFolder, 'journal', 'cursor.a.json');
    const unsettled = textOf(record).replace('"settled": true', '"settled": false');
    await release('a');
    mkdirSync(dirname(record), { recursive: true });
    writeFileSync(record, unsettled);
    expect(await stateOf('a')).toBe('off');
    await contain('a');
    writeFileSync(record, unsettled);
    expect(await stateOf('a')).toBe('contained');
  });

  test('a server that left its file is forgotten at the next release of all; one whose file broke is not', async () => {
    write(files.cursor(), config);
    await contain('a');
    const wrapped = textOf(files.cursor());
    write(files.cursor(), '{broken');
    expect((await release()).results).toMatchObject([
      { id: 'cursor.a', changed: false, error: { code: 'config-invalid' } },
    ]);
    write(files.cursor(), wrapped);
    expect(await stateOf('a')).toBe('contained');
    write(files.cursor(), { mcpServers: {} });
    expect((await release()).results).toMatchObject([{ id: 'cursor.a', changed: false, state: 'off' }]);
    expect(ownFiles().filter((file) => /\.plan$|cursor\.a\.json$/.test(file) && !file.includes('policies'))).toEqual(
      [],
    );
  });
});

describe('levels', () => {
  beforeEach(() => write(files.cursor(), { mcpServers: { a: { command: 'node', args: ['/s.js'] } } }));

  test('each writes its plan, off puts the entry back', async () => {
    const before = textOf(files.cursor());
    expect(await servers.level({ server: 'a', level: 'strict' })).toMatchObject({ level: 'strict', effective: 'now' });
    expect(planOf('cursor.a')).toMatchObject({ level: 'strict', network: 'none' });
    const wrapped = textOf(files.cursor());
    activity.set('cursor.a', { liveRuns: 1, lastRun: null, failing: false });
    const watch = await servers.level({ server: 'a', level: 'watch' });
    expect(methods['servers.level'].output.parse(watch)).toEqual(watch);
    expect(watch).toMatchObject({ level: 'watch', effective: 'restart', policy: { level: 'watch' } });
    expect(planOf('cursor.a')).toMatchObject({ level: 'watch', env: ['*'] });
    expect(textOf(files.cursor())).toBe(wrapped);
    expect(await servers.level({ server: 'a', level: 'off' })).toMatchObject({ level: 'off', policy: null });
    expect(textOf(files.cursor())).toBe(before);
  });

  test('what was granted stays for the next time, the level does not', async () => {
    await servers.level({ server: 'a', level: 'strict' });
    await policies.grant({ server: 'a', verb: 'read', what: '~/notes' });
    await servers.level({ server: 'a', level: 'off' });
    await contain('a');
    expect(planOf('cursor.a')).toMatchObject({
      level: 'standard',
      area: expect.arrayContaining([`read ${join(home, 'notes')}`]) as string[],
    });
  });
});

describe('the network', () => {
  const use = (target: string, change: Partial<HostUse> = {}): HostUse => ({
    kind: 'net.connect',
    target,
    address: '93.184.216.34:443',
    verdict: 'allowed',
    count: 1,
    lastAt: '2026-03-01T12:00:00.000Z',
    ...change,
  });
  const stored = (): string => textOf(join(places.configFolder, 'policies', 'cursor.a.json'));
  const limit = async (input: Partial<Parameters<PolicyService['limit']>[0]> = {}) => {
    const answer = await policies.limit({ server: 'a', dryRun: false, ...input });
    expect(methods['policies.limit'].output.parse(answer)).toEqual(answer);
    return answer;
  };

  beforeEach(async () => {
    write(files.cursor(), { mcpServers: { a: { command: 'node', args: ['/s.js'] } } });
    await contain('a');
    hostUses.set('cursor.a', [
      use('api.github.com:443', { count: 9 }),
      use('github.com:443'),
      use('evil.example:443', { verdict: 'refused' }),
      use('127.0.0.1:80', { verdict: 'refused' }),
    ]);
  });

  test('is open and not limited yet, with the hosts that were seen', async () => {
    expect((await list())[0]?.network).toEqual({ mode: 'open', hostsSeen: 2, hostsNamed: 0 });
    const seen = await policies.hosts({ server: 'a' });
    expect(methods['policies.hosts'].output.parse(seen)).toEqual(seen);
    expect(seen).toMatchObject({ id: 'cursor.a', network: 'open' });
    expect(seen.hosts.map(({ host, domain, allowed, refused }) => [host, domain, allowed, refused])).toEqual([
      ['api.github.com', 'github.com', 9, 0],
      ['evil.example', 'evil.example', 0, 1],
      ['github.com', 'github.com', 1, 0],
    ]);
    await release('a');
    expect((await list())[0]?.network).toBeNull();
    expect((await policies.hosts({ server: 'a' })).network).toBeNull();
  });

  test('a proposal is a diff and a choice by domain, and changes nothing', async () => {
    const before = [stored(), textOf(join(places.dataFolder, 'plans', 'cursor.a.plan'))];
    const answer = await limit({ dryRun: true });
    expect(answer).toMatchObject({ changed: false, before: 'open', after: 'hosts', level: 'standard' });
    expect(answer.hosts).toEqual(['api.github.com:443', 'github.com:443']);
    expect(answer.groups.map(({ name }) => name)).toEqual(['github.com', 'evil.example']);
    expect(answer.diff).toContain('-network open\n+network hosts\n+host api.github.com:443\n+host github.com:443\n');
    expect([stored(), textOf(join(places.dataFolder, 'plans', 'cursor.a.plan'))]).toEqual(before);
  });

  test('limited: the plan names the hosts, the list says so, and off opens it again with the hosts kept', async () => {
    activity.set('cursor.a', { liveRuns: 1, lastRun: null, failing: false });
    expect(await limit()).toMatchObject({ changed: true, effective: 'restart' });
    expect(planOf('cursor.a')).toMatchObject({
      network: 'hosts',
      host: ['api.github.com 443 checked', 'github.com 443 checked'],
    });
    expect((await list())[0]?.network).toEqual({ mode: 'hosts', hostsSeen: 2, hostsNamed: 2 });
    expect((await history.list({})).entries[0]).toMatchObject({
      action: 'limit',
      server: 'cursor.a',
      summary: 'limited the network to 2 hosts',
    });
    expect(await limit()).toMatchObject({ changed: false, diff: '' });

    const opened = await limit({ off: true });
    expect(opened).toMatchObject({ changed: true, before: 'hosts', after: 'open' });
    expect(planOf('cursor.a').network).toBe('open');
    expect((await history.list({})).entries[0]).toMatchObject({ summary: 'opened the network again' });
    expect(await limit({ dryRun: true })).toMatchObject({ hosts: ['api.github.com:443', 'github.com:443'] });
  });

  test('to exactly the hosts that are named: another rule goes, and what is said of one that stays is kept', async () => {
    await policies.grant({ server: 'a', verb: 'host', what: 'git.example.org', checked: false });
    await policies.grant({ server: 'a', verb: 'host', what: '10.0.0.5:8443' });
    const answer = await limit({ hosts: ['GIT.example.org', 'api.github.com'] });
    expect(answer.diff).toContain('-host 10.0.0.5:8443');
    expect(answer.diff).toContain(' host git.example.org:443 unchecked');
    expect(planOf('cursor.a').host).toEqual(['git.example.org 443 unchecked', 'api.github.com 443 checked']);
    expect(stored()).toContain('"checked": false');
    // To none at all.
    expect(await limit({ hosts: [] })).toMatchObject({ after: 'none', hosts: [] });
    expect(planOf('cursor.a')).toMatchObject({ network: 'none', host: [] });
  });

  test('the choice outlives other levels, a release and a new containment', async () => {
    await limit();
    await servers.level({ server: 'a', level: 'strict' });
    expect(planOf('cursor.a').network).toBe('hosts');
    await expect(limit({ off: true })).rejects.toMatchObject({ code: 'invalid-input' });
    await servers.level({ server: 'a', level: 'watch' });
    expect(planOf('cursor.a')).toMatchObject({ network: 'open', host: [] });
    await release('a');
    await contain('a');
    await servers.level({ server: 'a', level: 'standard' });
    expect(planOf('cursor.a')).toMatchObject({
      network: 'hosts',
      host: ['api.github.com 443 checked', 'github.com 443 checked'],
    });
  });

  test.each([
    [{ hosts: ['*'] }, 'grant-too-wide'],
    [{ hosts: ['api.github.com', 'localhost'] }, 'invalid-input'],
    [{ hosts: ['api.github.com'], off: true }, 'invalid-input'],
    [{ hosts: Array.from({ length: 1200 }, (_, index) => `h${index.toString()}.example`) }, 'invalid-input'],
  ])('%j is refused: %s, and nothing changes', async (input, code) => {
    const before = stored();
    await expect(limit(input)).rejects.toMatchObject({ code });
    expect(stored()).toBe(before);
    expect(planOf('cursor.a').network).toBe('open');
  });

  test('the switch for names is for hosts alone', async () => {
    await expect(policies.grant({ server: 'a', verb: 'read', what: '/srv', checked: false })).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  test('a policy of before it knew a network is read, and a broken choice is not', async () => {
    expect(stored()).not.toContain('network');
    const file = join(places.configFolder, 'policies', 'cursor.a.json');
    write(file, { ...(JSON.parse(stored()) as object), network: 'none' });
    await expect(policies.hosts({ server: 'a' })).rejects.toMatchObject({ code: 'policy-invalid' });
  });

  test('explain names the rule, and says that a run from before needs a restart', async () => {
    const start = { level: 'standard', network: 'open' };
    const lastRun = { run: 'r', startedAt: '2100-01-01T00:00:00.000Z', start } as ServerActivity['lastRun'];
    activity.set('cursor.a', { liveRuns: 1, lastRun, failing: false });
    expect(await policies.explain({ server: 'a', what: 'other.example:443' })).toMatchObject({
      verdict: 'allowed',
      effective: 'now',
      change: 'belljar limit cursor/a',
    });
    await limit();
    expect(await policies.explain({ server: 'a', what: 'api.github.com:443' })).toMatchObject({
      verdict: 'allowed',
      rule: { id: 'host:api.github.com:443', source: 'person' },
      effective: 'restart',
    });
    expect(await policies.explain({ server: 'a', what: 'other.example:443' })).toMatchObject({
      verdict: 'refused',
      change: 'belljar grant cursor/a host other.example:443',
    });
  });

  test('a name that led to the own network is explained as what it is', async () => {
    hostUses.set('cursor.a', [use('git.corp.example:443', { address: '10.0.0.5:443', verdict: 'refused' })]);
    const ask = () => policies.explain({ server: 'a', what: 'git.corp.example:443' });
    expect(await ask()).toMatchObject({ verdict: 'refused', change: 'belljar grant cursor/a host 10.0.0.5:443' });
    await policies.grant({ server: 'a', verb: 'host', what: '10.0.0.5' });
    expect(await ask()).toMatchObject({ verdict: 'allowed', rule: null });
    await servers.level({ server: 'a', level: 'strict' });
    expect(await ask()).toMatchObject({
      verdict: 'refused',
      change: 'belljar grant cursor/a host git.corp.example:443',
    });
    await policies.grant({ server: 'a', verb: 'host', what: 'git.corp.example' });
    expect(await ask()).toMatchObject({ verdict: 'allowed', rule: { id: 'host:git.corp.example:443' } });
    // What the machine's own file of hosts says of a name is believed; what a name server says is not.
    await policies.revoke({ server: 'a', verb: 'host', what: '10.0.0.5' });
    expect(await ask()).toMatchObject({ verdict: 'refused' });
    write(join(places.systemRoot, 'etc/hosts'), '127.0.0.1 localhost\n10.0.0.5\tGit.corp.example git # ours\n');
    expect(await ask()).toMatchObject({ verdict: 'allowed', rule: { id: 'host:git.corp.example:443' } });
  });

  test('certificates that the environment names are readable where they are', async () => {
    const certificate = join(home, 'corp.pem');
    start({ environment: { NODE_EXTRA_CA_CERTS: certificate, SSL_CERT_FILE: join(home, 'gone.pem') } });
    write(certificate, 'decoy');
    await contain('a');
    expect(planOf('cursor.a').read).toContain(certificate);
    expect(planOf('cursor.a').read).not.toContain(join(home, 'gone.pem'));
  });
});

describe('grants', () => {
  beforeEach(async () => {
    write(files.cursor(), { mcpServers: { a: { command: 'node', args: ['/s.js', '/srv/data'] } } });
    await contain('a');
  });
  const grant = (verb: Parameters<PolicyService['grant']>[0]['verb'], what: string) =>
    policies.grant({ server: 'a', verb, what });
  const revoke = (verb: Parameters<PolicyService['grant']>[0]['verb'], what: string) =>
    policies.revoke({ server: 'a', verb, what });

  test.each([
    ['read', '~/notes', 'area', 'read HOME/notes'],
    ['write', '/srv/other', 'area', 'write /srv/other'],
    ['deny', '**/*.pem', 'deny', '**/*.pem'],
    ['protect', '/srv/data/kept', 'protect', '/srv/data/kept'],
    ['write', '**/.git/hooks', 'except', 'write **/.git/hooks'],
    ['exec', 'sh', 'exec', 'sh'],
    ['socket', '/run/x.sock', 'socket', '/run/x.sock'],
    ['socket', '@x', 'socket', '@x'],
    ['socket', 'ssh-agent', 'socket', 'env:SSH_AUTH_SOCK'],
    ['socket', 'ssh-agent', 'env', 'SSH_AUTH_SOCK'],
    ['socket', 'x11', 'read', 'env:XAUTHORITY'],
    ['permission', 'nested-sandbox', 'permission', 'nested-sandbox'],
    ['env', 'GITHUB_TOKEN', 'env', 'GITHUB_TOKEN'],
    ['local', 'localhost:5432', 'local', '5432'],
    ['listen', '0', 'listen', '0'],
    ['host', 'https://API.github.com/x', 'host', 'api.github.com'],
  ] as const)('%s %s reaches the plan and leaves it again', async (verb, what, key, expected) => {
    const given = await grant(verb, what);
    expect(methods['policies.grant'].output.parse(given)).toEqual(given);
    expect(given).toMatchObject({ level: 'standard', effective: 'now' });
    const values = planOf('cursor.a')[key].map(String);
    const wanted = expected.replace('HOME', home);
    expect(
      values.some(
        (value) =>
          value === wanted ||
          (verb === 'host' && value === `${wanted} 443 checked`) ||
          (verb === 'exec' && value.endsWith('/sh')),
      ),
    ).toBe(true);
    expect((await history.list({})).entries[0]).toMatchObject({ action: 'grant', server: 'cursor.a' });
    const before = values.length;
    await grant(verb, what);
    expect(planOf('cursor.a')[key]).toHaveLength(before);
    await revoke(verb, what);
    expect(planOf('cursor.a')[key]).not.toContain(wanted);
    await expect(revoke(verb, what)).rejects.toMatchObject({ code: 'no-such-rule' });
  });

  test.each([
    ['read', '/', 'grant-too-wide'],
    ['write', '~', 'grant-too-wide'],
    ['read', '~/.local/share/belljar', 'grant-own-folder'],
    ['write', '~/.config', 'grant-own-folder'],
    ['host', '*', 'grant-too-wide'],
    ['host', '*.co.uk', 'grant-too-wide'],
    ['host', 'localhost:80', 'invalid-input'],
    ['deny', '/usr/share', 'not-enforceable'],
    ['deny', '*.pem', 'invalid-input'],
    ['protect', '~/x/**/.env', 'invalid-input'],
    ['read', 'notes', 'invalid-input'],
  ] as const)('%s %s is refused (%s), with a sentence, and changes nothing', async (verb, what, code) => {
    const before = JSON.stringify(planOf('cursor.a'));
    const error: unknown = await grant(verb, what).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(toErrorBody(error).message.length).toBeGreaterThan(20);
    expect(JSON.stringify(planOf('cursor.a'))).toBe(before);
    expect(existsSync(join(places.configFolder, 'policies', 'cursor.a.json'))).toBe(true);
    expect(textOf(join(places.configFolder, 'policies', 'cursor.a.json'))).toContain('"rules": []');
  });

  test('no link leads into what is never granted', async () => {
    symlinkSync(places.dataFolder, join(home, 'link'));
    symlinkSync('/', join(home, 'top'));
    await expect(grant('read', '~/link')).rejects.toMatchObject({ code: 'grant-own-folder' });
    await expect(grant('read', '~/top')).rejects.toMatchObject({ code: 'grant-too-wide' });
  });

  test('a denial through a link is measured by what it leads to', async () => {
    mkdirSync(join(home, 'data', 'private'), { recursive: true });
    await grant('read', '~/data');
    symlinkSync(join(home, 'data', 'private'), join(home, 'shortcut'));
    await grant('deny', '~/shortcut');
    expect(planOf('cursor.a')).toMatchObject({
      area: expect.arrayContaining([`read ${join(home, 'data')}`]) as unknown,
      deny: expect.arrayContaining([join(home, 'shortcut'), join(home, 'data', 'private')]) as unknown,
    });
    expect(await policies.explain({ server: 'a', what: '~/data/private/x' })).toMatchObject({
      verdict: 'refused',
      rule: { id: `deny:${join(home, 'shortcut')}`, source: 'person' },
    });
    await revoke('deny', '~/shortcut');
    expect(planOf('cursor.a').deny).not.toContain(join(home, 'data', 'private'));
  });

  test('a denial takes what it covers, the later grant inside it counts', async () => {
    await grant('deny', '/srv');
    expect(planOf('cursor.a').area).not.toContain('write arg:1');
    expect(planOf('cursor.a').deny).toContain('/srv');
    await grant('read', '/srv/data/public');
    expect(planOf('cursor.a').area).toContain('read /srv/data/public');
    expect(planOf('cursor.a').except).toContain('read /srv/data/public');
    await expect(grant('read', '/')).rejects.toMatchObject({ code: 'grant-too-wide' });
    await grant('write', '/srv');
    expect(planOf('cursor.a').area).toEqual(expect.arrayContaining(['write /srv', 'write arg:1']));
  });

  test('a server that is off remembers, and has no plan', async () => {
    await release('a');
    expect(await grant('read', '/srv/x')).toMatchObject({ level: 'off', policy: null, effective: 'now' });
    expect(existsSync(join(places.dataFolder, 'plans', 'cursor.a.plan'))).toBe(false);
    await contain('a');
    expect(planOf('cursor.a').area).toContain('read /srv/x');
  });

  test('a running server has at once what its launcher takes up, and the rest after a restart', async () => {
    activity.set('cursor.a', { liveRuns: 2, lastRun: null, failing: false });
    const explained = async (): Promise<string> => (await policies.explain({ server: 'a', what: '/srv/x' })).effective;
    expect(await explained()).toBe('now');
    expect(await grant('read', '/srv/x')).toMatchObject({ effective: 'now' });
    expect(await grant('deny', '/srv/x/private')).toMatchObject({ effective: 'now' });
    expect(await grant('host', '10.0.0.1:80')).toMatchObject({ effective: 'now' });
    expect(await revoke('read', '/srv/x')).toMatchObject({ effective: 'now' });
    expect(await explained()).toBe('now');
    expect(await grant('exec', '/srv/bin')).toMatchObject({ effective: 'restart' });
    expect(await explained()).toBe('restart');
    expect((await servers.show({ server: 'a' })).afterRestart).toEqual({ comes: ['exec /srv/bin'], goes: [] });
    // What waits already makes nothing else wait; and what it has it keeps.
    expect(await grant('read', '/srv/y')).toMatchObject({ effective: 'now' });
    expect(await revoke('exec', '/srv/bin')).toMatchObject({ effective: 'now' });
    expect(await grant('deny', '/opt')).toMatchObject({ effective: 'restart' });
    expect((await servers.show({ server: 'a' })).afterRestart.goes).toEqual(existsSync('/opt') ? ['exec /opt'] : []);
    // Ended, and started anew.
    activity.set('cursor.a', { liveRuns: 0, lastRun: null, failing: false });
    expect(await grant('read', '/srv/z')).toMatchObject({ effective: 'now' });
    activity.set('cursor.a', { liveRuns: 1, lastRun: null, failing: false });
    expect(await explained()).toBe('now');
    expect(await revoke('deny', '/opt')).toMatchObject({ effective: 'restart' });
  });

  test('what the kernel holds since the start cannot be taken out of it', async () => {
    await grant('write', '**/*');
    activity.set('cursor.a', { liveRuns: 1, lastRun: null, failing: false });
    expect(await grant('deny', '/srv/data/private')).toMatchObject({ effective: 'restart' });
    expect((await servers.show({ server: 'a' })).afterRestart).toEqual({ comes: [], goes: ['write arg:1'] });
  });

  test('a rule by which folders are looked into says so, before and once', async () => {
    await grant('write', '**/*');
    const deny = (what: string, dryRun: boolean) => policies.grant({ server: 'a', verb: 'deny', what, dryRun });
    const areas = ['/srv/data'];
    expect(await deny('/srv/data/private', true)).toMatchObject({ changed: false, areas });
    expect(await deny('/srv/data/private', false)).toMatchObject({ changed: true, areas });
    expect(await deny('/srv/data/other', false)).not.toHaveProperty('areas');
  });

  test('a pattern of the level is taken back by a grant of the same pattern, and comes back', async () => {
    const refusesEnv = (): boolean => planOf('cursor.a').deny.includes('**/.env');
    expect(refusesEnv()).toBe(true);
    expect(await policies.explain({ server: 'a', what: '/srv/data/.env' })).toMatchObject({
      verdict: 'refused',
      enforcedBy: 'supervisor',
      rule: { id: 'deny:**/.env', source: 'level' },
      change: 'belljar grant cursor/a read /srv/data/.env',
    });
    await grant('write', '**/.env');
    expect(refusesEnv()).toBe(false);
    expect((await policies.explain({ server: 'a', what: '/srv/data/.env' })).verdict).toBe('allowed');
    await grant('protect', '**/.env');
    expect(
      (await servers.show({ server: 'a' })).policy?.rules.filter(({ source }) => source === 'person'),
    ).toMatchObject([{ verb: 'protect', what: '**/.env' }]);
    expect(refusesEnv()).toBe(true);
  });

  test('many at once are all kept', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => grant('read', `/srv/x${index.toString()}`)));
    const { area } = planOf('cursor.a');
    expect(area.filter((line) => /^read \/srv\/x\d+$/.test(line))).toHaveLength(20);
    await Promise.allSettled(Array.from({ length: 60 }, (_, index) => grant('read', `/srv/y${index.toString()}`)));
    await expect(grant('read', '/srv/z')).rejects.toMatchObject({ code: 'invalid-input' });
  });

  test('what is not there: a rule for it alone counts for nothing yet, and the folder is what to grant', async () => {
    const ask = (what: string) => policies.explain({ server: 'a', what, access: 'write' });
    mkdirSync(join(home, 'db'));
    writeFileSync(join(home, 'db', 'notes.db'), '');
    expect((await grant('write', '~/db/notes.db')).absent).toBeUndefined();
    expect(await ask('~/db/notes.db')).not.toHaveProperty('absent');
    expect(await ask('~/db/notes.db-journal')).toMatchObject({
      verdict: 'refused',
      absent: true,
      change: `belljar grant cursor/a write ${home}/db`,
    });
    expect(await grant('write', '~/db/notes.db-journal')).toMatchObject({ absent: true });
    expect(await ask('~/db/notes.db-journal')).toMatchObject({ verdict: 'allowed', absent: true });
    // In a folder that was granted, what is not there can be made.
    await grant('write', '~/db');
    expect(await ask('~/db/notes.db-journal')).not.toHaveProperty('absent');
    expect((await grant('write', '~/db/new')).absent).toBeUndefined();
  });

  test('show and explain say what holds', async () => {
    await grant('read', '~/notes');
    const shown = await servers.show({ server: 'a' });
    expect(methods['servers.show'].output.parse(shown)).toEqual(shown);
    expect(shown.policy?.rules.find((rule) => rule.id === `read:${home}/notes`)).toMatchObject({ source: 'person' });
    const ask = async (what: string, access?: 'read' | 'write'): Promise<Explanation> => {
      const answer = await policies.explain({ server: 'a', what, ...(access === undefined ? {} : { access }) });
      expect(methods['policies.explain'].output.parse(answer)).toEqual(answer);
      return answer;
    };
    expect(await ask('~/notes/x')).toMatchObject({ verdict: 'allowed', source: 'person', effective: 'not-running' });
    expect(await ask('~/notes/x', 'write')).toMatchObject({
      verdict: 'refused',
      change: `belljar grant cursor/a write ${home}/notes/x`,
    });
    expect(await ask('/srv/data/x', 'write')).toMatchObject({ verdict: 'allowed', rule: { source: 'argument' } });
    expect(await ask('~/.ssh/id')).toMatchObject({ verdict: 'refused', enforcedBy: 'landlock' });
    expect(await ask('node')).toMatchObject({ verdict: 'allowed', subject: 'program' });
    expect(await ask('/s.js')).toMatchObject({ verdict: 'allowed', source: 'runtime' });
    expect(await ask('example.com:443')).toMatchObject({ verdict: 'allowed', enforcedBy: 'supervisor' });
    await release('a');
    expect(await ask('~/.ssh/id')).toMatchObject({ verdict: 'allowed', enforcedBy: 'none' });
  });
});
