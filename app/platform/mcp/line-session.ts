/**
 * One MCP server on its standard streams: JSON-RPC, one message a line, raw (the SDK's own client hands out parsed and
 * stripped answers, which cannot be compared).
 *
 * Trust of what the server writes: none. A line and the whole are bounded, everything but a well-formed answer to a
 * question that was asked is passed over or, beyond the bounds, ends the session. Its standard error is kept for one
 * line of explanation, bounded too. Questions of the server are answered: `ping` with nothing, others with "unknown".
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { TrialFailure } from '#engine/checks/ports.ts';
import { ProcessTree } from './process-tree.ts';

const lineMaxBytes = 8 * 1024 * 1024;
const totalMaxBytes = 32 * 1024 * 1024;
const errorTextBytes = 16_384;
/** As the MCP specification asks: close its input, wait, SIGTERM, wait, SIGKILL. */
const closeGraceMs = 2000;
const termGraceMs = 2000;

export class SessionError extends Error {
  readonly failure: TrialFailure;
  constructor(failure: TrialFailure, detail: string) {
    super(detail);
    this.failure = failure;
  }
}

export interface SessionLaunch {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: SessionError) => void;
}

export class LineSession {
  readonly #child: ChildProcess;
  readonly #tree: ProcessTree | null;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #totalBytes = 0;
  #strayLine: string | null = null;
  #errorText = Buffer.alloc(0);
  #failure: SessionError | null = null;
  readonly #closed: Promise<void>;

  constructor(launch: SessionLaunch) {
    this.#child = spawn(launch.command, launch.args, {
      cwd: launch.cwd,
      env: { ...launch.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      shell: false,
      // Its own session: what it starts can be told from what is ours, and a terminal's Ctrl-C does not reach it.
      detached: true,
    });
    this.#tree = this.#child.pid === undefined ? null : new ProcessTree(this.#child.pid);
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#fail(new SessionError('ended', describeEnd(code, signal)));
        resolve();
      });
      this.#child.once('error', (error) => {
        this.#fail(startError(error, launch.command));
        if (this.#child.pid === undefined) {
          resolve();
        }
      });
    });
    // Writing to a server that is gone must not end this process; its end is told by `close`.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      const text = Buffer.concat([this.#errorText, chunk]);
      this.#errorText = text.subarray(Math.max(0, text.length - errorTextBytes));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines of its standard error, as text. */
  errorLines(): string[] {
    return this.#errorText
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  /** What it wrote to standard output that is no message: often the reason why it does not work. */
  get strayLine(): string | null {
    return this.#strayLine;
  }

  request(method: string, params: unknown): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#send({ jsonrpc: '2.0', id, method, params });
    });
  }

  notify(method: string): void {
    this.#send({ jsonrpc: '2.0', method });
  }

  /** Makes every question that is open or comes later fail. */
  abort(failure: TrialFailure, detail: string): void {
    this.#fail(new SessionError(failure, detail));
  }

  /** Ends it the way clients do; when this resolves, nothing of it runs any more. */
  async close(): Promise<void> {
    this.abort('cancelled', 'closed');
    this.#child.stdin?.end();
    await Promise.race([this.#closed, delay(closeGraceMs)]);
    await this.#tree?.end(termGraceMs);
    // A descendant that ended holds no pipe any more, so `close` follows at once; the bound is for a stuck kernel.
    await Promise.race([this.#closed, delay(1000)]);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #send(message: unknown): void {
    if (this.#child.stdin?.writable === true) {
      this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    }
  }

  #fail(error: SessionError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) {
      reject(this.#failure);
    }
    this.#waiting.clear();
  }

  #take(chunk: Buffer): void {
    if (this.#failure !== null) {
      return;
    }
    this.#totalBytes += chunk.length;
    if (this.#totalBytes > totalMaxBytes) {
      this.#fail(new SessionError('not-mcp', 'it wrote more than a server has to say'));
      return;
    }
    let rest = chunk;
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      this.#pending.push(rest.subarray(0, end));
      const line = Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingBytes = 0;
      rest = rest.subarray(end + 1);
      this.#line(line);
    }
    this.#pending.push(rest);
    this.#pendingBytes += rest.length;
    if (this.#pendingBytes > lineMaxBytes) {
      this.#fail(new SessionError('not-mcp', 'it wrote a line beyond every bound'));
    }
  }

  #line(line: Buffer): void {
    const text = line.toString('utf8').trim();
    if (text === '') {
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      this.#strayLine ??= text.slice(0, 500);
      return;
    }
    if (typeof message !== 'object' || message === null) {
      this.#strayLine ??= text.slice(0, 500);
      return;
    }
    const { id, method, result, error } = message as Record<string, unknown>;
    if (typeof method === 'string') {
      this.#answer(id, method);
      return;
    }
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (waiting === undefined || typeof id !== 'number') {
      return;
    }
    this.#waiting.delete(id);
    if (error === undefined) {
      waiting.resolve(result);
    } else {
      waiting.reject(answeredError(error));
    }
  }

  #answer(id: unknown, method: string): void {
    if (typeof id !== 'number' && typeof id !== 'string') {
      return;
    }
    this.#send(
      method === 'ping'
        ? { jsonrpc: '2.0', id, result: {} }
        : { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } },
    );
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

/** The launcher puts its own refusals into the answer to `initialize`; those are no answer of the server. */
function answeredError(error: unknown): SessionError {
  const data = typeof error === 'object' && error !== null && 'data' in error ? error.data : undefined;
  const own = typeof data === 'object' && data !== null && 'belljar' in data;
  return own
    ? new SessionError('ended', errorMessage(error))
    : new SessionError('not-mcp', `it answered with an error: ${errorMessage(error)}`);
}

function errorMessage(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  return (typeof message === 'string' ? message : JSON.stringify(error)).slice(0, 1000);
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) {
    return `it was ended by ${signal}`;
  }
  if (code !== null && code > 128) {
    const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
    if (name !== undefined) {
      return `it was ended by ${name}`;
    }
  }
  return code === 0 ? 'it ended before it had answered' : `it ended with status ${code ?? 'unknown'}`;
}

function startError(error: Error, command: string): SessionError {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') {
    return new SessionError('command-not-found', `the command "${command}" was not found`);
  }
  return new SessionError(
    'cannot-execute',
    `the command "${command}" cannot be executed (${typeof code === 'string' ? code : 'unknown'})`,
  );
}
