/**
 * node:http in front of a handler: what the socket and the loopback door have in common. Turns a message into a
 * Request, a Response into an answer, with backpressure both ways, and aborts the request when its caller goes.
 *
 * Limits: headers 16 KiB and 10 s, a whole request 30 s, 64 connections. Only origin-form targets (`/path`) are taken.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Handle } from './handler.ts';
import { errorResponse } from './handler.ts';
import { BelljarError } from '#contract/errors.ts';

const headersMaxBytes = 16 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const connectionsMax = 64;
const drainMs = 500;
const drainMaxBytes = 4 * 1024 * 1024;
const methodPattern = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;

export interface NodeDoorOptions {
  /** What requests are addressed to; the Host header is the door's own business. */
  origin: string;
  handle: Handle;
  headersTimeoutMs?: number;
  requestTimeoutMs?: number;
}

/** The body of a message as a stream that never runs ahead of its reader. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let ended = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.pause();
        const finish = (act: () => void): void => {
          if (ended) return;
          ended = true;
          act();
        };
        incoming.on('data', (chunk: Buffer) => {
          if (ended) return;
          controller.enqueue(new Uint8Array(chunk));
          incoming.pause();
        });
        incoming.on('end', () => finish(() => controller.close()));
        incoming.on('error', (error) => finish(() => controller.error(error)));
        incoming.on('close', () => finish(() => controller.error(new BelljarError('invalid-input'))));
      },
      pull() {
        incoming.resume();
      },
      cancel() {
        ended = true;
      },
    },
    { highWaterMark: 0 },
  );
}

/** Null for what is no request of our form. */
function toRequest(incoming: IncomingMessage, origin: string, signal: AbortSignal): Request | null {
  const method = incoming.method ?? '';
  const target = incoming.url ?? '';
  if (!methodPattern.test(method) || !target.startsWith('/')) return null;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  try {
    const headers = new Headers();
    for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
      headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
    }
    return new Request(`${origin}${target}`, {
      method,
      headers,
      signal,
      ...(hasBody ? { body: bodyOf(incoming), duplex: 'half' as const } : {}),
    });
  } catch {
    return null;
  }
}

/**
 * A caller that is refused while it still sends would get a reset connection instead of its answer: what it sends is
 * read and thrown away for a moment, bounded in time and size.
 */
async function drain(incoming: IncomingMessage): Promise<void> {
  if (incoming.complete || incoming.destroyed) return;
  await new Promise<void>((resolve) => {
    let size = 0;
    const timer = setTimeout(resolve, drainMs);
    incoming.removeAllListeners('data');
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > drainMaxBytes) resolve();
    });
    for (const event of ['end', 'close', 'error']) incoming.once(event, () => resolve());
    incoming.once('close', () => clearTimeout(timer));
    incoming.resume();
  });
}

async function send(response: Response, outgoing: ServerResponse, incoming: IncomingMessage): Promise<void> {
  // A connection whose request was not read to its end cannot carry another one.
  if (!incoming.complete) outgoing.shouldKeepAlive = false;
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  if (reader === undefined) {
    await drain(incoming);
    outgoing.end();
    return;
  }
  // The callers of a feed wait for its first line, not for the first write.
  outgoing.flushHeaders();
  const gone = new Promise<void>((resolve) => outgoing.once('close', resolve));
  const onGone = (): void => {
    reader.cancel().catch(() => undefined);
  };
  outgoing.once('close', onGone);
  // It may have gone before it was listened for.
  if (outgoing.destroyed) onGone();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || outgoing.destroyed) break;
      if (!outgoing.write(value)) {
        await Promise.race([gone, new Promise<void>((resolve) => outgoing.once('drain', resolve))]);
      }
    }
    await drain(incoming);
    outgoing.end();
  } catch {
    outgoing.destroy();
  } finally {
    outgoing.off('close', onGone);
  }
}

export function createNodeServer(options: NodeDoorOptions): Server {
  /** A request's own signal follows another one only while the request is there (undici holds it weakly), which its listeners do not see to. */
  const underWay = new Set<Request>();

  function begin(incoming: IncomingMessage, outgoing: ServerResponse): Request | null {
    const controller = new AbortController();
    const request = toRequest(incoming, options.origin, controller.signal);
    if (request === null) return null;
    underWay.add(request);
    outgoing.once('close', () => {
      controller.abort();
      underWay.delete(request);
    });
    return request;
  }

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = begin(incoming, outgoing);
    const response =
      request === null
        ? errorResponse(new BelljarError('invalid-input', { params: { detail: 'not a request of our form' } }))
        : await options.handle(request);
    await send(response, outgoing, incoming);
  };
  const server = createServer(
    {
      maxHeaderSize: headersMaxBytes,
      headersTimeout: options.headersTimeoutMs ?? headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs ?? requestTimeoutMs,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 500,
    },
    (incoming, outgoing) => {
      serve(incoming, outgoing).catch(() => outgoing.destroy());
    },
  );
  server.maxConnections = connectionsMax;
  return server;
}

/** Stops accepting, gives what is under way a bounded time, then ends it. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
