/** Resource limits, the history and undo at the command line, and what a real run makes of a limit. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { HistoryEntry } from '#contract/decision.ts';
import type { Event } from '#contract/event.ts';
import type { ResourcesResult } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';
import { historyWords, resourceWords } from '#contract/sentences.ts';
import type { ServerDetail } from '#contract/server.ts';
import { makeServerId } from '#domain/server-id.ts';
import { readEntry } from './support/client.ts';
import type { Home } from './support/product.ts';
import { makeHome, startProgram } from './support/product.ts';

const server = 'cursor/hungry';
const id = makeServerId('cursor', 'user', 'hungry');

/** A server that makes as many processes as it can, at most 60, and then waits for its input to end. */
const hungry = `
  const { spawn } = require('node:child_process');
  const made = [];
  let refused = 0;
  for (let i = 0; i < 60; i++) {
    const child = spawn('/bin/sleep', ['20'], { stdio: 'ignore' });
    child.on('error', () => refused++);
    made.push(child);
  }
  process.stdin.resume().on('end', () => { for (const child of made) child.kill('SIGKILL'); });
  setTimeout(() => { process.stdout.write('refused ' + refused + '\\n'); process.stdin.pause(); for (const child of made) child.kill('SIGKILL'); }, 300);
`;

async function contained(): Promise<Home> {
  const home = makeHome();
  mkdirSync(home.folder('.cursor'));
  writeFileSync(home.folder('hungry.js'), hungry);
  const entry = { command: process.execPath, args: [home.folder('hungry.js')] };
  writeFileSync(home.folder('.cursor/mcp.json'), JSON.stringify({ mcpServers: { hungry: entry } }));
  expect((await home.run('contain', server, '--no-check')).code).toBe(0);
  return home;
}

/** Starts the entry as its client would. */
async function start(home: Home): Promise<string> {
  const { command, args } = readEntry(home.folder('.cursor/mcp.json'), 'hungry');
  return (await startProgram(command, args, home.environment, home.path).ended).out;
}

it('limits what a server may use, tells who holds it, and what was met', async () => {
  const home = await contained();
  const before = await home.json<ResourcesResult>('resources', server, '--json');
  methods['policies.resources'].output.parse(before);
  expect(before).toMatchObject({ id, changed: false });
  expect(before.resources.map(({ name, source }) => `${name} ${source}`)).toEqual([
    'memory level',
    'processes level',
    'open-files level',
    'file-size level',
  ]);
  expect(await start(home)).toBe('refused 0\n');

  const set = await home.run(
    'resources',
    server,
    'processes',
    '40',
    'memory',
    '1G',
    'cpu-time',
    '10m',
    'file-size',
    'none',
  );
  expect([set.code, set.err.trim()]).toEqual([0, resourceWords.now]);
  expect(set.out).toMatch(/memory +1 GiB +you/);
  expect(set.out).toMatch(/size of a file +no limit +you/);
  expect(await start(home)).toMatch(/^refused [1-9]/);

  const shown = await home.json<ServerDetail>('show', server, '--json');
  expect(shown.resources).toMatchObject([
    { name: 'memory', value: 1024 ** 3, source: 'person', by: expect.stringMatching(/cgroup|supervisor/) as string },
    { name: 'processes', value: 40, source: 'person' },
    { name: 'open-files', source: 'level', by: 'rlimit' },
    { name: 'file-size', value: null, source: 'person', by: null },
    { name: 'cpu-time', value: 600, source: 'person', by: 'rlimit' },
  ]);
  expect((await home.run('show', server)).out).toContain('processes and threads');
  const events = (await home.run('events', '--kind', 'limit', '--json')).out.trim().split('\n');
  expect(events.map((line) => (JSON.parse(line) as Event).target)).toContain('processes');
  expect((await home.run('events', '--kind', 'limit')).out).toContain(`belljar resources ${id} processes`);

  for (const [words, detail] of [
    [['memory', '1'], 'memory'],
    [['memory'], 'How much memory?'],
    [['colour', '2G'], 'A resource limit is one of'],
    [['memory', '2G', 'memory', '3G'], 'stands twice'],
  ] as const) {
    const wrong = await home.run('resources', server, ...words);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain(detail);
  }
});

it('tells what was decided, and takes it back', async () => {
  const home = await contained();
  await home.run('grant', server, 'read', '/srv/data');
  await home.run('resources', server, 'memory', '2G');
  const { entries } = await home.json<{ entries: HistoryEntry[] }>('history', server, '--json');
  methods['history.list'].output.parse({ entries });
  expect(entries.map(({ summary, door }) => [summary, door])).toEqual([
    ['set memory 2 GiB', 'command-line'],
    ['granted read /srv/data', 'command-line'],
    ['contained at standard', 'command-line'],
  ]);
  const file = home.folder('.local/state/belljar/decisions.jsonl');
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const last = await home.run('undo');
  expect([last.code, last.out]).toEqual([
    0,
    `${id}  ${historyWords.done('set memory 2 GiB')}\n  memory: 2 GiB → ${resourceWords.level}\n`,
  ]);
  const grant = entries[1]?.id ?? '';
  expect((await home.run('undo', grant)).code).toBe(0);
  expect(
    (await home.json<ServerDetail>('show', server, '--json')).policy?.rules.some(({ what }) => what === '/srv/data'),
  ).toBe(false);

  const again = await home.run('undo', grant);
  expect([again.code, again.err]).toEqual([5, expect.stringContaining('It was undone already')]);
  expect((await home.run('undo', 'ffffffffffffffff')).code).toBe(3);
  expect(await home.run('undo', 'no-id')).toMatchObject({
    code: 2,
    err: expect.stringContaining('belljar history') as string,
  });
  const told = await home.run('history');
  expect(told.out).toContain('granted read /srv/data (undone)');
  expect(told.out).toContain('took back: granted read /srv/data');

  // The containment itself: the client's file is what it was.
  expect((await home.run('undo')).code).toBe(0);
  expect(readFileSync(home.folder('.cursor/mcp.json'), 'utf8')).not.toContain('belljar-launcher');
  const nothing = await home.run('undo');
  expect([nothing.code, nothing.err]).toEqual([3, expect.stringContaining('There is nothing to undo')]);
  expect(statSync(join(home.path, '.local/state/belljar')).mode & 0o777).toBe(0o700);
});
