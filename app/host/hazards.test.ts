/**
 * What makes rewriting a client's file dangerous, each with what Belljar does about it: lists of exact commands, approvals,
 * wrapped entries that arrive in other places, projects that others share, clients that undo a change.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileStore } from '#platform/files/file-store.ts';
import { isInIndex } from '#platform/files/repositories.ts';
import { makeServerWorld, type ServerWorld } from './testing/server-world.ts';

let root: string;
let home: string;
let world: ServerWorld;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'belljar-hazards-'));
  home = join(root, 'home');
  world = makeServerWorld(home);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, content: unknown): string {
  mkdirSync(dirname(file), { recursive: true });
  const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
  writeFileSync(file, text);
  return text;
}
const textOf = (file: string): string => readFileSync(file, 'utf8');
const contain = (servers: 'all' | string[] = 'all', project = false) =>
  world.servers.contain({ servers, dryRun: false, check: false, project });
const release = (servers: 'all' | string[] = 'all') => world.servers.release({ servers, dryRun: false });
const list = async () => (await world.servers.list({})).servers;
const stateOf = async (name: string): Promise<string | undefined> =>
  (await list()).find((server) => server.name === name || server.id === name)?.state;
const entry = { command: 'npx', args: ['-y', 'tool'] };
const etc = (path: string): string => join(home, 'system/etc', path);

describe('lists of exact commands, kept by an administrator', () => {
  const listed = { serverCommand: ['npx', '-y', 'tool'] };
  const cases: readonly [string, string, string, () => void][] = [
    [
      'Claude Code allows it',
      '.claude.json',
      'mcpServers',
      () => write(etc('claude-code/managed-settings.json'), { allowedMcpServers: [listed] }),
    ],
    [
      'Claude Code denies it',
      '.claude.json',
      'mcpServers',
      () => write(etc('claude-code/managed-settings.json'), { deniedMcpServers: [listed] }),
    ],
    [
      'Copilot CLI allows it',
      '.copilot/mcp-config.json',
      'mcpServers',
      () => write(etc('github-copilot/managed-settings.json'), { allowedMcpServers: [listed] }),
    ],
    [
      'Copilot in VS Code denies it',
      '.config/Code/User/mcp.json',
      'servers',
      () => write(etc('github-copilot/managed-settings.json'), { deniedMcpServers: [listed] }),
    ],
  ];

  test.each(cases)('%s: refused, with what the administrator can do', async (_name, file, key, set) => {
    const before = write(join(home, file), { [key]: { a: entry } });
    set();
    const { results } = await contain(['a']);
    expect(results[0]).toMatchObject({ changed: false, state: 'cannot', error: { code: 'cannot-contain' } });
    expect(results[0]?.error?.remedy).toMatch(/Whoever keeps the list|Remove the server/);
    expect((await list())[0]).toMatchObject({ reason: 'command-list' });
    expect(textOf(join(home, file))).toBe(before);
    // Without the list, the same entry can be contained.
    rmSync(join(home, 'system'), { recursive: true });
    expect((await contain(['a'])).results).toMatchObject([{ changed: true, state: 'contained' }]);
  });

  test('a list that comes, changes or goes while the entries stay as they are counts at once', async () => {
    write(join(home, '.claude.json'), { mcpServers: { a: entry } });
    const settings = etc('claude-code/managed-settings.json');
    expect(await stateOf('a')).toBe('off');
    write(settings, { deniedMcpServers: [listed] });
    expect(await stateOf('a')).toBe('cannot');
    expect((await contain(['a'])).results).toMatchObject([{ changed: false }]);
    write(settings, { deniedMcpServers: [{ serverCommand: ['other'] }] });
    expect(await stateOf('a')).toBe('off');
    write(settings, { allowedMcpServers: [listed] });
    expect(await stateOf('a')).toBe('cannot');
    rmSync(settings);
    expect((await contain(['a'])).results).toMatchObject([{ changed: true, state: 'contained' }]);
  });

  test('of another client that reads the same file: refused too', async () => {
    const project = join(root, 'project');
    const before = write(join(project, '.mcp.json'), { mcpServers: { a: entry } });
    write(etc('github-copilot/managed-settings.json'), { deniedMcpServers: [listed] });
    await world.servers.look({ folder: project });
    expect(await list()).toMatchObject([{ client: 'claude-code', state: 'cannot', reason: 'command-list' }]);
    expect((await contain(['a'])).results[0]?.error).toMatchObject({ code: 'cannot-contain' });
    expect(textOf(join(project, '.mcp.json'))).toBe(before);
    rmSync(join(home, 'system'), { recursive: true });
    expect(await list()).toMatchObject([{ state: 'off' }]);
    expect((await contain(['a'])).results).toMatchObject([{ changed: true }]);
  });

  test('Codex: the table of requirements names the command', async () => {
    const file = join(home, '.codex/config.toml');
    const before = write(file, '[mcp_servers.a]\ncommand = "npx"\nargs = ["-y", "tool"]\n');
    write(etc('codex/requirements.toml'), '[mcp_servers.a.identity]\ncommand = "npx"\n');
    expect((await contain(['a'])).results[0]?.error).toMatchObject({ code: 'cannot-contain' });
    expect(textOf(file)).toBe(before);
    // Where the launcher itself is what is required, a contained server stays one.
    rmSync(etc('codex/requirements.toml'));
    await contain(['a']);
    write(etc('codex/requirements.toml'), `[mcp_servers.a.identity]\ncommand = "${world.places.launcher}"\n`);
    expect(await stateOf('a')).toBe('contained');
    expect((await release(['a'])).results).toMatchObject([{ changed: true }]);
    expect(textOf(file)).toBe(before);
  });

  test('Goose: a list behind an address', async () => {
    const file = join(home, '.config/goose/config.yaml');
    const before = write(file, 'extensions:\n  a: {type: stdio, cmd: npx, args: [-y, tool]}\n');
    world = makeServerWorld(home, { environment: { GOOSE_ALLOWLIST: 'https://example.com/list.yaml' } });
    expect((await contain(['a'])).results[0]?.error).toMatchObject({ code: 'cannot-contain' });
    expect(textOf(file)).toBe(before);
    world = makeServerWorld(home);
    expect((await contain(['a'])).results).toMatchObject([{ changed: true }]);
  });
});

describe('a wrapped entry somewhere else', () => {
  test('another client imported it: wrapped once, under its own name', async () => {
    write(join(home, '.config/Claude/claude_desktop_config.json'), { mcpServers: { a: entry } });
    await contain();
    const imported = JSON.parse(textOf(join(home, '.config/Claude/claude_desktop_config.json'))) as {
      mcpServers: unknown;
    };
    const code = join(home, '.config/Code/User/mcp.json');
    write(code, { servers: imported.mcpServers });
    expect(await stateOf('vscode.a')).toBe('copied');
    expect((await contain(['vscode.a'])).results).toMatchObject([{ changed: true, state: 'contained' }]);
    const { servers } = JSON.parse(textOf(code)) as { servers: { a: typeof entry } };
    expect(servers.a.args).toEqual(['run', 'vscode.a', '--', 'npx', '-y', 'tool']);
    await release();
    expect((JSON.parse(textOf(code)) as typeof imported & { servers: unknown }).servers).toEqual({ a: entry });
  });

  test.each(['/home/other/.local/share/belljar/bin/belljar-launcher', 'C:\\Users\\a\\Belljar\\belljar-launcher.exe'])(
    'settings synchronised from another machine name its launcher (%s): healed by containing again',
    async (launcher) => {
      const args = ['run', 'cursor.a', '--', 'npx', '-y', 'tool'];
      const file = join(home, '.cursor/mcp.json');
      write(file, { mcpServers: { a: { command: launcher, args } } });
      expect(await stateOf('a')).toBe('moved');
      expect((await contain(['a'])).results).toMatchObject([{ changed: true, state: 'contained' }]);
      expect(JSON.parse(textOf(file))).toEqual({ mcpServers: { a: { command: world.places.launcher, args } } });
      await release(['a']);
      expect(JSON.parse(textOf(file))).toEqual({ mcpServers: { a: entry } });
    },
  );

  test('a project that was copied: both hold on their own', async () => {
    const [one, two] = [join(root, 'one'), join(root, 'two')];
    const before = write(join(one, '.mcp.json'), { mcpServers: { a: entry } });
    await world.servers.look({ folder: one });
    await contain();
    cpSync(one, two, { recursive: true });
    await world.servers.look({ folder: two });
    const copy = (await list()).find(({ file }) => file.startsWith(two));
    expect(copy?.state).toBe('copied');
    expect((await contain([copy?.id ?? ''])).results).toMatchObject([{ changed: true, state: 'contained' }]);
    expect((await list()).map(({ state }) => state)).toEqual(['contained', 'contained']);
    await release();
    expect([textOf(join(one, '.mcp.json')), textOf(join(two, '.mcp.json'))]).toEqual([before, before]);
  });
});

test('the audit names all that cannot be contained, also where no file holds a command', async () => {
  write(join(home, '.config/Claude/Claude Extensions/tool/manifest.json'), {
    manifest_version: '0.4',
    name: 'tool',
    server: { type: 'uv', entry_point: 'server.py' },
  });
  write(join(home, '.config/zed/settings.json'), { context_servers: { 'mcp-server-x': { settings: {} } } });
  write(
    join(home, '.config/goose/config.yaml'),
    'extensions:\n  developer: {type: builtin, name: developer, enabled: true}\n  far: {type: sse, uri: "https://x"}\n',
  );
  const shown = (await list()).filter(({ state, reason }) => state === 'cannot' && reason !== 'remote');
  expect(
    shown.map(({ name, command }) => [name, command]).toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
  ).toEqual([
    ['developer', null],
    ['mcp-server-x', null],
    ['tool', null],
  ]);
  const { clean, findings } = await world.servers.audit({});
  expect([clean, findings.map(({ server, code }) => [server, code])]).toEqual([
    false,
    shown.map(({ id }) => [id, 'client-starts-outside']),
  ]);
  for (const { sentence, remedy } of findings) expect([sentence.length, remedy.length]).not.toContain(0);
});

describe('projects', () => {
  const git = (folder: string, ...args: string[]): void => {
    const result = spawnSync('git', ['-c', 'init.defaultBranch=main', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
    });
    if (result.status !== 0) throw new Error(result.stderr);
  };

  test("a file that its repository keeps is left alone unless asked; one that it does not keep is the user's", async () => {
    const project = join(root, 'project');
    const before = write(join(project, '.mcp.json'), { mcpServers: { shared: entry } });
    write(join(project, '.cursor/mcp.json'), { mcpServers: { mine: entry } });
    git(project, 'init', '-q');
    git(project, 'add', '.mcp.json');
    await world.servers.look({ folder: join(project) });
    const [kept] = (await contain(['shared'])).results;
    expect(kept).toMatchObject({ changed: false, state: 'off', error: { code: 'project-file' } });
    expect(kept?.error?.remedy).toContain('--project');
    expect(textOf(join(project, '.mcp.json'))).toBe(before);
    expect((await contain(['mine'])).results).toMatchObject([{ changed: true }]);
    expect((await contain(['shared'], true)).results).toMatchObject([{ changed: true, state: 'contained' }]);
    // A new process that stands elsewhere knows of it and puts it back.
    world = makeServerWorld(home);
    expect((await release()).results).toHaveLength(2);
    expect(textOf(join(project, '.mcp.json'))).toBe(before);
  });

  test.each([2, 4])('the index is read in format %d, in work trees, split and sparse', async (version) => {
    const project = join(root, 'project');
    for (const name of ['.mcp.json', 'a/b/long-name.txt', 'a/b/other.txt', 'other.json'])
      write(join(project, name), 'x');
    git(project, 'init', '-q');
    git(project, 'add', '.mcp.json', 'a');
    git(project, 'update-index', '--index-version', version.toString());
    const index = readFileSync(join(project, '.git/index'));
    const has = (path: string): boolean | null => isInIndex(index, Buffer.from(path), 20);
    expect(index.readUInt32BE(4)).toBe(version);
    expect([has('.mcp.json'), has('a/b/long-name.txt'), has('a/b/other.txt')]).toEqual([true, true, true]);
    expect([has('other.json'), has('a'), has('.mcp')]).toEqual([false, false, false]);
    expect(isInIndex(index.subarray(0, 40), Buffer.from('x'), 20)).toBeNull();
    expect(isInIndex(Buffer.from('nothing'), Buffer.from('x'), 20)).toBeNull();
    git(project, 'update-index', '--split-index');
    const split = readFileSync(join(project, '.git/index'));
    expect(isInIndex(split, Buffer.from('other.json'), 20)).toBeNull();
  });

  test('one file that several clients read is listed once and names them', async () => {
    const project = join(root, 'project');
    write(join(project, '.mcp.json'), { mcpServers: { shared: entry } });
    await world.servers.look({ folder: project });
    const found = await list();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ client: 'claude-code', project });
    expect(found[0]?.sharedWith).toEqual(expect.arrayContaining(['VS Code', 'Cursor', 'Copilot CLI']));
    expect(found[0]?.notes.join()).toContain('The same file is read by VS Code');
  });

  test('such a file is read once a list, and anew by the next one', async () => {
    const project = join(root, 'project');
    const file = join(project, '.mcp.json');
    write(file, { mcpServers: { shared: entry } });
    const files = createFileStore();
    const read: string[] = [];
    const counting = makeServerWorld(
      home,
      {},
      {
        files: {
          ...files,
          read(path) {
            read.push(path);
            return files.read(path);
          },
        },
      },
    );
    await counting.servers.look({ folder: project });
    for (const name of ['shared', 'changed']) {
      write(file, { mcpServers: { [name]: entry } });
      read.length = 0;
      expect((await counting.servers.list({})).servers.map((server) => server.name)).toEqual([name]);
      expect(read.filter((path) => path === file)).toEqual([file]);
    }
  });

  test('folders come from records of clients, from where the person stands, and from no search of the disk', async () => {
    const [recorded, standing, unknown] = ['recorded', 'standing', 'unknown'].map((name) => join(root, name));
    for (const folder of [recorded, standing, unknown])
      write(join(folder ?? '', '.mcp.json'), { mcpServers: { [folder ?? '']: entry } });
    mkdirSync(join(standing ?? '', 'deep/down'), { recursive: true });
    write(join(home, '.config/Code/User/workspaceStorage/x/workspace.json'), { folder: `file://${recorded ?? ''}` });
    await world.servers.look({ folder: join(standing ?? '', 'deep/down') });
    expect((await list()).map(({ name }) => name).toSorted()).toEqual([recorded, standing]);
  });
});

describe('clients that undo a change', () => {
  test('an update of an extension drops it: shown as drift, contained again', async () => {
    const file = join(home, '.config/Claude/Claude Extensions/local.x.y/manifest.json');
    const manifest = (version: string) => ({
      name: 'y',
      version,
      server: { type: 'node', mcp_config: { command: 'node', args: ['${__dirname}/index.js'] } },
    });
    write(file, manifest('1'));
    await contain();
    expect((await list())[0]?.notes.join()).toContain('An update replaces this file');
    const updated = write(file, manifest('2'));
    expect(await stateOf('y')).toBe('drifted');
    expect((await contain(['y'])).results).toMatchObject([{ changed: true, state: 'contained' }]);
    await release();
    expect(textOf(file)).toBe(updated);
  });

  test('a client that wipes its servers: nothing is left to put back, and releasing all ends clean', async () => {
    const file = join(home, '.config/Claude/claude_desktop_config.json');
    write(file, { mcpServers: { a: entry } });
    await contain();
    const wiped = write(file, { preferences: {} });
    const gone = (await list())[0];
    expect(gone).toMatchObject({
      state: 'drifted',
      drift: { how: 'removed', before: [entry.command, ...entry.args], now: null },
    });
    expect((await release()).results).toMatchObject([{ state: 'off', changed: false }]);
    expect(textOf(file)).toBe(wiped);
    expect(await list()).toEqual([]);

    // Of many, one is forgotten by its id; one that comes back is drifted, and not gone.
    write(file, { mcpServers: { a: entry, b: entry } });
    await contain();
    write(file, { mcpServers: { b: entry } });
    expect((await list()).map(({ drift }) => drift?.how)).toEqual(['unwrapped', 'removed']);
    expect((await release([gone?.id ?? ''])).results).toMatchObject([{ id: gone?.id, state: 'off' }]);
    expect(await list()).toMatchObject([{ name: 'b', drift: { how: 'unwrapped' } }]);
  });
});

describe('what people are told', () => {
  test('a client that asks again, and one that runs node in itself', async () => {
    write(join(home, '.cursor/mcp.json'), { mcpServers: { a: entry } });
    write(join(home, '.config/Claude/claude_desktop_config.json'), {
      mcpServers: { b: { command: 'node', args: ['x'] } },
    });
    write(join(home, '.codex/config.toml'), '[mcp_servers.c]\ncommand = "node"\n');
    const notes = Object.fromEntries((await list()).map((server) => [server.name, server.notes.join(' ')]));
    expect(notes['a']).toContain('asks you to approve the server again');
    expect(notes['b']).toContain('needs a Node.js');
    expect(notes['c']).toBe('');
  });

  test('a command with a placeholder is contained only where its client replaces it in arguments too', async () => {
    const held = { command: '${HOME}/bin/server', args: ['${TOKEN}', 'a "b" $c'] };
    const kiro = join(home, '.kiro/settings/mcp.json');
    const before = write(kiro, { mcpServers: { held, plain: { ...held, command: 'server' } } });
    write(join(home, '.claude.json'), { mcpServers: { held } });
    const kept = await contain(['kiro/held']);
    expect(kept.results).toMatchObject([{ changed: false, state: 'cannot', error: { code: 'cannot-contain' } }]);
    expect(kept.results[0]?.error?.remedy).toBe('Write the path of the command out.');
    expect(textOf(kiro)).toBe(before);
    // Arguments are handed on word for word, whatever the client makes of them.
    const { results } = await contain(['kiro/plain', 'claude-code/held']);
    expect(results.map(({ state }) => state)).toEqual(['contained', 'contained']);
    const argsIn = (file: string, name: string): string[] =>
      (JSON.parse(textOf(file)) as { mcpServers: Record<string, { args: string[] }> }).mcpServers[name]?.args ?? [];
    expect(argsIn(kiro, 'plain')).toEqual(['run', 'kiro.plain', '--', 'server', ...held.args]);
    expect(argsIn(join(home, '.claude.json'), 'held')).toEqual([
      'run',
      'claude-code.held',
      '--',
      held.command,
      ...held.args,
    ]);
  });

  test('the same server in several clients, however it is written', async () => {
    write(join(home, '.cursor/mcp.json'), { mcpServers: { a: entry, other: { command: 'npx', args: ['x'] } } });
    write(
      join(home, '.codex/config.toml'),
      '[mcp_servers.b]\ncommand = "cmd"\nargs = ["/c", "npx.cmd", "-y", "tool"]\n',
    );
    write(join(home, '.config/opencode/opencode.json'), {
      mcp: { c: { type: 'local', command: ['npx', '-y', 'tool'] } },
    });
    await contain(['a']);
    const same = Object.fromEntries((await list()).map((server) => [server.id, server.sameAs]));
    expect(same).toEqual({
      'cursor.a': ['codex.b', 'opencode.c'],
      'codex.b': ['cursor.a', 'opencode.c'],
      'opencode.c': ['cursor.a', 'codex.b'],
      'cursor.other': [],
    });
  });

  test('programs whose servers no file shows', async () => {
    mkdirSync(join(home, '.config/CherryStudio'), { recursive: true });
    write(join(home, '.config/JetBrains/IdeaIC2025.1/options/llm.mcpServers.xml'), '<x/>');
    const { machine } = await world.servers.list({});
    expect(machine.unseen?.map(({ title }) => title)).toEqual([
      'Cherry Studio',
      'JetBrains AI Assistant before 2025.3',
    ]);
    expect(machine.unseen?.every(({ sentence, remedy }) => sentence !== '' && remedy !== '')).toBe(true);
  });

  test('cmd /c leads to what it starts, for what cannot be contained too', async () => {
    write(join(home, '.cursor/mcp.json'), {
      mcpServers: {
        box: { command: 'cmd.exe', args: ['/d', '/s', '/c', 'docker', 'run', 'x'] },
        plain: { command: 'CMD', args: ['/C', 'npx.cmd', '-y', 'tool'] },
      },
    });
    expect((await list()).map(({ reason, state }) => reason ?? state)).toEqual(['docker', 'off']);
  });

  test("a client's own sandbox is left to it", async () => {
    const file = join(home, '.config/Code/User/mcp.json');
    write(file, { servers: { a: { ...entry, sandboxEnabled: true }, b: { ...entry, sandboxEnabled: false } } });
    expect((await list()).map(({ name, reason }) => [name, reason])).toEqual([
      ['a', 'other-sandbox'],
      ['b', undefined],
    ]);
  });

  test('homes of WSL, seen from Windows, are listed and left to the Belljar inside', async () => {
    const file = join(home, 'system/wsl.localhost/Ubuntu/home/anna/.cursor/mcp.json');
    const before = write(file, { mcpServers: { inside: entry } });
    world = makeServerWorld(home, { system: 'windows' });
    expect(await list()).toMatchObject([{ name: 'inside', reason: 'other-system', state: 'cannot' }]);
    expect((await contain(['inside'])).results[0]?.error).toMatchObject({ code: 'cannot-contain' });
    expect(textOf(file)).toBe(before);
    world = makeServerWorld(home);
    expect(await list()).toEqual([]);
  });

  test('a name that is no text is a problem that is told, and costs nothing else', async () => {
    const profiles = Buffer.from(join(home, '.config/Code/User/profiles/'));
    mkdirSync(profiles, { recursive: true });
    mkdirSync(Buffer.concat([profiles, Buffer.from([0x78, 0xff])]));
    write(join(home, '.config/Code/User/profiles/good/mcp.json'), { servers: { a: entry } });
    const { machine, servers } = await world.servers.list({});
    expect(servers.map(({ name }) => name)).toEqual(['a']);
    expect(machine.problems).toMatchObject([
      { code: 'config-unreadable', file: join(home, '.config/Code/User/profiles') },
    ]);
  });
});

test('a byte order mark stays where its client reads it, and is refused where it does not', async () => {
  const files = {
    '.config/Code/User/mcp.json': `\uFEFF${JSON.stringify({ servers: { a: entry } })}`,
    '.codex/config.toml': '\uFEFF[mcp_servers.a]\r\ncommand = "npx"\r\n',
    '.config/goose/config.yaml': '\uFEFFextensions:\n  a:\n    type: stdio\n    cmd: npx\n    args:\n    - -y\n',
  };
  for (const [file, text] of Object.entries(files)) write(join(home, file), text);
  write(join(home, '.cursor/mcp.json'), `\uFEFF${JSON.stringify({ mcpServers: { a: entry } })}`);
  const { machine } = await world.servers.list({});
  expect(machine.problems).toMatchObject([{ code: 'config-bom', file: join(home, '.cursor/mcp.json') }]);
  expect((await contain()).results.map(({ state }) => state)).toEqual(['contained', 'contained', 'contained']);
  for (const file of Object.keys(files)) expect(textOf(join(home, file))).toMatch(/^\uFEFF[^]*belljar-launcher/);
  await release();
  for (const [file, text] of Object.entries(files)) expect(textOf(join(home, file))).toBe(text);
});

test('a file of 2 MB that its client writes all the time', async () => {
  const file = join(home, '.claude.json');
  const projects = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [
      `/work/project-${at.toString()}`,
      {
        history: Array.from({ length: 50 }, () => ({ display: 'é"\\ '.repeat(30) })),
        mcpServers: at === 7 ? { local: entry } : {},
      },
    ]),
  );
  const before = write(file, { mcpServers: { a: entry }, projects });
  expect(before.length).toBeGreaterThan(2 ** 20 * 1.5);
  expect((await contain()).results.map(({ state }) => state)).toEqual(['contained', 'contained']);
  const busy = textOf(file).replace('"mcpServers": {', '"numStartups": 2,\n  "mcpServers": {');
  writeFileSync(file, busy);
  await release();
  expect(textOf(file)).toBe(before.replace('"mcpServers": {', '"numStartups": 2,\n  "mcpServers": {'));
});
