/** The end of a run: nothing of the server's tree outlives it, whoever dies first; and no signal of the server's reaches the client. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeArena, removeArena, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { containedCommand, ordinaryPath, run } from './support/start.ts';

const ways = ['child', 'daemon', 'daemon-closed', 'subreaper', 'leapfrog', 'stopped'];

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Waits for a fact; false when it has not come after ten seconds. */
async function comes(fact: () => boolean): Promise<boolean> {
  for (const deadline = Date.now() + 10_000; !fact(); await sleep(10)) {
    if (Date.now() > deadline) return false;
  }
  return true;
}

/** Something beats: the file grows from now on. */
async function beats(path: string): Promise<boolean> {
  const before = sizeOf(path);
  return await comes(() => sizeOf(path) > before);
}

/** In the end nothing beats: ten looks in a row saw no process that names the file, and it did not grow. */
async function falls(path: string): Promise<boolean> {
  let quiet = 0;
  let size = sizeOf(path);
  return await comes(() => {
    const still = beating(path).length === 0 && sizeOf(path) === size;
    size = sizeOf(path);
    quiet = still ? quiet + 1 : 0;
    return quiet === 10;
  });
}

interface Started {
  client: ChildProcess;
  clientPid: number;
  childPid: number;
  lines: string[];
}

/** A client that starts the command, and waits until the server says that its daemon is off. */
async function startClient(command: string, args: readonly string[]): Promise<Started> {
  const client = spawn(compile('client'), [command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env: { PATH: ordinaryPath },
  });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`The server did not detach: ${lines.join('|')}`));
    }, 10_000);
    createInterface({ input: client.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('REACHED')) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
  const [, clientPid = '0', childPid = '0'] = (lines[0] ?? '').split(' ');
  return { client, clientPid: Number(clientPid), childPid: Number(childPid), lines };
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

/** The letter for its state in /proc; none when it has ended. */
function stateOf(pid: number): string | undefined {
  try {
    return /^State:\t(\w)/m.exec(readFileSync(`/proc/${pid.toString()}/status`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Processes whose command line names the heartbeat file. */
function beating(beat: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(beat) ? [Number(name)] : [];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

/**
 * Whatever the test shows, nothing of it may stay. The folder is renamed first: a process that lives on by starting others
 * opens the file by its name each time, and ends when that is gone. Then all that names it is killed, until none was seen
 * three times in a row.
 */
async function sweep(arena: Arena): Promise<void> {
  const beat = join(arena.grant, 'beat');
  renameSync(arena.grant, `${arena.grant}-gone`);
  let quiet = 0;
  for (let round = 0; round < 400 && quiet < 3; round += 1) {
    const found = beating(beat);
    for (const pid of found) killQuietly(pid, 'SIGKILL');
    quiet = found.length === 0 ? quiet + 1 : 0;
    await sleep(10);
  }
  expect(quiet, 'nothing of the test is left').toBe(3);
}

describe('nothing outlives the run', () => {
  const ends = {
    'the client is killed': (started: Started) => {
      killQuietly(started.clientPid, 'SIGKILL');
    },
    'the launcher is killed': (started: Started) => {
      killQuietly(started.childPid, 'SIGKILL');
    },
    "the launcher's process group is killed": (started: Started) => {
      killQuietly(-started.childPid, 'SIGKILL');
    },
    'the launcher is asked to end': (started: Started) => {
      killQuietly(started.childPid, 'SIGTERM');
    },
    'the server exits first': () => undefined,
  };
  const cases = ways.flatMap((way) => Object.keys(ends).map((end) => ({ way, end: end as keyof typeof ends })));

  test.for(ways)('bare, %s outlives it', async (way) => {
    const arena = makeArena();
    const beat = join(arena.grant, 'beat');
    try {
      const started = await startClient(compile('detach'), [way, beat, 'exit']);
      expect(await comes(() => started.lines.at(-1) === 'client alive 0'), 'the server has ended').toBe(true);
      expect(await beats(beat)).toBe(true);
      killQuietly(started.clientPid, 'SIGKILL');
    } finally {
      await sweep(arena);
      removeArena(arena);
    }
  });

  test.for(cases)('contained, $way does not when $end', async ({ way, end }) => {
    const arena = makeArena();
    const beat = join(arena.grant, 'beat');
    try {
      const [command, args] = containedCommand(arena, compile('detach'), [
        way,
        beat,
        end === 'the server exits first' ? 'exit' : 'stay',
      ]);
      const started = await startClient('/usr/bin/setsid', [command, ...args]);
      if (end !== 'the server exits first')
        expect(await beats(beat), 'while the run lives, its processes do').toBe(true);
      ends[end](started);
      expect(await falls(beat), 'nothing beats in the end').toBe(true);
      killQuietly(started.clientPid, 'SIGKILL');
    } finally {
      await sweep(arena);
      removeArena(arena);
    }
  });
});

describe("the server's signals and the client", () => {
  const ways = ['kill-zero', 'kill-group', 'kill-parent', 'kill-parent-hard', 'stop-parent'];
  /** The client's end, or that it was stopped, after which it would wait for ever. */
  const survives = async (contained: boolean, way: string): Promise<{ alive: boolean; said: string }> => {
    const arena = makeArena();
    try {
      const [command, args] = contained
        ? containedCommand(arena, compile('kill-own-group'), [way])
        : ([compile('kill-own-group'), [way]] as [string, string[]]);
      const client = spawn(compile('client'), [command, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
        env: { PATH: ordinaryPath },
      });
      let said = '';
      client.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      const ended = once(client, 'close');
      const { pid = 0 } = client;
      expect(await comes(() => ['T', 'Z', undefined].includes(stateOf(pid))), 'it ends or is stopped').toBe(true);
      if (stateOf(pid) === 'T') killQuietly(-pid, 'SIGKILL');
      await ended;
      return { alive: said.includes('client alive'), said };
    } finally {
      removeArena(arena);
    }
  };

  test.for(ways)('%s ends or stops the client bare, and does not contained', async (way) => {
    expect((await survives(false, way)).alive).toBe(false);
    const contained = await survives(true, way);
    expect(contained.alive, contained.said).toBe(true);
  });

  test('signals to its own children work', async () => {
    const contained = await survives(true, 'own-child');
    expect(contained.said).toContain('REACHED own-child');
  });
});

test('the exit status and the standard streams are passed on', async () => {
  const arena = makeArena();
  try {
    for (const code of [0, 1, 42, 125]) {
      const [command, args] = containedCommand(arena, '/bin/sh', [
        '-c',
        `cat; echo to-error >&2; exit ${code.toString()}`,
      ]);
      const finished = await run(command, args, { input: 'through\n' });
      expect(finished).toMatchObject({ code, stdout: 'through\n', stderr: 'to-error\n' });
    }
    const [command, args] = containedCommand(arena, '/bin/sh', ['-c', 'kill -KILL $$']);
    expect(await run(command, args)).toMatchObject({ code: 137 });
  } finally {
    removeArena(arena);
  }
});
