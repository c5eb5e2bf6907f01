/** `belljar sight` over the built product: refused with its reason, given up, said everywhere, undone; and what a run then tells. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { methods } from '#contract/methods.ts';
import { sightSentences, sightWords } from '#contract/sentences.ts';
import { eventSchema } from '#contract/event.ts';
import { readEntry } from './support/client.ts';
import { makeHome, startProgram, type Home } from './support/product.ts';

const server = 'cursor/reader';
const entryFile = '.cursor/mcp.json';

async function contained(): Promise<Home> {
  const home = makeHome();
  mkdirSync(home.folder('.cursor'));
  mkdirSync(home.folder('notes'));
  writeFileSync(home.folder('notes/plan.txt'), 'decoy-plan\n');
  writeFileSync(home.folder('outside.txt'), 'decoy-outside\n');
  const script = 'cat "$1"; cat "$2"; echo "status $?"';
  const args = ['-c', script, 'sh', home.folder('notes/plan.txt'), home.folder('outside.txt')];
  writeFileSync(home.folder(entryFile), JSON.stringify({ mcpServers: { reader: { command: '/bin/sh', args } } }));
  expect((await home.run('contain', server, '--no-check', '--level', 'strict')).code).toBe(0);
  expect((await home.run('grant', server, 'read', home.folder('notes'))).code).toBe(0);
  expect((await home.run('grant', server, 'deny', home.folder('outside.txt'))).code).toBe(0);
  return home;
}

async function play(home: Home): Promise<string> {
  const { command, args } = readEntry(home.folder(entryFile), 'reader');
  return (await startProgram(command, args, home.environment, home.path).ended).out;
}

const explained = async (home: Home, what: string) =>
  methods['policies.explain'].output.parse(
    JSON.parse((await home.run('explain', server, what, '--json')).out) as unknown,
  );

it('is refused where something is kept back, else given up, said, and undone', async () => {
  const home = await contained();
  const refused = await home.run('sight', server, 'without-files');
  expect(refused.code).toBe(4);
  expect(refused.err).toContain('something is kept back inside of its folders');
  expect(refused.err).toContain(`belljar grant ${server} write '**/*'`);

  expect((await home.run('grant', server, 'write', '**/*')).code).toBe(0);
  const done = await home.run('sight', server, 'without-files');
  expect([done.code, done.out]).toEqual([0, `${sightWords.title}: not seen. ${sightSentences['without-files']}\n`]);
  expect(done.err).toContain(sightWords.now);

  const shown = await home.run('show', server);
  expect(shown.out).toContain(sightSentences['without-files']);
  expect(shown.err).toContain(sightWords.unseen);
  expect(await explained(home, home.folder('elsewhere'))).toMatchObject({ verdict: 'refused', unseen: true });

  // The walls stand: what is granted is read, what is not is not, and nothing tells of it.
  expect(await play(home)).toBe('decoy-plan\nstatus 1\n');
  const events = (await home.run('events', '--server', server, '--json')).out.trimEnd().split('\n');
  const told = events.map((line) => eventSchema.parse(JSON.parse(line)));
  expect(told.filter(({ kind }) => kind.startsWith('file.'))).toEqual([]);
  expect(told.find(({ kind }) => kind === 'run.start')?.start?.unseen).toEqual(['files']);

  const undone = await home.run('undo');
  expect(undone.code).toBe(0);
  expect(await play(home)).toBe('decoy-plan\nstatus 1\n');
  const after = (await home.run('events', '--server', server, '--verdict', 'refused', '--json')).out;
  expect(after).toContain(home.folder('outside.txt'));
  const plan = readFileSync(home.folder('.local/share/belljar/plans/cursor.reader.plan'), 'utf8');
  expect(plan).toContain('record denials\n');
});

it('words that are none are a mistake, and alone it tells what holds', async () => {
  const home = await contained();
  expect((await home.run('sight', server, 'none')).code).toBe(2);
  const alone = await home.run('sight', server);
  expect([alone.code, alone.out]).toEqual([0, `${sightWords.title}: seen. ${sightSentences.full}\n`]);
});

it('explain says what would be asked, with a status of its own', async () => {
  const home = await contained();
  const outside = home.folder('elsewhere/file.txt');
  expect((await home.run('explain', server, outside)).code).toBe(10);
  expect((await home.run('grant', server, 'permission', 'ask-access')).code).toBe(0);
  const asked = await home.run('explain', server, outside);
  expect([asked.code, asked.out.split('\n')[0]]).toEqual([11, `would-ask  read ${outside}`]);
  expect((await home.run('explain', server, 'api.example.com:443')).code).toBe(11);
  // What a person refused, and what is never asked for.
  expect((await home.run('explain', server, home.folder('outside.txt'))).code).toBe(10);
  expect((await home.run('explain', server, home.folder('.ssh/id_ed25519'))).code).toBe(10);
  expect((await home.run('explain', server, '/proc/1/environ')).code).toBe(10);
});
