/**
 * Plans that are not exactly right: nothing starts, the exit status is 125, one line on stderr names the code, and the
 * client's own `initialize` is answered with a JSON-RPC error of its own id.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inArena, planOf, readEvents, writePlan, type Arena } from './support/arena.ts';
import { requireLauncher } from './support/places.ts';
import { run } from './support/start.ts';
import { formatPlan } from '#domain/plan-text.ts';

const initialize = (id: unknown): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } } })}\n`;

interface Case {
  name: string;
  damage: (arena: Arena, text: string) => void;
  root?: boolean;
}

const put = (change: (text: string) => string | Buffer) => (arena: Arena, text: string) => {
  writeFileSync(arena.planFile, change(text), { mode: 0o600 });
};
const insert = (line: string) => put((text) => text.replace('\nend\n', `\n${line}\nend\n`));
const replaceLine = (key: string, line: string) =>
  put((text) =>
    text
      .split('\n')
      .map((one) => (one.startsWith(`${key} `) ? line : one))
      .filter((one, index, all) => one !== '' || index === all.length - 1)
      .join('\n'),
  );

const cases: readonly Case[] = [
  { name: 'no plan', damage: (arena) => rmSync(arena.planFile) },
  {
    name: 'a folder in its place',
    damage: (arena) => {
      rmSync(arena.planFile);
      mkdirSync(arena.planFile);
    },
  },
  {
    name: 'a symbolic link to a good plan',
    damage: (arena) => {
      renameSync(arena.planFile, `${arena.planFile}.real`);
      symlinkSync(`${arena.planFile}.real`, arena.planFile);
    },
  },
  {
    name: 'a device',
    damage: (arena) => {
      rmSync(arena.planFile);
      symlinkSync('/dev/zero', arena.planFile);
    },
  },
  { name: 'readable by the group', damage: (arena) => chmodSync(arena.planFile, 0o640) },
  { name: 'readable by everyone (mode 0644)', damage: (arena) => chmodSync(arena.planFile, 0o644) },
  { name: 'writable by everyone', damage: (arena) => chmodSync(arena.planFile, 0o602) },
  { name: 'of another owner', damage: (arena) => chownSync(arena.planFile, 65_534, 65_534), root: true },
  { name: 'empty', damage: put(() => '') },
  ...[1, 20, 200].map((bytes): Case => ({
    name: `cut off ${bytes.toString()} bytes before its end`,
    damage: put((text) => text.slice(0, -bytes)),
  })),
  { name: 'without its end', damage: put((text) => text.replace('\nend\n', '\n')) },
  { name: 'with a byte after its end', damage: put((text) => `${text}x`) },
  { name: 'with an empty line after its end', damage: put((text) => `${text}\n`) },
  { name: 'with a zero byte after its end', damage: put((text) => `${text}\0`) },
  { name: 'with a second end', damage: insert('end') },
  { name: 'with an unknown key', damage: insert('readd /etc') },
  { name: 'with an empty line', damage: insert('') },
  { name: 'with CRLF line ends', damage: put((text) => text.replaceAll('\n', '\r\n')) },
  { name: 'with a byte order mark', damage: put((text) => `\uFEFF${text}`) },
  { name: 'with two spaces', damage: insert('read  /etc') },
  { name: 'with a space at the end of a line', damage: insert('read /etc ') },
  { name: 'with a tab', damage: insert('read\t/etc') },
  { name: 'with a field too many', damage: insert('read /etc /usr') },
  { name: 'with a field too few', damage: insert('read') },
  { name: 'with a broken escape', damage: insert('read /a%2') },
  { name: 'with a lower-case escape', damage: insert('read /a%0a') },
  { name: 'with an escape that need not be', damage: insert('read /%61') },
  { name: 'with an escaped zero byte in a path', damage: insert('read /a%00b') },
  { name: 'with a control byte', damage: insert('read /a\u0001') },
  { name: 'with a relative path', damage: insert('read etc') },
  { name: 'with .. in a path', damage: insert('read /usr/../etc') },
  { name: 'with an unknown symbol', damage: insert('read home') },
  { name: 'with runtime for reading', damage: insert('read runtime') },
  { name: 'with a huge argument number', damage: insert('read arg:99999999999999999999') },
  { name: 'with a negative argument number', damage: insert('read arg:-1') },
  { name: 'with a port beyond the last', damage: insert('local 65536') },
  { name: 'with port 0 to connect to', damage: insert('local 0') },
  { name: 'with a port in hexadecimal', damage: insert('local 0x50') },
  { name: 'with a port with a leading zero', damage: insert('local 080') },
  { name: 'with an unknown limit', damage: insert('limit stack 5') },
  { name: 'with a limit of nothing', damage: insert('limit open-files 0') },
  { name: 'with one limit twice', damage: insert('limit open-files 9\nlimit open-files 10') },
  { name: 'with a variable name that is none', damage: insert('env A=B') },
  { name: 'with the server twice', damage: insert('server attack.server') },
  { name: 'with the level twice', damage: insert('level watch') },
  { name: 'with the network twice', damage: insert('network open') },
  ...['server', 'level', 'network', 'spool', 'spool-limit', 'home'].map((key): Case => ({
    name: `without ${key}`,
    damage: replaceLine(key, ''),
  })),
  { name: 'with an unknown level', damage: replaceLine('level', 'level off') },
  { name: 'with an unknown network', damage: replaceLine('network', 'network wide') },
  { name: 'with a spool limit that is too small', damage: replaceLine('spool-limit', 'spool-limit 65535') },
  { name: 'with a spool limit that is too large', damage: replaceLine('spool-limit', 'spool-limit 67108865') },
  { name: 'with a relative spool folder', damage: replaceLine('spool', 'spool spool') },
  { name: 'with a server id that is none', damage: replaceLine('server', 'server ../x') },
  { name: 'of a later version', damage: put((text) => text.replace('belljar-plan 3', 'belljar-plan 4')) },
  { name: 'of version 0', damage: put((text) => text.replace('belljar-plan 3', 'belljar-plan 0')) },
  { name: 'of no version', damage: put((text) => text.replace('belljar-plan 3', 'belljar-plan')) },
  {
    name: 'of version 2 with a key of version 3',
    damage: put((text) =>
      text.replace('belljar-plan 3', 'belljar-plan 2').replace('\nend\n', '\npermission datagrams\nend\n'),
    ),
  },
  { name: 'with a line that is too long', damage: insert(`read /${'a'.repeat(8200)}`) },
  {
    name: 'with too many lines',
    damage: put((text) => text.replace('\nend\n', `\n${'read /etc\n'.repeat(4100)}end\n`)),
  },
  {
    name: 'larger than 1 MiB',
    damage: put((text) => text.replace('\nend\n', `\n${`read /${'a'.repeat(4000)}\n`.repeat(280)}end\n`)),
  },
  {
    name: 'of random bytes',
    damage: put(() => Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 251))),
  },
];

/** The server that must not start: it leaves a mark. */
const server = (arena: Arena): string[] => ['/bin/sh', '-c', `touch ${join(arena.grant, 'started')}; cat`];
const noticePattern = /^belljar: [a-z][a-z-]*: .+\n$/;

describe('a plan that is not exactly right', () => {
  test.for(cases)('$name: nothing starts', async ({ damage, root }, { skip }) => {
    if (root === true && process.getuid?.() !== 0) skip('only root can give a file away');
    await inArena(async (arena) => {
      const text = formatPlan(planOf(arena));
      writePlan(arena);
      damage(arena, text);
      const finished = await run(requireLauncher(), ['exec', '--plan', arena.planFile, '--', ...server(arena)], {
        input: initialize(7),
      });
      expect(finished.code, finished.stderr).toBe(125);
      expect(finished.stderr).toMatch(noticePattern);
      expect(existsSync(join(arena.grant, 'started'))).toBe(false);
      const answer = JSON.parse(finished.stdout) as unknown;
      expect(answer).toMatchObject({
        jsonrpc: '2.0',
        id: 7,
        error: {
          code: -32_000,
          message: expect.stringMatching(/Belljar/) as string,
          data: { belljar: { code: /^belljar: ([a-z-]+):/.exec(finished.stderr)?.[1] } },
        },
      });
    });
  });

  test('the same plan, undamaged, starts the server', async () => {
    await inArena(async (arena) => {
      const finished = await run(requireLauncher(), ['exec', '--plan', writePlan(arena), '--', ...server(arena)], {
        input: 'through',
      });
      expect(finished).toMatchObject({ code: 0, stdout: 'through', stderr: '' });
      expect(existsSync(join(arena.grant, 'started'))).toBe(true);
    });
  });

  test('of a later version: what to update is said, and one of this version that is wrong is written again', async () => {
    await inArena(async (arena) => {
      const refusal = async (text: string): Promise<string> => {
        writeFileSync(arena.planFile, text, { mode: 0o600 });
        const { code, stdout } = await run(
          requireLauncher(),
          ['exec', '--plan', arena.planFile, '--', ...server(arena)],
          { input: initialize(1) },
        );
        expect(code).toBe(125);
        return stdout;
      };
      const text = formatPlan(planOf(arena));
      const later = await refusal(text.replace('belljar-plan 3', 'belljar-plan 4'));
      expect(later).toContain('written by a newer Belljar');
      expect(later).toContain('Update the Belljar whose launcher this is');
      expect(await refusal(`${text}x`)).toContain('Write it again: belljar doctor --repair');
    });
  });

  test('version 2 is still read', async () => {
    await inArena(async (arena) => {
      const text = formatPlan(planOf(arena)).replace('belljar-plan 3', 'belljar-plan 2');
      writeFileSync(arena.planFile, text, { mode: 0o600 });
      const finished = await run(requireLauncher(), ['exec', '--plan', arena.planFile, '--', ...server(arena)], {
        input: 'through',
      });
      expect(finished).toMatchObject({ code: 0, stdout: 'through' });
    });
  });
});

describe('the answer to initialize', () => {
  const refusedRun = (arena: Arena, input: string, timeoutMs = 15_000) =>
    run(requireLauncher(), ['exec', '--plan', join(arena.folder, 'none'), '--', ...server(arena)], {
      input,
      timeoutMs,
    });

  test.for([0, 1, 9_007_199_254_740_991, -5, 'a', 'quote " and \\ and \n', 'ö 😀', ''])(
    'carries the id %j',
    async (id) => {
      await inArena(async (arena) => {
        const finished = await refusedRun(arena, initialize(id));
        expect(finished.code).toBe(125);
        expect((JSON.parse(finished.stdout) as { id: unknown }).id).toBe(id);
        expect(finished.stdout.endsWith('\n')).toBe(true);
        expect(finished.stdout.trimEnd()).not.toContain('\n');
      });
    },
  );

  test.for([
    ['another method', `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })}\n`],
    ['a notification', `${JSON.stringify({ jsonrpc: '2.0', method: 'initialize' })}\n`],
    ['no JSON', 'hello\n'],
    ['nested braces without end', `${'['.repeat(60_000)}\n`],
    ['an object as id', `${JSON.stringify({ jsonrpc: '2.0', id: { a: 1 }, method: 'initialize' })}\n`],
    [
      'the word initialize inside a string',
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params: { method: 'initialize' } })}\n`,
    ],
    ['nothing', ''],
  ] as const)('is not given to %s', async ([, input]) => {
    await inArena(async (arena) => {
      const finished = await refusedRun(arena, input);
      expect(finished.code).toBe(125);
      expect(finished.stdout).toBe('');
      expect(finished.stderr).toMatch(noticePattern);
    });
  });

  test('members in another order, spaces and an escaped id are understood', async () => {
    await inArena(async (arena) => {
      const line =
        '{ "method" : "initialize", "params":{"id":9,"nested":[{"id":8}]} , "id" : "x\\u00e9" , "jsonrpc":"2.0"}\n';
      const finished = await refusedRun(arena, line);
      expect((JSON.parse(finished.stdout) as { id: unknown }).id).toBe('xé');
    });
  });
});

describe('the command line', () => {
  test('a command that is not there: 127, and the answer', async () => {
    await inArena(async (arena) => {
      const finished = await run(
        requireLauncher(),
        ['exec', '--plan', writePlan(arena), '--', 'belljar-no-such-command'],
        { input: initialize(3) },
      );
      expect(finished.code).toBe(127);
      expect(finished.stderr).toMatch(noticePattern);
      expect((JSON.parse(finished.stdout) as { id: unknown }).id).toBe(3);
    });
  });

  test('a command that cannot be executed: 126', async () => {
    await inArena(async (arena) => {
      const finished = await run(requireLauncher(), ['exec', '--plan', writePlan(arena), '--', arena.inside], {
        input: initialize(3),
      });
      expect(finished.code).toBe(126);
      expect(finished.stderr).toMatch(noticePattern);
    });
  });

  test.for([
    [['exec']],
    [['exec', '--plan']],
    [['run']],
    [['run', '../x', '--', 'true']],
    [['run', 'a b', '--', 'true']],
    [['nonsense']],
    [[]],
  ] as const)('%j is refused', async ([args]) => {
    const finished = await run(requireLauncher(), args);
    expect(finished.code).not.toBe(0);
    expect(finished.stderr).toMatch(/^(?:belljar|usage)/i);
  });

  test('run reads the plan of its id from the data folder it stands in', async () => {
    await inArena(async (arena) => {
      const data = join(arena.folder, 'data');
      mkdirSync(join(data, 'bin'), { recursive: true, mode: 0o700 });
      mkdirSync(join(data, 'plans'), { mode: 0o700 });
      const launcher = join(data, 'bin/belljar-launcher');
      writeFileSync(launcher, readFileSync(requireLauncher()), { mode: 0o755 });
      writeFileSync(join(data, 'plans/attack.server.plan'), formatPlan(planOf(arena)), { mode: 0o600 });
      const finished = await run(launcher, ['run', 'attack.server', '--', ...server(arena)], { input: 'through' });
      expect(finished).toMatchObject({ code: 0, stdout: 'through' });
      writeFileSync(join(data, 'plans/other.plan'), formatPlan(planOf(arena)), { mode: 0o600 });
      const other = await run(launcher, ['run', 'other', '--', ...server(arena)], { input: initialize(1) });
      expect(other.code, "a plan of another server's id").toBe(125);
      const own = await run(launcher, [
        'run',
        'attack.server',
        '--',
        '/bin/cat',
        join(data, 'plans/attack.server.plan'),
      ]);
      expect(own.code, 'the server does not read its own plan').not.toBe(0);
      expect(own.stdout).toBe('');
    });
  });

  test('the first event says what stands, the last one how it ended', async () => {
    await inArena(async (arena) => {
      await run(requireLauncher(), [
        'exec',
        '--plan',
        writePlan(arena, { read: [join(arena.folder, 'not-there'), 'arg:0'] }),
        '--',
        '/bin/sh',
        '-c',
        'exit 3',
      ]);
      const events = readEvents(arena.spool);
      expect(events[0]).toMatchObject({
        seq: 1,
        kind: 'run.start',
        start: {
          level: 'standard',
          network: 'open',
          notApplied: expect.arrayContaining([expect.stringContaining('not-there')]) as string[],
        },
      });
      expect(events.at(-1)).toMatchObject({ kind: 'run.end', end: { cause: 'exit', code: 3 } });
      expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    });
  });
});
