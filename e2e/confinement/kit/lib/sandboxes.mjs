/**
 * The sandboxes of the kit: each gets the same from its own documented options, as far as it has them: the system's programs to
 * read and run, `readonly` to read, `grant` to write, the attack programs to run, no network but one loopback port (or, in
 * a network of its own, its own loopback), few variables. README.md says for each what that meant.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { belljar } from './belljar.mjs';
import { kitFolder } from './programs.mjs';
import { keptBack } from './world.mjs';

/** Where peers that are not installed for everyone are looked for: `.cache/peers` of the checkout, or ESCAPE_KIT_PEERS. */
const peers = process.env['ESCAPE_KIT_PEERS'] ?? resolve(kitFolder, '../../../.cache/peers');

const firstLine = (command, ...args) => {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return (result.stdout || result.stderr || '').split('\n')[0].trim();
};
const runs = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).error === undefined;
const find = (name, ...places) =>
  [name, ...places.map((place) => join(peers, place))].find((one) => runs(one, '--version'));
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'].filter((place) => existsSync(place));
const systemFiles = [
  '/etc/ld.so.cache',
  '/etc/passwd',
  '/etc/group',
  '/etc/nsswitch.conf',
  '/etc/hosts',
  '/etc/resolv.conf',
].filter((place) => existsSync(place));

/** Paths that are kept back in this world, for sandboxes that can only name such as are there. */
const keptPlaces = (world) =>
  world.kept
    ? { closed: keptBack.closed.map(world.at), unchanged: keptBack.unchanged.map(world.at) }
    : { closed: [], unchanged: [] };

const bare = {
  name: 'bare',
  title: 'nothing',
  how: 'started as a client starts it',
  missing: () => undefined,
  version: () => firstLine('uname', '-sr'),
  wrap: ({ inner }) => ({ command: inner[0], args: inner.slice(1), env: {} }),
};

const bwrap = {
  name: 'bwrap',
  title: 'bubblewrap',
  how: 'all namespaces of its own, no new user namespaces, a session of its own, no capabilities, system folders read-only',
  ownNetwork: true,
  keepsBack: true,
  missing: () => (runs('bwrap', '--version') ? undefined : 'bwrap is not installed'),
  version: () => firstLine('bwrap', '--version'),
  wrap: ({ world, programs, inner, env }) => ({
    command: 'bwrap',
    args: [
      ...[
        '--unshare-all',
        '--unshare-user',
        '--disable-userns',
        '--new-session',
        '--die-with-parent',
        '--cap-drop',
        'ALL',
      ],
      ...[...systemFolders, ...systemFiles].flatMap((place) => ['--ro-bind', place, place]),
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
      ...['--bind', world.at('grant'), world.at('grant'), '--ro-bind', world.at('readonly'), world.at('readonly')],
      ...keptPlaces(world).closed.flatMap((place) => ['--ro-bind', '/dev/null', place]),
      ...keptPlaces(world).unchanged.flatMap((place) => ['--ro-bind', place, place]),
      ...['--ro-bind', programs.folder, programs.folder, '--chdir', world.at('grant')],
      ...[
        '--clearenv',
        '--setenv',
        'PATH',
        env.PATH,
        '--setenv',
        'HOME',
        env.HOME,
        '--setenv',
        'LANG',
        env.LANG,
        '--setenv',
        'TMPDIR',
        env.TMPDIR,
      ],
      ...['--', ...inner],
    ],
    env: {},
  }),
};

const firejail = {
  name: 'firejail',
  title: 'firejail',
  how: 'no profile, only the three folders of /tmp, seccomp, no capabilities, no new privileges, no network, namespaces of its own',
  ownNetwork: true,
  keepsBack: true,
  missing: () => (runs('firejail', '--version') ? undefined : 'firejail is not installed'),
  version: () => firstLine('firejail', '--version'),
  wrap: ({ world, programs, inner }) => ({
    command: 'firejail',
    args: [
      ...[
        '--quiet',
        '--noprofile',
        '--deterministic-exit-code',
        '--caps.drop=all',
        '--seccomp',
        '--nonewprivs',
        '--noroot',
      ],
      ...[
        '--net=none',
        '--ipc-namespace',
        '--restrict-namespaces',
        '--private-dev',
        '--disable-mnt',
        '--dbus-user=none',
      ],
      ...['--dbus-system=none', '--rmenv=CLIENT_TOKEN', `--whitelist=${world.at('grant')}`],
      ...[`--whitelist=${world.at('readonly')}`, `--read-only=${world.at('readonly')}`],
      ...keptPlaces(world).closed.map((place) => `--blacklist=${place}`),
      ...keptPlaces(world).unchanged.map((place) => `--read-only=${place}`),
      ...[`--whitelist=${programs.folder}`, `--read-only=${programs.folder}`, '--', ...inner],
    ],
    env: {},
  }),
};

const srt = () => find('srt', 'sandbox-runtime/node_modules/.bin/srt');
const sandboxRuntime = {
  name: 'sandbox-runtime',
  title: 'sandbox-runtime',
  how: 'settings: no domains, the world denied to read but for its two folders, grant to write',
  ownNetwork: true,
  keepsBack: true,
  missing() {
    if (srt() === undefined) return 'srt is not installed (npm: @anthropic-ai/sandbox-runtime)';
    const without = ['bwrap', 'socat', 'rg'].filter((name) => !runs(name, '--version') && !runs(name, '-V'));
    return without.length === 0 ? undefined : `it needs ${without.join(', ')}`;
  },
  version: () => `srt ${firstLine(srt(), '--version')}`,
  wrap({ world, programs, inner }) {
    const settings = {
      network: { allowedDomains: [], deniedDomains: [] },
      filesystem: {
        denyRead: [world.folder, ...keptPlaces(world).closed],
        allowRead: [world.at('grant'), world.at('readonly'), programs.folder],
        allowWrite: [world.at('grant')],
        denyWrite: world.kept ? [...keptBack.closed, ...keptBack.unchanged, ...keptBack.unmade].map(world.at) : [],
      },
    };
    const file = world.at('srt.json');
    writeFileSync(file, JSON.stringify(settings));
    return { command: srt(), args: ['--settings', file, ...inner], env: {} };
  },
};

const landrunProgram = () => find('landrun', 'landrun/landrun');
const landrun = {
  name: 'landrun',
  title: 'landrun',
  how: 'system folders and programs to read and run, grant to write, one TCP port',
  missing: () =>
    landrunProgram() === undefined ? 'landrun is not installed (go: github.com/zouuup/landrun/cmd/landrun)' : undefined,
  version: () => firstLine(landrunProgram(), '--version'),
  wrap: ({ world, programs, inner }) => ({
    command: landrunProgram(),
    args: [
      ...systemFolders.flatMap((place) => ['--rox', place]),
      ...systemFiles.flatMap((place) => ['--ro', place]),
      ...['--rox', programs.folder, '--ro', world.at('readonly'), '--rw', world.at('grant'), '--rw', '/dev/null'],
      ...[
        '--connect-tcp',
        String(world.allowedPort),
        '--env',
        'PATH',
        '--env',
        'HOME',
        '--env',
        'LANG',
        '--env',
        'TMPDIR',
        ...inner,
      ],
    ],
    env: {},
  }),
};

const nonoProgram = () => find('nono', 'nono/bin/nono');
const nono = {
  name: 'nono',
  title: 'nono',
  how: 'grant to read and write, readonly and the programs to read, network blocked, namespaces of its own for network, System V and name',
  ownNetwork: true,
  missing: () => (nonoProgram() === undefined ? 'nono is not installed (cargo: nono-cli)' : undefined),
  version: () => firstLine(nonoProgram(), '--version'),
  /** Its own settings and records, which are no part of the world. */
  keeps: ['home/.config/nono', 'home/.local', 'home/.cache'],
  wrap: ({ world, programs, inner }) => ({
    command: nonoProgram(),
    args: [
      ...['run', '--silent', '--allow', world.at('grant'), '--read', world.at('readonly'), '--read', programs.folder],
      ...['--allow-cwd', '--block-net', '--isolate', 'net,loopback,ipc,uts', '--', ...inner],
    ],
    env: {},
  }),
};

export const sandboxes = [
  belljar('standard'),
  belljar('strict'),
  belljar('watch'),
  bare,
  bwrap,
  firejail,
  sandboxRuntime,
  landrun,
  nono,
];
