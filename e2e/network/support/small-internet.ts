/**
 * The small internet (lab/internet.py): started once for a file of tests, entered by every program, and asked what it
 * noticed. What counts is what the far side saw, the packets on the wire included, never what a program believes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Plan } from '#domain/plan-text.ts';
import { makeArena, readEvents, removeArena } from '../../confinement/support/arena.ts';
import { projectRoot } from '../../confinement/support/places.ts';
import {
  containedCommand,
  ordinaryPath,
  run,
  type Finished,
  type StartOptions,
} from '../../confinement/support/start.ts';
import type { Event } from '#contract/event.ts';

/** One thing that was noticed. `wire`: a connection that begins or a datagram; `own`: a service of the near machine itself. */
export interface Seen {
  kind: 'wire' | 'accept' | 'own' | 'request' | 'proxy' | 'dns';
  to?: string;
  port?: number;
  protocol?: string;
  server_name?: string | null;
  host?: string;
  target?: string;
  method?: string;
  authorization?: string | null;
  server?: string;
  over?: 'udp' | 'tcp';
  name?: string;
  type?: string;
}

export interface Ran extends Finished {
  events: Event[];
  seen: Seen[];
}

const noNamespaces = 77;
const startMs = 20_000;
export const nameServer = '10.0.0.53';

/** The authority's certificate where every program looks for it, as a company's would be. */
const authority = '/etc/ssl/certs/small-internet.pem';
export const trusting: Record<string, string> = {
  NODE_EXTRA_CA_CERTS: authority,
  SSL_CERT_FILE: authority,
  REQUESTS_CA_BUNDLE: authority,
};

export class SmallInternet {
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #waiting: ((line: string) => void)[] = [];
  #namespaces = { outer: 0, inner: 0 };
  #offset = 0;

  private constructor(child: ChildProcess, folder: string) {
    this.folder = folder;
    this.#child = child;
    if (child.stdout === null) throw new Error('The small internet has no output.');
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on('line', (line) => this.#waiting.shift()?.(line));
  }

  /** A reason instead, where this machine lets us make no namespaces. */
  static async start(): Promise<SmallInternet | string> {
    const folder = mkdtempSync('/tmp/bj-net-');
    const child = spawn('python3', [join(projectRoot, 'e2e/network/lab/internet.py'), folder], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: ordinaryPath, PYTHONDONTWRITEBYTECODE: '1' },
    });
    child.stdin.on('error', () => undefined);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const made = new SmallInternet(child, folder);
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', (code) => {
        resolve(code);
      });
    });
    const outcome = await Promise.race([
      Promise.all([made.#line(), made.#line()]),
      ended,
      new Promise<'late'>((resolve) => setTimeout(resolve, startMs, 'late').unref()),
    ]);
    if (Array.isArray(outcome)) {
      made.#namespaces = JSON.parse(outcome[0]) as { outer: number; inner: number };
      return made;
    }
    await made.stop();
    if (outcome === noNamespaces) return `no namespaces here: ${said.trim()}`;
    throw new Error(`The small internet did not start (${String(outcome)}): ${said}`);
  }

  async #line(): Promise<string> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #command(what: Record<string, unknown>): Promise<void> {
    const answer = this.#line();
    this.#child.stdin?.write(`${JSON.stringify(what)}\n`);
    await answer;
  }

  /** The command line that runs in the near side's namespaces, as whoever runs the tests. */
  enter(command: string, args: readonly string[], cwd = this.folder): [string, string[]] {
    const { outer, inner } = this.#namespaces;
    const first = ['--target', outer.toString(), '--net', '--mount'];
    const there = ['env', '-C', cwd, command, ...args];
    if (outer === inner) return ['nsenter', [...first, '--', ...there]];
    const second = ['nsenter', '--target', inner.toString(), '--user', '--preserve-credentials', '--', ...there];
    return ['nsenter', [...first, '--user', '--preserve-credentials', '--', ...second]];
  }

  /** Everything from here on is what `seen` tells. */
  async forget(): Promise<void> {
    await this.#command({ forget: true });
    this.#offset = readFileSync(join(this.folder, 'seen.jsonl')).length;
  }

  async seen(): Promise<Seen[]> {
    await this.#command({});
    const text = readFileSync(join(this.folder, 'seen.jsonl')).subarray(this.#offset).toString();
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Seen);
  }

  async setResolvers(text: string): Promise<void> {
    await this.#command({ resolv: text });
  }

  async bare(command: string, args: readonly string[], options: StartOptions = {}): Promise<Ran> {
    await this.forget();
    const finished = await run(...this.enter(command, args), withTrust(options));
    return { ...finished, events: [], seen: await this.seen() };
  }

  /** Contained in a place of its own, which is gone afterwards. */
  async contained(
    command: string,
    args: readonly string[],
    plan: Partial<Plan>,
    options: StartOptions = {},
  ): Promise<Ran> {
    await this.forget();
    const arena = makeArena();
    try {
      const finished = await run(
        ...this.enter(...containedCommand(arena, command, args, plan), arena.grant),
        withTrust(options),
      );
      return { ...finished, events: readEvents(arena.spool), seen: await this.seen() };
    } finally {
      removeArena(arena);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('close', resolve));
      this.#child.stdin?.end();
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(timer);
    }
    this.#lines.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function withTrust(options: StartOptions): StartOptions {
  return { ...options, env: { ...trusting, ...options.env } };
}

/** Where packets went, besides name servers: `address:port`, each once, sorted. */
export function reached(seen: readonly Seen[]): string[] {
  const places = seen
    .filter((one) => (one.kind === 'wire' && one.port !== 53) || one.kind === 'own')
    .map(
      (one) =>
        `${one.kind === 'own' ? 'own ' : ''}${one.protocol === 'tcp' || one.kind === 'own' ? '' : `${one.protocol ?? '?'} `}${one.to ?? ''}:${(one.port ?? 0).toString()}`,
    );
  return [...new Set(places)].sort();
}

/** Names that some name server was asked for, in lower case, each once, sorted. */
export function asked(seen: readonly Seen[]): string[] {
  return [...new Set(seen.filter((one) => one.kind === 'dns').map((one) => (one.name ?? '').toLowerCase()))].sort();
}

/** The names inside the connections that arrived: TLS server name, else Host. */
export function names(seen: readonly Seen[]): string[] {
  return [
    ...new Set(seen.filter((one) => one.kind === 'request').map((one) => one.server_name ?? one.host ?? '')),
  ].sort();
}
