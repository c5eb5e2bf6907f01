/**
 * Decoys of every kind of secret, in the files of several clients and formats, with the built product: contained, moved, used,
 * looked at in every way, put back and released. Every byte that Belljar wrote meanwhile (files, output, answers to a page,
 * command lines) is searched for each of them, as it is and in the usual encodings. The store of secrets is where they are.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { secretFormats } from '#contract/secret.ts';
import type { Output } from '#contract/methods.ts';
import { decoys } from '#contract/secret-decoys.ts';
import { loopbackKnock } from '#host/client.ts';
import { startEntry, type Entry } from './support/client.ts';
import { collect, redeem } from './support/feed.ts';
import { makeHome, type Home } from './support/product.ts';

const worded = 'correcthorsebattery';
const password = 'p4ss "w0rd\\ with% päss/+=';
const all: readonly string[] = [
  ...secretFormats.flatMap((format) => decoys[format]),
  `postgres://anna:${encodeURIComponent('s3cretInAddress')}@db.example.com/x`,
  'Bearer headerDecoy-0123456789',
  password,
  worded,
];

/** What tells that a value, or the greater part of it, stands in a text. */
function needles(): string[] {
  const cores = ['q7ZtB4xK9mVw2RsY', '9f86d081884c7d65', 'Q7ZT4XK9MVW2', 's3cretInAddress', 'headerDecoy-01234567'];
  const plain = new Set([
    ...cores,
    ...all,
    ...all.flatMap((value) => value.split('\n').filter((line) => line.length > 20)),
  ]);
  const base64 = (text: string): string[] =>
    [0, 1, 2].flatMap((shift) => {
      // The first and the last characters depend on what stands around it.
      const encoded = Buffer.from(`${'-'.repeat(shift)}${text}`)
        .toString('base64')
        .slice(4, -4);
      return [encoded, encoded.replaceAll('+', '-').replaceAll('/', '_')];
    });
  const encodings = [...plain].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    JSON.stringify(JSON.stringify(text)).slice(3, -3),
    encodeURIComponent(text),
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('hex').toUpperCase(),
    ...base64(text),
  ]);
  return [...new Set(encodings)].filter((text) => text.length >= 10);
}
const telling = needles();
const found = (text: string): string[] => telling.filter((needle) => text.includes(needle));

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A server that does what careless ones do: it tells its whole environment and command line on its standard error. */
function writeServer(home: Home): string {
  const file = home.folder('server', 'server.mjs');
  mkdirSync(dirname(file), { recursive: true });
  const reader = readFileSync(join(import.meta.dirname, 'support/reader-server.js'), 'utf8');
  writeFileSync(file, `${reader}\nconsole.error(JSON.stringify([process.env, process.argv]));\n`);
  return file;
}

/** The decoys in equal parts, so that each client has some. */
function variables(part: number, parts: number): Record<string, string> {
  const own = all.map((value, index) => [`SECRET_${index.toString()}`, value] as const);
  return Object.fromEntries(own.filter((_, index) => index % parts === part));
}

it('no decoy is found in what Belljar wrote, printed or answered', async () => {
  const home = makeHome();
  const server = writeServer(home);
  const node = process.execPath;
  const argument = decoys.openai[1] ?? '';
  const inArguments = [
    '--api-key',
    argument,
    '--header',
    `Authorization: Bearer ${decoys.figma[0] ?? ''}`,
    `postgres://u:${decoys.vault[0] ?? ''}@db/x`,
    // Nothing but the name beside it tells that this is one, and no variable is known to take its place.
    ...['--client-secret', worded],
    ...['--config', JSON.stringify({ region: 'eu', auth: { password: worded } })],
    `cd /srv && DB_PASSWORD=${worded} exec server`,
    `host=db password=${worded} dbname=x`,
    ...['-u', `anna:${worded}`],
  ];
  const json = JSON.stringify;
  const env = [0, 1, 2, 3].map((part) => variables(part, 4));
  const lines = (part: number, separator: string, indent: string): string =>
    Object.entries(env[part] ?? {})
      .map(([name, value]) => `${indent}${name}${separator}${json(value)}`)
      .join('\n');
  const files: Record<string, string> = {
    '.cursor/mcp.json': json({
      mcpServers: {
        a: { command: node, args: [server], env: env[0] },
        args: { command: node, args: [server, ...inArguments], env: { ASKED: '${input:token}' } },
      },
    }),
    '.config/Code/User/mcp.json': `{ // mine\n "servers": { "b": { "type": "stdio", "command": ${json(node)}, "args": [${json(server)}], "env": ${json(env[1])}, } } }`,
    '.codex/config.toml': `[mcp_servers.c]\ncommand = ${json(node)}\nargs = [${json(server)}]\n[mcp_servers.c.env]\n${lines(2, ' = ', '')}\n`,
    '.config/goose/config.yaml': `extensions:\n  d:\n    type: stdio\n    name: d\n    cmd: ${json(node)}\n    args: [${json(server)}]\n    envs:\n${lines(3, ': ', '      ')}\n`,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(home.folder(file)), { recursive: true });
    writeFileSync(home.folder(file), text, { mode: 0o600 });
  }
  // What is looked for is found where it is.
  expect(Object.values(files).flatMap(found).length).toBeGreaterThan(all.length);

  const said: string[] = [];
  const belljar = async (...args: string[]): Promise<string> => {
    const { out, err } = await home.run(...args);
    said.push(out, err);
    return out;
  };
  const panel = home.start('panel', '--no-open', '--json');
  const door = JSON.parse(await panel.line()) as Output<'host.panel'>;
  const key = await redeem(door);
  const feed = collect(loopbackKnock(door.origin, key));
  const rpc = async (method: string, input: unknown): Promise<void> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const answer = await fetch(`${door.origin}/rpc/${method}`, { method: 'POST', headers, body: json(input) });
    said.push(await answer.text());
  };

  await belljar('secrets');
  await belljar('diff', 'cursor/a');
  // Each is tried first, and tells all it has on its standard error.
  await belljar('contain', '--all', '--json');
  // This one asks its client for a value, so it cannot be tried.
  await belljar('contain', 'cursor/args', '--no-check');
  const ids = ['cursor.a', 'vscode.b', 'codex.c', 'goose.d'];
  for (const id of ids) {
    await belljar('secrets', 'move', id, '--dry-run');
    await belljar('secrets', 'move', id, '--all', ...(id === 'codex.c' ? ['--file'] : []), '--json');
  }
  await belljar('secrets', 'move', 'cursor.args', '--all');
  for (const where of ['--api-key', '--client-secret', '--config'])
    expect(await home.run('secrets', 'move', 'cursor.args', '--', where)).toMatchObject({
      code: 4,
      err: expect.stringContaining(`belljar: ${where} cannot be moved: it is a`) as string,
    });
  await belljar('secrets', 'move', 'cursor.args', '--', '--api-key');
  await belljar('secrets', 'move', 'cursor.args', '--', '--client-secret');
  const list = JSON.parse(await belljar('list', '--json')) as Output<'servers.list'>;
  const states = list.servers.flatMap(({ id, secrets }) => (ids.includes(id) ? secrets : []).map(({ state }) => state));
  expect(states).toEqual(all.map(() => 'moved'));
  expect(list.servers.find(({ id }) => id === 'cursor.args')?.secrets).toMatchObject([
    { where: '--api-key', state: 'in-file', obstacle: 'argument' },
    { where: '--header', state: 'in-file', obstacle: 'part' },
    { where: 'argument 6', state: 'in-file', obstacle: 'part' },
    { where: '--client-secret', state: 'in-file', obstacle: 'argument' },
    { where: '--config', state: 'in-file', obstacle: 'part' },
    { where: 'argument 11', state: 'in-file', obstacle: 'part' },
    { where: 'argument 12', state: 'in-file', obstacle: 'part' },
    { where: '-u', state: 'in-file', obstacle: 'part' },
  ]);

  // Each server gets its own, byte for byte, through the entry as its client has it now.
  const entry = (
    JSON.parse(readFileSync(home.folder('.cursor/mcp.json'), 'utf8')) as { mcpServers: Record<string, Entry> }
  ).mcpServers['a'];
  const connection = await startEntry(home, entry ?? { command: '', args: [] });
  for (const [name, value] of Object.entries(env[0] ?? {}))
    expect(await connection.call('variable', { name })).toBe(value);
  expect(await connection.call('variable', { name: 'SECRET_1' })).toBe('(not set)');
  const running = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const commandLines = running.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  });
  expect(commandLines.filter((line) => line.includes(home.path)).length).toBeGreaterThan(2);
  expect(commandLines.flatMap(found)).toEqual([]);

  for (const verb of ['list', 'secrets', 'events', 'runs', 'history', 'doctor']) {
    await belljar(verb);
    await belljar(verb, '--json');
  }
  for (const id of [...ids, 'cursor.args']) {
    for (const verb of ['show', 'diff', 'secrets', 'check']) await belljar(verb, id, '--json');
    await belljar('show', id);
    await belljar('diff', id, '--level', 'off');
    await rpc('servers.show', { server: id });
    await rpc('servers.diff', { server: id });
    await rpc('secrets.move', { server: id, names: 'all', as: 'variable', dryRun: true });
    await rpc('secrets.restore', { server: id, names: 'all', dryRun: true });
  }
  for (const method of ['servers.list', 'history.list', 'machine.doctor', 'events.list'])
    await rpc(method, method === 'machine.doctor' ? { repair: true } : {});
  await belljar('level', 'cursor.a', 'strict');
  await belljar('grant', 'cursor.a', 'read', home.folder('server'));
  await belljar('explain', 'cursor.a', '/etc/passwd');
  await belljar('secrets', 'move', 'cursor.a', 'NOTHING', '--json');
  await belljar('release', '--all', '--dry-run');
  await connection.close();

  const clientFiles = Object.keys(files).map((file) => home.folder(file));
  const search = (): void => {
    const store = home.folder('.local/share/belljar/secrets');
    const own = filesBelow(home.path).filter((file) => !clientFiles.includes(file) && !file.startsWith(`${store}/`));
    expect(own.some((file) => file.includes('/journal/')) && own.some((file) => file.endsWith('.plan'))).toBe(true);
    expect(own.filter((file) => found(readFileSync(file, 'latin1')).length > 0)).toEqual([]);
    expect(own.filter((file) => found(readFileSync(file, 'utf8')).length > 0)).toEqual([]);
    expect(said.flatMap(found)).toEqual([]);
    expect(found(json(feed))).toEqual([]);
  };
  search();
  // Of the clients' files only the one with what cannot be moved holds any.
  expect(clientFiles.filter((file) => found(readFileSync(file, 'utf8')).length > 0)).toEqual([
    home.folder('.cursor/mcp.json'),
  ]);

  await belljar('secrets', 'put-back', 'vscode.b');
  await belljar('release', 'cursor.a', 'vscode.b', 'codex.c', '--json');
  search();
  await belljar('release', '--all', '--json');
  for (const [file, text] of Object.entries(files)) expect(readFileSync(home.folder(file), 'utf8')).toBe(text);
  expect(readdirSync(home.folder('.local/share/belljar/secrets'))).toEqual([]);
  expect(said.flatMap(found)).toEqual([]);
  expect(said.join('')).toContain('kept-by-belljar:SECRET_0');
}, 120_000);
