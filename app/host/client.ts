/**
 * Callers of a host: a typed Api and the feed, over a handler in process, the private socket, or loopback.
 *
 * Trust: what comes back is parsed by the contract; an answer that does not fit is an error, never a guess. Sizes are
 * bounded. A failure of the other side arrives as the same BelljarError that was thrown there.
 */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { versionHeader } from '#contract/doors.ts';
import { BelljarError, errorAnswerSchema } from '#contract/errors.ts';
import type { FeedMessage } from '#contract/feed.ts';
import { feedMessageSchema, pingEveryMs } from '#contract/feed.ts';
import type { Api, MethodName } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';
import type { Handle } from './handler.ts';
import { linesOf } from './lines.ts';
import { version } from './version.ts';

export interface KnockRequest {
  method: 'GET' | 'POST';
  path: string;
  body?: string;
  signal?: AbortSignal;
}

export interface KnockAnswer {
  status: number;
  body: AsyncIterable<Uint8Array>;
}

/** One way to a host. Throws `host-unreachable` when it does not get through. */
export type Knock = (request: KnockRequest) => Promise<KnockAnswer>;

const answerMaxBytes = 64 * 1024 * 1024;
const feedLineMaxCharacters = 4 * 1024 * 1024;
const silentPings = 3;

/** `params.sent` tells whether the request may have been acted on. */
function unreachable(cause: unknown, sent: boolean): BelljarError {
  return new BelljarError('host-unreachable', { params: { sent }, cause });
}

/** The handler itself, in this process. */
export function directKnock(handle: Handle): Knock {
  /** As in node-door.ts: without its request nobody hears that a call was given up. */
  const underWay = new Set<Request>();
  return async ({ method, path, body, signal }) => {
    const request = new Request(`http://belljar${path}`, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      ...(signal === undefined ? {} : { signal }),
    });
    underWay.add(request);
    try {
      const response = await handle(request);
      return { status: response.status, body: chunksOf(response.body, signal) };
    } finally {
      underWay.delete(request);
    }
  };
}

async function* chunksOf(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  const onAbort = (): void => {
    reader.cancel().catch(() => undefined);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    reader.cancel().catch(() => undefined);
  }
}

type Target = { socketPath: string } | { host: string; port: number };

function httpKnock(target: Target, headers: Record<string, string>): Knock {
  return ({ method, path, body, signal }) =>
    new Promise<KnockAnswer>((resolve, reject) => {
      let connected = false;
      const outgoing = httpRequest({
        ...target,
        method,
        path,
        agent: false,
        headers: {
          ...headers,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      outgoing.on('socket', (socket) => {
        socket.once('connect', () => {
          connected = true;
        });
      });
      outgoing.on('error', (error) => reject(unreachable(error, connected)));
      outgoing.on('response', (incoming: IncomingMessage) => {
        resolve({ status: incoming.statusCode ?? 0, body: incoming as AsyncIterable<Uint8Array> });
      });
      outgoing.end(body);
    });
}

/** The private socket. Its folder was checked by whoever found the path. */
export function socketKnock(socketPath: string, ownVersion: string = version): Knock {
  return httpKnock({ socketPath }, { host: 'belljar', [versionHeader]: ownVersion });
}

/** The loopback door, as a page would, with a token. */
export function loopbackKnock(origin: string, token: string): Knock {
  const { hostname, port, host } = new URL(origin);
  return httpKnock({ host: hostname, port: Number(port) }, { host, authorization: `Bearer ${token}` });
}

export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > answerMaxBytes) throw new BelljarError('too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BelljarError('internal', { params: { detail: 'the host answered what is not JSON' }, cause: error });
  }
}

export function errorOf(value: unknown): BelljarError {
  const parsed = errorAnswerSchema.safeParse(value);
  if (!parsed.success) return new BelljarError('internal', { cause: parsed.error });
  const { code, params, file, at } = parsed.data.error;
  return new BelljarError(code, {
    params,
    ...(file === undefined ? {} : { file }),
    ...(at === undefined ? {} : { at }),
  });
}

async function call(knock: Knock, name: MethodName, input: unknown, signal?: AbortSignal): Promise<unknown> {
  const answer = await knock({
    method: 'POST',
    path: `/rpc/${name}`,
    body: JSON.stringify(input),
    ...(signal === undefined ? {} : { signal }),
  });
  let text: string;
  try {
    text = await readText(answer.body);
  } catch (error) {
    throw error instanceof BelljarError ? error : unreachable(error, true);
  }
  const value = parseJson(text);
  if (answer.status !== 200) throw errorOf(value);
  const output = methods[name].output.safeParse(value);
  if (!output.success) {
    throw new BelljarError('internal', { params: { detail: `${name} answered in another form` }, cause: output.error });
  }
  return output.data;
}

export function createClient(knock: Knock): Api {
  const entries = (Object.keys(methods) as MethodName[]).map((name) => [
    name,
    (input: unknown, signal?: AbortSignal) => call(knock, name, input, signal),
  ]);
  return Object.fromEntries(entries) as Api;
}

export interface FollowOptions {
  /** Asked again at each reconnection: the way may have changed. */
  connect: () => Promise<Knock>;
  signal: AbortSignal;
  after?: number;
  epoch?: string;
  /** Questions are shown as they come. */
  questions?: boolean;
  /** For tests: how long silence may last. */
  silenceMs?: number;
  /** For tests: the first pause before coming back; it doubles up to 25 times that. */
  pauseMs?: number;
}

/**
 * The feed, with reconnection: yields every message, `hello` first. After a break it asks for what followed; where the
 * host cannot give that, `snapshot-needed` comes, as on the first connection. Ends when the signal is aborted; throws
 * only what coming back cannot mend (another version, no key).
 */
export async function* followFeed(options: FollowOptions): AsyncGenerator<FeedMessage> {
  const { signal } = options;
  const pauseMs = options.pauseMs ?? 100;
  let { after, epoch } = options;
  let pause = pauseMs;
  while (!signal.aborted) {
    try {
      for await (const message of connectOnce(await options.connect(), after, epoch, options)) {
        pause = pauseMs;
        if (message.type === 'hello') {
          // Without a position of our own, "from now on" is what hello says now is.
          if (after === undefined) after = message.seq;
          else if (epoch !== undefined && epoch !== message.epoch) after = message.seq;
          epoch = message.epoch;
        } else if (message.type !== 'ping') {
          after = message.seq;
        }
        yield message;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof BelljarError && !isPassing(error)) throw error;
    }
    if (signal.aborted) return;
    try {
      await sleep(pause * (0.5 + Math.random()), undefined, { signal });
    } catch {
      return;
    }
    pause = Math.min(pause * 2, pauseMs * 25);
  }
}

function isPassing(error: BelljarError): boolean {
  return error.code === 'host-unreachable' || error.code === 'host-locked' || error.code === 'too-many-streams';
}

async function* connectOnce(
  knock: Knock,
  after: number | undefined,
  epoch: string | undefined,
  options: FollowOptions,
): AsyncGenerator<FeedMessage> {
  const query = new URLSearchParams();
  if (after !== undefined) query.set('after', String(after));
  if (epoch !== undefined) query.set('epoch', epoch);
  if (options.questions === true) query.set('questions', 'shown');
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  options.signal.addEventListener('abort', abort, { once: true });
  const silence = setTimeout(abort, options.silenceMs ?? silentPings * pingEveryMs);
  try {
    const answer = await knock({ method: 'GET', path: `/events?${query.toString()}`, signal: controller.signal });
    if (answer.status !== 200) throw errorOf(parseJson(await readText(answer.body)));
    for await (const lines of linesOf(answer.body, feedLineMaxCharacters)) {
      silence.refresh();
      for (const line of lines) {
        const message = feedMessageSchema.safeParse(parseJson(line));
        if (!message.success) {
          throw new BelljarError('internal', {
            params: { detail: 'the feed spoke another form' },
            cause: message.error,
          });
        }
        yield message.data;
      }
    }
  } finally {
    clearTimeout(silence);
    options.signal.removeEventListener('abort', abort);
    controller.abort();
  }
}
