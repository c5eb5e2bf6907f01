/**
 * Real programs that know nothing of proxies, each with several ways to reach a host. Scripts run as they are; Go, Java, Rust
 * and the static C program are built once for each content into the cache, where the toolchain is there. A program that
 * cannot be had says why: its cases are skipped with the reason, never dropped silently.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder, projectRoot } from '../../confinement/support/places.ts';
import { run } from '../../confinement/support/start.ts';
import { provision } from '../../real-servers/provision.ts';

const sources = join(projectRoot, 'e2e/network/programs');

export interface Way {
  word: string;
  /** Programs without TLS of their own are tried over HTTP alone. */
  scheme: 'https' | 'http';
  /** Tries the next address of a name when the first is silent. */
  patient: boolean;
  /** Looks IPv6 addresses up as well. */
  six: boolean;
  /** Asks a name server for every name, not /etc/hosts alone. */
  asks: boolean;
}

export interface Program {
  name: string;
  command: string;
  /** What stands before the tasks. */
  args: readonly string[];
  /** What a plan must allow to be read and executed. */
  exec: readonly string[];
  env: Record<string, string>;
  ways: readonly Way[];
}

const way = (word: string, changes: Partial<Way> = {}): Way => ({
  word,
  scheme: 'https',
  patient: false,
  six: true,
  asks: true,
  ...changes,
});

export function node(): Program {
  return {
    name: `node ${process.versions.node}`,
    command: process.execPath,
    args: [join(sources, 'ask.mjs'), '--together'],
    exec: [sources, dirname(dirname(process.execPath))],
    env: {},
    ways: [way('fetch', { patient: true }), way('https', { patient: true }), way('cares', { six: false })],
  };
}

async function newNode(): Promise<Program | string> {
  const servers = await provision();
  if (servers.newNode === null) return 'the registry has no Node for this machine';
  return {
    name: 'node from the registry, undici',
    command: servers.newNode,
    args: [join(sources, 'ask.mjs'), '--together'],
    exec: [sources, servers.folder],
    env: { UNDICI: join(servers.folder, 'node_modules/undici') },
    ways: [way('fetch', { patient: true }), way('undici', { patient: true })],
  };
}

async function python(): Promise<Program> {
  const servers = await provision();
  return {
    name: 'python',
    command: servers.python,
    args: [join(sources, 'ask.py'), '--together'],
    exec: [sources, servers.folder],
    env: { PYTHONDONTWRITEBYTECODE: '1' },
    ways: [
      way('urllib'),
      way('requests'),
      way('httpx'),
      way('httpx-async', { patient: true }),
      way('aiohttp', { patient: true }),
    ],
  };
}

function find(program: string, ...more: string[]): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...more];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

function curl(): Program | string {
  const found = find('curl', '/usr/bin');
  if (found === null) return 'no curl';
  return {
    name: 'curl',
    command: '/bin/sh',
    args: [join(sources, 'ask.sh')],
    exec: [sources],
    env: {},
    // It asks for IPv6 addresses only where it can make a datagram socket for IPv6, which is refused.
    ways: [way('curl', { patient: true, six: false })],
  };
}

/** One build for each content of the source; two at the same time do not meet. */
async function build(
  source: string,
  result: string,
  work: (folder: string, source: string) => [string, string[], Record<string, string>?],
): Promise<string> {
  const path = join(sources, source);
  const hash = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder('network-programs'), `${source.replaceAll(/[./]/g, '-')}-${hash}`);
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid.toString()}`;
    mkdirSync(draft, { recursive: true });
    const [command, args, env] = work(draft, path);
    const { code, stderr } = await run(command, args, {
      cwd: draft,
      env: { ...(process.env as Record<string, string>), ...env },
      timeoutMs: 5 * 60_000,
    });
    if (code !== 0) {
      rmSync(draft, { recursive: true, force: true });
      throw new Error(`${source} does not build: ${command} ${args.join(' ')}\n${stderr}`);
    }
    try {
      renameSync(draft, folder);
    } catch {
      // Another one was faster.
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return join(folder, result);
}

/** Built before by whoever has the compiler: the run as an ordinary user is given what root built. */
function isBuilt(source: string): boolean {
  const hash = createHash('sha256')
    .update(readFileSync(join(sources, source)))
    .digest('hex')
    .slice(0, 16);
  return existsSync(join(cacheFolder('network-programs'), `${source.replaceAll(/[./]/g, '-')}-${hash}`));
}

async function go(resolver: 'go' | 'cgo'): Promise<Program | string> {
  const compiler = find('go', '/usr/local/go/bin');
  if (compiler === null && !isBuilt('ask.go')) return 'no Go compiler';
  const program = await build('ask.go', 'ask', (folder, source) => [
    compiler ?? 'go',
    ['build', '-o', join(folder, 'ask'), source],
    {
      GO111MODULE: 'off',
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '1',
      GOFLAGS: '-buildvcs=false',
      GOCACHE: cacheFolder('go-build'),
    },
  ]);
  return {
    name: `go, ${resolver === 'go' ? 'its own resolver' : "the C library's resolver"}`,
    command: program,
    args: [],
    exec: [dirname(program)],
    env: { GODEBUG: `netdns=${resolver}` },
    ways: [way('get', { patient: true })],
  };
}

async function java(): Promise<Program | string> {
  const compiler = find('javac', '/usr/bin');
  const runner = find('java', '/usr/bin');
  if (runner === null || (compiler === null && !isBuilt('Ask.java'))) return 'no Java';
  const program = await build('Ask.java', '.', (folder, source) => [compiler ?? 'javac', ['-d', folder, source]]);
  return {
    name: 'java',
    command: runner,
    args: ['-XX:TieredStopAtLevel=1', '-Xshare:auto', '-cp', program, 'Ask'],
    exec: [program],
    env: {},
    ways: [way('client'), way('url')],
  };
}

async function rust(): Promise<Program | string> {
  const compiler = find('rustc');
  // rustup's rustc finds the compiler itself below the home of whoever installed it.
  const env = { HOME: userInfo().homedir };
  const works =
    compiler !== null && spawnSync(compiler, ['--version'], { env: { ...process.env, ...env } }).status === 0;
  if (!works && !isBuilt('ask.rs')) return 'no Rust compiler';
  const program = await build('ask.rs', 'ask', (folder, source) => [
    compiler ?? 'rustc',
    ['-O', '--edition', '2021', '-o', join(folder, 'ask'), source],
    env,
  ]);
  return {
    name: 'rust',
    command: program,
    args: [],
    exec: [dirname(program)],
    env: {},
    ways: [way('get', { scheme: 'http' })],
  };
}

/** A library over rustls; its crates come from the registry, and building them takes a minute. */
async function ureq(): Promise<Program | string> {
  const source = 'ask-ureq/ask.rs';
  const cargo = find('cargo');
  const env = { HOME: userInfo().homedir, CARGO_TARGET_DIR: 'target' };
  if (!isBuilt(source)) {
    if (process.env['BELLJAR_TEST_LONG'] !== '1') return 'ureq is built with BELLJAR_TEST_LONG=1 only';
    const works = cargo !== null && spawnSync(cargo, ['--version'], { env: { ...process.env, ...env } }).status === 0;
    if (!works) return 'no cargo';
  }
  const program = await build(source, 'target/release/ask', (_, path) => [
    cargo ?? 'cargo',
    ['build', '--release', '--locked', '--quiet', '--manifest-path', join(dirname(path), 'Cargo.toml')],
    env,
  ]);
  return {
    name: 'rust, ureq with rustls',
    command: program,
    args: [],
    exec: [dirname(program)],
    env: {},
    ways: [way('ureq')],
  };
}

async function musl(): Promise<Program | string> {
  const compiler = find('musl-gcc', '/usr/bin');
  if (compiler === null && !isBuilt('ask.c')) return 'no musl compiler (musl-tools)';
  const program = await build('ask.c', 'ask', (folder, source) => [
    compiler ?? 'musl-gcc',
    ['-static', '-O1', '-Wall', '-Wextra', '-o', join(folder, 'ask'), source],
  ]);
  return {
    name: 'static musl',
    command: program,
    args: [],
    exec: [dirname(program)],
    env: {},
    ways: [way('get', { scheme: 'http', asks: false })],
  };
}

export const programs: Record<string, () => Program | string | Promise<Program | string>> = {
  node,
  'node from the registry': newNode,
  python,
  curl,
  'go, its own resolver': () => go('go'),
  "go, the C library's resolver": () => go('cgo'),
  java,
  rust,
  'rust, ureq with rustls': ureq,
  'static musl': musl,
};

export interface Answer {
  ok: boolean;
  text: string;
}

/** One answer for each task, in order; a program that ended early has none for the rest. */
export function answers(stdout: string): Answer[] {
  const found: Answer[] = [];
  for (const line of stdout.split('\n')) {
    const match = /^(\d+) (ok|error) ?(.*)$/.exec(line);
    if (match !== null) found[Number(match[1])] = { ok: match[2] === 'ok', text: match[3] ?? '' };
  }
  return found;
}
