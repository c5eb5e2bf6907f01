/**
 * What the kernel and the file system say beyond rights, an area says as well: opens that wait and the signals that come meanwhile, leases
 * that others hold, file systems that may not be written to or are full, mounts, devices, default ACLs and folders of a group. Every program
 * runs bare too, and must print the same.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeArena, removeArena, type Arena } from './support/arena.ts';
import { startInArea, writeAreaPlan } from './support/areas.ts';
import { compile } from './support/compile.ts';
import { requireLauncher } from './support/places.ts';
import { ordinaryPath, run } from './support/start.ts';

const timeoutMs = 60_000;

function arenaOfTest(): Arena {
  const arena = makeArena();
  onTestFinished(() => removeArena(arena));
  return arena;
}

test(
  'an open that waits for a FIFO gives way to signals as elsewhere, and waits again where it should',
  async () => {
    const program = compile('waiting-opens');
    const said: string[] = [];
    for (const contained of [false, true]) {
      const arena = arenaOfTest();
      const fifo = join(arena.grant, 'fifo');
      spawnSync('mkfifo', [fifo]);
      const result = contained
        ? await startInArea(arena, program, [fifo], {}, { timeoutMs })
        : await run(program, [fifo], { timeoutMs });
      expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
      said.push(result.stdout);
    }
    expect(said[0]).toContain('reading, a handler: EINTR');
    expect(said[0]).toContain('reading, a handler that lets it go on: opened');
    expect(said[1]).toBe(said[0]);
  },
  timeoutMs * 2,
);

/** A program that says a line at a time, and is told some. */
function talk(command: string, args: readonly string[]): { next: () => Promise<string>; tell: (line: string) => void } {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return {
    next: async () => {
      const line = await lines.next();
      return line.done === true ? 'the end' : line.value;
    },
    tell: (line) => void child.stdin.write(`${line}\n`),
  };
}

describe.each([
  ['a lease to write', 'write', 'read'],
  ['a lease to read', 'read', 'write'],
] as const)('%s that somebody else holds', (_, lease, access) => {
  test.each([
    ['bare', false],
    ['in an area', true],
  ])('makes an open wait until it is given up: %s', async (_name, contained) => {
    const arena = arenaOfTest();
    const holder = talk(compile('hold-lease'), [arena.inside, lease]);
    expect(await holder.next()).toBe('held');
    const server = contained
      ? talk(requireLauncher(), ['exec', '--plan', writeAreaPlan(arena), '--', compile('obey')])
      : talk(compile('obey'), []);
    let answered = false;
    const answer = server.next().then((line) => {
      answered = true;
      return line;
    });
    server.tell(`${access} ${arena.inside}`);
    expect(await holder.next()).toBe('asked');
    // The kernel asked the holder, so the open is on its way; it has not come to its end.
    expect(answered).toBe(false);
    holder.tell('let go');
    expect(await answer).toBe(access === 'read' ? 'done inside-content' : 'done write');
  });
});

/** Mounts below the area, made before the launcher is started and in a namespace of their own, which the launcher starts in. */
const mounts = (area: string): string => `set -e
  cd '${area}'
  mkdir -p small bound devices
  mount -t tmpfs -o size=64k,nr_inodes=12,mode=0700 none small
  mount --bind other bound
  mount --bind ro-files ro
  mount -o remount,ro,bind ro
  touch devices/null devices/zero devices/.env
  mount --bind /dev/null devices/null
  mount --bind /dev/zero devices/zero
  mount --bind /dev/zero devices/.env
  exec "$@"`;

const namespaces = process.getuid?.() === 0 ? ['-m'] : ['-Urm'];
const canMount = spawnSync('unshare', [...namespaces, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** An access control list as the kernel keeps it (linux/posix_acl_xattr.h): the owner all, a user 12345 to read, the group as given. */
function defaultAcl(): Buffer {
  const entries: [tag: number, rights: number, id: number][] = [
    [0x01, 7, 0xffffffff],
    [0x02, 4, 12345],
    [0x04, 5, 0xffffffff],
    [0x10, 6, 0xffffffff],
    [0x20, 0, 0xffffffff],
  ];
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2, 0);
  entries.forEach(([tag, rights, id], index) => {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(rights, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  });
  return bytes;
}

const setAcl = `import os, sys; os.setxattr(sys.argv[1], 'system.posix_acl_default', bytes.fromhex(sys.argv[2]))`;

function prepare(area: string): void {
  for (const name of ['ro-files', 'ro-files/there', 'ro', 'other', 'plain', 'acl', 'shared'])
    mkdirSync(join(area, name));
  for (const name of ['ro-files/file', 'other/file', 'plain/file', 'plain/other', 'other/.env'])
    writeFileSync(join(area, name), `${name}\n`);
  chmodSync(join(area, 'shared'), 0o2775);
}

test(
  'what may not be written to, is full or is mounted says the same in an area, and what is denied is denied there too',
  async ({ skip }) => {
    if (!canMount) skip('this machine lets us make no mounts');
    const program = compile('area-places');
    const said: string[] = [];
    for (const contained of [false, true]) {
      const arena = arenaOfTest();
      const area = arena.grant;
      prepare(area);
      const command = contained
        ? [requireLauncher(), 'exec', '--plan', writeAreaPlan(arena), '--', program, area]
        : [program, area];
      const result = await run('unshare', [...namespaces, 'sh', '-c', mounts(area), 'sh', ...command], { timeoutMs });
      expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
      said.push(result.stdout);
    }
    for (const line of [
      'ro made: EROFS',
      'small one more: ENOSPC',
      'bound moved out: EXDEV',
      'bound made: done',
      'devices null read: 0 of a device',
    ])
      expect(said[0]).toContain(line);
    expect(said[1]).toBe(said[0]);
    expect(said[0]).toContain('devices zero read: 4 of a device');
    // A mount of something denied is denied by its own name, and reached by another one (a limit).
    const arena = arenaOfTest();
    prepare(arena.grant);
    const open = compile('open-file');
    const reads = (name: string): Promise<{ stdout: string }> => {
      const contain = [requireLauncher(), 'exec', '--plan', writeAreaPlan(arena), '--', open, 'absolute', 'read'];
      return run('unshare', [
        ...namespaces,
        'sh',
        '-c',
        mounts(arena.grant),
        'sh',
        ...contain,
        join(arena.grant, name),
      ]);
    };
    expect((await reads('bound/.env')).stdout).toMatch(/^REFUSED EACCES/);
    expect((await reads('bound/file')).stdout).toMatch(/^REACHED/);
    expect((await reads('devices/.env')).stdout).toMatch(/^REFUSED EACCES/);
    expect((await reads('devices/zero')).stdout).toMatch(/^REACHED/);
  },
  timeoutMs * 2,
);

test('default ACLs, masks and folders of a group make of what is new in an area what they make elsewhere', async () => {
  const program = compile('area-places');
  const said: string[] = [];
  let lists = true;
  for (const contained of [false, true]) {
    const arena = arenaOfTest();
    prepare(arena.grant);
    lists = spawnSync('python3', ['-c', setAcl, join(arena.grant, 'acl'), defaultAcl().toString('hex')]).status === 0;
    const result = contained ? await startInArea(arena, program, [arena.grant]) : await run(program, [arena.grant]);
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' });
    said.push(result.stdout);
  }
  expect(said[0]).toMatch(/shared, umask 77: done\n {2}folder: mode 42\d+, group of the folder 1/);
  // Where the temporary folder keeps no lists, its plain modes are compared, which is printed.
  if (lists) expect(said[0]).toMatch(/acl, umask 77: done\n {2}file: mode 100660, group of the folder 1, acl 44 -1/);
  else console.log('not tried: the temporary folder keeps no access control lists');
  expect(said[1]).toBe(said[0]);
});
