/**
 * The whole walk, with the built command, the real launcher and a real MCP client: see the servers, try one, contain it,
 * use it as before, watch what it was refused, allow it, put it back.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Event } from '#contract/event.ts';
import { eventSchema } from '#contract/event.ts';
import type { MethodName, Output } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';
import type { Server } from '#contract/server.ts';
import { serverSchema } from '#contract/server.ts';
import { readEntry, startEntry } from './support/client.ts';
import type { Finished, Home } from './support/product.ts';
import { makeHome } from './support/product.ts';

const readerServer = join(import.meta.dirname, 'support/reader-server.js');
const reader = 'claude-desktop/reader';

interface Desk extends Home {
  /** Claude Desktop's file. */
  config: string;
  /** What it held at the beginning: odd spacing, other settings, a second server. */
  original: string;
}

function makeDesk(): Desk {
  const home = makeHome();
  const server = home.folder('servers/reader-server.js');
  const config = home.folder('.config/Claude/claude_desktop_config.json');
  for (const folder of ['servers', 'notes', 'other', '.ssh', '.config/Claude']) {
    mkdirSync(home.folder(folder), { recursive: true, mode: 0o700 });
  }
  writeFileSync(server, readFileSync(readerServer));
  // Without it, a .js file outside a package would be tried as CommonJS first.
  writeFileSync(home.folder('servers/package.json'), '{"type":"module"}');
  writeFileSync(home.folder('notes/today.txt'), 'a note');
  writeFileSync(home.folder('other/plan.txt'), 'a plan');
  writeFileSync(home.folder('.ssh/id_ed25519'), 'a decoy key');
  const original = `{
   "globalShortcut": "",
  "mcpServers": {
    "reader": {"command": ${JSON.stringify(process.execPath)},   "args": [${JSON.stringify(server)}, ${JSON.stringify(home.folder('notes'))}],
      "env": { "READER_TOKEN": "decoy-token-value" } },
    "boxed": { "command": "docker", "args": ["run", "-i", "--rm", "some/server"] }
  }, "preferences": {"menuBarEnabled": true}
}
`;
  writeFileSync(config, original, { mode: 0o600 });
  return { ...home, config, original };
}

function parsed<M extends MethodName>(name: M, finished: Finished): Output<M> {
  if (finished.out === '') throw new Error(`nothing was answered, exit ${String(finished.code)}: ${finished.err}`);
  const value: unknown = JSON.parse(finished.out);
  return (methods[name].output as z.ZodType).parse(value) as Output<M>;
}

async function listed(desk: Desk, name = 'reader'): Promise<Server> {
  const { servers } = parsed('servers.list', await desk.run('list', '--json'));
  const found = servers.find((server) => server.name === name);
  if (found === undefined) throw new Error(`no server ${name}`);
  return found;
}

async function contained(): Promise<Desk> {
  const desk = makeDesk();
  const done = await desk.run('contain', reader, '--no-check');
  expect([done.code, done.err.includes('claude_desktop')]).toEqual([0, false]);
  return desk;
}

const eventsOf = (finished: Finished): Event[] =>
  finished.out
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => eventSchema.parse(JSON.parse(line)));

/** Events are written by the launcher while the server already goes on: the line comes a moment later. */
async function denied(desk: Desk, target: string): Promise<Event | undefined> {
  let found: Event | undefined;
  await expect
    .poll(
      async () => {
        const answered = await desk.run('events', '--json', '--verdict', 'refused', '--kind', 'file.read');
        found = eventsOf(answered).find((event) => event.target === target);
        return found?.target;
      },
      { timeout: 5000 },
    )
    .toBe(target);
  return found;
}

describe('seeing', () => {
  it('lists what is configured, masks what is secret, and changes nothing', async () => {
    const desk = makeDesk();
    const before = await desk.run('list');
    expect(before.code).toBe(0);
    expect(before.out.split('\n')[0]).toMatch(/^SERVER +LEVEL +STATE +RISK +NETWORK +RUNS +DENIED +COMMAND$/);
    expect(before.out).toContain('claude-desktop/reader');
    expect(before.out).not.toContain('\u001b');
    const answer = await desk.run('list', '--json');
    expect(answer.out).not.toContain('decoy-token-value');
    const list = parsed('servers.list', answer);
    expect(list.servers.map(({ handle, state }) => [handle, state])).toEqual([
      ['claude-desktop/reader', 'off'],
      ['claude-desktop/boxed', 'cannot'],
    ]);
    expect(readFileSync(desk.config, 'utf8')).toBe(desk.original);
    expect(parsed('servers.list', await desk.run('list', '--json', '--client', 'cursor')).servers).toEqual([]);
    expect(parsed('servers.list', await desk.run('list', '--json', '--state', 'off')).servers.length).toBeGreaterThan(
      0,
    );
  });

  it('says where it looked when there is nothing', async () => {
    const answer = await makeHome().run('list');
    expect([answer.code, answer.out]).toEqual([0, '']);
    expect(answer.err).toContain('claude_desktop_config.json (not there)');
  });

  it('tells a broken file with its place, and the other servers all the same', async () => {
    const desk = makeDesk();
    mkdirSync(desk.folder('.cursor'));
    writeFileSync(desk.folder('.cursor/mcp.json'), '{\n  "mcpServers": {\n    "x": { "command": }\n  }\n}\n');
    const answer = await desk.run('list');
    expect(answer.code).toBe(0);
    expect(answer.out).toContain('claude-desktop/reader');
    expect(answer.err).toContain(`warning: ${desk.folder('.cursor/mcp.json')}:3:`);
  });

  it('names what is not there, and what is ambiguous', async () => {
    const desk = makeDesk();
    mkdirSync(desk.folder('.cursor'));
    writeFileSync(desk.folder('.cursor/mcp.json'), '{"mcpServers":{"reader":{"command":"node","args":[]}}}');
    const missing = await desk.run('show', 'nothing', '--json');
    expect([missing.code, JSON.parse(missing.out)]).toMatchObject([
      3,
      { error: { code: 'not-found', params: { server: 'nothing' } } },
    ]);
    const ambiguous = await desk.run('show', 'reader');
    expect([ambiguous.code, ambiguous.out]).toEqual([3, '']);
    expect(ambiguous.err).toContain('names more than one server');
    expect((await desk.run('show', reader)).code).toBe(0);
  });
});

describe('trying', () => {
  it('checks a server bare and contained', async () => {
    const desk = makeDesk();
    const answer = await desk.run('check', reader, '--json');
    expect([answer.code, parsed('servers.check', answer)]).toMatchObject([
      0,
      { same: true, bare: { outcome: 'works', tools: 2 }, contained: { outcome: 'works', tools: 2 } },
    ]);
    expect(readFileSync(desk.config, 'utf8')).toBe(desk.original);
  });

  it('shows what would be written, and writes nothing', async () => {
    const desk = makeDesk();
    const diff = await desk.run('diff', reader);
    expect([diff.code, diff.out.includes('belljar-launcher'), diff.out.includes('decoy-token-value')]).toEqual([
      0,
      true,
      false,
    ]);
    const dry = await desk.run('contain', reader, '--dry-run', '--no-check');
    expect([dry.code, dry.out.includes('belljar-launcher')]).toEqual([0, true]);
    expect(readFileSync(desk.config, 'utf8')).toBe(desk.original);
  });
});

describe('containing', () => {
  it('walks from a config to a contained server and back, byte for byte', async () => {
    const desk = makeDesk();
    const done = await desk.run('contain', reader, '--json');
    expect([done.code, parsed('servers.contain', done).results]).toMatchObject([
      0,
      [{ id: 'claude-desktop.reader', changed: true, state: 'contained', file: desk.config }],
    ]);
    const entry = readEntry(desk.config, 'reader');
    expect(entry).toEqual({
      command: desk.folder('.local/share/belljar/bin/belljar-launcher'),
      args: [
        'run',
        'claude-desktop.reader',
        '--',
        process.execPath,
        desk.folder('servers/reader-server.js'),
        desk.folder('notes'),
      ],
      env: { READER_TOKEN: 'decoy-token-value' },
    });

    const following = desk.start('events', '--follow', '--json', '--verdict', 'refused');
    await expect.poll(async () => (await desk.run('host', 'status')).code).toBe(0);
    const server = await startEntry(desk, entry);
    const key = desk.folder('.ssh/id_ed25519');
    expect(await server.tools()).toEqual(['read', 'variable']);
    expect(await server.call('read', { path: desk.folder('notes/today.txt') })).toBe('a note');
    expect(await server.call('variable', { name: 'READER_TOKEN' })).toBe('decoy-token-value');
    expect(await server.call('read', { path: key })).toBe('EACCES');
    expect(await server.call('read', { path: desk.folder('other/plan.txt') })).toBe('EACCES');
    // A link inside the granted folder leads nowhere else; what is told is where it leads to.
    writeFileSync(desk.folder('other/linked.txt'), 'not for it');
    symlinkSync(desk.folder('other/linked.txt'), desk.folder('notes/link.txt'));
    expect(await server.call('read', { path: desk.folder('notes/link.txt') })).toBe('EACCES');

    const told = JSON.parse(await following.line((line) => line.includes('id_ed25519'))) as Event;
    expect(told).toMatchObject({ verdict: 'refused', kind: 'file.read', target: key, known: 'ssh-keys' });
    expect(await denied(desk, key)).toEqual(told);
    expect(await denied(desk, desk.folder('other/linked.txt'))).toMatchObject({ errno: 'EACCES' });
    const shown = parsed('servers.show', await desk.run('show', reader, '--json'));
    expect(shown.server).toMatchObject({ state: 'contained', liveRuns: 1 });
    expect(shown.server.denialsLastHour).toBeGreaterThanOrEqual(2);
    const human = await desk.run('events', '--verdict', 'refused');
    expect(human.out).toContain(`claude-desktop.reader tried to read your SSH keys (${key})`);
    await server.close();

    const back = await desk.run('release', '--all', '--json');
    expect([back.code, parsed('servers.release', back).results.map(({ id, state }) => [id, state])]).toEqual([
      0,
      [['claude-desktop.reader', 'off']],
    ]);
    expect(readFileSync(desk.config, 'utf8')).toBe(desk.original);
    const { entries } = parsed('history.list', await desk.run('history', '--json'));
    expect(entries.map(({ action }) => action)).toEqual(['release', 'contain']);
  });

  it('explains, grants and takes back, with the exit codes that scripts read', async () => {
    const desk = await contained();
    const plan = desk.folder('other/plan.txt');
    const explain = (what: string): Promise<number | null> =>
      desk.run('explain', reader, what).then(({ code }) => code);
    expect([
      await explain(desk.folder('notes/today.txt')),
      await explain(plan),
      await explain('./other/plan.txt'),
    ]).toEqual([0, 10, 10]);
    const granted = await desk.run('grant', reader, 'read', './other', '--json');
    expect([granted.code, parsed('policies.grant', granted)]).toMatchObject([
      0,
      { rule: `read:${desk.folder('other')}` },
    ]);
    expect(await explain(plan)).toBe(0);
    const server = await startEntry(desk, readEntry(desk.config, 'reader'));
    expect(await server.call('read', { path: plan })).toBe('a plan');
    await server.close();
    expect((await desk.run('revoke', reader, 'read', './other')).code).toBe(0);
    const second = await startEntry(desk, readEntry(desk.config, 'reader'));
    expect(await second.call('read', { path: plan })).toBe('EACCES');
    await second.close();
    const again = await desk.run('revoke', reader, 'read', './other', '--json');
    expect([again.code, JSON.parse(again.out)]).toMatchObject([3, { error: { code: 'no-such-rule' } }]);
    const wide = await desk.run('grant', reader, 'read', '/', '--json');
    expect([wide.code, JSON.parse(wide.out)]).toMatchObject([4, { error: { code: 'grant-too-wide' } }]);
  });

  it('tells runs, and stops one with everything it started', async () => {
    const desk = await contained();
    await startEntry(desk, readEntry(desk.config, 'reader'));
    const { runs } = parsed('runs.list', await desk.run('runs', '--json'));
    expect(runs).toMatchObject([{ server: 'claude-desktop.reader', live: true, start: { level: 'standard' } }]);
    const pid = runs[0]?.start?.supervisor.pid ?? 0;
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    const stopped = await desk.run('stop', runs[0]?.run ?? '', '--json');
    expect([stopped.code, parsed('runs.stop', stopped).live]).toEqual([0, false]);
    await expect.poll(() => existsSync(`/proc/${pid}/exe`)).toBe(false);
    const unknown = await desk.run('stop', 'no-such-run', '--json');
    expect([unknown.code, JSON.parse(unknown.out)]).toMatchObject([3, { error: { code: 'no-such-run' } }]);
  });

  it('sets levels, off included', async () => {
    const desk = await contained();
    expect((await desk.run('level', reader, 'strict')).code).toBe(0);
    expect(await listed(desk)).toMatchObject({ level: 'strict', state: 'contained' });
    expect((await desk.run('level', reader, 'watch')).code).toBe(0);
    expect(await listed(desk)).toMatchObject({ level: 'watch', state: 'watched' });
    expect((await desk.run('level', reader, 'off')).code).toBe(0);
    expect(await listed(desk)).toMatchObject({ level: 'off', state: 'off' });
    expect(readFileSync(desk.config, 'utf8')).toBe(desk.original);
  });

  it('does some and says which it could not', async () => {
    const desk = makeDesk();
    const answer = await desk.run('contain', reader, 'claude-desktop/boxed', '--no-check', '--json');
    const { results } = parsed('servers.contain', answer);
    const failures = results.filter((result) => result.error !== undefined);
    expect([answer.code, results.length, failures.map(({ error }) => error?.code)]).toEqual([6, 2, ['cannot-contain']]);
    expect((await listed(desk)).state).toBe('contained');
  });
});

describe('following', () => {
  it('tells a change of a file that somebody else makes', async () => {
    const desk = makeDesk();
    const watching = desk.start('list', '--watch', '--json');
    const first = serverSchema.parse(JSON.parse(await watching.line()));
    expect(first.handle).toBe('claude-desktop/reader');
    await watching.line();
    // As editors do: a new file over the old one.
    const changed = desk.original.replace('"reader": {', '"writer": {"command":"true"},\n    "reader": {');
    writeFileSync(`${desk.config}.new`, changed);
    renameSync(`${desk.config}.new`, desk.config);
    const told = serverSchema.parse(JSON.parse(await watching.line((line) => line.includes('writer'))));
    expect(told).toMatchObject({ handle: 'claude-desktop/writer', state: 'off' });
    renameSync(desk.config, `${desk.config}.gone`);
    expect(JSON.parse(await watching.line((line) => line.includes('"gone":true')))).toMatchObject({ gone: true });
    expect((await watching.kill('SIGINT')).code).toBe(130);
  });

  it('notices a file whose folder comes later', async () => {
    const desk = makeDesk();
    const watching = desk.start('list', '--watch', '--json');
    await watching.line();
    await watching.line();
    const file = desk.folder('.cursor/mcp.json');
    mkdirSync(dirname(file));
    writeFileSync(file, '{"mcpServers":{"late":{"command":"node","args":[]}}}');
    expect(JSON.parse(await watching.line((line) => line.includes('late')))).toMatchObject({ handle: 'cursor/late' });
  });
});

describe('the panel', () => {
  it('opens by a file and a code that works once', async () => {
    const desk = makeDesk();
    const serving = desk.start('panel', '--no-open', '--json');
    const { origin, redirectFile } = JSON.parse(await serving.line()) as Output<'host.panel'>;
    const code = /#code=([\w-]+)/.exec(readFileSync(redirectFile, 'utf8'))?.[1] ?? '';
    expect(readFileSync(`/proc/${serving.child.pid ?? 0}/cmdline`, 'utf8')).not.toContain(code);
    const headers = { 'content-type': 'application/json', origin };
    const session = (): Promise<Response> =>
      fetch(`${origin}/session`, { method: 'POST', headers, body: JSON.stringify({ code }) });
    const { token } = (await (await session()).json()) as { token: string };
    expect((await session()).status).toBe(401);
    expect(existsSync(redirectFile)).toBe(false);
    const list = await fetch(`${origin}/rpc/servers.list`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body: '{}',
    });
    expect(methods['servers.list'].output.parse(await list.json()).servers).toHaveLength(2);
    const stop = await fetch(`${origin}/rpc/host.stop`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body: '{}',
    });
    expect([stop.status, await stop.json()]).toMatchObject([403, { error: { code: 'private-door-only' } }]);
    const page = await fetch(origin);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await desk.run('host', 'stop')).code).toBe(0);
    expect((await serving.ended).code).toBe(0);
    await expect(fetch(origin)).rejects.toThrow('fetch failed');
  });
});

describe('belljar run', () => {
  it('runs a command contained: its output, its exit status, nothing of ours', async () => {
    const desk = makeDesk();
    const note = desk.folder('notes/today.txt');
    const allowed = await desk.run('run', '--read', 'notes', '--', 'cat', note);
    expect([allowed.code, allowed.out, allowed.err]).toEqual([0, 'a note', '']);
    const key = desk.folder('.ssh/id_ed25519');
    const script = `cat < ${key}; exit 7`;
    const refused = await desk.run('run', '--', 'sh', '-c', script);
    expect([refused.code, refused.out]).toEqual([7, '']);
    expect(refused.err).toContain('Permission denied');
    expect((await denied(desk, key))?.server).toMatch(/^run\./);
    expect((await desk.run('run', '--', 'no-such-command-here')).code).toBe(127);
    expect((await desk.run('run', '--', 'sh', '-c', 'kill -TERM $$')).code).toBe(143);
  });

  it('has no controlling terminal, and says so as programs expect it', async () => {
    const desk = makeDesk();
    const key = desk.folder('.ssh/id_ed25519');
    const asked = await desk.run('run', '--', 'sh', '-c', `cat /dev/tty; cat ${key}`);
    expect(asked.err).toContain('/dev/tty: No such device or address');
    expect(asked.err).toContain(`${key}: Permission denied`);
    const refused = eventsOf(await desk.run('events', '--json', '--verdict', 'refused'));
    expect(refused.map(({ target }) => target)).toEqual([key]);
  });

  it('passes on only the variables that were named', async () => {
    const desk = makeDesk();
    desk.environment['DECOY_TOKEN'] = 'decoy';
    const without = await desk.run('run', '--', 'printenv', 'DECOY_TOKEN');
    expect([without.code, without.out]).toEqual([1, '']);
    const named = await desk.run('run', '--env', 'DECOY_TOKEN', '--', 'printenv', 'DECOY_TOKEN');
    expect([named.code, named.out]).toEqual([0, 'decoy\n']);
  });

  it('lets write only where it was told, and refuses to be told too much', async () => {
    const desk = makeDesk();
    const made = desk.folder('notes/made.txt');
    const attempt = (...options: string[]): Promise<Finished> =>
      desk.run('run', ...options, '--', 'sh', '-c', `echo x > ${made}`);
    expect((await attempt('--read', 'notes')).code).not.toBe(0);
    expect(existsSync(made)).toBe(false);
    expect((await attempt('--write', 'notes')).code).toBe(0);
    expect(existsSync(made)).toBe(true);
    const wide = await attempt('--write', '/');
    expect([wide.code, wide.out]).toEqual([125, '']);
    expect(wide.err).toContain('too much to grant');
  });
});

describe('uninstall', () => {
  it('puts everything back and leaves nothing of its own', async () => {
    const desk = await contained();
    const host = desk.start('host', '--json');
    await host.line();
    mkdirSync(desk.folder('.local/state/belljar/kept-by-someone'));
    const answer = await desk.run('uninstall', '--yes', '--json');
    expect([answer.code, JSON.parse(answer.out)]).toMatchObject([
      0,
      { released: ['claude-desktop.reader'], left: [desk.folder('.local/state/belljar')] },
    ]);
    expect(readFileSync(desk.config, 'utf8')).toBe(desk.original);
    expect(
      ['.config/belljar', '.local/share/belljar', 'runtime/belljar'].map((name) => existsSync(desk.folder(name))),
    ).toEqual([false, false, false]);
    expect((await host.ended).code).toBe(0);
    expect(readdirSync(desk.folder('.local/state/belljar'))).toEqual(['kept-by-someone']);
  });

  it('comes to its end where an entry asks for what is another server’s, and says what is left to do', async () => {
    const desk = await contained();
    const launcher = desk.folder('.local/share/belljar/bin/belljar-launcher');
    const file = desk.folder('.cursor/mcp.json');
    mkdirSync(desk.folder('.cursor'), { recursive: true });
    const evil = {
      command: launcher,
      args: ['run', 'claude-desktop.reader', '--', 'evil'],
      env: { KEY: 'kept-by-belljar:KEY' },
    };
    writeFileSync(file, JSON.stringify({ mcpServers: { evil } }));
    const answer = await desk.run('uninstall', '--yes');
    expect([answer.code, answer.err.includes('in place of kept-by-belljar:KEY')]).toEqual([0, true]);
    expect(readFileSync(desk.config, 'utf8')).toBe(desk.original);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      mcpServers: { evil: { command: 'evil', args: [], env: evil.env } },
    });
    expect(existsSync(launcher)).toBe(false);
  });

  it('removes nothing while one entry cannot be put back', async () => {
    const desk = await contained();
    writeFileSync(desk.config, '{ broken');
    const answer = await desk.run('uninstall', '--yes');
    expect(answer.code).not.toBe(0);
    expect(answer.err).toContain('Nothing was removed');
    expect(existsSync(desk.folder('.local/share/belljar/bin/belljar-launcher'))).toBe(true);
  });

  it('names what it put back and what it could not, where one entry could not be', async () => {
    const desk = await contained();
    const file = desk.folder('.cursor', 'mcp.json');
    const text = JSON.stringify({ mcpServers: { other: { command: 'node', args: ['x.js'] } } });
    mkdirSync(desk.folder('.cursor'), { recursive: true });
    writeFileSync(file, text);
    expect((await desk.run('contain', 'cursor/other', '--no-check')).code).toBe(0);
    chmodSync(desk.config, 0o444);
    const answer = await desk.run('uninstall', '--yes');
    expect([answer.code, answer.out]).toEqual([6, 'put back  cursor.other\n']);
    expect(answer.err).toContain('claude-desktop.reader: The file cannot be written');
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
