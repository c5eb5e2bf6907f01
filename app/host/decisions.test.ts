/** Decisions over real files: each kind is made, told, undone to the very bytes, and undone again. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DecisionLine, DecisionLog } from '#engine/decisions/ports.ts';
import { makeServerWorld, memoryDocuments, type ServerWorld } from './testing/server-world.ts';

const id = 'cursor.a';
const original = `{\n   "mcpServers": { "a": { "command": "/bin/cat", "args": ["x"] } }\n}\n`;
let home: string;
let world: ServerWorld;

const configFile = (): string => join(home, '.cursor', 'mcp.json');
const policyFile = (): string => join(world.places.configFolder, 'policies', `${id}.json`);
const planFile = (): string => join(world.places.dataFolder, 'plans', `${id}.plan`);
const read = (file: string): string | null => (existsSync(file) ? readFileSync(file, 'utf8') : null);
const everything = (): unknown => ({ config: read(configFile()), policy: read(policyFile()), plan: read(planFile()) });

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'belljar-decide-'));
  world = makeServerWorld(home);
  mkdirSync(dirname(configFile()), { recursive: true });
  writeFileSync(configFile(), original);
  await world.servers.contain({ servers: [id], dryRun: false, check: false });
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

const undo = (chosen?: string) => world.history.undo(chosen === undefined ? {} : { id: chosen });
const newest = async () => {
  const entry = (await world.history.list({})).entries[0];
  if (entry === undefined) throw new Error('nothing was decided');
  return entry;
};

interface Kind {
  name: string;
  decide: () => Promise<unknown>;
  summary: string;
}

const grant = (verb: 'read' | 'exec' | 'deny' | 'env', what: string) =>
  world.policies.grant({ server: id, verb, what });

const kinds: readonly Kind[] = [
  { name: 'a grant', decide: () => grant('read', '/srv/data'), summary: 'granted read /srv/data' },
  { name: 'a denial', decide: () => grant('deny', '/srv/other'), summary: 'denied /srv/other' },
  {
    name: 'a level',
    decide: () => world.servers.level({ server: id, level: 'strict' }),
    summary: 'level strict',
  },
  {
    name: 'a limited network',
    decide: () => world.policies.limit({ server: id, hosts: ['api.example.com'], dryRun: false }),
    summary: 'limited the network to 1 host',
  },
  {
    name: 'resource limits',
    decide: () => world.policies.resources({ server: id, limits: { memory: '2G', processes: 'none' } }),
    summary: 'set memory 2 GiB, processes and threads no limit',
  },
  {
    name: 'a release',
    decide: () => world.servers.release({ servers: [id], dryRun: false }),
    summary: 'put back',
  },
];

describe.each(kinds)('$name', ({ decide, summary }) => {
  test('is told, undone to the byte, and undone again', async () => {
    await grant('env', 'KEPT');
    const before = everything();
    await decide();
    const after = everything();
    expect(after).not.toEqual(before);
    const decision = await newest();
    expect(decision).toMatchObject({ server: id, door: 'command-line', summary, undoes: null, undone: false });

    const answer = await undo();
    expect(answer).toMatchObject({ undone: { id: decision.id, undone: true }, decision: { undoes: decision.id } });
    expect(everything()).toEqual(before);
    expect((await world.history.list({})).entries.map(({ undone, undoes }) => [undone, undoes])).toEqual([
      [false, decision.id],
      [true, null],
      [false, null],
      [false, null],
    ]);
    await expect(undo(decision.id)).rejects.toMatchObject({ code: 'decision-overtaken', params: { undone: true } });

    await undo(answer.decision.id);
    expect(everything()).toEqual(after);
    expect((await world.history.list({ server: id })).entries[2]).toMatchObject({ id: decision.id, undone: false });
  });
});

test('a containment is undone: the client’s file is what it was', async () => {
  const contained = read(configFile());
  await undo();
  expect(read(configFile())).toBe(original);
  expect(read(planFile())).toBeNull();
  await undo((await newest()).id);
  expect(read(configFile())).toBe(contained);
});

test('what was revoked comes back where it stood among the others', async () => {
  for (const what of ['/srv/a', '/srv/b', '/srv/c']) await grant('read', what);
  const before = everything();
  await world.policies.revoke({ server: id, verb: 'read', what: '/srv/b' });
  await undo();
  expect(everything()).toEqual(before);
});

test('a later word about the same place that replaced an earlier one gives it back', async () => {
  await grant('read', '/srv/a');
  await grant('read', '/srv/b');
  const before = everything();
  await grant('deny', '/srv/a');
  await undo();
  expect(everything()).toEqual(before);
});

test('what a newer decision changed again is not touched, and that one is named', async () => {
  await grant('read', '/srv/a');
  const first = await newest();
  await world.policies.revoke({ server: id, verb: 'read', what: '/srv/a' });
  const second = await newest();
  const before = everything();
  await expect(undo(first.id)).rejects.toMatchObject({
    code: 'decision-overtaken',
    params: { newer: 'took back read /srv/a', id: second.id },
  });
  expect(everything()).toEqual(before);
  // Others that came after it are no hindrance.
  await undo(second.id);
  await grant('read', '/srv/other');
  await undo(first.id);
  expect(read(planFile())).not.toContain('/srv/a\n');
  expect(read(planFile())).toContain('/srv/other\n');
});

test('what was changed by hand since is not touched', async () => {
  await grant('read', '/srv/a');
  writeFileSync(policyFile(), read(policyFile())?.replace('"at": "', '"at": "1') ?? '');
  await expect(undo()).rejects.toMatchObject({ code: 'decision-overtaken' });
});

test('a containment whose entry the client put back is not undone', async () => {
  writeFileSync(configFile(), original);
  const before = everything();
  await expect(undo()).rejects.toMatchObject({ code: 'decision-overtaken' });
  expect(everything()).toEqual(before);
});

test('what cannot be kept any more is refused, and nothing changes', async () => {
  await grant('deny', '/srv/a/b');
  const denial = await newest();
  await undo(denial.id);
  const taken = await newest();
  // Nothing can be kept back inside a folder whose programs may be started.
  await grant('exec', '/srv/a');
  const before = everything();
  await expect(undo(taken.id)).rejects.toMatchObject({ code: 'not-enforceable' });
  expect(everything()).toEqual(before);
  expect((await newest()).summary).toBe('granted exec /srv/a');
});

test('without anything to undo it says so', async () => {
  await undo();
  await expect(undo()).rejects.toMatchObject({ code: 'no-such-decision' });
  await expect(undo('00000000000000ff')).rejects.toMatchObject({ code: 'no-such-decision' });
});

/** A log that fails, or behind which the process is gone, at some line. */
function stopping(at: number, lines: DecisionLine[]): DecisionLog {
  return {
    append(line) {
      if (lines.length >= at) return Promise.reject(new Error('killed'));
      lines.push(line);
      return Promise.resolve();
    },
    read: () => Promise.resolve(lines),
  };
}

describe('killed', () => {
  test('between a change and its record, the next process finds that it happened', async () => {
    const { decisions: _decisions, ...documents } = memoryDocuments();
    const lines: DecisionLine[] = [];
    const make = (log: DecisionLog): ServerWorld => makeServerWorld(home, {}, { ...documents, decisions: log });
    const before = make(stopping(1, lines));
    await before.policies.grant({ server: id, verb: 'read', what: '/srv/a' });
    expect(lines).toHaveLength(1);
    const next = make(stopping(100, lines));
    expect((await next.history.list({})).entries).toMatchObject([{ summary: 'granted read /srv/a' }]);
    await next.history.undo({});
    expect((await documents.policies.get(id))?.rules).toEqual([]);
  });

  test('between a record and its change, the next process finds that it did not', async () => {
    const { decisions: _decisions, ...documents } = memoryDocuments();
    const lines: DecisionLine[] = [];
    const failing = {
      ...documents,
      policies: { ...documents.policies, put: () => Promise.reject(new Error('killed')) },
    };
    const before = makeServerWorld(home, {}, { ...failing, decisions: stopping(1, lines) });
    await expect(before.policies.grant({ server: id, verb: 'read', what: '/srv/a' })).rejects.toThrow('killed');
    const next = makeServerWorld(home, {}, { ...documents, decisions: stopping(100, lines) });
    expect((await next.history.list({})).entries).toEqual([]);
  });
});

test('where nothing can be written down nothing is changed, but an entry is put back all the same', async () => {
  const full: DecisionLog = {
    append: () => Promise.reject(Object.assign(new Error('disk-full'), { code: 'disk-full' })),
    read: () => Promise.resolve([]),
  };
  const { createDecisionLog } = await import('#platform/decisions/decision-log.ts');
  // A folder in the place of the log: every write fails.
  const state = join(home, 'state');
  mkdirSync(join(state, 'decisions.jsonl'), { recursive: true });
  const there = makeServerWorld(
    home,
    {},
    { decisions: { ...full, append: createDecisionLog({ stateFolder: state }).append } },
  );
  const before = everything();
  await expect(there.policies.grant({ server: id, verb: 'read', what: '/srv/a' })).rejects.toThrow(/./);
  expect(everything()).toEqual(before);
  const { results } = await there.servers.release({ servers: [id], dryRun: false });
  expect(results).toMatchObject([{ changed: true, state: 'off' }]);
});

test('any decisions, undone newest first, leave what was there before them', async () => {
  const one = fc.oneof(
    fc.record({
      kind: fc.constant('grant' as const),
      verb: fc.constantFrom('read', 'deny'),
      what: fc.constantFrom('/a', '/b', '/c'),
    }),
    fc.record({
      kind: fc.constant('revoke' as const),
      verb: fc.constantFrom('read', 'deny'),
      what: fc.constantFrom('/a', '/b', '/c'),
    }),
    fc.record({ kind: fc.constant('level' as const), level: fc.constantFrom('standard', 'strict', 'watch') }),
    fc.record({ kind: fc.constant('resources' as const), text: fc.constantFrom('1G', '2G', 'none', 'level') }),
    fc.record({ kind: fc.constant('limit' as const), off: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 6 }), async (steps) => {
      const documents = memoryDocuments();
      const made = makeServerWorld(home, {}, documents);
      writeFileSync(configFile(), original);
      await made.servers.level({ server: id, level: 'standard' });
      const count = async (): Promise<number> => (await made.history.list({ limit: 1000 })).entries.length;
      const [before, counted] = [await documents.policies.get(id), await count()];
      for (const step of steps) {
        const work: Promise<unknown> =
          step.kind === 'grant'
            ? made.policies.grant({ server: id, verb: step.verb as 'read', what: step.what })
            : step.kind === 'revoke'
              ? made.policies.revoke({ server: id, verb: step.verb as 'read', what: step.what })
              : step.kind === 'level'
                ? made.servers.level({ server: id, level: step.level as 'strict' })
                : step.kind === 'resources'
                  ? made.policies.resources({ server: id, limits: { memory: step.text } })
                  : made.policies.limit({
                      server: id,
                      dryRun: false,
                      ...(step.off ? { off: true } : { hosts: ['a.example'] }),
                    });
        await work.catch(() => undefined);
      }
      for (let left = (await count()) - counted; left > 0; left--) await made.history.undo({});
      expect(await documents.policies.get(id)).toEqual(before);
    }),
    { numRuns: 12 },
  );
});
