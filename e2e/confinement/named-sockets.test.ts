/**
 * Sockets that are known by what they are: a decoy listens where the client's environment says that each one is. Without a
 * grant it is refused and named; granted by its name it is found there, and the variables that lead to it are passed on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, rmdirSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { socketOfKnown } from '#contract/sentences.ts';
import type { SocketName } from '#contract/words.ts';
import { socketParts } from '#domain/named-sockets.ts';
import { createKnownTargets } from '#domain/secret-places.ts';
import { decoys, makeArena, removeArena, type Arena } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { startContained } from './support/start.ts';
import { brief, matchingEvents } from './support/technique.ts';

let arena: Arena;
let runtime: string;
const undo: (() => void)[] = [];

beforeEach(() => {
  arena = makeArena();
  runtime = join(arena.folder, 'run');
  mkdirSync(runtime, { mode: 0o700 });
});
afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step();
  removeArena(arena);
});

/** Listens and counts. */
async function listen(path: string): Promise<{ count: () => number }> {
  mkdirSync(dirname(path), { recursive: true });
  let count = 0;
  const server: Server = createServer((connection) => {
    count += 1;
    connection.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  undo.push(() => server.close());
  return { count: () => count };
}

/** The same at an abstract name, which Node before 22 fills up with zeros. */
async function listenAbstract(name: string): Promise<{ count: () => number }> {
  const program = `
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(b'\\0' + sys.argv[1].encode()); s.listen()
print('ready', flush=True)
while True: s.accept()[0].close(); print('contact', flush=True)`;
  const child = spawn('python3', ['-c', program, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  undo.push(() => child.kill());
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await once(reader, 'line');
  return { count: () => lines.length - 1 };
}

const folders = () => ({
  home: arena.home,
  xdgConfig: join(arena.home, '.config'),
  xdgData: join(arena.home, '.local/share'),
  xdgCache: join(arena.home, '.cache'),
  xdgState: join(arena.home, '.local/state'),
  xdgRuntime: runtime,
});
const own = { configFolder: '/none/c', dataFolder: '/none/d', stateFolder: '/none/s' };

interface Decoy {
  name: SocketName;
  /** Below the runtime folder. */
  at: string;
  env?: (path: string) => Record<string, string>;
  /** Where the name cannot be told from a place below a runtime folder. */
  unnamed?: boolean;
}

const sockets: readonly Decoy[] = [
  { name: 'ssh-agent', at: 'ssh-agent.socket', env: (path) => ({ SSH_AUTH_SOCK: path }) },
  { name: 'gpg-agent', at: 'gnupg/S.gpg-agent' },
  { name: 'keyring', at: 'keyring/control' },
  { name: 'session-bus', at: 'bus', env: (path) => ({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${path},guid=0` }) },
  { name: 'session-bus', at: 'bus' },
  { name: 'system-bus', at: 'x', env: (path) => ({ DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path}` }), unnamed: true },
  { name: 'service-manager', at: 'systemd/private' },
  { name: 'wayland', at: 'wayland-7', env: () => ({ WAYLAND_DISPLAY: 'wayland-7' }) },
  { name: 'wayland', at: 'wayland-0' },
  { name: 'pipewire', at: 'pipewire-0' },
  { name: 'pulseaudio', at: 'pulse/native', env: (path) => ({ PULSE_SERVER: `unix:${path}` }) },
  { name: 'docker', at: 'docker.sock', env: (path) => ({ DOCKER_HOST: `unix://${path}` }) },
  { name: 'podman', at: 'podman/podman.sock' },
  { name: 'containerd', at: 'containerd/containerd.sock' },
  { name: 'libvirt', at: 'libvirt/libvirt-sock' },
  { name: 'tmux', at: 't', env: (path) => ({ TMUX: `${path},123,0` }), unnamed: true },
  { name: 'vscode', at: 'vscode-ipc-1.sock', env: (path) => ({ VSCODE_IPC_HOOK_CLI: path }) },
  { name: 'emacs', at: 'emacs/server' },
  { name: 'neovim', at: 'nvim.1.0', env: (path) => ({ NVIM: path }) },
];

describe('a socket by its name', () => {
  test.for(sockets)('$name at $at', async ({ name, at, env, unnamed }) => {
    const path = join(runtime, at);
    const decoy = await listen(path);
    const options = { env: { XDG_RUNTIME_DIR: runtime, ...env?.(path) } };
    const { places, variables } = socketParts(name, folders());

    const refused = await startContained(arena, compile('unix-connect'), ['stream', path], {}, options);
    expect(refused.outcome, refused.stderr).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    expect(matchingEvents(refused.events, 'unix.connect', path).map((event) => event.verdict)).toEqual(['refused']);
    expect(decoy.count()).toBe(0);
    const known = createKnownTargets(folders(), own)(path);
    if (unnamed !== true) expect(socketOfKnown[known ?? '']).toBe(name);

    const plan = { socket: [places], env: [...variables] };
    const allowed = await startContained(arena, compile('unix-connect'), ['stream', path], plan, options);
    expect(allowed.outcome, `${allowed.stderr}${brief(allowed.events).join('\n')}`).toMatchObject({ kind: 'reached' });
    await expect.poll(decoy.count).toBe(1);
  });

  test('the X11 display, by its path and by its abstract name, and no other display', async () => {
    const number = 20_000 + (process.pid % 30_000);
    const folder = '/tmp/.X11-unix';
    if (!existsSync(folder)) {
      mkdirSync(folder, { mode: 0o1777 });
      undo.push(() => {
        rmdirSync(folder);
      });
    }
    const path = `${folder}/X${number.toString()}`;
    const [byPath, byName] = [await listen(path), await listenAbstract(path)];
    const options = { env: { DISPLAY: `:${number.toString()}.0` } };
    const { places } = socketParts('x11', folders());
    for (const [way, target] of [
      ['stream', path],
      ['abstract-stream', path],
    ] as const) {
      const event = way === 'stream' ? path : `@${path}`;
      const refused = await startContained(arena, compile('unix-connect'), [way, target], {}, options);
      expect(refused.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
      expect(matchingEvents(refused.events, 'unix.connect', event)).toHaveLength(1);
      expect(createKnownTargets(folders(), own)(event)).toBe('x11');
      const allowed = await startContained(
        arena,
        compile('unix-connect'),
        [way, target],
        { socket: [places] },
        options,
      );
      expect(allowed.outcome, allowed.stderr).toMatchObject({ kind: 'reached' });
      const other = { env: { DISPLAY: ':19999' } };
      const elsewhere = await startContained(
        arena,
        compile('unix-connect'),
        [way, target],
        { socket: [places] },
        other,
      );
      expect(elsewhere.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    }
    await expect.poll(byPath.count).toBe(1);
    await expect.poll(byName.count).toBe(1);
  });

  test('the variable is passed on with the grant only', async () => {
    const folder = mkdtempSync('/tmp/ssh-');
    undo.push(() => {
      rmSync(folder, { recursive: true });
    });
    const path = join(folder, 'agent.1');
    await listen(path);
    const options = { env: { SSH_AUTH_SOCK: path } };
    const { places, variables } = socketParts('ssh-agent', folders());
    const without = await startContained(arena, '/usr/bin/env', [], {}, options);
    expect(without.stdout).not.toContain('SSH_AUTH_SOCK');
    const plan = { socket: [places], env: [...variables] };
    expect((await startContained(arena, '/usr/bin/env', [], plan, options)).stdout).toContain(`SSH_AUTH_SOCK=${path}`);
  });

  test('a socket that is not there now is said so, and the server starts', async () => {
    const { places } = socketParts('docker', folders());
    const options = { env: { DOCKER_HOST: 'tcp://127.0.0.1:2375', XDG_RUNTIME_DIR: runtime } };
    const plan = { socket: [places.filter((place) => !place.startsWith('/run'))] };
    const result = await startContained(arena, compile('unix-connect'), ['own', '-'], plan, options);
    expect(result.outcome).toMatchObject({ kind: 'reached' });
    const start = result.events.find((event) => event.kind === 'run.start')?.start;
    expect(start?.notApplied.join()).toMatch(/^socket env:DOCKER_HOST .*: is not there now$/);
  });
});

describe('a file that a variable names', () => {
  const read = ['absolute', 'read'];

  test('is read, and nothing beside it', async () => {
    const options = { env: { XAUTHORITY: arena.secret } };
    const beside = join(arena.outside, 'other.txt');
    const plan = { read: ['env:XAUTHORITY'] };
    const allowed = await startContained(arena, compile('open-file'), [...read, arena.secret], plan, options);
    expect(allowed.stdout).toContain(decoys.outside);
    const refused = await startContained(arena, compile('open-file'), [...read, beside], plan, options);
    expect(refused.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    const without = await startContained(arena, compile('open-file'), [...read, arena.secret], {}, options);
    expect(without.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
  });

  test.for(['folder', 'nothing', 'planted link'])('is not granted when it is a %s', async (what) => {
    const link = join(arena.grant, 'cookie');
    const value = what === 'folder' ? arena.outside : what === 'nothing' ? '' : link;
    if (what === 'planted link') symlinkSync(arena.secret, link);
    const plan = { read: ['env:XAUTHORITY'] };
    const options = { env: { XAUTHORITY: value } };
    const result = await startContained(arena, compile('open-file'), [...read, arena.secret], plan, options);
    expect(result.outcome).toMatchObject({ kind: 'refused', errno: 'EACCES' });
    const start = result.events.find((event) => event.kind === 'run.start')?.start;
    expect(start?.notApplied.some((line) => line.startsWith('env:XAUTHORITY: '))).toBe(true);
  });
});
