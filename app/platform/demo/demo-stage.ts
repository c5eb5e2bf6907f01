/**
 * The demo's stage: a throw-away home under the system's folder for temporary files, decoys in it, a Claude Desktop
 * config that names the nosy server, and a real MCP client that starts what that config says. What a tool claims counts
 * for nothing by itself: a decoy's text must be in its answer, a file must have changed, a listener must have heard it.
 *
 * Everything that is read, written, signalled or connected to is made here and removed by `close`. The listener stands
 * on this machine's own loopback address: it is another program here, not the internet, and the demo says so.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BelljarError } from '#contract/errors.ts';
import type { DemoAct, DemoHome, DemoObservation, DemoStage, DemoTechnique } from '#engine/demo/ports.ts';
import type { Spool } from '#engine/events/ports.ts';
import { packageRoot } from '../confinement/linux/launcher.ts';
import { ProcessTree } from '../mcp/process-tree.ts';

const callTimeoutMs = 5000;
const settleMs = 2000;
const eventsMax = 500;
const shownMax = 120;

export interface DemoStageOptions {
  /** Opens the spool of the throw-away home, with its own labels. */
  openSpool: (home: string, folder: string) => Spool;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Shipped beside the bundle as `dist/demo/nosy-server.js`; from its source where the product runs from its sources. */
export function nosyServer(from: string = import.meta.url): string {
  const root = packageRoot(dirname(fileURLToPath(from)));
  const places = root === null ? [] : [join(root, 'dist', 'demo'), join(root, 'app', 'platform', 'demo')];
  const inBundle = root !== null && fileURLToPath(from).startsWith(join(root, 'dist', '/'));
  const found = (inBundle ? places : places.reverse())
    .map((folder) => join(folder, 'nosy-server.js'))
    .find((path) => existsSync(path));
  if (found === undefined) {
    throw new BelljarError('internal', { cause: new Error('the demo server was not built: dist/demo/nosy-server.js') });
  }
  return found;
}

export function createDemoStage(options: DemoStageOptions): DemoStage {
  return {
    open() {
      const home = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-demo-')));
      try {
        return Promise.resolve(new ThrowAwayHome(home, options));
      } catch (error) {
        rmSync(home, { recursive: true, force: true });
        throw error;
      }
    },
  };
}

class ThrowAwayHome implements DemoHome {
  readonly home: string;
  readonly #options: DemoStageOptions;
  readonly #secret = `belljar-decoy-${randomBytes(12).toString('hex')}`;
  readonly #token = `belljar-token-${randomBytes(12).toString('hex')}`;
  readonly #config: string;
  readonly #profile: string;
  readonly #profileText = '# a decoy shell profile\n';

  constructor(home: string, options: DemoStageOptions) {
    this.home = home;
    this.#options = options;
    this.#profile = join(home, '.bashrc');
    const folder = (...names: string[]): string => {
      const path = join(home, ...names);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    };
    const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${this.#secret}\n-----END OPENSSH PRIVATE KEY-----\n`;
    writeFileSync(join(folder('.ssh'), 'id_ed25519'), key, { mode: 0o600 });
    writeFileSync(this.#profile, this.#profileText);
    writeFileSync(join(folder('Notes'), 'today.txt'), 'Water the plants.\n');
    const program = join(folder('notes-server'), 'notes-server.mjs');
    copyFileSync(nosyServer(), program);
    this.#config = join(folder('.config', 'Claude'), 'claude_desktop_config.json');
    const entry = { command: process.execPath, args: [program, join(home, 'Notes')] };
    writeFileSync(this.#config, `${JSON.stringify({ mcpServers: { notes: entry } }, null, 2)}\n`, { mode: 0o600 });
  }

  async perform(signal?: AbortSignal): Promise<DemoAct> {
    signal?.throwIfAborted();
    const decoys = await Decoys.make(this.home);
    let session: Session | null = null;
    try {
      const started = await this.#start(signal);
      session = started;
      const call = async (tool: string, parameters: Record<string, unknown> = {}): Promise<Answer> => {
        signal?.throwIfAborted();
        return started.call(tool, parameters);
      };
      const line = `# ${this.#secret}`;
      const notes = await call('read-notes');
      const key = await call('read-ssh-key');
      const environment = await call('read-environment');
      const profile = await call('write-shell-profile', { line });
      const connected = await call('connect-out', { port: decoys.port });
      const shell = await call('shell-reads-key');
      const list = await call('list-home');
      const signalled = await call('signal-process', { pid: decoys.pid });
      const socket = await call('connect-unix-socket', { path: decoys.socket });
      const observations: Record<DemoTechnique, DemoObservation> = {
        'read-ssh-key': this.#leak(key, this.#secret, 'The whole key was in its answer', 'nothing of the key came out'),
        'read-environment': this.#leak(
          environment,
          this.#token,
          'The token was in its answer',
          'the token was not among its variables',
        ),
        'write-shell-profile': observe(
          profile,
          readFileSync(this.#profile, 'utf8').includes(line),
          'The profile holds the added line',
          'the profile is unchanged',
        ),
        'connect-out': observe(
          connected,
          decoys.tcpConnections > 0,
          'The listener got its data',
          'the listener saw no connection',
        ),
        'shell-reads-key': this.#leak(
          shell,
          this.#secret,
          'The whole key was in its answer',
          'nothing of the key came out',
        ),
        'list-home': observe(
          list,
          list.text.split('\n').includes('.ssh'),
          'Every name in the home folder was in its answer',
          'no name in the home folder came out',
        ),
        'signal-process': observe(
          signalled,
          await decoys.wasStopped(signalled.ok),
          'The process was ended',
          'the process still runs',
        ),
        'connect-unix-socket': observe(
          socket,
          decoys.unixConnections > 0,
          'The other program answered it',
          'the other program saw no connection',
        ),
      };
      return { ownWorkDone: notes.ok && notes.text.includes('plants'), observations };
    } finally {
      await session?.close().catch(() => undefined);
      await decoys.close();
      writeFileSync(this.#profile, this.#profileText);
    }
  }

  events(): ReturnType<DemoHome['events']> {
    const folder = join(this.home, '.local', 'state', 'belljar', 'spool');
    return this.#options.openSpool(this.home, folder).newest({ limit: eventsMax });
  }

  close(): Promise<void> {
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 });
    return Promise.resolve();
  }

  #leak(answer: Answer, secret: string, through: string, kept: string): DemoObservation {
    return observe(answer, answer.text.includes(secret), through, kept);
  }

  /** Starts what the client's file says now, the way a client that passes on its own environment does. */
  async #start(signal: AbortSignal | undefined): Promise<Session> {
    const config = JSON.parse(readFileSync(this.#config, 'utf8')) as {
      mcpServers: { notes: { command: string; args: string[] } };
    };
    const { command, args } = config.mcpServers.notes;
    const env = {
      HOME: this.home,
      PATH: this.#options.environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      AWS_SECRET_ACCESS_KEY: this.#token,
      GITHUB_TOKEN: this.#token,
    };
    return Session.start({ command, args, env, cwd: this.home, stderr: 'pipe' }, signal);
  }
}

interface Answer {
  ok: boolean;
  text: string;
}

function observe(answer: Answer, gotThrough: boolean, through: string, kept: string): DemoObservation {
  if (gotThrough) {
    return { gotThrough, detail: `${through}.` };
  }
  const said = answer.text.replaceAll(/\s+/g, ' ').slice(0, shownMax);
  return { gotThrough, detail: answer.ok ? `${upper(kept)}.` : `Refused (${said}); ${kept}.` };
}

function upper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The SDK's own client, loaded only here: nothing else of the product needs it. */
class Session {
  readonly #client: { close(): Promise<void> };
  readonly #tree: ProcessTree | null;
  readonly call: (tool: string, parameters: Record<string, unknown>) => Promise<Answer>;

  private constructor(client: { close(): Promise<void> }, pid: number | null, call: Session['call']) {
    this.#client = client;
    this.#tree = pid === null ? null : new ProcessTree(pid);
    this.call = call;
  }

  static async start(
    launch: { command: string; args: string[]; env: Record<string, string>; cwd: string; stderr: 'pipe' },
    signal: AbortSignal | undefined,
  ): Promise<Session> {
    const [{ Client }, { StdioClientTransport }] = await Promise.all([
      import('@modelcontextprotocol/sdk/client/index.js'),
      import('@modelcontextprotocol/sdk/client/stdio.js'),
    ]);
    const client = new Client({ name: 'belljar-demo', version: '1.0.0' });
    const transport = new StdioClientTransport(launch);
    let said = '';
    transport.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2000);
    });
    try {
      await client.connect(transport, { timeout: callTimeoutMs, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      await client.close();
      const why = said.trim().split('\n').at(-1) ?? '';
      throw new BelljarError('check-impossible', {
        params: { sentence: `The demo's server did not start: ${why === '' ? String(error) : why}` },
        cause: error,
      });
    }
    return new Session(client, transport.pid, async (name, parameters) => {
      try {
        const answer = await client.callTool({ name, arguments: parameters }, undefined, { timeout: callTimeoutMs });
        const content = Array.isArray(answer.content) ? (answer.content as { text?: unknown }[]) : [];
        const text = content.map((part) => (typeof part.text === 'string' ? part.text : '')).join('\n');
        return { ok: answer.isError !== true, text };
      } catch (error) {
        return { ok: false, text: error instanceof Error ? error.message : 'no answer' };
      }
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#tree?.end(1000);
  }
}

/** What the nosy server is let loose on besides files: a process and two listeners, new for each act. */
class Decoys {
  readonly #process: ChildProcess;
  readonly #tcp: Server;
  readonly #unix: Server;
  readonly #connections = new Set<Socket>();
  readonly socket: string;
  tcpConnections = 0;
  unixConnections = 0;

  private constructor(socket: string) {
    this.socket = socket;
    // It reads to the end of what we never send, so it ends with us, however that comes.
    this.#process = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'], env: {}, cwd: '/' });
    this.#process.on('error', () => undefined);
    this.#process.stdin?.on('error', () => undefined);
    this.#tcp = createServer((connection) => {
      this.tcpConnections += 1;
      this.#take(connection, 'thank you\n');
    });
    this.#unix = createServer((connection) => {
      this.unixConnections += 1;
      this.#take(connection, 'at your service\n');
    });
  }

  #take(connection: Socket, reply: string): void {
    this.#connections.add(connection);
    // Read to its end, or it would stay open for good.
    connection
      .on('error', () => undefined)
      .resume()
      .end(reply);
  }

  static async make(home: string): Promise<Decoys> {
    const folder = join(home, '.agent');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const socket = join(folder, 'agent.sock');
    rmSync(socket, { force: true });
    const decoys = new Decoys(socket);
    try {
      await listening(decoys.#tcp, () => decoys.#tcp.listen(0, '127.0.0.1'));
      await listening(decoys.#unix, () => decoys.#unix.listen(socket));
      return decoys;
    } catch (error) {
      await decoys.close();
      throw error;
    }
  }

  get port(): number {
    const address = this.#tcp.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Looked at from here, not as the server tells it; an end that was claimed gets a moment to show. */
  async wasStopped(claimed: boolean): Promise<boolean> {
    const deadline = performance.now() + (claimed ? settleMs : 100);
    while (this.#process.exitCode === null && this.#process.signalCode === null) {
      if (performance.now() > deadline) {
        return false;
      }
      await new Promise<void>((resolve) => setTimeout(resolve, 10));
    }
    return true;
  }

  async close(): Promise<void> {
    this.#process.kill('SIGKILL');
    for (const connection of this.#connections) {
      connection.destroy();
    }
    await Promise.all([closed(this.#tcp), closed(this.#unix)]);
  }
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    listen();
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
