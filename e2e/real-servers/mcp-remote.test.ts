/**
 * A real program that signs in through the browser: mcp-remote, contained, against a server of ours. The browser is a stand-in
 * that does what one does with the link: goes there, and is sent back to the listener inside.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { eventSchema } from '#contract/event.ts';
import { questionSchema } from '#contract/question.ts';
import { readEntry, startEntry } from '../cli/support/client.ts';
import { later, makeHome } from '../cli/support/product.ts';
import { provision, type RealServers } from './provision.ts';
import { startSignInServer } from './sign-in.ts';

/** A command's start takes its time on a busy machine. */
const slow = { timeout: 15_000 };
let servers: RealServers;

beforeAll(async () => {
  servers = await provision();
}, 600_000);

it('signs in through the browser while contained, and is refused when the answer is no', async () => {
  const remote = await startSignInServer();
  later(() => remote.close());
  const home = makeHome();
  const config = home.folder('.config/Claude/claude_desktop_config.json');
  const browserLog = home.folder('browser.log');
  for (const folder of ['.config/Claude', '.mcp-auth', 'bin'])
    mkdirSync(home.folder(folder), { recursive: true, mode: 0o700 });
  const browser = [
    `#!${process.execPath}`,
    `const { appendFileSync } = require('node:fs');`,
    `appendFileSync(${JSON.stringify(browserLog)}, JSON.stringify(process.argv.slice(2)) + '\\n');`,
    `fetch(process.argv[2], { headers: { 'user-agent': 'browser' } }).then((page) => page.text());`,
  ].join('\n');
  writeFileSync(home.folder('bin/xdg-open'), browser);
  chmodSync(home.folder('bin/xdg-open'), 0o755);
  // Of the desktop, the host knows its browser; the server is started with the usual environment.
  home.environment['DISPLAY'] = ':belljar';
  home.environment['PATH'] = `${home.folder('bin')}:${home.environment['PATH'] ?? ''}`;
  const command = {
    command: servers.node,
    args: [
      join(servers.folder, 'node_modules/mcp-remote/dist/proxy.js'),
      `http://127.0.0.1:${remote.port.toString()}/mcp`,
    ],
  };
  writeFileSync(config, JSON.stringify({ mcpServers: { remote: command } }));
  const host = home.start('host', '--json');
  await host.line();
  expect((await home.run('contain', 'remote', '--no-check')).code).toBe(0);
  for (const rule of [
    ['local', remote.port.toString()],
    ['write', home.folder('.mcp-auth')],
  ])
    expect((await home.run('grant', 'remote', ...rule)).code).toBe(0);
  home.environment['PATH'] = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;

  const asking = home.start('ask', '--follow', '--json');
  const asked = async () => {
    const line = JSON.parse(await asking.line((text) => text.includes('"type":"question"'))) as { question: unknown };
    return questionSchema.parse(line.question);
  };
  const connecting = startEntry(home, readEntry(config, 'remote'));
  const question = await asked();
  expect(question).toMatchObject({
    handle: 'claude-desktop/remote',
    target: '127.0.0.1',
    answers: ['once', 'no', 'never'],
  });
  expect(remote.steps).not.toContain('authorize');
  expect((await home.run('ask', question.id, 'once')).code).toBe(0);
  const connection = await connecting;
  expect(await connection.tools()).toEqual(['who']);
  expect(await connection.call('who', {})).toBe('signed in');
  // The answer to the helper comes when the browser was seen to take the link.
  await expect
    .poll(async () => (await home.run('events', '--json', '--kind', 'link.open', '--verdict', 'allowed')).out, slow)
    .toContain('"target":"127.0.0.1"');
  await connection.close();
  // It initialises once for itself and once for its client.
  expect([...new Set(remote.steps)]).toEqual(['register', 'authorize', 'token', 'initialize', 'tools/list', 'who']);
  // One start of the browser, with the link alone.
  const starts = readFileSync(browserLog, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
  expect(starts).toEqual([[expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/authorize\?/)]]);

  const events = (await home.run('events', '--json')).out
    .trim()
    .split('\n')
    .map((line) => eventSchema.parse(JSON.parse(line)));
  expect(
    events.filter(({ kind }) => kind === 'link.open').map(({ verdict, target }) => `${verdict} ${target}`),
  ).toEqual(['asked 127.0.0.1', 'allowed 127.0.0.1']);
  expect(
    events.filter(({ kind }) => kind === 'net.listen').map(({ verdict, target }) => `${verdict} ${target}`),
  ).toEqual([expect.stringMatching(/^allowed 127\.0\.0\.1:\d+$/)]);

  // Without what it kept it has to sign in again, and no is an answer.
  rmSync(home.folder('.mcp-auth'), { recursive: true });
  mkdirSync(home.folder('.mcp-auth'), { mode: 0o700 });
  // It goes on to wait for a sign-in; the end of the test ends it.
  startEntry(home, readEntry(config, 'remote')).catch(() => undefined);
  expect((await home.run('ask', (await asked()).id, 'no')).code).toBe(0);
  await expect
    .poll(async () => (await home.run('events', '--json', '--kind', 'link.open', '--verdict', 'refused')).out, slow)
    .toContain('"target":"127.0.0.1"');
  expect(readFileSync(browserLog, 'utf8').trim().split('\n')).toHaveLength(1);
});
