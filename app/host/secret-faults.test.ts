/**
 * Moving secrets, putting them back and releasing, with each single call into the file system going wrong: refused, or never
 * answered because the process is killed there, or preceded by a client that writes its file. At each point every secret is
 * in the client's file or in the store, as a program that knows nothing else would find it; and afterwards the same commands
 * lead to the old bytes.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type * as FileSystemPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decoys } from '#contract/secret-decoys.ts';
import { codex } from '#platform/clients/catalogue/codex.ts';
import { cursor } from '#platform/clients/catalogue/cursor.ts';
import { createClients } from '#platform/clients/locate.ts';
import { faults, resetFaults, type Faults } from './testing/faulty-disk.ts';
import { makeServerWorld, memoryDocuments, testPlaces, type ServerWorld } from './testing/server-world.ts';

vi.mock('node:fs/promises', async (importOriginal) => {
  const { guardCalls } = await import('./testing/faulty-disk.ts');
  return guardCalls(await importOriginal<typeof FileSystemPromises>());
});

/** Of the calls, every twelfth is tried, each kind of fault beginning at another; `BELLJAR_FAULTS=all` tries every one. */
const stride = process.env['BELLJAR_FAULTS'] === 'all' ? 1 : 12;
const codes = ['ENOSPC', 'EIO'];

const secrets = { GITHUB_TOKEN: decoys.github[0] ?? '', API_KEY: decoys.openai[0] ?? '' };
const documents = {
  JSON: {
    file: '.cursor/mcp.json',
    client: cursor,
    id: 'cursor.notes',
    text: `{ "mcpServers": { "notes": { "command": "x", "args": ["y"],
      "env": { "GITHUB_TOKEN": "${secrets.GITHUB_TOKEN}", "API_KEY" : "${secrets.API_KEY}" } } } }`,
  },
  TOML: {
    file: '.codex/config.toml',
    client: codex,
    id: 'codex.notes',
    text: `[mcp_servers.notes]\ncommand = "x"\nargs = ["y"]\n[mcp_servers.notes.env]\nGITHUB_TOKEN = '${secrets.GITHUB_TOKEN}'\nAPI_KEY = "${secrets.API_KEY}" # mine\n`,
  },
} as const;
type Format = keyof typeof documents;
type Action = 'move' | 'put back' | 'release';

let root: string;
let home: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'belljar-secret-faults-'));
  home = join(root, 'home');
});
afterEach(() => {
  resetFaults();
  rmSync(root, { recursive: true, force: true });
});

const makeWorld = (format: Format): ServerWorld =>
  makeServerWorld(
    home,
    {},
    {
      processes: memoryDocuments().processes,
      clients: createClients(testPlaces(home), [documents[format].client], []),
    },
  );

const fileOf = (format: Format): string => join(home, documents[format].file);
const textOf = (format: Format): string => readFileSync(fileOf(format), 'utf8');

/** A home in which the action is about to be done. */
async function prepare(action: Action, format: Format): Promise<ServerWorld> {
  const { file, text, id } = documents[format];
  rmSync(home, { recursive: true, force: true });
  mkdirSync(dirname(join(home, file)), { recursive: true });
  writeFileSync(join(home, file), text);
  const world = makeWorld(format);
  await world.servers.contain({ servers: [id], dryRun: false, check: false });
  if (action !== 'move') await world.secrets.move({ server: id, names: 'all', as: 'variable', dryRun: false });
  return world;
}

async function act(world: ServerWorld, action: Action, format: Format): Promise<boolean> {
  const { id } = documents[format];
  if (action === 'move')
    return (await world.secrets.move({ server: id, names: 'all', as: 'variable', dryRun: false })).changed;
  if (action === 'put back') return (await world.secrets.restore({ server: id, names: 'all', dryRun: false })).changed;
  const { results } = await world.servers.release({ servers: [id], dryRun: false });
  return results.every(({ error }) => error === undefined);
}

async function runWith(
  action: Action,
  format: Format,
  fault: Partial<Faults>,
): Promise<{ done: boolean; calls: number }> {
  const world = await prepare(action, format);
  Object.assign(faults, { count: 0, at: -1, what: null, dead: false, ...fault, on: true });
  let done: boolean;
  try {
    done = await act(world, action, format);
  } catch {
    done = false;
  }
  const calls = faults.count;
  faults.on = false;
  return { done, calls };
}

/** With the eyes of a stranger: the text of the file, and files of the store by their names. */
function expectNothingLost(format: Format, when: string): void {
  const text = textOf(format);
  for (const [name, value] of Object.entries(secrets)) {
    const stored = join(home, '.local/share/belljar/secrets', documents[format].id, `${name}.variable`);
    let kept: string | null;
    try {
      kept = readFileSync(stored, 'utf8');
    } catch {
      kept = null;
    }
    expect(text.includes(value) || kept === value, `${name} ${when}`).toBe(true);
    // And where the file asks for it, it is there to be given.
    if (text.includes(`kept-by-belljar:${name}`)) expect(kept, `${name} ${when}`).toBe(value);
  }
}

/** A new process finds its way from whatever was left, and ends with the old bytes and nothing of its own. */
async function expectConsistent(format: Format, when: string): Promise<void> {
  const { id, text } = documents[format];
  const world = makeWorld(format);
  expect(await world.repair(), when).toEqual([]);
  expectNothingLost(format, `${when}, repaired`);
  await world.servers.contain({ servers: [id], dryRun: false, check: false });
  await world.secrets.move({ server: id, names: 'all', as: 'variable', dryRun: false });
  expect(textOf(format), when).toContain('kept-by-belljar:API_KEY');
  await world.servers.release({ servers: [id], dryRun: false });
  expect(textOf(format), when).toBe(text);
  expect(readdirSync(join(home, '.local/share/belljar/secrets')), when).toEqual([]);
}

describe.each(['move', 'put back', 'release'] as const)('%s', (action) => {
  test('killed at each call', async () => {
    const { calls } = await runWith(action, 'TOML', {});
    expect(calls).toBeGreaterThan(20);
    for (let at = 1; at < calls; at += stride) {
      await runWith(action, 'TOML', { at, dead: true });
      expectNothingLost('TOML', `killed at ${at.toString()}`);
      await expectConsistent('TOML', `killed at ${at.toString()}`);
    }
  });

  test.each(codes)('%s at each call', async (code) => {
    const { calls } = await runWith(action, 'JSON', {});
    expect(calls).toBeGreaterThan(20);
    const what = (): void => {
      throw Object.assign(new Error(code), { code });
    };
    for (let at = Math.floor((codes.indexOf(code) * stride) / codes.length); at < calls; at += stride) {
      const { done } = await runWith(action, 'JSON', { at, what });
      const when = `${code} at ${at.toString()}`;
      expectNothingLost('JSON', when);
      // Said to be done, then it is done.
      if (done) expect(textOf('JSON').includes('kept-by-belljar:'), when).toBe(action === 'move');
      await expectConsistent('JSON', when);
    }
  });

  test('a client that writes its file before each call: neither its text nor a secret is lost', async () => {
    const { calls } = await runWith(action, 'TOML', {});
    for (let at = 0; at < calls; at += stride) {
      let wrote = false;
      const what = (): void => {
        wrote = true;
        writeFileSync(fileOf('TOML'), `# client\n${textOf('TOML')}`);
      };
      await runWith(action, 'TOML', { at, what });
      expect(textOf('TOML').includes('# client'), `call ${at.toString()}`).toBe(wrote);
      expectNothingLost('TOML', `call ${at.toString()}`);
    }
  });
});
