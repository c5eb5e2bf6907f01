/**
 * Refusals that the kernel itself tells of (Landlock's audit records), where accesses to files do not come to the supervisor
 * (record without-files): told as they were, with their path, whatever it holds; and nobody else's.
 *
 * Audit is switched on meanwhile and put back, which is for root, as is giving a program a right.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Event } from '#contract/event.ts';
import { missingForWitness, openWitness } from './kit/lib/witness.mjs';
import { inArena, readEvents, writePlan, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { probeSchema } from '#contract/server.ts';
import { requireLauncher } from './support/places.ts';
import { leftOut } from './support/skip.ts';
import { run, type Finished } from './support/start.ts';

// Audit is one for the machine: whoever switches it waits for the other.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const unseen = { record: 'without-files', network: 'none' } as const;
const stranger = 65534;
const { landlockAbi } = probeSchema.parse(
  JSON.parse(spawnSync(requireLauncher(), ['probe'], { encoding: 'utf8' }).stdout),
);
const missing = missingForWitness(landlockAbi);
const setcap = ['/usr/sbin/setcap', '/sbin/setcap'].find((file) => existsSync(file));
const noSetcap = setcap === undefined ? 'setcap is not here, by which a program is given a right' : null;

let folder: string;
let witness: Awaited<ReturnType<typeof openWitness>>;

/** The launcher and the program beside it, in a folder that everybody may enter. */
function install(name: string, right: boolean): string {
  const place = mkdtempSync(join(folder, `${name}-`));
  chmodSync(place, 0o755);
  const built = requireLauncher();
  for (const program of ['belljar-launcher', 'belljar-records']) {
    copyFileSync(join(dirname(built), program), join(place, program));
    chmodSync(join(place, program), 0o755);
  }
  if (right && setcap !== undefined)
    expect(spawnSync(setcap, ['cap_audit_read=ep', join(place, 'belljar-records')]).status).toBe(0);
  return join(place, 'belljar-launcher');
}

/** To this user, root's files in it among them. */
function give(arena: Arena, user: number): void {
  for (const entry of ['', ...readdirSync(arena.folder, { recursive: true, encoding: 'utf8' })])
    chownSync(join(arena.folder, entry), user, user);
}

interface Played extends Finished {
  events: Event[];
}

async function play(
  launcher: string,
  arena: Arena,
  program: string,
  args: readonly string[],
  user?: number,
): Promise<Played> {
  const plan = writePlan(arena, unseen);
  const by = user === undefined ? {} : { uid: user, gid: user };
  if (user !== undefined) give(arena, user);
  const finished = await run(launcher, ['exec', '--plan', plan, '--', program, ...args], by);
  return { ...finished, events: readEvents(arena.spool) };
}

const startOf = (events: Event[]): Event['start'] => events.find(({ kind }) => kind === 'run.start')?.start;
const refused = (events: Event[]): unknown[] =>
  events
    .filter(({ verdict, kind }) => verdict === 'refused' && kind.startsWith('file.'))
    .map(({ kind, target, by, errno, count }) => ({ kind, target, by, errno, count }));

describe('where the kernel tells of refusals', leftOut(missing ?? null), () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-records-'));
    chmodSync(folder, 0o755);
    witness = await openWitness(join(folder, 'audit.jsonl'));
  });
  afterAll(async () => {
    await witness.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const open =
    (how: string, path: (at: Arena) => string) =>
    (at: Arena): string[] => ['absolute', how, path(at), at.grant];
  const made = (folder: 'outside' | 'grant') => (at: Arena) => join(at[folder], 'made');
  const secret = (at: Arena): string => at.secret;
  const inside = (at: Arena): string => at.inside;
  const folderOfSecret = (at: Arena): string => `${at.outside}/`;
  interface Case {
    name: string;
    program: string;
    args: (at: Arena) => string[];
    twin: (at: Arena) => string[];
    kind: string;
    target: (at: Arena) => string;
  }
  const cases: Case[] = [
    {
      name: 'reads',
      program: 'open-file',
      args: open('read', secret),
      twin: open('read', inside),
      kind: 'file.read',
      target: secret,
    },
    {
      name: 'writes',
      program: 'open-file',
      args: open('write', secret),
      twin: open('write', inside),
      kind: 'file.write',
      target: secret,
    },
    {
      name: 'makes',
      program: 'open-file',
      args: open('create', made('outside')),
      twin: open('create', made('grant')),
      kind: 'file.create',
      target: folderOfSecret,
    },
    {
      name: 'removes',
      program: 'change-tree',
      args: (at) => ['unlink', at.secret],
      twin: (at) => ['unlink', at.inside],
      kind: 'file.delete',
      target: folderOfSecret,
    },
  ];
  test.each(cases)('$name a file', async ({ program, args, twin, kind, target }) => {
    const launcher = install('cases', false);
    await inArena(async (arena) => {
      const before = readFileSync(arena.secret, 'utf8');
      const played = await play(launcher, arena, compile(program), args(arena));
      expect(startOf(played.events)).toMatchObject({ unseen: ['files'], refusals: 'kernel' });
      expect(refused(played.events)).toEqual([
        { kind, target: target(arena), by: 'kernel', errno: 'EACCES', count: 1 },
      ]);
      expect(played.events.find(({ kind: end }) => end === 'run.end')?.end?.denials).toBe(1);
      expect(readFileSync(arena.secret, 'utf8')).toBe(before);
      expect(readdirSync(arena.outside).sort()).toEqual(['empty', 'other.txt', 'secret.txt']);
    });
    await inArena(async (arena) => {
      const played = await play(launcher, arena, compile(program), twin(arena));
      expect(startOf(played.events)?.refusals).toBe('kernel');
      expect(refused(played.events)).toEqual([]);
    });
  });

  // Calls on files that come to the supervisor all the same (sight.test.ts).
  test.each<[string, string, (at: Arena) => string[]]>([
    ['truncate', 'change-tree', (at) => ['truncate', at.secret]],
    ['an open for commands that shortens', 'open-file', open('truncate-commands', secret)],
    ['an open that shortens what may be read', 'open-file', open('truncate-read-only', (at) => at.readOnlyFile)],
  ])('%s is told once, whoever refused it', async (_, program, args) => {
    await inArena(async (arena) => {
      const played = await play(install('once', false), arena, compile(program), args(arena));
      expect(played.stdout).toMatch(/^REFUSED EACCES/u);
      expect(refused(played.events)).toHaveLength(1);
      expect(refused(played.events)).toMatchObject([{ count: 1 }]);
    });
  });

  test('a name that looks like a record is a name', async () => {
    const name = 'a" domain=1 blockers=fs.make_reg path="x"\naudit(1.0:1): ü\\';
    const script = `import os,sys\ntry: open(sys.argv[1])\nexcept PermissionError: print('refused')`;
    await inArena(async (arena) => {
      const path = join(arena.outside, name);
      copyFileSync(arena.secret, path);
      const played = await play(install('names', false), arena, '/usr/bin/python3', ['-c', script, path]);
      expect(played.stdout).toBe('refused\n');
      expect(refused(played.events)).toEqual([
        { kind: 'file.read', target: path, by: 'kernel', errno: 'EACCES', count: 1 },
      ]);
    });
  });

  test('without the right the run goes on, and says that nothing is told', async () => {
    await inArena(async (arena) => {
      const args = ['absolute', 'read', arena.secret, arena.grant];
      const launcher = install('without', false);
      const probe = probeSchema.parse(
        JSON.parse((await run(launcher, ['probe'], { uid: stranger, gid: stranger })).stdout),
      );
      expect(probe.records).toMatch(/^no right to read audit records/u);
      const played = await play(launcher, arena, compile('open-file'), args, stranger);
      expect(played.stdout).toMatch(/^REFUSED EACCES/u);
      expect(startOf(played.events)).toMatchObject({ unseen: ['files'], notApplied: [] });
      expect(startOf(played.events)).not.toHaveProperty('refusals');
      expect(refused(played.events)).toEqual([]);
    });
  });

  test('an ordinary user with the right is told of what was refused', leftOut(noSetcap), async () => {
    await inArena(async (arena) => {
      const args = ['absolute', 'read', arena.secret, arena.grant];
      const launcher = install('ordinary', true);
      const probe = probeSchema.parse(
        JSON.parse((await run(launcher, ['probe'], { uid: stranger, gid: stranger })).stdout),
      );
      expect(probe.records).toBe('come');
      const played = await play(launcher, arena, compile('open-file'), args, stranger);
      expect(played.stdout, played.stderr).toMatch(/^REFUSED EACCES/u);
      expect(startOf(played.events)?.refusals).toBe('kernel');
      expect(refused(played.events)).toMatchObject([{ kind: 'file.read', target: arena.secret, by: 'kernel' }]);
    });
  });

  /** The program itself, as a user; what it said so far. */
  async function reader(launcher: string, user: number): Promise<{ child: ChildProcess; said: () => string }> {
    const child = spawn(join(dirname(launcher), 'belljar-records'), [], { uid: user, gid: user, env: {}, cwd: '/' });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await expect.poll(() => said).toBe('ready\n');
    return { child, said: () => said };
  }

  test('nobody is told of what another user’s server was refused', leftOut(noSetcap), async () => {
    const launcher = install('others', true);
    const readers = [await reader(launcher, 0), await reader(launcher, stranger)] as const;
    await inArena(async (arena) => {
      const script = `import os,sys\nprint(os.getpid(), flush=True)\nsys.stdin.readline()\ntry: open(sys.argv[1])\nexcept PermissionError: print('refused')`;
      const plan = writePlan(arena, unseen);
      const server = spawn(launcher, ['exec', '--plan', plan, '--', '/usr/bin/python3', '-c', script, arena.secret], {
        env: { PATH: '/usr/bin:/bin' },
      });
      let said = '';
      server.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      await expect.poll(() => said).toMatch(/^\d+\n$/u);
      for (const { child } of readers) child.stdin?.write(said);
      server.stdin.write('go\n');
      await once(server, 'close');
      expect(said).toContain('refused');
      const line = ` 13 fs.read_file ${Buffer.from(arena.secret).toString('hex').toUpperCase()}\n`;
      await expect.poll(() => readers[0].said()).toContain(line);
      expect(readers[1].said()).toBe('ready\n');
    });
    for (const { child } of readers) {
      child.stdin?.end();
      expect(await once(child, 'close')).toEqual([0, null]);
    }
  });

  test.each(['<&-', '>&-', '2>&-'])(
    'what reads the records does nothing with a descriptor missing (%s)',
    async (closed) => {
      const program = join(dirname(install('closed', false)), 'belljar-records');
      expect(await run('/bin/sh', ['-c', `"$0" ${closed}`, program])).toMatchObject({ code: 2, stdout: '' });
    },
  );

  test('what reads the records has given every right up', async () => {
    const { child, said } = await reader(install('rights', false), 0);
    const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
    for (const line of [/^CapPrm:\t0+$/mu, /^CapEff:\t0+$/mu, /^NoNewPrivs:\t1$/mu, /^Seccomp:\t2$/mu])
      expect(status).toMatch(line);
    // It takes one process, once.
    child.stdin?.write('1\n');
    await expect.poll(() => child.exitCode).toBe(null);
    child.stdin?.write('1\n');
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(said()).toBe('ready\n');
  });
});
