/**
 * How the panel reaches its host. Everything above this file knows the interface only. In the desktop program the same
 * requests go to its own scheme, and who is there needs no token.
 *
 * Loopback protocol: `POST /session {code}` answers `{token}` once; every later request carries the token as
 * `Authorization: Bearer`. `POST /rpc/<method>` answers the method's output or `{error}`. `GET /events` streams NDJSON.
 *
 * Limits: an answer of more than `answerMaxBytes` or a line of more than `lineMaxBytes` is refused, an RPC that takes
 * longer than the host's own limit plus a margin is given up. Trust: the host is ours, but what it relays was chosen by
 * servers, so every answer is parsed with the contract's schema; one that does not fit is a failure, never half used.
 */
import { sessionOutputSchema } from '#contract/doors.ts';
import type { Input, MethodName, Output } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';
import { Failure, failureFromAnswer, failureOf } from './failure.ts';

export interface ResumePoint {
  epoch: string;
  seq: number;
}

export interface Transport {
  /** In the desktop program, which does what a browser's page cannot. */
  readonly isDesktop: boolean;
  /** True when requests can be authorised without a new code. */
  isSignedIn: () => boolean;
  /** Exchanges a one-time code. */
  signIn: (code: string) => Promise<void>;
  call: <M extends MethodName>(method: M, input: Input<M>, signal?: AbortSignal) => Promise<Output<M>>;
  /** Lines of the feed as they arrive, several at a time; ends when the host ends it, throws a Failure when it breaks. */
  openFeed: (resume: ResumePoint | null, signal: AbortSignal) => Promise<AsyncIterable<string[]>>;
  /** The same for the output of a terminal, from a position on. */
  openTerminal: (terminal: string, after: number, signal: AbortSignal) => Promise<AsyncIterable<string[]>>;
}

/** Where the token survives a reload of the same tab, and nothing else. */
export interface TokenStore {
  read: () => string | null;
  write: (token: string | null) => void;
}

const answerMaxBytes = 128 * 1024 * 1024;
const lineMaxBytes = 4 * 1024 * 1024;
const answerMarginMs = 5_000;

const tokenKey = 'belljar.token';
const sessionPath = '/session';

export function sessionTokenStore(storage: Storage): TokenStore {
  return {
    read: () => storage.getItem(tokenKey),
    write: (token) => {
      if (token === null) storage.removeItem(tokenKey);
      else storage.setItem(tokenKey, token);
    },
  };
}

async function readBounded(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw failureOf('too-large');
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failureOf('internal');
  }
}

/** Splits a byte stream into lines, as many at a time as one read brought. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > lineMaxBytes) throw failureOf('too-large');
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw failureOf('host-unreachable');
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export interface FetchTransportOptions {
  fetch: (path: string, init: RequestInit) => Promise<Response>;
  /** Null where the door itself knows who is there, as in the desktop program: no code, no token. */
  tokens: TokenStore | null;
}

export function createFetchTransport({ fetch, tokens }: FetchTransportOptions): Transport {
  async function request(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const token = tokens?.read() ?? null;
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(path, { ...init, headers, cache: 'no-store', credentials: 'omit', redirect: 'error' });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'TimeoutError') throw failureOf('timeout');
      throw failureOf('host-unreachable');
    }
    // A code works once: one that was used already says nothing against the token that this tab holds. Forgetting it
    // even for a moment would sign a page out that is reloaded in that moment.
    if (response.status === 401 && path !== sessionPath) tokens?.write(null);
    return response;
  }

  async function post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const response = await request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    let text: string;
    try {
      text = await readBounded(response, answerMaxBytes);
    } catch (error) {
      throw error instanceof Failure ? error : failureOf('host-unreachable');
    }
    if (response.ok) return parseJson(text);
    if (response.status === 401) throw failureOf('unauthorized');
    throw failureFromAnswer(parseJson(text));
  }

  async function openStream(path: string, signal: AbortSignal): Promise<AsyncIterable<string[]>> {
    const response = await request(path, { method: 'GET', signal });
    if (response.status === 401) throw failureOf('unauthorized');
    if (!response.ok) {
      throw failureFromAnswer(parseJson(await readBounded(response, lineMaxBytes)));
    }
    if (response.body === null) throw failureOf('host-unreachable');
    return linesOf(response.body);
  }

  return {
    isDesktop: tokens === null,
    isSignedIn: () => tokens === null || tokens.read() !== null,
    signIn: async (code) => {
      if (tokens === null) return;
      const answer = await post(sessionPath, { code }, AbortSignal.timeout(answerMarginMs));
      const parsed = sessionOutputSchema.safeParse(answer);
      if (!parsed.success) throw failureOf('internal');
      tokens.write(parsed.data.token);
    },
    call: async (method, input, signal) => {
      const declared = methods[method];
      const limit = AbortSignal.timeout(declared.timeoutMs + answerMarginMs);
      const answer = await post(
        `/rpc/${method}`,
        input,
        signal === undefined ? limit : AbortSignal.any([limit, signal]),
      );
      const parsed = declared.output.safeParse(answer);
      if (!parsed.success) throw failureOf('internal');
      return parsed.data as Output<typeof method>;
    },
    openFeed: (resume, signal) => {
      const query = resume === null ? '' : `&after=${resume.seq.toString()}&epoch=${encodeURIComponent(resume.epoch)}`;
      return openStream(`/events?questions=shown${query}`, signal);
    },
    openTerminal: (terminal, after, signal) =>
      openStream(`/terminals/${encodeURIComponent(terminal)}?after=${after.toString()}`, signal),
  };
}
