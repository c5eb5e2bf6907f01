/** Checks of real entries, bare and contained, through the engine as the host composes it. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkResultSchema } from '#contract/server.ts';
import { startTicksOf } from '#platform/spool/supervisors.ts';
import { makeWorld, type World } from './support/world.ts';

const server = join(import.meta.dirname, '..', '..', 'app', 'platform', 'mcp', 'fixtures', 'odd-server.js');
let world: World;
let program: string;

beforeEach(() => {
  world = makeWorld();
  mkdirSync(join(world.home, '.ssh'));
  mkdirSync(join(world.home, 'docs'));
  writeFileSync(join(world.home, '.ssh', 'id_ed25519'), 'decoy');
  program = join(world.home, 'odd-server.mjs');
  writeFileSync(program, readFileSync(server));
});
afterEach(() => world.close());

const check = async (before: string, options: object = {}, env: Record<string, string> = {}) => {
  writeFileSync(program, before + readFileSync(server, 'utf8'));
  world.configure({ odd: { command: process.execPath, args: [program, JSON.stringify(options)], env } });
  // Others may run tests on this machine too: only what this run's plan named is looked for.
  const left = (): string[] =>
    readdirSync(tmpdir()).filter((name) => name.startsWith('belljar-check-') && holds(join(tmpdir(), name)));
  const result = await world.api['servers.check']({ server: 'odd', level: 'standard' });
  expect(checkResultSchema.parse(result)).toEqual(result);
  expect(left()).toEqual([]);
  return result;
};

function holds(folder: string): boolean {
  try {
    return readFileSync(join(folder, 'plan'), 'utf8').includes(world.home);
  } catch {
    return false;
  }
}

const readKey = `import fs from 'node:fs';\nconst key = () => fs.readFileSync(process.env.HOME + '/.ssh/id_ed25519', 'utf8');\n`;

describe('check, with the real launcher', () => {
  it('works', async () => {
    const result = await check('', { tools: [{ name: 'a' }, { name: 'b' }], pageSize: 1 });
    expect(result).toMatchObject({
      verdict: 'works',
      same: true,
      differences: [],
      refused: [],
      bare: { outcome: 'works', tools: 2 },
      contained: { outcome: 'works', tools: 2 },
    });
    // Nothing of it is in the history: a trial is thrown away.
    expect((await world.api['runs.list']({})).runs).toEqual([]);
  });

  it('works, but was refused what it did not need', async () => {
    const result = await check(`${readKey}try { key(); } catch {}\n`);
    expect(result).toMatchObject({ verdict: 'works-but-refused', same: true });
    expect(result.refused).toMatchObject([
      { kind: 'file.read', target: join(world.home, '.ssh', 'id_ed25519'), known: 'ssh-keys', count: 1 },
    ]);
    expect(result.sentence).toBe(
      `Works contained. It was refused 1 access it did not need to start: reading ${world.home}/.ssh/id_ed25519 (your SSH keys).`,
    );
  });

  it('does not start contained, and why', async () => {
    const result = await check(`${readKey}key();\n`);
    expect(result).toMatchObject({
      verdict: 'does-not-start',
      bare: { outcome: 'works' },
      contained: { outcome: 'does-not-start' },
    });
    expect(result.sentence).toBe(
      `Does not start contained: it was refused reading ${world.home}/.ssh/id_ed25519 (your SSH keys) just before it ended.`,
    );
    // And a containment that checks first then changes nothing.
    const config = join(world.home, '.config', 'Claude', 'claude_desktop_config.json');
    const before = readFileSync(config, 'utf8');
    const { results } = await world.api['servers.contain']({ servers: ['odd'], dryRun: false, check: true });
    expect(results).toMatchObject([{ changed: false, error: { code: 'check-failed' } }]);
    expect(readFileSync(config, 'utf8')).toBe(before);
  });

  it('answers differently', async () => {
    const result = await check(
      `${readKey}let seen = 'nothing'; try { seen = key(); } catch {}\nprocess.argv[2] = JSON.stringify({ serverInfo: { seen } });\n`,
    );
    expect(result).toMatchObject({
      verdict: 'differs',
      same: false,
      differences: ['initialize.serverInfo.seen: "decoy" bare, "nothing" contained'],
    });
  });

  it('cannot be tried where it fails bare, and lets no secret out', async () => {
    const result = await check('', { exit: 2, stderr: 'Error: bad token s3cr3t-value' }, { TOKEN: 's3cr3t-value' });
    expect(result).toMatchObject({
      verdict: 'cannot-be-tried',
      sentence: 'Cannot be tried: it does not start bare either: it ended with status 2: Error: bad token •••.',
      contained: null,
    });
    expect(JSON.stringify(result)).not.toContain('s3cr3t-value');
  });

  it('leaves nothing running, however stubborn, bare or contained', async () => {
    const pidFile = join(world.home, 'docs', 'pids');
    const temporaryFile = join(world.home, 'docs', 'temporary');
    writeFileSync(pidFile, '');
    writeFileSync(program, readFileSync(server));
    const options = JSON.stringify({ pidFile, temporaryFile, stubborn: true, start: [':'] });
    world.configure({ odd: { command: process.execPath, args: [program, options, join(world.home, 'docs')] } });
    const result = await world.api['servers.check']({ server: 'odd' });
    expect(result.verdict).toBe('works');
    // Its temporary folder: the common one bare, one of its own contained, which goes with the run.
    const [common, own] = readFileSync(temporaryFile, 'utf8').trim().split('\n');
    expect(common).toBe('/tmp');
    expect(own).not.toBe(common);
    expect(existsSync(own ?? '/')).toBe(false);
    const pids = readFileSync(pidFile, 'utf8').trim().split('\n').map(Number);
    expect(pids.length).toBe(4);
    expect(pids.filter((pid) => startTicksOf(pid) !== null)).toEqual([]);
  });
});
