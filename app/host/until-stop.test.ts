/** What is granted until a server stops: by the engine over the real file system, with runs that are made up. */
import {
  existsSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { methods } from '#contract/methods.ts';
import { policyFormatVersion, type PersonRule } from '#contract/policy.ts';
import { toErrorBody } from '#contract/sentences.ts';
import type { RuleVerb } from '#contract/words.ts';
import { createPlanStore } from '#platform/files/plan-store.ts';
import { createPolicyStore } from '#platform/files/policy-store.ts';
import { makeServerWorld, type ServerWorld } from './testing/server-world.ts';

let home: string;
let world: ServerWorld;

const place = (...parts: string[]): string => join(home, ...parts);
const planFile = (run: string): string =>
  join(world.places.dataFolder, 'plans', `cursor.a${run === '' ? '' : `@${run}`}.plan`);
const planOf = (run = ''): string[] => readFileSync(planFile(run), 'utf8').split('\n');
const policyFile = (): string => join(world.places.configFolder, 'policies', 'cursor.a.json');
const stored = (): string => readFileSync(policyFile(), 'utf8');
const grantsFolder = (): string => join(world.places.stateFolder, 'run-grants', 'cursor.a');
const runs = (count: number) => world.activity.set('cursor.a', { liveRuns: count, lastRun: null, failing: false });
const [first, second] = ['r0', 'r1'];
const lent: PersonRule = { verb: 'read', what: '/srv/x', at: '2026-01-01T12:00:00.000Z' };
const lend = (verb: RuleVerb, what: string, dryRun = false) =>
  world.policies.grant({ server: 'a', verb, what, until: 'stop', dryRun });
const takeBack = (verb: RuleVerb, what: string) => world.policies.revoke({ server: 'a', verb, what, until: 'stop' });
const listed = async (): Promise<string[]> =>
  (await world.servers.show({ server: 'a' })).untilStop.map(({ verb, what }) => `${verb} ${what}`);

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'belljar-home-'));
  world = makeServerWorld(home);
  const file = place('.cursor', 'mcp.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ mcpServers: { a: { command: 'node', args: ['/s.js', '/srv/data'] } } }));
  await world.servers.contain({ servers: ['a'], dryRun: false, check: false });
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('what is granted until it stops', () => {
  test('stands in the plans of the live runs alone; neither the policy nor the plan of the next start has it', async () => {
    runs(2);
    const before = [readFileSync(planFile(''), 'utf8'), stored()];
    const given = await lend('read', '/srv/x');
    expect(methods['policies.grant'].output.parse(given)).toEqual(given);
    expect(given).toMatchObject({ changed: true, effective: 'now', runs: [first, second] });
    for (const run of [first, second]) expect(planOf(run)).toContain('area read /srv/x');
    expect([readFileSync(planFile(''), 'utf8'), stored()]).toEqual(before);
    expect(given.policy?.rules.some(({ what }) => what === '/srv/x')).toBe(false);
    expect((await world.history.list({})).entries.map(({ action }) => action)).toEqual(['contain']);
    expect(await world.policies.explain({ server: 'a', what: '/srv/x/file' })).toMatchObject({
      verdict: 'allowed',
      effective: 'now',
      until: 'stop',
    });
    expect(await listed()).toEqual(['read /srv/x']);
    await takeBack('read', '/srv/x');
    expect(existsSync(planFile(first))).toBe(false);
    expect(await listed()).toEqual([]);
    expect(await world.policies.explain({ server: 'a', what: '/srv/x/file' })).toMatchObject({ verdict: 'refused' });
    await expect(takeBack('read', '/srv/x')).rejects.toMatchObject({ code: 'no-such-rule' });
  });

  test('is looked at first: the lines that change, and nothing is written', async () => {
    runs(1);
    const looked = await lend('read', '/srv/x', true);
    expect(looked).toMatchObject({ changed: false, runs: [first] });
    expect(looked.diff).toContain('+read /srv/x\n');
    expect(existsSync(planFile(first))).toBe(false);
    expect(existsSync(grantsFolder())).toBe(false);
    const always = await world.policies.grant({ server: 'a', verb: 'read', what: '/srv/x', dryRun: true });
    expect(always).toMatchObject({ changed: false, runs: [], effective: 'now' });
    expect(always.untilStop).toEqual({ runs: [first], diff: looked.diff });
    expect(always.diff).toBe('--- cursor/a\n+++ cursor/a\n@@ -1,1 +1,2 @@\n network open\n+read /srv/x\n');
    expect(stored()).not.toContain('/srv/x');
    await world.policies.grant({ server: 'a', verb: 'deny', what: '/srv/x' });
    const turned = await world.policies.grant({ server: 'a', verb: 'read', what: '/srv/x', dryRun: true });
    expect(turned.diff).toContain('-deny /srv/x\n+read /srv/x\n');
  });

  test('what is decided later counts for those runs too, and what was denied before is lifted', async () => {
    runs(1);
    await world.policies.grant({ server: 'a', verb: 'deny', what: '/srv/data/private' });
    await lend('read', '/srv/data/private/one.txt');
    expect(planOf(first)).toContain('except read /srv/data/private/one.txt');
    expect(planOf()).not.toContain('except read /srv/data/private/one.txt');
    await world.policies.grant({ server: 'a', verb: 'read', what: '/srv/y' });
    expect(planOf(first)).toContain('area read /srv/y');
    expect(await listed()).toEqual(['read /srv/data/private/one.txt']);
    await world.policies.grant({ server: 'a', verb: 'deny', what: '/srv/data/private/one.txt' });
    expect(existsSync(planFile(first))).toBe(false);
    expect(await listed()).toEqual([]);
  });

  test('a run that is over takes it along', async () => {
    runs(1);
    await lend('host', '10.0.0.1:80');
    expect(planOf(first)).toContain('host 10.0.0.1 80 checked');
    runs(0);
    expect(await listed()).toEqual([]);
    await world.policies.grant({ server: 'a', verb: 'read', what: '/srv/z' });
    await world.passing.tidy();
    expect(readdirSync(join(world.places.dataFolder, 'plans'))).toEqual(['cursor.a.plan']);
    expect(readdirSync(grantsFolder())).toEqual([]);
  });

  describe.each([
    ['of no known form', '{}'],
    ['of a newer format', '{"v":999}'],
    ['of another run', JSON.stringify({ v: policyFormatVersion, server: 'cursor.a', run: 'r7', rules: [lent] })],
  ])('a document %s', (_title, text) => {
    const damage = (run: string): void => {
      writeFileSync(join(grantsFolder(), `${run}.json`), text);
    };

    test('of a live run fails what would write its plan, before anything is written', async () => {
      runs(2);
      await lend('read', '/srv/x');
      damage(second);
      const damaged = join(grantsFolder(), `${second}.json`);
      const before = [planOf(), planOf(first), planOf(second), stored()];
      const grant = world.policies.grant({ server: 'a', verb: 'read', what: '/srv/y' });
      await expect(grant).rejects.toMatchObject({ code: expect.stringMatching(/^(policy-invalid|newer-format)$/) });
      expect([planOf(), planOf(first), planOf(second), stored()]).toEqual(before);
      await expect(world.servers.level({ server: 'a', level: 'strict' })).rejects.toMatchObject({ file: damaged });
      expect([planOf(), planOf(first), planOf(second), stored()]).toEqual(before);
      // What is over is still tidied, and this left alone.
      await world.passing.tidy();
      expect(readdirSync(grantsFolder())).toEqual(['r0.json', 'r1.json']);
    });

    test('of a run that is over is removed with its plan', async () => {
      runs(1);
      await lend('read', '/srv/x');
      damage(first);
      runs(0);
      await world.policies.grant({ server: 'a', verb: 'read', what: '/srv/y' });
      expect(planOf()).toContain('area read /srv/y');
      expect([existsSync(planFile(first)), readdirSync(grantsFolder())]).toEqual([false, []]);
      damage(second);
      await world.passing.tidy();
      expect(readdirSync(grantsFolder())).toEqual([]);
    });
  });

  test('where a plan of a run cannot be written, or the policy, nothing of it is in force', async () => {
    const { configFolder, dataFolder } = world.places;
    const [plans, policies] = [createPlanStore(dataFolder), createPolicyStore(configFolder)];
    let onPlan: (() => void) | null = null;
    let onPolicy: (() => void) | null = null;
    world = makeServerWorld(
      home,
      {},
      {
        plans: {
          ...plans,
          async write(server, text) {
            await plans.write(server, text);
            onPlan?.();
          },
        },
        policies: {
          ...policies,
          async put(policy) {
            onPolicy?.();
            await policies.put(policy);
          },
        },
      },
    );
    runs(1);
    await lend('read', '/srv/x');
    const before = [planOf(), planOf(first), stored()];
    const grant = () => world.policies.grant({ server: 'a', verb: 'read', what: '/srv/y' });

    onPolicy = () => {
      for (const plan of [planOf(), planOf(first)]) if (!plan.includes('area read /srv/y')) return;
      throw new Error('no policy is written');
    };
    await expect(grant()).rejects.toThrow('no policy is written');
    expect([planOf(), planOf(first), stored()]).toEqual(before);
    onPolicy = null;

    // A folder stands where the plan of the run would, once the server's is written: root cannot replace it either.
    const [file, away] = [planFile(first), `${planFile(first)}.away`];
    onPlan = () => {
      onPlan = () => {
        rmSync(file, { recursive: true });
        renameSync(away, file);
      };
      renameSync(file, away);
      mkdirSync(join(file, 'full'), { recursive: true });
    };
    await expect(grant()).rejects.toMatchObject({ code: 'write-failed' });
    expect([planOf(), planOf(first), stored()]).toEqual(before);
    onPlan = null;
    await grant();
    for (const plan of [planOf(), planOf(first)]) expect(plan).toContain('area read /srv/y');
  });

  test('what is denied while the server is not contained counts for a run that lives on, once it is again', async () => {
    runs(1);
    await lend('read', '/srv/x');
    await world.servers.release({ servers: ['a'], dryRun: false });
    await world.policies.grant({ server: 'a', verb: 'deny', what: '/srv/x/secret' });
    expect(planOf(first)).not.toContain('deny /srv/x/secret');
    await world.servers.contain({ servers: ['a'], dryRun: false, check: false });
    for (const plan of [planOf(), planOf(first)]) expect(plan).toContain('deny /srv/x/secret');
    expect(planOf(first)).toContain('area read /srv/x');
  });

  test('a change that does not come to its end leaves those plans as they were too', async () => {
    runs(1);
    await lend('read', '/srv/x');
    const file = place('.cursor', 'mcp.json');
    await world.servers.release({ servers: ['a'], dryRun: false });
    await world.policies.grant({ server: 'a', verb: 'deny', what: '/srv/x/secret' });
    const before = [readFileSync(file, 'utf8'), planOf(first)];
    world.onStep = () => {
      throw new Error('the disk is full');
    };
    const { results } = await world.servers.contain({ servers: ['a'], dryRun: false, check: false });
    expect(results[0]).toMatchObject({ changed: false });
    expect([readFileSync(file, 'utf8'), planOf(first)]).toEqual(before);
    expect(existsSync(planFile(''))).toBe(false);
  });

  test('secrets that could not be moved leave those plans as they were', async () => {
    const file = place('.cursor', 'mcp.json');
    await world.servers.release({ servers: ['a'], dryRun: false });
    const entry = { command: 'node', args: ['/s.js', '/srv/data'], env: { API_TOKEN: 'decoy-decoy-decoy' } };
    writeFileSync(file, JSON.stringify({ mcpServers: { a: entry } }));
    await world.servers.contain({ servers: ['a'], dryRun: false, check: false });
    runs(1);
    await lend('read', '/srv/x');
    const before = [planOf(), planOf(first)];
    let then: string[][] = [];
    world.onStep = () => {
      then = [planOf(), planOf(first)];
      throw new Error('the disk is full');
    };
    await expect(
      world.secrets.move({ server: 'a', names: 'all', as: 'variable', dryRun: false }),
    ).rejects.toMatchObject({
      code: 'write-failed',
    });
    expect(then.map((plan) => plan.some((line) => line.startsWith('secret ')))).toEqual([true, true]);
    expect([planOf(), planOf(first)]).toEqual(before);
  });

  test.each<[string, RuleVerb, string, number, () => Promise<unknown>]>([
    ['not-running', 'read', '/srv/x', 0, async () => undefined],
    ['at-start', 'exec', '/usr/bin/env', 1, async () => undefined],
    ['at-start', 'env', 'TOKEN', 1, async () => undefined],
    ['at-start', 'permission', 'datagrams', 1, async () => undefined],
    ['narrower', 'deny', '/srv/x', 1, async () => undefined],
    ['already', 'read', '/srv/x', 1, () => world.policies.grant({ server: 'a', verb: 'read', what: '/srv/x' })],
    ['already', 'read', '/srv/x', 1, () => lend('read', '/srv/x')],
    ['nothing-refused', 'read', '/srv/x', 1, () => world.servers.level({ server: 'a', level: 'watch' })],
    [
      'no-network',
      'host',
      '10.0.0.1:80',
      1,
      () => atStart(() => world.servers.level({ server: 'a', level: 'strict' })),
    ],
    ['files-unseen', 'read', '/srv/x', 1, () => atStart(leaveUnseen)],
  ])('is refused as %s: %s %s', async (hindrance, verb, what, count, prepare) => {
    runs(count);
    await prepare();
    const error = await lend(verb, what).then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: 'not-until-stop', params: { hindrance } });
    const { message, remedy } = toErrorBody(error);
    expect(message.length).toBeGreaterThan(20);
    expect(remedy).toContain('belljar ');
    // What was looked at first says the same, alone and beside what can be for good.
    await expect(lend(verb, what, true)).rejects.toMatchObject({ params: { hindrance } });
    const looked = await world.policies.grant({ server: 'a', verb, what, dryRun: true });
    expect(looked.untilStop).toMatchObject({ error: { code: 'not-until-stop', message } });
  });

  test('what is too wide for good is too wide until it stops', async () => {
    runs(1);
    await expect(lend('read', '/')).rejects.toMatchObject({ code: 'grant-too-wide' });
    await expect(lend('read', world.places.stateFolder)).rejects.toMatchObject({ code: 'grant-own-folder' });
    expect(existsSync(planFile(first))).toBe(false);
  });
});

/** Before the run: it is started so. */
async function atStart(change: () => Promise<unknown>): Promise<void> {
  runs(0);
  await change();
  runs(1);
}

async function leaveUnseen(): Promise<void> {
  await world.servers.level({ server: 'a', level: 'strict' });
  await world.policies.grant({ server: 'a', verb: 'write', what: '**/*' });
  await world.policies.sight({ server: 'a', sight: 'without-files' });
}
