/** The real engine behind the real doors: what the private socket answers, loopback answers too, and the feed tells both. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { Api, MethodName, Output } from '#contract/methods.ts';
import type { Knock } from '#host/client.ts';
import { createClient, socketKnock } from '#host/client.ts';
import { version } from '#host/version.ts';
import { readEntry, startEntry } from './support/client.ts';
import { collect, signIn } from './support/feed.ts';
import type { Home } from './support/product.ts';
import { makeHome } from './support/product.ts';

const readerServer = join(import.meta.dirname, 'support/reader-server.js');
const server = 'claude-desktop/reader';

let home: Home;
let config: string;
let socket: Knock;
let loopback: Knock;

beforeEach(async () => {
  home = makeHome();
  config = home.folder('.config/Claude/claude_desktop_config.json');
  for (const folder of ['servers', 'notes', '.ssh', '.config/Claude']) {
    mkdirSync(home.folder(folder), { recursive: true, mode: 0o700 });
  }
  writeFileSync(home.folder('servers/reader.js'), readFileSync(readerServer));
  writeFileSync(home.folder('servers/package.json'), '{"type":"module"}');
  writeFileSync(home.folder('.ssh/id_ed25519'), 'a decoy key');
  const args = [home.folder('servers/reader.js'), home.folder('notes')];
  writeFileSync(config, JSON.stringify({ mcpServers: { reader: { command: process.execPath, args } } }, null, 2));
  const host = home.start('host', '--json');
  const status = JSON.parse(await host.line()) as Output<'host.status'>;
  socket = socketKnock((status.doors[0] ?? '').replace(/^unix /, ''));
  loopback = await signIn(await createClient(socket)['host.panel']({}));
});

const questions: [MethodName, unknown][] = [
  ['machine.get', {}],
  ['machine.probe', {}],
  ['servers.list', {}],
  ['servers.show', { server }],
  ['servers.show', { server: 'nothing' }],
  ['servers.diff', { server, level: 'strict' }],
  ['servers.contain', { servers: 'all', dryRun: true, check: false }],
  ['policies.explain', { server, what: '/etc/passwd', access: 'read' }],
  ['policies.revoke', { server, verb: 'read', what: '/srv' }],
  ['policies.grant', { server, verb: 'read', what: '/' }],
  ['events.list', { since: 'yesterday' }],
  ['events.list', {}],
  ['runs.list', {}],
  ['runs.stop', { run: 'nothing' }],
  ['history.list', {}],
  ['servers.level', { server, level: 'tight' }],
];

async function ask(knock: Knock, name: MethodName, input: unknown): Promise<unknown> {
  try {
    const api = createClient(knock) as unknown as Record<string, (input: unknown) => Promise<unknown>>;
    return { output: await api[name]?.(input) };
  } catch (error) {
    return error instanceof BelljarError ? { code: error.code, params: error.params } : error;
  }
}

const without = (api: Api): Promise<unknown> => api['servers.list']({}).then(({ servers }) => servers[0]?.state);

describe('the real host', () => {
  it.each(questions)('answers %s %j alike on both doors', async (name, input) => {
    const first = await ask(socket, name, input);
    expect(first).not.toMatchObject({ code: 'internal' });
    expect(await ask(loopback, name, input)).toEqual(first);
  });

  it('makes a change on one door and tells it on both', async () => {
    const feeds = [collect(socket), collect(loopback)];
    await expect.poll(() => feeds.map((feed) => feed[0]?.type)).toEqual(['hello', 'hello']);
    const done = await createClient(loopback)['servers.contain']({ servers: [server], dryRun: false, check: true });
    expect(done.results).toMatchObject([{ changed: true, state: 'contained', check: { verdict: 'works' } }]);
    expect(await without(createClient(socket))).toBe('contained');
    const states = (feed: FeedMessage[]): string[] =>
      feed.flatMap((message) => (message.type === 'server' ? [message.server.state] : []));
    await expect.poll(() => feeds.map((feed) => states(feed).at(-1))).toEqual(['contained', 'contained']);

    const entry = readEntry(config, 'reader');
    const connection = await startEntry(home, entry);
    const key = home.folder('.ssh/id_ed25519');
    expect(await connection.call('read', { path: key })).toBe('EACCES');
    const denials = (feed: FeedMessage[]): string[] =>
      feed.flatMap((message) => (message.type === 'event' && message.event.target === key ? [message.event.kind] : []));
    await expect.poll(() => feeds.map(denials)).toEqual([['file.read'], ['file.read']]);
    // The list follows its events: the run, then its denial.
    await expect
      .poll(() => feeds.map((feed) => feed.findLast((message) => message.type === 'server')))
      .toMatchObject([
        { server: { liveRuns: 1, denialsLastHour: 1 } },
        { server: { liveRuns: 1, denialsLastHour: 1 } },
      ]);
    const sequence = feeds.map((feed) => feed.flatMap((message) => ('seq' in message ? [message.seq] : [])));
    for (const numbers of sequence) expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  });

  it('tells its version on the socket', async () => {
    expect(await createClient(socket)['host.status']({})).toMatchObject({ version });
    await expect(createClient(loopback)['host.stop']({})).rejects.toMatchObject({ code: 'private-door-only' });
  });

  it('serves the built panel, whose files it names itself', async () => {
    const { origin } = await createClient(socket)['host.panel']({});
    const page = await (await fetch(origin)).text();
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect((await fetch(new URL(file, origin))).status).toBe(200);
  });
});
