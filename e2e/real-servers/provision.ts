/**
 * Installs the real servers and clients that are tested with into a folder of their own, pinned by pins/package-lock.json and
 * pins/requirements.txt (a folder of its own, or its package file would be the nearest of the tests), once: the next time nothing is fetched. Says what it does on stderr. Works as an ordinary user.
 *
 *   <cache>/real-servers/<hash>/node_modules   the npm servers, Inspector, and the registry's Node for what needs a newer one
 *                               venv           the Python servers and uv
 *                               home           a home folder whose ~/.npm and ~/.cache/uv are warm
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { alone } from '../confinement/kit/lib/alone.mjs';
import { cacheFolder, projectRoot } from '../confinement/support/places.ts';
import { ordinaryPath, run } from '../confinement/support/start.ts';

const here = join(projectRoot, 'e2e/real-servers/pins');
const pinFiles = ['package.json', 'package-lock.json', 'requirements.txt'];

export const npxPackages = [
  'server-everything',
  'server-filesystem',
  'server-memory',
  'server-sequential-thinking',
] as const;
export type NpxPackage = (typeof npxPackages)[number];

export interface RealServers {
  folder: string;
  /** HOME for everything that is started by a package runner: its caches are warm. */
  home: string;
  /** The Node that runs us, and the npx beside it. */
  node: string;
  npx: string;
  /** Registry's Node, 22 or newer; null where there is none for this machine. */
  newNode: string | null;
  inspector: string;
  python: string;
  uvx: string;
  script: (name: NpxPackage) => string;
  /** Exact `name@version`, as an entry would pin it. */
  spec: (name: NpxPackage | 'mcp-server-time' | 'mcp-server-git') => string;
}

/** What an outer npm run has set would reach the inner one. */
const outerEnvironment = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^npm_/i.test(name) ? [] : [[name, value]],
  ),
);

function say(text: string): void {
  process.stderr.write(`real servers: ${text}\n`);
}

async function must(
  what: string,
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; input?: string } = {},
): Promise<void> {
  say(what);
  const { code, stderr } = await run(command, args, {
    ...options,
    timeoutMs: 5 * 60_000,
    env: { ...outerEnvironment, ...options.env },
  });
  if (code !== 0) throw new Error(`${what}: ${command} ${args.join(' ')} ended with ${String(code)}\n${stderr}`);
}

function pins(): { hash: string; npm: Record<string, string>; python: Record<string, string> } {
  const hash = createHash('sha256');
  for (const file of pinFiles) hash.update(readFileSync(join(here, file)));
  hash.update(`${process.versions.modules} ${process.arch} ${ordinaryPath}`);
  const npm = (JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as { dependencies: Record<string, string> })
    .dependencies;
  const python = Object.fromEntries(
    readFileSync(join(here, 'requirements.txt'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('=='))
      .map((line) => line.trim().split('==') as [string, string]),
  );
  return { hash: hash.digest('hex').slice(0, 16), npm, python };
}

/** What an `initialize` and the end of the input make of a server: it answers and leaves. */
const hello = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'provision', version: '1' } } })}\n`;

/** A half is there when this file is, which is made last and lies in it, so that the two come and go together. */
const readyFile = 'ready';

async function installNpm(folder: string, servers: RealServers): Promise<void> {
  const cache = join(servers.home, '.npm');
  for (const old of [cache, join(folder, 'node_modules')]) rmSync(old, { recursive: true, force: true });
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    if (existsSync(join(here, file))) copyFileSync(join(here, file), join(folder, file));
  // One cache for both, so that what npx needs is there already when it asks.
  const env = { npm_config_cache: cache, npm_config_update_notifier: 'false' };
  await must(
    'npm packages',
    process.execPath,
    [npmScript('npm-cli.js'), 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: folder, env },
  );
  // Not from below the packages just installed: npx would find them there and leave its own folder empty.
  for (const name of npxPackages) {
    await must(
      `warm npx cache: ${name}`,
      servers.npx,
      ['-y', servers.spec(name), ...(name === 'server-filesystem' ? [servers.home] : [])],
      { cwd: tmpdir(), env: { ...env, HOME: servers.home }, input: hello },
    );
  }
  writeFileSync(join(cache, readyFile), '');
}

async function installPython(folder: string, servers: RealServers): Promise<void> {
  const caches = ['.cache', '.local'].map((name) => join(servers.home, name));
  for (const old of [join(folder, 'venv'), ...caches]) rmSync(old, { recursive: true, force: true });
  await must('Python environment', 'python3', ['-m', 'venv', join(folder, 'venv')]);
  await must('Python packages', servers.python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    join(here, 'requirements.txt'),
  ]);
  for (const name of ['mcp-server-time', 'mcp-server-git'] as const) {
    await must(`warm uvx cache: ${name}`, servers.uvx, [servers.spec(name), '--help'], {
      cwd: tmpdir(),
      env: {
        // Clients start servers with this one: with another Python on the way uv would make another environment.
        PATH: ordinaryPath,
        HOME: servers.home,
        XDG_CACHE_HOME: join(servers.home, '.cache'),
        XDG_DATA_HOME: join(servers.home, '.local/share'),
        // What the tests' own environment says of uv's cache does not count here.
        UV_CACHE_DIR: join(servers.home, '.cache/uv'),
        UV_TOOL_DIR: join(servers.home, '.local/share/uv/tools'),
      },
    });
  }
  writeFileSync(join(folder, 'venv', readyFile), '');
}

/** npm's own program beside the running Node, wherever the distribution put it. */
function npmScript(name: string): string {
  const prefix = dirname(dirname(process.execPath));
  for (const folder of ['lib/node_modules/npm/bin', 'share/nodejs/npm/bin', 'share/npm/bin']) {
    const path = join(prefix, folder, name);
    if (existsSync(path)) return path;
  }
  throw new Error(`npm was not found beside ${process.execPath}`);
}

export async function provision(): Promise<RealServers> {
  const { hash, npm, python } = pins();
  const folder = join(cacheFolder('real-servers'), hash);
  const modules = join(folder, 'node_modules');
  const newNode = join(modules, `node-linux-${process.arch}`, 'bin/node');
  const servers: RealServers = {
    folder,
    home: join(folder, 'home'),
    node: process.execPath,
    npx: join(dirname(process.execPath), 'npx'),
    newNode: null,
    inspector: join(modules, '@modelcontextprotocol/inspector/clients/launcher/build/index.js'),
    python: join(folder, 'venv/bin/python'),
    uvx: join(folder, 'venv/bin/uvx'),
    script: (name) => join(modules, '@modelcontextprotocol', name, 'dist/index.js'),
    spec: (name) =>
      name.startsWith('mcp-')
        ? `${name}@${python[name] ?? ''}`
        : `@modelcontextprotocol/${name}@${npm[`@modelcontextprotocol/${name}`] ?? ''}`,
  };
  const halves = [
    { ready: join(servers.home, '.npm', readyFile), install: installNpm },
    { ready: join(folder, 'venv', readyFile), install: installPython },
  ];
  const missing = (): typeof halves => halves.filter(({ ready }) => !existsSync(ready));
  if (missing().length > 0) {
    await alone(folder, async () => {
      if (missing().length === 0) return;
      say(`installing into ${folder} (once)`);
      mkdirSync(servers.home, { recursive: true });
      await Promise.all(missing().map(({ install }) => install(folder, servers)));
      // Older sets of pins are of no more use.
      for (const other of readdirSync(dirname(folder))) {
        if (/^[0-9a-f]{16}$/.test(other) && other !== hash)
          rmSync(join(dirname(folder), other), { recursive: true, force: true });
      }
    });
  }
  return { ...servers, newNode: existsSync(newNode) ? newNode : null };
}
