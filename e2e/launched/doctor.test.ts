/** Doctor and selftest over a real home: sound as it is, each defect found, and repaired where it has one right form. */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '#contract/methods.ts';
import { judgeAttempts, selftestPromises } from '#engine/doctor/selftest.ts';
import { createLauncher } from '#platform/confinement/linux/launcher.ts';
import { createSelftestStage } from '#platform/confinement/linux/selftest-stage.ts';
import { makeWorld, type World } from './support/world.ts';

let world: World;
let config: string;
const id = 'claude-desktop.notes';

beforeEach(async () => {
  world = makeWorld();
  const file = join(world.home, 'server.js');
  writeFileSync(file, 'setInterval(() => {}, 1000);');
  config = world.configure({ notes: { command: process.execPath, args: [file] } });
  await world.api['servers.contain']({ servers: [id], dryRun: false, check: false });
});
afterEach(() => world.close());

const examine = async (repair = false): Promise<Finding[]> =>
  (await world.api['machine.doctor']({ repair })).findings.filter(
    (finding) => finding.severity !== 'ok' || finding.repaired,
  );
const plan = (): string => join(world.folders.data, 'plans', `${id}.plan`);

describe('doctor', () => {
  it('finds nothing where everything is as it was left', async () => {
    expect(await examine()).toEqual([]);
    const all = (await world.api['machine.doctor']({ repair: false })).findings;
    expect(all.map((finding) => finding.code)).toEqual([
      'folders',
      'launcher',
      'kernel',
      'resources',
      // What reads the kernel's records lies beside the launcher that was built.
      'records',
      'documents',
      'servers',
      'secrets',
      'pins',
      'spool',
      'history',
      'leftovers',
      'watch',
    ]);
  });

  const repairable: [string, string, () => void | Promise<void>][] = [
    ['a folder that is open to others', 'folder-open', () => chmodSync(world.folders.data, 0o755)],
    [
      'a store of secrets that is open to others',
      'secret-open',
      () => chmodSync(join(world.folders.data, 'secrets', id), 0o755),
    ],
    [
      'the old text of an entry that was released',
      'secret-left',
      () => {
        mkdirSync(join(world.folders.data, 'secrets', 'cursor.gone'), { mode: 0o700 });
        const file = join(world.folders.data, 'secrets', 'cursor.gone', 'entry-0123456789abcdef.sealed');
        writeFileSync(file, '{}', { mode: 0o600 });
      },
    ],
    ['a missing spool folder', 'folder-missing', () => rmSync(join(world.folders.state, 'spool'), { recursive: true })],
    ['a missing launcher', 'launcher-missing', () => rmSync(join(world.folders.data, 'bin', 'belljar-launcher'))],
    [
      'another launcher',
      'launcher-differs',
      () => appendFileSync(join(world.folders.data, 'bin', 'belljar-launcher'), ' '),
    ],
    [
      'a launcher nobody may run',
      'launcher-mode',
      () => chmodSync(join(world.folders.data, 'bin', 'belljar-launcher'), 0o644),
    ],
    [
      'a journal that others may read',
      'document-open',
      () => chmodSync(join(world.folders.data, 'journal', `${id}.json`), 0o644),
    ],
    ['a missing plan', 'plan-missing', () => rmSync(plan())],
    ['a damaged plan', 'plan-invalid', () => writeFileSync(plan(), 'belljar-plan 3\n')],
    [
      'a plan that is a link',
      'plan-unsafe',
      () => {
        writeFileSync(join(world.home, 'other.plan'), readFileSync(plan()));
        rmSync(plan());
        symlinkSync(join(world.home, 'other.plan'), plan());
      },
    ],
    [
      "another server's plan",
      'plan-other',
      () => writeFileSync(plan(), readFileSync(plan(), 'utf8').replace(`server ${id}`, 'server other')),
    ],
    [
      'a file that was never finished',
      'half-written',
      () => writeFileSync(join(world.folders.data, 'plans', '.x.plan.4194300-0123456789ab'), ''),
    ],
    [
      'a socket nobody listens on',
      'socket-stale',
      () => {
        const script = `require('net').createServer().listen(${JSON.stringify(world.folders.socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
        try {
          execFileSync(process.execPath, ['-e', script]);
        } catch {
          // Killed, as meant.
        }
        expect(existsSync(world.folders.socket)).toBe(true);
      },
    ],
    [
      'a spool beyond its bounds',
      'spool-too-large',
      () => {
        for (let index = 0; index < 420; index += 1) {
          const run = `old-${index}`;
          const at = '2020-01-01T00:00:00.000Z';
          const line = {
            v: 1,
            seq: 1,
            at,
            firstAt: at,
            run,
            server: id,
            kind: 'exec',
            target: '/x',
            verdict: 'allowed',
            by: 'broker',
            count: 1,
            process: { pid: 1, exe: '/x' },
          };
          writeFileSync(join(world.folders.state, 'spool', `${run}.jsonl`), `${JSON.stringify(line)}\n`);
        }
      },
    ],
  ];

  it.each(repairable)('finds %s (%s), repairs it when asked, and not before', async (_name, code, damage) => {
    await damage();
    const found = await examine();
    expect(found.filter((finding) => finding.repairable)).toMatchObject([{ code, repaired: false }]);
    expect(await examine()).toEqual(found);
    expect(await examine(true)).toContainEqual(expect.objectContaining({ code, severity: 'ok', repaired: true }));
    expect(await examine()).toEqual([]);
  });

  it('misses no launcher while nothing is contained', async () => {
    await world.api['servers.release']({ servers: 'all', dryRun: false });
    rmSync(join(world.folders.data, 'bin'), { recursive: true });
    expect(await examine(true)).toEqual([]);
    expect(existsSync(join(world.folders.data, 'bin'))).toBe(false);
  });

  it('writes a damaged plan again exactly as it was', async () => {
    const before = readFileSync(plan(), 'utf8');
    writeFileSync(plan(), 'no plan');
    await examine(true);
    expect(readFileSync(plan(), 'utf8')).toBe(before);
    expect(statSync(plan()).mode & 0o777).toBe(0o600);
  });

  const reported: [string, string, () => void][] = [
    [
      'an entry that the client changed back',
      'drifted',
      () => world.configure({ notes: { command: 'node', args: [] } }),
    ],
    ['an original without its entry', 'journal-orphaned', () => world.configure({})],
    ['a client file that cannot be read', 'config-invalid', () => writeFileSync(config, '{ broken')],
    [
      'a damaged line of a run',
      'spool-bad-lines',
      () => writeFileSync(join(world.folders.state, 'spool', 'r.jsonl'), 'x\n'),
    ],
    ['something else in the spool', 'spool-strangers', () => mkdirSync(join(world.folders.state, 'spool', 'what'))],
    [
      'a damaged policy',
      'policy-invalid',
      () => writeFileSync(join(world.folders.config, 'policies', `${id}.json`), '{}', { mode: 0o600 }),
    ],
  ];

  it.each(reported)('reports %s (%s) and leaves it to the person', async (_name, code, damage) => {
    damage();
    const text = existsSync(config) ? readFileSync(config, 'utf8') : '';
    const found = (await examine(true)).filter((finding) => finding.code === code);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatchObject({ repaired: false });
    expect(readFileSync(config, 'utf8')).toBe(text);
  });

  it('says of a client file that cannot be read nothing but that', async () => {
    writeFileSync(config, '{ broken');
    const codes = (await examine(false)).map(({ code }) => code);
    expect(codes).toContain('config-invalid');
    expect(codes).not.toContain('journal-orphaned');
  });

  it('leaves a socket alone that someone listens on', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(world.folders.socket, resolve));
    try {
      expect(await examine(true)).toEqual([]);
      expect(existsSync(world.folders.socket)).toBe(true);
    } finally {
      server.close();
    }
  });
});

describe('selftest', () => {
  it('is as the walls promise, line by line, with its allowed twins', async () => {
    const { lines } = await world.api['machine.selftest']({});
    expect(lines.map((line) => line.code)).toEqual(Object.keys(selftestPromises));
    expect(lines.filter((line) => !line.asExpected)).toEqual([]);
    expect(lines.filter((line) => line.outcome === 'allowed').length).toBe(7);
  });

  it('says so where there are no walls', async () => {
    // A launcher that contains nothing: every refusal must now be missed, and be seen from outside.
    const path = join(world.home, 'open-launcher');
    writeFileSync(path, '#!/bin/sh\nif [ "$1" = --version ]; then echo 1.0; exit; fi\nshift 4\nexec "$@"\n');
    chmodSync(path, 0o755);
    const real = createLauncher({ path: join(world.folders.data, 'bin', 'belljar-launcher') });
    const probe = await real.probe();
    const attempts = await createSelftestStage({ launcher: createLauncher({ path, source: path }) }).run();
    const lines = judgeAttempts(attempts, probe);
    const promised = Object.entries(selftestPromises);
    const refusals = promised.filter(([, promise]) => promise.expected === 'refused').map(([code]) => code);
    expect(lines.filter((line) => !line.asExpected).map((line) => line.code)).toEqual(refusals);
    expect(attempts.filter((attempt) => refusals.includes(attempt.code) && attempt.seenOutside === false)).toEqual([]);
  });

  it('takes a run that never was for no proof', async () => {
    const path = join(world.home, 'dead-launcher');
    writeFileSync(path, '#!/bin/sh\necho "belljar: not today" >&2\nexit 125\n');
    chmodSync(path, 0o755);
    const probe = await createLauncher({ path: join(world.folders.data, 'bin', 'belljar-launcher') }).probe();
    const attempts = await createSelftestStage({ launcher: createLauncher({ path, source: path }) }).run();
    const lines = judgeAttempts(attempts, probe);
    expect(lines.some((line) => line.asExpected)).toBe(false);
    expect(lines[0]?.detail).toContain('belljar: not today');
  });
});
