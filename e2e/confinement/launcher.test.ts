/**
 * The launcher as a client meets it: symbols resolved at the start, environment, signals, the ends of the standard streams,
 * how a run's end is told, and exact counts. What it refuses is tested technique by technique in the files beside this one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isDenial, type Event } from '#contract/event.ts';
import { makeArena, readEvents, removeArena, type Arena } from './support/arena.ts';
import { containedCommand, ordinaryPath, startContained } from './support/start.ts';

let arena: Arena;
beforeEach(() => {
  arena = makeArena();
});
afterEach(() => {
  removeArena(arena);
});

const denials = (events: Event[]): string[] => events.filter(isDenial).map((event) => `${event.kind} ${event.target}`);
const start = (events: Event[]): NonNullable<Event['start']> => {
  const found = events.find((event) => event.kind === 'run.start')?.start;
  if (found === undefined) throw new Error('the run has no start');
  return found;
};
const end = (events: Event[]): NonNullable<Event['end']> => {
  const found = events.find((event) => event.kind === 'run.end')?.end;
  if (found === undefined) throw new Error('the run has no end');
  return found;
};

describe('symbols', () => {
  test('an argument is granted, also after a flag; another folder beside it is not', async () => {
    const folder = join(arena.neighbour, 'named');
    mkdirSync(folder);
    const script = `echo in > ${folder}/a && cat ${folder}/a; echo out > ${arena.neighbour}/b`;
    const named = await startContained(arena, 'sh', ['-c', script, `--root=${folder}`], { write: ['arg:2+7'] });
    expect(named.stdout).toBe('in\n');
    expect(existsSync(join(folder, 'a'))).toBe(true);
    expect(existsSync(join(arena.neighbour, 'b'))).toBe(false);
    expect(denials(named.events)).toEqual([`file.create ${arena.neighbour}/b`]);
    expect(start(named.events).notApplied).toEqual([]);
  });

  test.each([
    ['the root', '/', 'the root of the disk'],
    ['a whole home folder', 'HOME', 'a whole home folder'],
    ['a folder that holds the home folder', 'HOME/..', 'a whole home folder'],
    ['a secret place', 'HOME/.ssh', 'secret place'],
    ['a secret place by another way', 'HOME/../home/.ssh/../.ssh', 'secret place'],
    ['the kernel', '/proc', "the kernel's own folders"],
  ])('%s is not granted by naming it', async (_name, written, reason) => {
    const argument = written.replace('HOME', arena.home);
    const key = join(arena.home, '.ssh/id_ed25519');
    const result = await startContained(arena, 'sh', ['-c', `cat ${key}; true`, argument], { write: ['arg:2'] });
    expect(result.code).toBe(0);
    expect(result.stdout).toBe('');
    expect(start(result.events).notApplied).toEqual([expect.stringContaining(reason)]);
    expect(denials(result.events)).toContain(`file.read ${key}`);
  });

  test('a symlink to a secret place does not help, and a grant on purpose does', async () => {
    const key = join(arena.home, '.ssh/id_ed25519');
    symlinkSync(join(arena.home, '.ssh'), join(arena.neighbour, 'link'));
    const linked = await startContained(arena, 'cat', [join(arena.neighbour, 'link/id_ed25519')], { write: ['arg:0'] });
    expect(linked.stdout).toBe('');
    const meant = await startContained(arena, 'cat', [key], { read: [join(arena.home, '.ssh')] });
    expect(meant.stdout).toContain('decoy');
  });

  test('the working folder', async () => {
    const script = 'echo x > here; cat here';
    const granted = await startContained(arena, 'sh', ['-c', script], { write: ['cwd'] }, { cwd: arena.neighbour });
    expect(granted.stdout).toBe('x\n');
    const refused = await startContained(arena, 'sh', ['-c', script], {}, { cwd: arena.outside });
    expect(refused.stdout).toBe('');
    expect(existsSync(join(arena.outside, 'here'))).toBe(false);
  });

  test('a command in a folder of its own runs with what lies beside it, without a grant for it in the plan', async () => {
    const package_ = join(arena.home, 'tool');
    mkdirSync(join(package_, 'lib'), { recursive: true });
    writeFileSync(join(package_, 'package.json'), '{"type":"module"}');
    writeFileSync(join(package_, 'lib/text.js'), 'export const text = "beside";\n');
    writeFileSync(join(package_, 'main.js'), 'import { text } from "./lib/text.js";\nconsole.log(text);\n');
    const without = await startContained(arena, process.execPath, [join(package_, 'main.js')]);
    expect(without.stdout).toBe('');
    expect(without.code).not.toBe(0);
    const result = await startContained(arena, process.execPath, [join(package_, 'main.js')], { exec: ['runtime'] });
    expect(result.stdout).toBe('beside\n');
  });
});

describe('environment', () => {
  test('names on the list pass, others do not; set ones are set', async () => {
    const env = { SECRET_TOKEN: 'decoy', LC_ALL: 'C', NAMED: 'yes', LD_PRELOAD: '/nowhere.so', HOME: arena.home };
    const changes = { env: ['NAMED'], set: [{ name: 'GIVEN', value: 'a b%c' }] };
    const result = await startContained(arena, 'env', [], changes, { env });
    const names = result.stdout.split('\n').map((line) => line.split('=')[0]);
    expect(result.stdout).toContain('GIVEN=a b%c\n');
    expect(names).toEqual(expect.arrayContaining(['NAMED', 'LC_ALL', 'HOME', 'TMPDIR']));
    expect(names).not.toContain('SECRET_TOKEN');
    expect(names).not.toContain('LD_PRELOAD');
  });

  test('npx is told to prefer what it has', async () => {
    const folder = join(arena.grant, 'bin');
    mkdirSync(folder);
    writeFileSync(join(folder, 'npx'), '#!/bin/sh\nenv\n');
    chmodSync(join(folder, 'npx'), 0o755);
    const env = { PATH: `${folder}:${ordinaryPath}` };
    const result = await startContained(arena, 'npx', [], { exec: [folder] }, { env });
    expect(result.stdout).toContain('npm_config_prefer_offline=true\n');
    const chosen = await startContained(
      arena,
      'npx',
      [],
      { exec: [folder], env: ['npm_config_*'] },
      {
        env: { ...env, npm_config_prefer_offline: 'false' },
      },
    );
    expect(chosen.stdout).toContain('npm_config_prefer_offline=false\n');
  });

  test('a command that is not on PATH is found where version managers put it', async () => {
    const folder = join(arena.home, '.local/bin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'my-tool'), '#!/bin/sh\necho "$PATH"\n');
    chmodSync(join(folder, 'my-tool'), 0o755);
    const result = await startContained(arena, 'my-tool', [], { exec: ['runtime'] });
    expect(result.stdout.trim().split(':')).toContain(folder);
  });
});

describe('signals and streams', () => {
  test('a signal reaches the server, its own exit status comes back, and the run tells it was stopped', async () => {
    const [command, args] = containedCommand(arena, 'sh', [
      '-c',
      'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done',
    ]);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(7);
    expect(end(readEvents(arena.spool))).toMatchObject({ cause: 'stopped', code: 7 });
  });

  test('a server that a signal ends is told by 128 and the number', async () => {
    const result = await startContained(arena, 'sh', ['-c', 'kill -SEGV $$']);
    expect(result.code).toBe(128 + 11);
    expect(end(result.events)).toMatchObject({ cause: 'signal', signal: 'SIGSEGV' });
  });

  test('a server that closes its output is seen to do so while it runs', async () => {
    const [command, args] = containedCommand(arena, 'sh', ['-c', 'exec 1>&-; read line; exit 3']);
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
    child.stdout.resume();
    await once(child.stdout, 'end');
    expect(child.exitCode).toBe(null);
    child.stdin.end('go\n');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(3);
  });

  test('the launcher says nothing of its own on stdout, and bytes pass unchanged', async () => {
    const bytes = Array.from({ length: 256 }, (_unused, code) => String.fromCharCode(code))
      .join('')
      .repeat(64);
    const [command, args] = containedCommand(arena, 'cat', []);
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.end(Buffer.from(bytes, 'latin1'));
    await once(child, 'close');
    expect(Buffer.concat(chunks).toString('latin1')).toBe(bytes);
  });
});

describe('counts', () => {
  test('20,000 refused opens of one file are few lines and an exact number', async () => {
    const script = `i=0; while [ $i -lt 20000 ]; do : < ${arena.secret}; i=$((i+1)); done 2>/dev/null; true`;
    // dash ends at a failed redirection of a special built-in; `command` keeps it going.
    const result = await startContained(arena, 'sh', ['-c', script.replace(': <', 'command : <')]);
    const mine = result.events.filter((event) => event.target === arena.secret);
    expect(mine.reduce((sum, event) => sum + event.count, 0)).toBe(20_000);
    expect(mine.length).toBeLessThan(60);
    expect(end(result.events).denials).toBe(20_000);
  });

  test('a flood of different targets stays within the bound and is still counted exactly', async () => {
    for (let i = 0; i < 5000; i++) writeFileSync(join(arena.outside, `f${String(i)}`), '');
    const program = `cd ${arena.grant}; i=0; while [ $i -lt 5000 ]; do command : < ${arena.outside}/f$i; i=$((i+1)); done 2>/dev/null; true`;
    const result = await startContained(arena, 'sh', ['-c', program], { spoolLimit: 65_536 });
    const counted = result.events
      .filter((event) => (isDenial(event) || event.kind === 'spool.dropped') && event.verdict === 'refused')
      .reduce((sum, event) => sum + event.count, 0);
    expect(counted).toBe(5000);
    expect(result.events.some((event) => event.kind === 'spool.dropped')).toBe(true);
    const bytes = result.events.reduce((sum, event) => sum + JSON.stringify(event).length + 1, 0);
    expect(bytes).toBeLessThanOrEqual(65_536);
    expect(result.events.at(-1)?.kind).toBe('run.end');
  });
});

test('what is granted is not recorded at standard, and is with `record all`', async () => {
  const quiet = await startContained(arena, 'cat', [arena.inside]);
  expect(quiet.events.map((event) => event.kind)).toEqual(['run.start', 'exec', 'run.end']);
  const all = await startContained(arena, 'cat', [arena.inside], { record: 'all' });
  expect(all.events.map((event) => `${event.kind} ${event.verdict} ${event.target}`)).toContain(
    `file.read allowed ${arena.inside}`,
  );
  expect(readFileSync(arena.inside, 'utf8')).toContain('inside');
});
