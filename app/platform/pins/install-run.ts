/**
 * One run of a package manager through the launcher, with a plan of its own in a working folder that is thrown away. What it
 * prints is bounded; how it failed is one line that is fit to be shown. Where this machine cannot contain it, it is not run.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BelljarError } from '#contract/errors.ts';
import { certificateVariables } from '#domain/certificates.ts';
import { planForInstall } from '#domain/install-plan.ts';
import type { Places } from '#engine/ports.ts';
import { defaultEnvironment } from '../mcp/default-environment.ts';
import type { RegistryRelay } from './registry-relay.ts';

const outputMaxBytes = 32 * 1024 * 1024;
const errorKeptBytes = 65_536;
const runTimeoutMs = 8 * 60_000;

export interface Workshop {
  /** A home with nothing in it, and room to work. */
  home: string;
  folder: string;
  spool: string;
  close(): void;
}

/** Beside the launcher's other folders, so that what is made here can be moved or linked nowhere by anybody else. */
export function makeWorkshop(dataFolder: string): Workshop {
  const root = join(dataFolder, 'pins');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(root, '.work-'));
  const made = (name: string): string => {
    mkdirSync(join(folder, name), { mode: 0o700 });
    return join(folder, name);
  };
  return {
    home: made('home'),
    folder: made('work'),
    spool: made('spool'),
    close: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export interface RunOptions {
  places: Places;
  launcher: string;
  workshop: Workshop;
  relay: RegistryRelay | null;
  command: string;
  args: readonly string[];
  cwd: string;
  /** Further folders it may write: the tree. */
  write?: readonly string[];
  read?: readonly string[];
  exec?: readonly string[];
  /** Variables passed on by name, with the values they have for it. */
  variables: Readonly<Record<string, string | undefined>>;
  set?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

export interface RunResult {
  out: string;
  /** Null when it ended well, else one line. */
  failure: string | null;
}

export async function runInstaller(options: RunOptions): Promise<RunResult> {
  const { places, workshop, relay } = options;
  const proxy = relay === null ? {} : proxyVariables(relay.address);
  const plan = planForInstall({
    places,
    environment: places.environment,
    spool: workshop.spool,
    write: [workshop.home, workshop.folder, ...(options.write ?? [])],
    read: (options.read ?? []).filter(existsSync),
    exec: (options.exec ?? []).filter(existsSync),
    env: Object.keys(options.variables).filter((name) => options.variables[name] !== undefined),
    set: { HOME: workshop.home, ...proxy, ...options.set },
    port: relay?.port ?? null,
    exists: existsSync,
  });
  const file = join(workshop.spool, '..', `plan-${randomBytes(6).toString('hex')}`);
  writeFileSync(file, plan, { mode: 0o600, flag: 'wx' });
  const env = Object.fromEntries(
    Object.entries({ ...defaultEnvironment(places.environment), ...certificates(places), ...options.variables }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  const finished = await start(options.launcher, ['exec', '--plan', file, '--', options.command, ...options.args], {
    cwd: options.cwd,
    env: { ...env, HOME: places.home },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return { out: finished.out, failure: finished.failure };
}

function proxyVariables(address: string): Record<string, string> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
  // Exceptions are not passed on: the relay knows them.
  return Object.fromEntries(names.map((name) => [name, address]));
}

/** A company's own certificates are named by these. */
function certificates(places: Places): Record<string, string | undefined> {
  return Object.fromEntries(certificateVariables.map(({ name }) => [name, places.environment[name]]));
}

interface Ended {
  out: string;
  failure: string | null;
}

function start(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; signal?: AbortSignal },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let errors = '';
    let why: string | null = null;
    const end = (reason: string): void => {
      why ??= reason;
      // The launcher ends the whole run with it.
      child.kill('SIGTERM');
    };
    const timer = setTimeout(() => end('it took too long'), runTimeoutMs);
    const cancel = (): void => end('it was cancelled');
    options.signal?.addEventListener('abort', cancel, { once: true });
    if (options.signal?.aborted === true) cancel();
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > outputMaxBytes) end('it printed too much');
      else chunks.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-errorKeptBytes)));
    const done = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', cancel);
    };
    child.once('error', (error) => {
      done();
      reject(new BelljarError('launcher-missing', { params: { detail: error.message }, cause: error }));
    });
    child.once('close', (code, signal) => {
      done();
      const out = Buffer.concat(chunks).toString('utf8');
      resolve({ out, failure: why ?? (code === 0 ? null : explain(errors, code, signal)) });
    });
  });
}

/** The line that most likely says why; addresses lose what stands before their `@`. */
function explain(errors: string, code: number | null, signal: NodeJS.Signals | null): string {
  const lines = errors
    .split('\n')
    // eslint-disable-next-line no-control-regex
    .map((line) => line.replace(/\u001b\[[0-9;]*m/g, '').trim())
    .filter((line) => line !== '');
  const telling =
    lines.find((line) => line.startsWith('belljar: ')) ??
    lines.find((line) => /^npm (?:error|ERR!) (?!code|errno|syscall|A complete log|\s*$)/.test(line)) ??
    lines.findLast((line) => /^(?:error:|cause:|caused by:|╰─▶|×)/i.test(line)) ??
    lines.at(-1) ??
    `it ended with ${signal ?? String(code)}`;
  return telling
    .replace(/^belljar: |^npm (?:error|ERR!) /, '')
    .replace(/(\w:\/\/)[^\s/@]+@/g, '$1')
    .slice(0, 500)
    .replace(/\.$/, '');
}
