/**
 * What became of a contained entry, each way told from the others; and that a change of Belljar's own, in the middle of a
 * list, is never taken for somebody else's.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DriftKind } from '#contract/words.ts';
import type { Journal, PlanStore } from '#engine/ports.ts';
import { createPlanStore } from '#platform/files/plan-store.ts';
import { createJournal } from '#platform/journal/journal.ts';
import { makeServerWorld, testPlaces, type ServerWorld } from './testing/server-world.ts';

let root: string;
let home: string;
let file: string;
let world: ServerWorld;
const entry = { command: 'npx', args: ['-y', 'tool'] };
const before = `${JSON.stringify({ mcpServers: { a: entry } }, null, 2)}\n`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'belljar-drift-'));
  home = join(root, 'home');
  file = join(home, '.cursor/mcp.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, before);
  world = makeServerWorld(home);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const contain = (by = world) => by.servers.contain({ servers: ['cursor.a'], dryRun: false, check: false });
const release = (by = world) => by.servers.release({ servers: ['cursor.a'], dryRun: false });
const listed = async (by = world) => (await by.servers.list({})).servers.find(({ id }) => id === 'cursor.a');
const text = (): string => readFileSync(file, 'utf8');
const wrapped = (): { command: string; args: string[] } =>
  (JSON.parse(text()) as { mcpServers: { a: { command: string; args: string[] } } }).mcpServers.a;
const write = (a: object | undefined): void => writeFileSync(file, JSON.stringify({ mcpServers: { a } }));

const was = ['npx', '-y', 'tool'];
const ways: [string, DriftKind, () => unknown, string[] | null, string[] | null][] = [
  ['the client put it back', 'unwrapped', () => writeFileSync(file, before), was, was],
  ['it starts another program', 'changed', () => write({ command: 'uvx', args: ['other'] }), was, ['uvx', 'other']],
  [
    'it starts the same with one argument more',
    'changed',
    () => write({ ...entry, args: [...was.slice(1), '/'] }),
    was,
    [...was, '/'],
  ],
  [
    'it starts something else inside of the walls',
    'changed',
    () => write({ ...wrapped(), args: wrapped().args.map((word) => (word === 'tool' ? 'other' : word)) }),
    was,
    ['npx', '-y', 'other'],
  ],
  ['nothing is left but the launcher', 'broken', () => write({ command: wrapped().command }), was, null],
  ['the launcher is told half of it', 'broken', () => write({ ...wrapped(), args: ['run', 'cursor.a'] }), was, null],
  ['it is gone', 'removed', () => write(undefined), was, null],
];

test.each(ways)('%s: %s', async (_, how, act, then, now) => {
  await contain();
  expect(await listed()).toMatchObject({ state: 'contained' });
  act();
  expect(await listed()).toMatchObject({ state: 'drifted', drift: { how, before: then, now } });
});

test('somebody put the contained entry back after it was released: returned', async () => {
  await contain();
  const then = text();
  await release();
  expect(await listed()).toMatchObject({ state: 'off' });
  writeFileSync(file, then);
  expect(await listed()).toMatchObject({ state: 'drifted', drift: { how: 'returned', before: was, now: null } });
});

/** One that lists, whose look into a document is preceded, once, by what another process does. */
function interrupted(what: { journal?: () => Promise<unknown>; plans?: () => Promise<unknown> }): ServerWorld {
  const { dataFolder } = testPlaces(home);
  const once = <T extends readonly unknown[], R>(
    act: (() => Promise<unknown>) | undefined,
    read: (...args: T) => Promise<R>,
  ) => {
    let waits = act;
    return async (...args: T): Promise<R> => {
      const now = waits;
      waits = undefined;
      await now?.();
      return read(...args);
    };
  };
  const journal: Journal = createJournal(dataFolder);
  const plans: PlanStore = createPlanStore(dataFolder);
  return makeServerWorld(
    home,
    {},
    {
      journal: { ...journal, get: once(what.journal, (server: string) => journal.get(server)) },
      plans: { ...plans, read: once(what.plans, (server: string) => plans.read(server)) },
    },
  );
}

test('contained or released by another process while the files are listed: told as that, and not as drift', async () => {
  expect(await listed(interrupted({ journal: contain }))).toMatchObject({ state: 'contained' });
  expect(await listed(interrupted({ plans: release }))).toMatchObject({ state: 'off' });
  // A change by somebody else at the same moment is drift.
  await contain();
  const foreign = () => Promise.resolve(writeFileSync(file, before));
  expect(await listed(interrupted({ plans: foreign }))).toMatchObject({ state: 'contained' });
  expect(await listed()).toMatchObject({ state: 'drifted', drift: { how: 'unwrapped' } });
});
