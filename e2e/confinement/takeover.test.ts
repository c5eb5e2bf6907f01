/**
 * One of the launcher's own processes is taken over: what can the attacker do from there? A launcher that is built for this test alone
 * (native-helpers/takeover) hands a process over when it sees a word, and the process then tries what an attacker would. Each attempt is
 * played bare first, where it must get through; then from inside each process, one run each, because most attempts end it. What came of it
 * is said by the process itself, in a page it shares with the test, by the signal that ended it, and by whoever was the target.
 *
 * What an attacker still has is the table in docs/threat-model.md, which is held to what is measured here, word by word.
 */
import { spawn, spawnSync, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { decoys, inArena, looks, planOf, readEvents, writePlan, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { launcherPath, projectRoot, requireLauncher } from './support/places.ts';
import { ordinaryPath } from './support/start.ts';
import { formatPlan, type Plan } from '#domain/plan-text.ts';

const built = join(projectRoot, 'native-helpers/build/takeover');
const places = ['supervisor', 'opener', 'network', 'guardian'] as const;
type Place = (typeof places)[number];

/** What stands there before and after, as the target sees it. */
interface Target {
  parameters: Record<string, string | number>;
  /** True when the attempt got through, seen from outside; absent where nothing can be seen there. */
  touched?: () => boolean | Promise<boolean>;
}

interface World {
  arena: Arena;
  victim: ChildProcess;
  client: ChildProcess;
  listener: Listener;
  contacts: () => number;
  socket: string;
}

interface Attempt {
  name: string;
  /** The attempt of native-helpers/takeover/attempts.cpp. */
  does: string;
  says: string;
  target: (world: World) => Target;
  /** What getting through looks like, where it is not success. */
  bare?: string;
  /** Where root's guardian is kept from it and a person's is not: without capabilities it looks into nothing of a process that has some. */
  lessForRoot?: true;
}

const alive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;
const later = async (happened: () => boolean): Promise<boolean> => {
  for (let tries = 0; tries < 40 && !happened(); tries += 1) await sleep(5);
  return happened();
};
const unchanged = (path: string): (() => boolean) => {
  const before = looks(path);
  return () => looks(path) !== before;
};

const isRoot = process.getuid?.() === 0;

const attempts: Attempt[] = [
  {
    name: 'read a secret outside of every grant',
    does: 'read',
    says: 'files outside of every grant: read',
    target: ({ arena }) => ({ parameters: { path: join(arena.home, '.ssh/id_ed25519') } }),
  },
  {
    name: 'read a file that the plan grants',
    does: 'read',
    says: 'files that the plan grants: read',
    target: ({ arena }) => ({ parameters: { path: arena.inside } }),
  },
  {
    name: 'read what a pattern keeps back, in an area of the start',
    does: 'read',
    says: 'what a pattern keeps back in an area of the start: read',
    target: ({ arena }) => ({ parameters: { path: join(arena.folder, 'area/.env') } }),
  },
  {
    name: 'read what a pattern keeps back, in an area that was granted later',
    does: 'read',
    says: 'what a pattern keeps back in an area granted later: read',
    target: ({ arena }) => ({ parameters: { path: join(arena.folder, 'late/.env') } }),
  },
  {
    name: 'write outside of every grant',
    does: 'write',
    says: 'files outside of every grant: write',
    target: ({ arena }) => ({ parameters: { path: arena.secret, text: 'taken' }, touched: unchanged(arena.secret) }),
  },
  {
    name: 'make a file outside of every grant',
    does: 'create',
    says: 'files outside of every grant: make',
    target: ({ arena }) => {
      const path = join(arena.outside, 'planted');
      return { parameters: { path, text: 'taken' }, touched: () => existsSync(path) };
    },
  },
  {
    name: 'make a file beside its own in the spool',
    does: 'create',
    says: 'other files in the spool: make',
    target: ({ arena }) => {
      const path = join(arena.spool, 'planted.jsonl.new');
      return { parameters: { path, text: 'taken' }, touched: () => existsSync(path) };
    },
  },
  {
    name: 'change the plan',
    does: 'write',
    says: 'its plan: change',
    target: ({ arena }) => ({
      parameters: { path: arena.planFile, text: '# taken\n' },
      touched: () => readFileSync(arena.planFile, 'utf8').includes('# taken'),
    }),
  },
  {
    name: 'execute a program',
    does: 'execute',
    says: 'programs: execute',
    target: ({ arena }) => {
      const path = join(arena.grant, 'executed');
      return { parameters: { path }, touched: () => later(() => existsSync(path)) };
    },
  },
  { name: 'start a process', does: 'start', says: 'processes: start', target: () => ({ parameters: {} }) },
  {
    name: 'run bytes that it brought along',
    does: 'run-bytes',
    says: 'machine code of its own: run',
    target: () => ({ parameters: {} }),
  },
  {
    name: 'connect to a service of this machine',
    does: 'connect',
    says: 'services of this machine (TCP): connect',
    target: ({ listener, contacts }) => ({
      parameters: { port: (listener.address() as { port: number }).port },
      touched: () => later(() => contacts() > 0),
    }),
  },
  {
    name: 'connect to a socket that is not granted',
    does: 'connect-socket',
    says: 'Unix sockets that are not granted: connect one of its own',
    target: ({ socket, contacts }) => ({ parameters: { path: socket }, touched: () => later(() => contacts() > 0) }),
  },
  { name: 'listen', does: 'listen', says: 'TCP ports: listen', target: () => ({ parameters: {} }) },
  {
    name: 'kill another program',
    does: 'signal',
    says: 'other programs: send a signal',
    target: ({ victim }) => ({ parameters: { process: victim.pid ?? 0 }, touched: () => later(() => !alive(victim)) }),
  },
  {
    name: 'kill the client',
    does: 'signal',
    says: 'the client: send a signal',
    target: ({ client }) => ({
      parameters: { process: client.pid ?? 0 },
      touched: () => later(() => client.signalCode === 'SIGKILL'),
    }),
  },
  {
    name: 'trace another program',
    does: 'trace',
    says: 'other programs: trace',
    target: ({ victim }) => ({ parameters: { process: victim.pid ?? 0 } }),
  },
  {
    name: 'read the environment of another program',
    does: 'look-into',
    says: 'other programs: read their environment',
    lessForRoot: true,
    target: ({ victim }) => ({ parameters: { process: victim.pid ?? 0 } }),
  },
  {
    name: 'take a descriptor of another program',
    does: 'take-descriptor',
    says: 'other programs: take their descriptors',
    target: ({ victim }) => ({ parameters: { process: victim.pid ?? 0 } }),
  },
  {
    name: 'make another program the first to end when memory is short',
    does: 'setting-of-other',
    says: 'other programs: change their `oom_score_adj`',
    target: ({ victim }) => {
      const path = `/proc/${(victim.pid ?? 0).toString()}/oom_score_adj`;
      return { parameters: { process: victim.pid ?? 0 }, touched: () => readFileSync(path, 'utf8').trim() === '999' };
    },
  },
  {
    name: 'change a setting of the machine',
    does: 'write',
    says: 'settings of the machine in `/proc/sys`, for root: change',
    // Opened and left as it is. To an ordinary user the file's mode refuses it.
    target: () => ({ parameters: { path: '/proc/sys/kernel/core_pattern' } }),
  },
  { name: 'make a namespace', does: 'namespace', says: 'namespaces: make', target: () => ({ parameters: {} }) },
  {
    name: 'mount',
    does: 'mount',
    says: 'file systems: mount',
    // Never made: what is there cannot be mounted on, but who may ask gets as far as ENOENT.
    target: ({ arena }) => ({ parameters: { path: join(arena.folder, 'nothing-there') } }),
    bare: 'refused ENOENT mount',
  },
  { name: 'ask to be another user', does: 'be-another', says: 'user ids: change', target: () => ({ parameters: {} }) },
  { name: 'ask for a ring of calls', does: 'ring', says: '`io_uring`: use', target: () => ({ parameters: {} }) },
];

/** It has ended, waited for or not. */
function isGone(process: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${process.toString()}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

const pageBytes = 4096;
const victimAt = 2048;
const resultAt = 2060;

function writePage(file: string, parameters: Record<string, string | number>): void {
  const page = Buffer.alloc(pageBytes);
  page.write(
    Object.entries(parameters)
      .map(([key, value]) => `${key}=${value.toString()}\n`)
      .join(''),
  );
  writeFileSync(file, page);
}

function readPage(file: string): { victim: number; ended: boolean; status: number; result: string } {
  const page = readFileSync(file);
  const text = page.subarray(resultAt);
  return {
    victim: page.readInt32LE(victimAt),
    ended: page.readInt32LE(victimAt + 4) === 1,
    status: page.readInt32LE(victimAt + 8),
    result: text.subarray(0, text.indexOf(0)).toString(),
  };
}

function inWorld<T>(play: (world: Omit<World, 'client'>) => Promise<T>): Promise<T> {
  return inArena(async (arena) => {
    for (const folder of ['area', 'late']) {
      mkdirSync(join(arena.folder, folder));
      writeFileSync(join(arena.folder, folder, '.env'), `${decoys.outside}\n`, { mode: 0o600 });
      writeFileSync(join(arena.folder, folder, 'file.txt'), 'plain\n', { mode: 0o600 });
    }
    let seen = 0;
    const socket = join(arena.neighbour, 'service.sock');
    const listener = createServer((connection) => {
      seen += 1;
      connection.destroy();
    });
    const local = createServer((connection) => {
      seen += 1;
      connection.destroy();
    });
    listener.listen(0, '127.0.0.1');
    local.listen(socket);
    await Promise.all([once(listener, 'listening'), once(local, 'listening')]);
    const victim = spawn('/bin/sleep', ['600'], { stdio: 'ignore', env: { TOKEN: decoys.key } });
    try {
      return await play({ arena, victim, listener, contacts: () => seen, socket });
    } finally {
      listener.close();
      local.close();
      victim.kill('SIGKILL');
      if (alive(victim)) await once(victim, 'exit');
    }
  });
}

const killedBySeccomp = 31;

/** What it said, or how it ended. Who is killed by its filter says nothing more than that it began. */
async function settled(file: string, client: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  for (;;) {
    const page = readPage(file);
    if (page.result !== '' && page.result !== 'begun') return page.result;
    if (page.ended) return (page.status & 0x7f) === killedBySeccomp ? 'SIGSYS' : `ended ${page.status.toString()}`;
    // The shell tells of the guardian, its own child.
    if (client.exitCode !== null)
      return client.exitCode === 128 + killedBySeccomp ? 'SIGSYS' : `exit ${client.exitCode.toString()}`;
    if (client.signalCode !== null && page.result === '') return `client ${client.signalCode}`;
    // The guardian waits for the others at the end of the run.
    if (page.victim !== 0 && isGone(page.victim)) client.stdin.end();
    await sleep(5);
  }
}

function planFor(arena: Arena, late: boolean): Partial<Plan> {
  return {
    network: 'hosts',
    hosts: [{ pattern: 'api.example', ports: '443', checked: true }],
    permissions: ['ask-links'],
    areas: late
      ? [{ access: 'write', place: join(arena.folder, 'late') }]
      : [{ access: 'read', place: join(arena.folder, 'area') }],
    deny: ['**/.env'],
  };
}

interface Measured {
  /** `reached`, `refused EACCES open`, `SIGSYS`. */
  said: string;
  /** What the target saw; undefined where nothing is to be seen there. */
  touched: boolean | undefined;
}

function playInside(place: Place, attempt: Attempt): Promise<Measured> {
  return inWorld(async (world) => {
    const { arena } = world;
    const page = join(arena.folder, 'page');
    writePlan(arena, planFor(arena, false));
    const word = `takeover-${place}`;
    // The client is a shell, so that it can be killed and seen to be. It starts the launcher when the page is written.
    const command = [join(built, 'launcher'), 'exec', '--plan', arena.planFile, '--', compile('obey')];
    const client = spawn('/bin/sh', ['-c', 'read go; "$@"; exit $?', 'client', ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: ordinaryPath, BELLJAR_TAKEOVER_PAGE: page },
    });
    client.stdin.on('error', () => undefined);
    const target = attempt.target({ ...world, client });
    writePage(page, { word, attempt: attempt.does, ...target.parameters });
    const ask = (line: string): void => void client.stdin.write(`${line}\n`);
    ask('go');
    try {
      if (place === 'supervisor') ask(`read /${word}`);
      if (place === 'network') ask(`lookup ${word}.example`);
      if (place === 'guardian') ask(`link https://${word}.example/`);
      if (place === 'opener') {
        ask(`read ${arena.inside}`);
        await once(client.stdout, 'data');
        writeFileSync(`${arena.planFile}.new`, formatPlan(planOf(arena, planFor(arena, true))), { mode: 0o600 });
        renameSync(`${arena.planFile}.new`, arena.planFile);
        while (!readEvents(arena.spool).some((event) => event.kind === 'plan.change')) await sleep(5);
        // What the plan grants now is what the opener has; the file itself stands for the plan as it is.
        ask(`make ${join(arena.folder, 'late', word)}`);
      }
      const said = await settled(page, client);
      const touched = await target.touched?.();
      return { said, touched };
    } finally {
      client.stdin.end();
      if (alive(client)) await once(client, 'exit');
    }
  });
}

/** As an ordinary program of the user: what is refused here says nothing about a wall. */
function playBare(attempt: Attempt): Promise<Measured> {
  return inWorld(async (world) => {
    const page = join(world.arena.folder, 'page');
    writePlan(world.arena, planFor(world.arena, false));
    const target = attempt.target({ ...world, client: world.victim });
    writePage(page, { attempt: attempt.does, ...target.parameters });
    const program = spawn(join(built, 'bare'), [], { stdio: 'ignore', env: { BELLJAR_TAKEOVER_PAGE: page } });
    await once(program, 'exit');
    const touched = await target.touched?.();
    const { result } = readPage(page);
    // A program that is executed takes the place of who would have said so.
    return { said: result === 'begun' && touched === true ? 'reached' : result, touched };
  });
}

/** Attempts that this machine refuses to everybody: with its answer, they are left out. */
const leftOut = new Map<string, string>();
const measured = new Map<string, string>();

function cellOf({ said }: Measured): string {
  if (said === 'reached') return '**yes**';
  if (said === 'SIGSYS') return 'no: ends it';
  const [, errno = '?'] = said.split(' ');
  return `no: ${errno}`;
}

beforeAll(() => {
  requireLauncher();
  // The same objects as the launcher that is tested, with one more.
  const made = spawnSync('make', ['-C', join(projectRoot, 'native-helpers'), 'takeover'], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
}, 300_000);

test('what is shipped holds nothing of this', () => {
  const trace = Buffer.from('BELLJAR_TAKEOVER_PAGE');
  expect(readFileSync(join(built, 'launcher')).includes(trace), 'the launcher of this test').toBe(true);
  expect(readFileSync(launcherPath).includes(trace), 'the launcher').toBe(false);
  expect(readFileSync(join(projectRoot, 'package.json'), 'utf8'), 'the package').toContain(
    '"!native-helpers/takeover"',
  );
  for (const folder of ['core', 'linux']) {
    for (const name of readdirSync(join(projectRoot, 'native-helpers/launcher', folder))) {
      const source = readFileSync(join(projectRoot, 'native-helpers/launcher', folder, name), 'utf8');
      expect(/BELLJAR_TAKEOVER/.test(source), name).toBe(false);
    }
  }
});

test('bare, every attempt gets through', { timeout: 120_000 }, async () => {
  for (const attempt of attempts) {
    const bare = await playBare(attempt);
    if (bare.said !== (attempt.bare ?? 'reached')) {
      leftOut.set(attempt.name, bare.said);
      console.warn(`takeover: left out, this machine refuses it to everybody: ${attempt.name} (${bare.said})`);
      continue;
    }
    if (bare.touched !== undefined) expect(bare.touched, `${attempt.name}: the target saw it`).toBe(true);
  }
  // A machine that refuses all of it would prove nothing.
  expect(leftOut.size).toBeLessThan(6);
});

test.for(places)('the %s, taken over', { timeout: 300_000 }, async (place) => {
  for (const attempt of attempts) {
    if (leftOut.has(attempt.name)) continue;
    const inside = await playInside(place, attempt);
    const name = `${place}: ${attempt.name}`;
    expect(inside.said, name).toMatch(/^(?:reached|refused [A-Z]+ \w+|SIGSYS)$/);
    const through = inside.said === (attempt.bare ?? 'reached');
    if (inside.touched !== undefined) expect(inside.touched, `${name}: the target saw what was said`).toBe(through);
    measured.set(`${place} ${attempt.name}`, cellOf(inside));
  }
});

/** `| what | one cell for each process |` */
function table(): string[] {
  return attempts.map((attempt) => {
    const cells = places.map((place) => measured.get(`${place} ${attempt.name}`) ?? '?');
    return `| ${attempt.says} | ${cells.join(' | ')} |`;
  });
}

test('docs/threat-model.md says what was measured', () => {
  const said = readFileSync(join(projectRoot, 'docs/threat-model.md'), 'utf8').split('\n');
  if (process.env['BELLJAR_SHOW_TAKEOVER'] !== undefined) console.warn(table().join('\n'));
  for (const [index, row] of table().entries()) {
    const attempt = attempts[index];
    if (attempt === undefined || leftOut.has(attempt.name)) continue;
    // The table is a person's: what root's guardian is kept from besides is no promise.
    const asPerson = isRoot && attempt.lessForRoot === true ? row.replace(/no: \w+ \|$/, '**yes** |') : row;
    expect(said, attempt.name).toContain(asPerson);
  }
});
