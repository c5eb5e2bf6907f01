/** What a server inherits without asking: descriptors, environment, a user it could become, core files; and hiding from the supervisor. */
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  lstatSync,
  openSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decoys, inArena, looks, writePlan, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { Neighbour } from './support/neighbour.ts';
import { requireLauncher } from './support/places.ts';
import { run, startBare, startContained, understand } from './support/start.ts';
import { brief, matchingEvents } from './support/technique.ts';

describe('inherited descriptors', () => {
  test.for([7, 3, 63])('descriptor %i of an outside file, left open by the client, is closed', async (number) => {
    await inArena(async (arena) => {
      const program = compile('inherited-descriptor');
      const descriptors = (file: number): (number | null)[] => [
        ...Array.from({ length: number - 3 }, () => null),
        file,
      ];
      const open = async (contained: boolean) => {
        const file = openSync(arena.secret, 'r');
        try {
          const options = { descriptors: descriptors(file) };
          return contained
            ? await startContained(arena, program, [number.toString()], {}, options)
            : await startBare(program, [number.toString()], options);
        } finally {
          closeSync(file);
        }
      };
      expect((await open(false)).outcome).toEqual({ kind: 'reached', what: `${decoys.outside} ` });
      const contained = await open(true);
      expect(contained.outcome).toEqual({ kind: 'refused', errno: 'EBADF', step: 'fcntl' });
      expect(contained.stdout).not.toContain(decoys.outside);
    });
  });

  test.for(['0', '1', '2'])('descriptor %s is there', async (number) => {
    await inArena(async (arena) => {
      const contained = await startContained(arena, compile('inherited-descriptor'), [number]);
      expect(contained.outcome).toEqual({ kind: 'reached', what: 'open' });
    });
  });
});

describe('environment', () => {
  test.for(['getenv', 'stack', 'proc'])('a variable that is not on the list is absent (%s)', async (way) => {
    await inArena(async (arena) => {
      const program = compile('read-environment');
      const options = { env: { CLIENT_TOKEN: 'decoy-token', ALLOWED_TOKEN: 'allowed-value', PREFIX_ONE: 'one' } };
      expect((await startBare(program, [way, 'CLIENT_TOKEN'], options)).stdout).toContain('decoy-token');
      const plan = { env: ['ALLOWED_TOKEN', 'PREFIX_*'], set: [{ name: 'GIVEN', value: 'given value%' }] };
      const refused = await startContained(arena, program, [way, 'CLIENT_TOKEN'], plan, options);
      expect(refused.outcome).toMatchObject({ kind: 'refused', errno: 'ENOENT' });
      expect(refused.stdout).not.toContain('decoy-token');
      for (const [name, value] of [
        ['ALLOWED_TOKEN', 'allowed-value'],
        ['PREFIX_ONE', 'one'],
        ['GIVEN', 'given value%'],
      ] as const) {
        const allowed = await startContained(arena, program, [way, name], plan, options);
        expect(allowed.outcome).toEqual({ kind: 'reached', what: value });
      }
    });
  });

  test.for([
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'LD_AUDIT',
    'NODE_OPTIONS',
    'PYTHONPATH',
    'BASH_ENV',
    'SSH_AUTH_SOCK',
    'DBUS_SESSION_BUS_ADDRESS',
    'DISPLAY',
    'WAYLAND_DISPLAY',
  ])('%s is not passed on unless named', async (name) => {
    await inArena(async (arena) => {
      const contained = await startContained(
        arena,
        compile('read-environment'),
        ['stack', name],
        {},
        { env: { [name]: '/decoy' } },
      );
      expect(contained.outcome).toMatchObject({ kind: 'refused', errno: 'ENOENT' });
      const named = await startContained(
        arena,
        compile('read-environment'),
        ['stack', name],
        { env: [name] },
        { env: { [name]: '/decoy' } },
      );
      expect(named.outcome).toEqual({ kind: 'reached', what: '/decoy' });
    });
  });

  test('a private temporary folder is given, is empty, and is gone afterwards', async () => {
    await inArena(async (arena) => {
      const result = await startContained(
        arena,
        compile('read-environment'),
        ['getenv', 'TMPDIR'],
        {},
        { env: { TMPDIR: arena.outside } },
      );
      expect(result.outcome).toMatchObject({ kind: 'reached' });
      const folder = result.outcome.kind === 'reached' ? result.outcome.what : '';
      expect(folder).toMatch(/^\//);
      expect(folder).not.toBe(arena.outside);
      expect(folder).not.toBe('/tmp');
      expect(lstatSync(folder, { throwIfNoEntry: false })).toBeUndefined();
    });
  });
});

test('a private temporary folder is gone afterwards, however deep it was filled', async () => {
  await inArena(async (arena) => {
    const script =
      'echo "$TMPDIR"; cd "$TMPDIR"; i=0; while [ $i -lt 200 ]; do mkdir d && cd d && chmod 0300 . ; i=$((i+1)); done; touch end';
    const finished = await startContained(arena, '/bin/sh', ['-c', script]);
    const folder = finished.stdout.trim();
    expect(folder).toMatch(/^\//);
    expect(lstatSync(folder, { throwIfNoEntry: false })).toBeUndefined();
  });
});

const someoneElse = 65_534;

test('a set-user-id program gains nothing', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('only root can make a set-user-id program of root');
  await inArena(async (arena) => {
    const program = join(arena.grant, 'gain-user');
    copyFileSync(compile('gain-user'), program);
    chownSync(program, 0, 0);
    chmodSync(program, 0o4755);
    // The launcher, its plan and the folders must be reachable by the other user.
    const launcher = join(arena.folder, 'belljar-launcher');
    copyFileSync(requireLauncher(), launcher);
    chmodSync(launcher, 0o755);
    writePlan(arena, { exec: [arena.grant] });
    for (const path of [arena.folder, arena.grant, arena.home, arena.readonly, arena.spool]) {
      chmodSync(path, 0o755);
      if (path !== arena.grant) chownSync(path, someoneElse, someoneElse);
    }
    chownSync(arena.planFile, someoneElse, someoneElse);
    const user = { uid: someoneElse, gid: someoneElse };
    expect(understand(await run(program, [], user))).toEqual({ kind: 'reached', what: 'effective user 0' });
    const contained = await run(launcher, ['exec', '--plan', arena.planFile, '--', program], user);
    expect(understand(contained), contained.stderr).toEqual({
      kind: 'refused',
      errno: 'EPERM',
      step: 'still the same user',
    });
  });
});

test('a crash leaves no core file, and no crash handler is given what was in memory', async () => {
  await inArena(async (arena) => {
    const program = compile('dump-core');
    const cores = (): string[] => readdirSync(arena.grant).filter((name) => name.startsWith('core'));
    // The shell raises the limit where it was lowered, as a developer's machine has it.
    const bare = await run('/bin/sh', ['-c', `ulimit -c unlimited && exec "$0" "$1"`, program, arena.grant]);
    expect(bare.signal === 'SIGABRT' || bare.code === 134, bare.stderr).toBe(true);
    const pattern = (await run('/bin/cat', ['/proc/sys/kernel/core_pattern'])).stdout.trim();
    if (pattern.startsWith('core')) expect(cores().length).toBe(1);
    const before = cores();
    // 0 would let a crash handler have the memory (man 5 core), so it cannot be lowered to that either.
    const [command, args] = [
      '/bin/sh',
      [
        '-c',
        `ulimit -c unlimited && exec "$0" "$@"`,
        requireLauncher(),
        'exec',
        '--plan',
        writePlan(arena),
        '--',
        program,
        arena.grant,
      ],
    ] as const;
    for (const more of [[], ['lower']]) {
      const contained = await run(command, [...args, ...more]);
      expect(contained.stdout, contained.stderr).toContain('REACHED limit 1\n');
      expect(contained.code).toBe(128 + 6);
      expect(cores()).toEqual(before);
    }
  });
});

describe('hiding from the supervisor', () => {
  const ways: readonly {
    way: string;
    target: (arena: Arena, neighbour: Neighbour) => string;
    allowed: (arena: Arena, neighbour: Neighbour) => { target: string; plan: object };
  }[] = [
    {
      way: 'connect-unix',
      target: (arena) => join(arena.neighbour, 'stream.sock'),
      allowed: (arena) => ({
        target: join(arena.neighbour, 'stream.sock'),
        plan: { socket: [[join(arena.neighbour, 'stream.sock')]] },
      }),
    },
    {
      way: 'connect-tcp',
      target: (_, neighbour) => neighbour.facts.tcp.toString(),
      allowed: (_, neighbour) => ({ target: neighbour.facts.tcp.toString(), plan: { local: [neighbour.facts.tcp] } }),
    },
    { way: 'chmod', target: (arena) => arena.secret, allowed: (arena) => ({ target: arena.inside, plan: {} }) },
    { way: 'open', target: (arena) => arena.secret, allowed: (arena) => ({ target: arena.inside, plan: {} }) },
    {
      way: 'write',
      target: (arena) => join(arena.outside, 'made'),
      allowed: (arena) => ({ target: join(arena.grant, 'made'), plan: {} }),
    },
  ];

  test.for(ways)('$way: after PR_SET_DUMPABLE 0 the refused stays refused', async ({ way, target, allowed }) => {
    await inArena(async (arena) => {
      const neighbour = await Neighbour.start(arena);
      try {
        const program = compile('undumpable');
        const before = looks(arena.secret, arena.outside);
        const contacts = (await neighbour.contacts()).length;
        const result = await startContained(arena, program, [way, target(arena, neighbour)]);
        expect(result.outcome, result.stderr).toMatchObject({
          kind: 'refused',
          errno: expect.stringMatching(/^(?:EACCES|EPERM)$/) as string,
        });
        expect(looks(arena.secret, arena.outside)).toBe(before);
        expect((await neighbour.contacts()).length).toBe(contacts);
        expect(
          result.events.some((event) => event.verdict === 'refused'),
          brief(result.events).join('\n'),
        ).toBe(true);
        // What is allowed works while the supervisor can look, and is refused when it cannot: never waved through.
        const { target: own, plan } = allowed(arena, neighbour);
        const seen = await startContained(arena, program, [way, own, 'dumpable'], plan);
        expect(seen.outcome, seen.stderr).toMatchObject({ kind: 'reached' });
      } finally {
        await neighbour.stop();
      }
    });
  });

  test.for(ways)('$way: a program that may be executed but not read', async ({ way, target }) => {
    await inArena(async (arena) => {
      const neighbour = await Neighbour.start(arena);
      try {
        const program = join(arena.grant, 'unreadable');
        copyFileSync(compile('undumpable'), program);
        chmodSync(program, 0o111);
        const contacts = (await neighbour.contacts()).length;
        const before = looks(arena.secret, arena.outside);
        const result = await startContained(arena, program, [way, target(arena, neighbour), 'by-mode'], {
          exec: [arena.grant],
        });
        expect(result.outcome.kind).not.toBe('reached');
        expect(looks(arena.secret, arena.outside)).toBe(before);
        expect((await neighbour.contacts()).length).toBe(contacts);
      } finally {
        await neighbour.stop();
      }
    });
  });
});

test('a level: strict grants nothing by itself and watch stops nothing', async () => {
  await inArena(async (arena) => {
    const program = compile('open-file');
    const strict = await startContained(arena, program, ['absolute', 'read', arena.secret], {
      level: 'strict',
      network: 'none',
    });
    expect(strict.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    const watch = await startContained(arena, program, ['absolute', 'read', arena.secret], {
      level: 'watch',
      record: 'all',
    });
    expect(watch.outcome).toEqual({ kind: 'reached', what: `${decoys.outside} ` });
    expect(matchingEvents(watch.events, 'file.read', arena.secret).map((event) => event.verdict)).toContain('allowed');
    writeFileSync(join(arena.grant, 'x'), '');
  });
});
