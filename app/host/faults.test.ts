/**
 * Containing and releasing, with each single call into the file system going wrong: refused (no space, no rights, a
 * read-only disk, another device), or never answered because the process is killed there, or preceded by a client that
 * writes its file. Whatever happens, the client's file holds a whole text, old or new or the client's own; and afterwards the
 * same two commands lead to where they should.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type * as FileSystemPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { codex } from '#platform/clients/catalogue/codex.ts';
import { cursor } from '#platform/clients/catalogue/cursor.ts';
import { goose } from '#platform/clients/catalogue/goose.ts';
import { createClients } from '#platform/clients/locate.ts';
import { faults, resetFaults, type Faults } from './testing/faulty-disk.ts';
import { makeServerWorld, memoryDocuments, testPlaces, type ServerWorld } from './testing/server-world.ts';

vi.mock('node:fs/promises', async (importOriginal) => {
  const { guardCalls } = await import('./testing/faulty-disk.ts');
  return guardCalls(await importOriginal<typeof FileSystemPromises>());
});

const fixtures = join(import.meta.dirname, '../platform/clients/fixtures/home');
const files = { JSON: '.cursor/mcp.json', TOML: '.codex/config.toml', YAML: '.config/goose/config.yaml' };
const clients = { JSON: cursor, TOML: codex, YAML: goose };
const ids = { JSON: 'cursor.postgres', TOML: 'codex.context7', YAML: 'goose.github' };
type Format = keyof typeof files;

/**
 * Of the calls, every twelfth is tried, tests of a kind starting at calls that lie evenly between; `BELLJAR_FAULTS=all` tries
 * every one.
 */
const stride = process.env['BELLJAR_FAULTS'] === 'all' ? 1 : 12;
const startOf = (test: string, kind: readonly string[]): number =>
  Math.floor((kind.indexOf(test) * stride) / kind.length);

let root: string;
let home: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'belljar-faults-'));
  home = join(root, 'home');
});
afterEach(() => {
  resetFaults();
  rmSync(root, { recursive: true, force: true });
});

function fresh(format: Format): { file: string; old: string } {
  rmSync(home, { recursive: true, force: true });
  const file = join(home, files[format]);
  mkdirSync(dirname(file), { recursive: true });
  cpSync(join(fixtures, files[format]), file);
  return { file, old: readFileSync(file, 'utf8') };
}
/** One client, and no processes are looked for: what is tried here is the file system. */
const makeWorld = (format: Format): ServerWorld =>
  makeServerWorld(
    home,
    {},
    {
      processes: memoryDocuments().processes,
      clients: createClients(testPlaces(home), [clients[format]], []),
    },
  );
const contain = (world: ServerWorld, id: string) =>
  world.servers.contain({ servers: [id], dryRun: false, check: false });
const release = (world: ServerWorld, id: string) => world.servers.release({ servers: [id], dryRun: false });

/** What the file should be at the two ends. */
async function bothTexts(format: Format): Promise<{ old: string; wrapped: string }> {
  const { file, old } = fresh(format);
  await contain(makeWorld(format), ids[format]);
  return { old, wrapped: readFileSync(file, 'utf8') };
}

/** Runs one of the two commands with a fault before call `at`; answers how many calls it made. */
async function runWith(
  action: 'contain' | 'release',
  format: Format,
  fault: Partial<Faults>,
): Promise<{ file: string; failed: boolean; calls: number }> {
  const { file } = fresh(format);
  const world = makeWorld(format);
  if (action === 'release') await contain(world, ids[format]);
  // As a running host has it: the list is known.
  await world.servers.list({});
  Object.assign(faults, { count: 0, at: -1, what: null, dead: false, ...fault, on: true });
  let failed: boolean;
  try {
    const { results } = await (action === 'contain' ? contain : release)(world, ids[format]);
    failed = results.some((result) => result.error !== undefined);
  } catch {
    failed = true;
  }
  const calls = faults.count;
  faults.on = false;
  return { file, failed, calls };
}

/** A new process finds its way from whatever was left, and ends with the old bytes and nothing of its own. */
async function expectConsistent(format: Format, file: string, old: string, wrapped: string): Promise<void> {
  const text = readFileSync(file, 'utf8');
  expect([old, wrapped]).toContain(text);
  const world = makeWorld(format);
  const server = (await world.servers.list({})).servers.find(({ id }) => id === ids[format]);
  // An entry that starts through the launcher has what it needs for that, whatever became of the command.
  const allowed = text === old ? ['off', 'drifted'] : ['contained'];
  expect(allowed).toContain(server?.state);
  expect(await world.repair()).toEqual([]);
  expect((await contain(world, ids[format])).results).toMatchObject([{ state: 'contained' }]);
  expect(readFileSync(file, 'utf8')).toBe(wrapped);
  expect((await release(world, ids[format])).results).toMatchObject([{ state: 'off' }]);
  expect(readFileSync(file, 'utf8')).toBe(old);
}

describe.each(['contain', 'release'] as const)('%s', (action) => {
  test('killed at each call', async () => {
    const { old, wrapped } = await bothTexts('TOML');
    const { calls } = await runWith(action, 'TOML', {});
    expect(calls).toBeGreaterThan(30);
    for (let at = 1; at < calls; at += stride) {
      const { file } = await runWith(action, 'TOML', { at, dead: true });
      await expectConsistent('TOML', file, old, wrapped);
    }
  });

  const codes = ['ENOSPC', 'EACCES', 'EROFS', 'EXDEV', 'EIO'];
  test.each(codes)('%s at each call', async (code) => {
    const format: Format = code === 'EIO' ? 'YAML' : 'JSON';
    const { old, wrapped } = await bothTexts(format);
    const { calls } = await runWith(action, format, {});
    const fail = (): void => {
      throw Object.assign(new Error(code), { code });
    };
    for (let at = startOf(code, codes); at < calls; at += stride) {
      const { file, failed } = await runWith(action, format, { at, what: fail });
      const text = readFileSync(file, 'utf8');
      expect([old, wrapped]).toContain(text);
      // Said to be done, then it is done.
      if (!failed) expect(text, `call ${at.toString()}`).toBe(action === 'contain' ? wrapped : old);
      await expectConsistent(format, file, old, wrapped);
    }
  });

  const formats = Object.keys(files) as Format[];
  test.each(formats)('a client that writes its %s file before each call: its text is never lost', async (format) => {
    const { calls } = await runWith(action, format, {});
    const mark = '10.20.30';
    for (let at = startOf(format, formats); at < calls; at += stride) {
      const file = join(home, files[format]);
      let wrote = false;
      const write = (): void => {
        wrote = true;
        const now = readFileSync(file, 'utf8');
        const note = format === 'JSON' ? now.replace(/\{/, `{ "client": "${mark}",`) : `# client ${mark}\n${now}`;
        writeFileSync(file, note);
      };
      const { failed, calls: made } = await runWith(action, format, { at, what: write });
      // On a busy machine the first run may have looked at something once more than this one, which then ends before.
      expect(wrote, `call ${at.toString()} of ${made.toString()}`).toBe(at < made);
      const text = readFileSync(file, 'utf8');
      expect(text.includes(mark), `call ${at.toString()}`).toBe(wrote);
      const wrapped = text.includes('belljar-launcher');
      if (!failed) expect(wrapped, `call ${at.toString()}`).toBe(action === 'contain');
    }
  });
});
