/**
 * What is kept back inside a granted folder, and rules that change while the server runs: the filesystem server from the npm
 * registry in a folder with secrets in it, as its client starts it, adjusted from the command line without a restart.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { eventSchema, type Event } from '#contract/event.ts';
import type { RuleChange } from '#contract/methods.ts';
import type { Explanation } from '#contract/policy.ts';
import { provision, type RealServers } from '../real-servers/provision.ts';
import { readEntry, startEntry } from './support/client.ts';
import { makeHome } from './support/product.ts';

let servers: RealServers;

beforeAll(async () => {
  servers = await provision();
}, 600_000);

it('keeps secrets back, and what is granted or denied holds for the running server at its next call', async () => {
  const home = makeHome();
  const config = home.folder('.config/Claude/claude_desktop_config.json');
  for (const folder of ['project/.git/hooks', 'other', '.config/Claude'])
    mkdirSync(home.folder(folder), { recursive: true, mode: 0o700 });
  const at = (name: string): string => home.folder(`project/${name}`);
  writeFileSync(at('note.txt'), 'a note');
  writeFileSync(at('.env'), 'TOKEN=decoy-value');
  writeFileSync(at('.env.example'), 'TOKEN=');
  writeFileSync(at('.git/config'), '[core]\n');
  writeFileSync(home.folder('other/far.txt'), 'far away');
  const args = [servers.script('server-filesystem'), home.folder('project')];
  writeFileSync(config, JSON.stringify({ mcpServers: { filesystem: { command: 'node', args } } }), { mode: 0o600 });
  expect((await home.run('contain', 'filesystem', '--json')).code).toBe(0);

  const connection = await startEntry(home, readEntry(config, 'filesystem'), [
    home.folder('project'),
    home.folder('other'),
  ]);
  await expect.poll(() => connection.call('list_allowed_directories', {})).toContain(home.folder('other'));
  const read = (path: string): Promise<string> => connection.call('read_text_file', { path });
  const write = (path: string): Promise<string> => connection.call('write_file', { path, content: 'changed' });
  const refused = 'EACCES: permission denied';
  const change = async (...words: string[]): Promise<RuleChange> => {
    const { code, out } = await home.run(...words, '--json');
    expect(code).toBe(0);
    return JSON.parse(out) as RuleChange;
  };
  const events = async (kind: string): Promise<Event[]> =>
    (await home.run('events', '--json', '--server', 'filesystem', '--kind', kind)).out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => eventSchema.parse(JSON.parse(line)));

  // From the start: the folder as before, without what is kept back in it.
  expect(await read(at('note.txt'))).toBe('a note');
  expect(await read(at('.env.example'))).toBe('TOKEN=');
  expect(await read(at('.env'))).toContain(refused);
  expect(await write(at('new.txt'))).toContain('Successfully');
  expect(await write(at('.git/hooks/pre-commit'))).toContain(refused);
  expect(await write(at('.git/config'))).toContain(refused);
  expect(await read(at('.git/config'))).toBe('[core]\n');
  await expect
    .poll(async () => (await events('file.read')).map(({ target, known }) => [target, known]))
    .toContainEqual([at('.env'), 'environment-file']);
  const told = await home.run('events', '--server', 'filesystem', '--verdict', 'refused');
  expect(told.out).toContain(`tried to read a file with the secrets of a project (${at('.env')})`);
  const explained = JSON.parse((await home.run('explain', 'filesystem', at('.env'), '--json')).out) as Explanation;
  expect(explained).toMatchObject({
    verdict: 'refused',
    rule: { id: 'deny:**/.env', source: 'level' },
    enforcedBy: 'supervisor',
    effective: 'now',
    change: `belljar grant claude-desktop/filesystem read ${at('.env')}`,
  });

  // Allowed by the command that is named; read, not changed.
  expect(await change('grant', 'filesystem', 'read', at('.env'))).toMatchObject({ effective: 'now' });
  await expect.poll(() => read(at('.env'))).toBe('TOKEN=decoy-value');
  expect(await write(at('.env'))).toContain(refused);
  expect(await change('revoke', 'filesystem', 'read', at('.env'))).toMatchObject({ effective: 'now' });
  await expect.poll(() => read(at('.env'))).toContain(refused);
  // A folder that nothing of the start knew of.
  expect(await read(home.folder('other/far.txt'))).toContain(refused);
  expect(await change('grant', 'filesystem', 'read', home.folder('other'))).toMatchObject({ effective: 'now' });
  await expect.poll(() => read(home.folder('other/far.txt'))).toBe('far away');
  // Denied and protected inside what is granted.
  expect(await change('grant', 'filesystem', 'deny', at('note.txt'))).toMatchObject({ effective: 'now' });
  await expect.poll(() => read(at('note.txt'))).toContain(refused);
  expect(await change('grant', 'filesystem', 'protect', '**/new.txt')).toMatchObject({ effective: 'now' });
  await expect.poll(() => write(at('new.txt'))).toContain(refused);
  expect(await read(at('new.txt'))).toBe('changed');
  // A whole pattern of the level.
  expect(await change('grant', 'filesystem', 'write', '**/.git/config')).toMatchObject({ effective: 'now' });
  await expect.poll(() => write(at('.git/config'))).toContain('Successfully');
  expect(readFileSync(at('.git/config'), 'utf8')).toBe('changed');
  expect(await write(at('.git/hooks/pre-commit'))).toContain(refused);
  // What needs a restart says so, and the launcher says the same of every plan.
  expect(await change('grant', 'filesystem', 'exec', home.folder('other'))).toMatchObject({ effective: 'restart' });
  await expect.poll(async () => (await events('plan.change')).length).toBe(7);
  const changes = await events('plan.change');
  expect(changes.map(({ verdict, plan }) => [verdict, plan?.restart])).toEqual([
    ...Array.from({ length: 6 }, () => ['allowed', []]),
    ['allowed', [`+ exec ${home.folder('other')}`]],
  ]);
  const shown = await home.run('show', 'filesystem');
  expect(shown.out).toContain('Kept back in these folders');
  expect(shown.err).toContain(`Holds after a restart: exec ${home.folder('other')}`);
  await connection.close();
  await home.run('release', '--all');
});
