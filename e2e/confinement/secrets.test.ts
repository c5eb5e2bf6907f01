/**
 * Secrets that were moved out of the client's file: the launcher gives a value to the one server whose entry asks for it, as
 * a variable or as a file, and to nobody else. Looked at from outside: command lines, the memory of the launcher's own
 * processes, every file that Belljar wrote.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan } from '#domain/plan-text.ts';
import { inArena, readEvents, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { containedCommand, ordinaryPath, startBare, startContained } from './support/start.ts';

const value = 'decoy-Zx81kQ9mB2vT7rY4-"\n\\%41=päss';
const asked = { env: { TOKEN: 'kept-by-belljar:TOKEN' } };

const storeOf = (arena: Arena): string => join(arena.folder, 'store', 'TOKEN.variable');

function keep(arena: Arena, content: string | Buffer = value): string {
  const file = storeOf(arena);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

const planWith = (arena: Arena, as: 'variable' | 'file' = 'variable', changes: Partial<Plan> = {}): Partial<Plan> => ({
  secrets: [{ name: 'TOKEN', as, path: storeOf(arena) }],
  env: ['TOKEN'],
  ...changes,
});

const shell = (script: string, ...args: string[]): [string, string[]] => ['/bin/sh', ['-c', script, 'server', ...args]];

describe('as a variable', () => {
  test.each(['getenv', 'stack', 'proc'])('the server has the value, byte for byte (%s)', async (way) => {
    await inArena(async (arena) => {
      keep(arena);
      const program = compile('read-environment');
      // Started bare it has the reference, which opens nothing.
      expect((await startBare(program, [way, 'TOKEN'], asked)).outcome).toMatchObject({ what: asked.env.TOKEN });
      const { stdout, code } = await startContained(arena, program, [way, 'TOKEN'], planWith(arena), asked);
      expect([stdout, code]).toEqual([`REACHED ${value}\n`, 0]);
    });
  });

  test.each(['watch', 'strict'] as const)('also under %s', async (level) => {
    await inArena(async (arena) => {
      keep(arena);
      const plan = planWith(arena, 'variable', { level, ...(level === 'watch' ? { env: ['*'], record: 'all' } : {}) });
      const { stdout } = await startContained(arena, ...shell('printf %s "$TOKEN"'), plan, asked);
      expect(stdout).toBe(value);
    });
  });

  test('what the entry does not ask for is not read, and not given', async () => {
    await inArena(async (arena) => {
      // There is no such file: it would be missed, were it looked for.
      for (const env of [{}, { TOKEN: '' }]) {
        const script = 'printf "%s|%s" "${TOKEN-unset}" "${TOKEN_FILE-unset}"';
        const { stdout, code } = await startContained(arena, ...shell(script), planWith(arena), { env });
        expect([stdout, code]).toEqual([`${env.TOKEN ?? 'unset'}|unset`, 0]);
      }
    });
  });

  test('a variable that the policy does not pass on is not given either', async () => {
    await inArena(async (arena) => {
      keep(arena);
      const plan = planWith(arena, 'variable', { env: [] });
      const { stdout } = await startContained(arena, ...shell('printf %s "${TOKEN-unset}"'), plan, asked);
      expect(stdout).toBe('unset');
    });
  });

  test('a newer value from the client wins, and the run says so', async () => {
    await inArena(async (arena) => {
      keep(arena);
      const env = { TOKEN: 'newer-value' };
      const { stdout, events } = await startContained(arena, ...shell('printf %s "$TOKEN"'), planWith(arena), { env });
      expect(stdout).toBe('newer-value');
      const start = events.find(({ kind }) => kind === 'run.start');
      expect(start?.start?.notApplied.join()).toContain(
        'secret TOKEN: the client passes another value, which is newer',
      );
      expect(JSON.stringify(events)).not.toContain('newer-value');
    });
  });
});

describe('as a file', () => {
  test('the server, and what it starts, read it; it can change nothing there; it is gone with the run', async () => {
    await inArena(async (arena) => {
      keep(arena);
      const script = `printf '%s|' "\${TOKEN-unset}"; cat "$TOKEN_FILE"; printf '|%s|' "$TOKEN_FILE"
        (echo x >> "$TOKEN_FILE") 2>/dev/null || printf kept; (rm -f "$TOKEN_FILE") 2>/dev/null || printf ' there'`;
      const { stdout } = await startContained(arena, ...shell(script), planWith(arena, 'file'), asked);
      const [variable, content, path = '', end] = stdout.split('|');
      expect([variable, content, end]).toEqual(['unset', value, 'kept there']);
      expect(path.startsWith(`${arena.spool}/t-`)).toBe(true);
      expect(existsSync(path)).toBe(false);
      expect(readdirSync(arena.spool).filter((name) => !name.endsWith('.jsonl'))).toEqual([]);
      expect(readFileSync(storeOf(arena), 'utf8')).toBe(value);
    });
  });

  test('under watch, where nothing is restricted, it is the store’s own', async () => {
    await inArena(async (arena) => {
      keep(arena);
      const plan = planWith(arena, 'file', { level: 'watch', env: ['*'], record: 'all' });
      const { stdout } = await startContained(arena, ...shell('cat "$TOKEN_FILE"'), plan, asked);
      expect(stdout).toBe(value);
    });
  });
});

describe('in an argument', () => {
  test.each([
    ['assigned', ['a', '--token=kept-by-belljar:TOKEN', 'b'], 'a b'],
    ['on its own', ['a', '--token', 'kept-by-belljar:TOKEN', 'b'], 'a b'],
    ['last', ['--verbose', '--token', 'kept-by-belljar:TOKEN'], '--verbose'],
    ['of another form', ['x--token=kept-by-belljar:TOKEN'], 'x--token=kept-by-belljar:TOKEN'],
  ])('%s: the argument is left out, the variable is given', async (title, args, left) => {
    await inArena(async (arena) => {
      keep(arena);
      const script = 'printf "%s|%s" "$*" "${TOKEN-unset}"';
      const { stdout } = await startContained(
        arena,
        ...shell(script, ...args),
        planWith(arena, 'variable', { env: [] }),
      );
      expect(stdout).toBe(`${left}|${title === 'of another form' ? 'unset' : value}`);
    });
  });
});

describe('nothing starts', () => {
  interface Bad {
    name: string;
    why: string;
    make: (arena: Arena, file: string) => void;
    root?: boolean;
  }
  const cases: readonly Bad[] = [
    { name: 'without the file', why: 'it is not there', make: () => undefined },
    { name: 'with a link in its place', why: 'it is a link', make: (arena, file) => symlinkSync(arena.secret, file) },
    { name: 'with a folder in its place', why: 'it is not a file', make: (_, file) => mkdirSync(file) },
    {
      name: 'readable by the group',
      why: 'read or changed by others',
      make: (arena, file) => chmodSync(keep(arena) && file, 0o640),
    },
    {
      name: 'writable by others',
      why: 'read or changed by others',
      make: (arena, file) => chmodSync(keep(arena) && file, 0o602),
    },
    {
      name: 'of another owner',
      why: 'belongs to another user',
      make: (arena, file) => {
        keep(arena);
        // Of a file that cannot be opened nothing more is known.
        chmodSync(file, 0o644);
        chownSync(file, 65_534, 65_534);
      },
      root: true,
    },
    { name: 'one byte too large', why: 'larger than 64 KiB', make: (arena) => keep(arena, Buffer.alloc(65_537, 'x')) },
    { name: 'with a zero byte', why: 'a zero byte', make: (arena) => keep(arena, 'decoy\0value') },
  ];
  test.each(cases.filter(({ root }) => root !== true || process.getuid?.() === 0))('$name', async ({ why, make }) => {
    await inArena(async (arena) => {
      mkdirSync(dirname(storeOf(arena)), { mode: 0o700 });
      make(arena, storeOf(arena));
      const mark = join(arena.grant, 'mark');
      const { code, stderr, stdout } = await startContained(arena, ...shell(`echo > ${mark}`), planWith(arena), asked);
      expect([code, stdout, existsSync(mark)]).toEqual([125, '', false]);
      expect(stderr).toMatch(/^belljar: secret-missing: The value of TOKEN/);
      expect(stderr).toContain(why);
      expect(stderr).not.toMatch(/decoy/);
    });
  });

  test('where the plan does not name what the entry asks for', async () => {
    await inArena(async (arena) => {
      const { code, stderr } = await startContained(arena, ...shell('true'), { env: ['TOKEN'] }, asked);
      expect([code, stderr]).toMatchObject([125, expect.stringContaining('the plan does not name it')]);
    });
  });

  test('the largest that is taken', async () => {
    await inArena(async (arena) => {
      keep(arena, Buffer.alloc(65_536, 'x'));
      const { stdout } = await startContained(arena, ...shell('printf %s "$TOKEN" | wc -c'), planWith(arena), asked);
      expect(stdout.trim()).toBe('65536');
    });
  });
});

test('the store itself cannot be read, and neither can another server’s part of it', async () => {
  await inArena(async (arena) => {
    keep(arena);
    const another = join(dirname(storeOf(arena)), 'OTHER.variable');
    writeFileSync(another, 'decoy-other', { mode: 0o600 });
    for (const file of [storeOf(arena), another]) {
      expect((await startBare('/bin/cat', [file])).code).toBe(0);
      const { stdout, code } = await startContained(arena, '/bin/cat', [file], planWith(arena), asked);
      expect([stdout, code]).toEqual(['', 1]);
    }
  });
});

// ---- From outside -----------------------------------------------------------------------------------------------------

async function started(arena: Arena, as: 'variable' | 'file', args: string[]): Promise<ChildProcess> {
  const [program, own] = shell('echo started; read -r line; printf "%s" "${TOKEN-unset}"', ...args);
  const [launcher, all] = containedCommand(arena, program, own, planWith(arena, as));
  const child = spawn(launcher, all, { env: { PATH: ordinaryPath, ...asked.env }, stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

/** The process and everything that descends from it, as the kernel has it now. */
function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const];
      } catch {
        return [];
      }
    });
  const found = [pid];
  for (const one of found) found.push(...parents.filter(([, parent]) => parent === one).map(([child]) => child));
  return found;
}

/** Whether a text stands in what a process may write to: heap, stack, and the like. */
function isInMemory(pid: number, text: string): boolean {
  const ranges = readFileSync(`/proc/${pid.toString()}/maps`, 'utf8')
    .split('\n')
    .filter((line) => / rw/.test(line) && !/\[v/.test(line))
    .map(
      (line) =>
        line
          .split(' ')[0]
          ?.split('-')
          .map((part) => Number.parseInt(part, 16)) ?? [],
    );
  const memory = openSync(`/proc/${pid.toString()}/mem`, 'r');
  try {
    return ranges.some(([start = 0, end = 0]) => {
      const bytes = Buffer.alloc(Math.min(end - start, 64 << 20));
      try {
        return bytes.subarray(0, readSync(memory, bytes, 0, bytes.length, start)).includes(text);
      } catch {
        return false;
      }
    });
  } finally {
    closeSync(memory);
  }
}

function holders(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

test.each(['variable', 'file'] as const)('while it runs with it as a %s, nobody else has it', async (as) => {
  await inArena(async (arena) => {
    keep(arena);
    const child = await started(arena, as, ['--token=kept-by-belljar:TOKEN']);
    const ended = new Promise((resolve) => child.once('close', resolve));
    const telling = 'Zx81kQ9mB2vT7rY4';
    const processes = family(child.pid ?? 0);
    expect(processes.length).toBeGreaterThanOrEqual(3);
    const names = processes.map((pid) => readFileSync(`/proc/${pid.toString()}/comm`, 'utf8').trim());
    for (const pid of processes) expect(readFileSync(`/proc/${pid.toString()}/cmdline`, 'utf8')).not.toContain(telling);
    // The launcher's own processes have wiped it; the server, which must have it as a variable, shows that this look finds it.
    const having = (): (string | undefined)[] =>
      processes.filter((pid) => isInMemory(pid, telling)).map((pid) => names[processes.indexOf(pid)]);
    await expect.poll(having).toEqual(as === 'variable' ? ['sh'] : []);
    const files = holders(arena.folder, telling).filter((file) => file !== storeOf(arena));
    if (as === 'variable') expect(files).toEqual([]);
    else {
      expect(files).toHaveLength(1);
      expect(statSync(files[0] ?? '').mode & 0o777).toBe(0o400);
    }
    child.stdin?.end('go on\n');
    await ended;
    expect(holders(arena.folder, telling)).toEqual([storeOf(arena)]);
    expect(JSON.stringify(readEvents(arena.spool))).not.toContain(telling);
  });
});
