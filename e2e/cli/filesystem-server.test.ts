/**
 * The walk of a person with Claude Desktop and the filesystem server: contain it, use it as before, see what the kernel
 * refused it (in the command's events and in what the panel is sent), and put the file back byte for byte.
 *
 * The server has a check of its own, so its client is asked for roots, as clients with open projects answer: the server
 * then serves a folder that was never granted, and only the kernel stands in the way.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { eventSchema } from '#contract/event.ts';
import type { Output } from '#contract/methods.ts';
import { provision, type RealServers } from '../real-servers/provision.ts';
import { readEntry, startEntry } from './support/client.ts';
import { collect, signIn } from './support/feed.ts';
import { makeHome } from './support/product.ts';

let servers: RealServers;

beforeAll(async () => {
  servers = await provision();
}, 600_000);

it('walks from a Claude Desktop file to a contained filesystem server and back', async () => {
  const home = makeHome();
  const config = home.folder('.config/Claude/claude_desktop_config.json');
  for (const folder of ['Documents', 'Private', '.config/Claude']) {
    mkdirSync(home.folder(folder), { recursive: true, mode: 0o700 });
  }
  const note = home.folder('Documents/note.txt');
  const secret = home.folder('Private/secret.txt');
  const link = home.folder('Documents/link.txt');
  writeFileSync(note, 'a note');
  writeFileSync(secret, 'decoy of the outside');
  symlinkSync(secret, link);
  // Tabs, carriage returns, no end of line at the end: none of it may change.
  const args = JSON.stringify([servers.script('server-filesystem'), home.folder('Documents')]);
  const original = `{\r\n\t"mcpServers": {\r\n\t\t"filesystem": { "command": "node",  "args": ${args} }\r\n\t}\r\n}`;
  writeFileSync(config, original, { mode: 0o600 });
  const read = async (roots: readonly string[], paths: readonly string[]): Promise<string[]> => {
    const connection = await startEntry(home, readEntry(config, 'filesystem'), roots);
    // The server asks for the roots when it has started, and answers questions meanwhile.
    await expect
      .poll(() => connection.call('list_allowed_directories', {}))
      .toContain(roots.at(-1) ?? home.folder('Documents'));
    const answers: string[] = [];
    for (const path of paths) answers.push(await connection.call('read_text_file', { path }));
    await connection.close();
    return answers;
  };
  const roots = [home.folder('Documents'), home.folder('Private')];

  // Bare, all of it is read.
  expect(await read(roots, [note, secret, link])).toEqual(['a note', 'decoy of the outside', 'decoy of the outside']);

  const panel = home.start('panel', '--no-open', '--json');
  const feed = collect(await signIn(JSON.parse(await panel.line()) as Output<'host.panel'>));
  const done = await home.run('contain', 'filesystem', '--json');
  expect([done.code, JSON.parse(done.out)]).toMatchObject([
    0,
    { results: [{ id: 'claude-desktop.filesystem', changed: true, state: 'contained', check: { verdict: 'works' } }] },
  ]);

  // As the client starts it: its own folder as before, its own check as before.
  const [asBefore, checked] = await read([], [note, secret]);
  expect(asBefore).toBe('a note');
  expect(checked).toContain('Access denied - path outside allowed directories');
  // Where its own check agrees, the kernel does not; by the name and by a link from inside.
  const [still, refused, linked] = await read(roots, [note, secret, link]);
  expect(still).toBe('a note');
  for (const answer of [refused, linked]) {
    expect(answer).toContain('EACCES: permission denied');
    expect(answer).not.toContain('decoy');
  }

  const denials = async (): Promise<string[]> => {
    const { out } = await home.run('events', '--json', '--server', 'filesystem', '--verdict', 'refused');
    const events = out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => eventSchema.parse(JSON.parse(line)));
    return events.map(({ kind, target, errno }) => `${kind} ${target} ${errno ?? ''}`);
  };
  await expect.poll(denials).toContain(`file.read ${secret} EACCES`);
  await expect
    .poll(() => feed.flatMap((message) => (message.type === 'event' ? [message.event.target] : [])))
    .toContain(secret);

  const back = await home.run('release', '--all', '--json');
  expect(back.code).toBe(0);
  expect(readFileSync(config, 'utf8')).toBe(original);
  expect(await read(roots, [secret])).toEqual(['decoy of the outside']);
});
