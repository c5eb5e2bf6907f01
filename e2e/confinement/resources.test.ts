/**
 * How much a run may use. Each way is tried bare (it gets through), contained beyond its bound (refused or ended, with the
 * event), and contained within it. The programs have ceilings of their own. What a fork bomb and a memory hog do to others
 * is looked at from outside: another server under its own launcher answers meanwhile.
 *
 * Twice: as the supervisor holds it, and as the kernel does where a control group can be given to a run. For the latter
 * root makes a group of its own; without one, or without controllers in the second version's tree, that half is left out.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Plan } from '#domain/plan-text.ts';
import { inArena, readEvents, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { leftOut } from './support/skip.ts';
import { containedCommand, ordinaryPath, startBare, startContained, type Result } from './support/start.ts';
import { brief } from './support/technique.ts';

const mib = 1024 * 1024;

interface Way {
  name: string;
  /** Beyond the bound, holding what it has for so long; and within it. */
  beyond: (arena: Arena, holdMs: string) => readonly string[];
  within: (arena: Arena) => readonly string[];
  limits: Plan['limits'];
  /** What the attacker gets: the error of a call, or its end by a signal. */
  gets: { errno: string } | { signal: number };
  /** What the event is about; none where only the program itself is told. */
  event: { target: string; by: 'kernel' | 'broker' } | null;
}

const ofEachProcess: readonly Way[] = [
  {
    name: 'open files',
    beyond: () => ['descriptors', '300'],
    within: () => ['descriptors', '200'],
    limits: { 'open-files': 256 },
    gets: { errno: 'EMFILE' },
    event: null,
  },
  {
    name: 'the size of a file',
    beyond: ({ grant }) => ['file', '200', join(grant, 'large')],
    within: ({ grant }) => ['file', '64', join(grant, 'large')],
    limits: { 'file-size': 65_536 },
    gets: { signal: 25 },
    event: { target: 'file-size', by: 'kernel' },
  },
  {
    name: 'processor time',
    beyond: () => ['spin', '15'],
    within: () => ['spin', '5'],
    limits: { 'cpu-time': 1 },
    gets: { signal: 24 },
    event: { target: 'cpu-time', by: 'kernel' },
  },
];

/** Of everything that a run starts together. `kernel`: in a control group. */
function ofTheRun(kernel: boolean): readonly Way[] {
  const by = kernel ? 'kernel' : 'broker';
  const memory = { target: 'memory', by } as const;
  return [
    {
      name: 'processes',
      beyond: () => ['processes', '200'],
      within: () => ['processes', '60'],
      limits: { processes: 64 },
      gets: { errno: 'EAGAIN' },
      event: { target: 'processes', by },
    },
    {
      name: 'threads',
      beyond: () => ['threads', '200'],
      within: () => ['threads', '60'],
      limits: { processes: 64 },
      gets: { errno: 'EAGAIN' },
      event: { target: 'processes', by },
    },
    {
      name: 'memory of one process',
      beyond: (_arena, holdMs) => ['memory', '400', holdMs],
      within: () => ['memory', '80', '300'],
      limits: { memory: 128 * mib },
      gets: { signal: 9 },
      event: memory,
    },
    {
      name: 'memory that children share',
      beyond: (_arena, holdMs) => ['shared', '400', holdMs],
      within: () => ['shared', '80', '300'],
      limits: { memory: 128 * mib },
      gets: { signal: 9 },
      event: memory,
    },
    {
      name: 'memory of many processes, each of which has little',
      beyond: (_arena, holdMs) => ['children', '8', holdMs],
      within: () => ['children', '2', '300'],
      limits: { memory: 192 * mib },
      gets: { errno: 'ENOMEM' },
      event: memory,
    },
  ];
}

function expectStopped(way: Way, result: Result): void {
  const seen = `${result.stdout}${result.stderr}\n${brief(result.events).join('\n')}`;
  if ('errno' in way.gets) expect(result.outcome, seen).toMatchObject({ kind: 'refused', errno: way.gets.errno });
  else expect(result.code, seen).toBe(128 + way.gets.signal);
  const limits = result.events.filter((event) => event.kind === 'limit');
  const told = new Set(limits.map((event) => `${event.target} ${event.verdict} by ${event.by}`));
  expect([...told], seen).toEqual(way.event === null ? [] : [`${way.event.target} refused by ${way.event.by}`]);
}

/** How the launcher is started: as it is here, or inside a group that is ours to divide. */
type Start = (arena: Arena, args: readonly string[], limits: Plan['limits']) => Promise<Result>;

const program = (): string => compile('use-much');
const here: Start = (arena, args, limits) => startContained(arena, program(), args, { limits });

function define(ways: readonly Way[], start: Start): void {
  test.for(ways)('$name', async (way) => {
    await inArena(async (arena) => {
      const bare = await startBare(program(), way.beyond(arena, '0'));
      expect(bare.outcome, bare.stderr).toMatchObject({ kind: 'reached' });
    });
    await inArena(async (arena) => {
      expectStopped(way, await start(arena, way.beyond(arena, '10000'), way.limits));
    });
    await inArena(async (arena) => {
      const twin = await start(arena, way.within(arena), way.limits);
      expect(twin.outcome, `${twin.stderr}\n${brief(twin.events).join('\n')}`).toMatchObject({ kind: 'reached' });
      expect(twin.events.filter((event) => event.kind === 'limit')).toEqual([]);
    });
  });
}

/** Another server under a launcher of its own, which answers every line. */
async function withNeighbour(play: (ask: () => Promise<void>) => Promise<void>): Promise<void> {
  await inArena(async (arena) => {
    const [command, args] = containedCommand(arena, '/bin/cat', [], { limits: { processes: 64, memory: 256 * mib } });
    const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    let asked = 0;
    try {
      await play(async () => {
        const question = `question ${(asked++).toString()}`;
        server.stdin.write(`${question}\n`);
        expect((await lines.next()).value).toBe(question);
      });
    } finally {
      server.stdin.end();
      server.kill();
    }
  });
}

/** While one run uses all it may, another server answers, and again and again until that run has ended. */
async function leavesOthersAlone(start: Start, args: readonly string[], limits: Plan['limits']): Promise<number> {
  let answers = 0;
  await withNeighbour(async (ask) => {
    await ask();
    await inArena(async (arena) => {
      let ended = false;
      const run = start(arena, args, limits).finally(() => (ended = true));
      while (!ended) {
        await ask();
        answers++;
      }
      const { events } = await run;
      expect(events.some((event) => event.kind === 'limit')).toBe(true);
    });
  });
  return answers;
}

function usesOfOthers(start: Start): void {
  test('a fork bomb leaves another server able to answer', async () => {
    expect(await leavesOthersAlone(start, ['processes', '400'], { processes: 200 })).toBeGreaterThan(0);
  });
  test('a memory hog leaves another server able to answer', async () => {
    expect(await leavesOthersAlone(start, ['memory', '600', '10000'], { memory: 128 * mib })).toBeGreaterThan(0);
  });
}

describe('limits of each process', () => {
  define(ofEachProcess, here);

  test('what the client set lower stays lower', async () => {
    await inArena(async (arena) => {
      const [command, args] = containedCommand(arena, program(), ['descriptors', '150'], {
        limits: { 'open-files': 4096 },
      });
      const child = spawn('/bin/sh', ['-c', 'ulimit -n 128 && exec "$0" "$@"', command, ...args], {
        env: { PATH: ordinaryPath },
      });
      let said = '';
      for await (const part of child.stdout) said += String(part);
      expect(said).toContain('REFUSED EMFILE');
    });
  });
});

describe('limits of a run, held by the supervisor', () => {
  define(ofTheRun(false), here);
  usesOfOthers(here);

  test('processes that come and go are not counted together', async () => {
    await inArena(async (arena) => {
      const result = await here(arena, ['vforks', '2000'], { processes: 16 });
      expect(result.outcome, result.stderr).toMatchObject({ kind: 'reached' });
    });
  });

  test('memory that forked processes share counts once', async () => {
    await inArena(async (arena) => {
      const result = await here(arena, ['once', '100', '600'], { memory: 160 * mib });
      expect(result.outcome, brief(result.events).join('\n')).toMatchObject({ kind: 'reached' });
    });
  });

  test('behind the watch stands what one process may map: twice the bound and a gibibyte', async () => {
    await inArena(async (arena) => {
      const [command, args] = containedCommand(arena, '/bin/cat', ['/proc/self/limits'], {
        limits: { memory: 128 * mib },
      });
      const { stdout, stderr } = await startBare(command, args);
      const most = (1280 * mib).toString();
      expect(stdout, stderr).toMatch(new RegExp(`^Max data size +${most} +${most} `, 'm'));
    });
  });

  test('the run says who holds each limit', async () => {
    await inArena(async (arena) => {
      const limits = { memory: 128 * mib, processes: 64, 'open-files': 256, 'file-size': 4096 * mib, 'cpu-time': 60 };
      const { events } = await here(arena, ['vforks', '1'], limits);
      const start = events.find((event) => event.kind === 'run.start')?.start;
      expect(start?.limits).toEqual([
        { name: 'memory', value: 128 * mib, by: 'supervisor' },
        { name: 'processes', value: 64, by: 'supervisor' },
        { name: 'open-files', value: 256, by: 'rlimit' },
        { name: 'file-size', value: 4096 * mib, by: 'rlimit' },
        { name: 'cpu-time', value: 60, by: 'rlimit' },
      ]);
      expect(start?.enforcement.partial.filter((line) => line.startsWith('limits.'))).toEqual([
        expect.stringMatching(/^limits\.memory: watched by the supervisor/),
        expect.stringMatching(/^limits\.processes: counted by the supervisor/),
      ]);
    });
  });

  test('without limits nothing is said of any', async () => {
    await inArena(async (arena) => {
      const { outcome, events } = await here(arena, ['processes', '200'], {});
      expect(outcome).toMatchObject({ kind: 'reached' });
      const start = events.find((event) => event.kind === 'run.start')?.start;
      expect(start?.limits).toEqual([]);
      expect(JSON.stringify(start?.enforcement)).not.toContain('limits.');
    });
  });
});

/** The second version's tree, when its memory and processes can be divided; else why not. */
function groupTree(): { tree: string; reason: string | null } {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2' && fields[3] === '/');
  const tree = mount?.[4];
  if (tree === undefined) return { tree: '/', reason: 'no cgroup v2 is mounted' };
  const offered = readFileSync(join(tree, 'cgroup.controllers'), 'utf8').trim().split(' ');
  if (!offered.includes('memory') || !offered.includes('pids'))
    return { tree, reason: `cgroup v2 is mounted at ${tree} without the controllers memory and pids` };
  if (process.getuid?.() !== 0) return { tree, reason: 'only root can make a group for the test' };
  return { tree, reason: null };
}

const { tree, reason } = groupTree();

describe('limits of a run, held by the kernel in a control group', leftOut(reason), () => {
  const top = join(tree, `belljar-test-${process.pid.toString()}`);
  const client = join(top, 'client');
  const inGroup: Start = async (arena, args, limits) => {
    const [command, rest] = containedCommand(arena, program(), args, { limits });
    const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    const result = await startBare('/bin/sh', ['-c', script, client, command, ...rest]);
    return { ...result, events: readEvents(arena.spool) };
  };

  beforeAll(() => {
    writeFileSync(join(tree, 'cgroup.subtree_control'), '+memory +pids');
    mkdirSync(client, { recursive: true });
    writeFileSync(join(top, 'cgroup.subtree_control'), '+memory +pids');
  });
  afterAll(() => {
    rmdirSync(client);
    rmdirSync(top);
  });

  define(ofTheRun(true), inGroup);
  usesOfOthers(inGroup);

  test('the run says so, and nothing of its group is left', async () => {
    await inArena(async (arena) => {
      const { events } = await inGroup(arena, ['vforks', '1'], { memory: 128 * mib, processes: 64 });
      const start = events.find((event) => event.kind === 'run.start')?.start;
      expect(start?.limits).toEqual([
        { name: 'memory', value: 128 * mib, by: 'cgroup' },
        { name: 'processes', value: 64, by: 'cgroup' },
      ]);
      expect(start?.enforcement.full).toEqual(expect.arrayContaining(['limits.memory', 'limits.processes']));
      expect(readdirSync(top).filter((name) => statSync(join(top, name)).isDirectory())).toEqual(['client']);
    });
  });

  test('the server cannot leave its group', async () => {
    await inArena(async (arena) => {
      const attack = compile('open-file');
      const target = join(client, 'cgroup.procs');
      const [command, rest] = containedCommand(arena, attack, ['absolute', 'write', target], {
        limits: { processes: 64 },
      });
      const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
      const result = await startBare('/bin/sh', ['-c', script, client, command, ...rest]);
      expect(result.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    });
  });
});
