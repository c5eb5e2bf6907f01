/**
 * `belljar-app://panel/…`, answered by the host behind its private socket. The page is the only one that may ask: any other
 * host, origin, method or credential in the address is refused here, before a byte is sent.
 *
 * Only the method, the path with its query, the content type, the accepted types and the body go on; the host's answer comes
 * back with its own headers, the Content-Security-Policy among them. Bodies to the host are bounded as the host bounds them.
 *
 * Facts of Electron that this is shaped by: a request's `signal` never fires, the answer's `cancel` does; enqueueing into a
 * stream that was cancelled throws in this process. So all answers are one guarded stream, and cancelling it ends the request.
 */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { versionHeader } from '#contract/doors.ts';
import { desktopHost, desktopOrigin, desktopScheme } from '#contract/desktop.ts';
import { BelljarError } from '#contract/errors.ts';
import { methods } from '#contract/methods.ts';
import { errorResponse, readBody } from '../handler.ts';

export type Forward = (request: Request) => Promise<Response>;

/** Longest a stream or a file may be silent, in milliseconds: streams ping more often. */
const silenceMs = 60_000;
/** A call is silent until it ends; the host ends it at the method's own limit. */
const answerMarginMs = 5_000;
const passedOn = ['content-type', 'accept'] as const;

/** The path and query of a request that the page itself may make; throws for every other one. */
export function ownPath(request: Request): string {
  const url = new URL(request.url);
  if (url.protocol !== `${desktopScheme}:` || url.host !== desktopHost || url.username !== '' || url.password !== '') {
    throw new BelljarError('bad-origin');
  }
  const origin = request.headers.get('origin');
  if (origin !== null && origin !== desktopOrigin) throw new BelljarError('bad-origin');
  if (!['GET', 'HEAD', 'POST'].includes(request.method)) {
    throw new BelljarError('invalid-input', { params: { detail: 'only GET, HEAD and POST are answered here' } });
  }
  return url.pathname + url.search;
}

function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let open = true;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = (act: () => void): void => {
        if (!open) return;
        open = false;
        act();
      };
      incoming.on('data', (chunk: Buffer) => {
        if (!open) return;
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 1) <= 0) incoming.pause();
      });
      incoming.on('end', () => end(() => controller.close()));
      const fail = (error: Error): void => end(() => controller.error(error));
      incoming.on('error', fail);
      // Ended before its end: the page must see a broken stream, never a short one that looks whole.
      incoming.on('close', () => fail(new Error('the host went away')));
    },
    pull() {
      incoming.resume();
    },
    cancel() {
      open = false;
      incoming.destroy();
    },
  });
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (['connection', 'keep-alive', 'transfer-encoding', 'date'].includes(name)) continue;
    if (typeof value === 'string') headers.set(name, value);
  }
  return headers;
}

/** How long an answer to this path may keep silent, in milliseconds. */
export function silenceOf(path: string): number {
  const method = Object.entries(methods).find(([name]) => path === `/rpc/${name}`)?.[1];
  return method === undefined ? silenceMs : method.timeoutMs + answerMarginMs;
}

/** Sends one request to the host. Rejects with `host-unreachable` where nobody answers. */
export function askHost(
  socketPath: string,
  version: string,
  request: { method: string; path: string; headers?: Record<string, string>; body?: Buffer },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, path, body } = request;
    const headers = { host: 'belljar', [versionHeader]: version, ...request.headers };
    const outgoing = httpRequest({ socketPath, method, path, headers, agent: false, timeout: silenceOf(path) });
    outgoing.once('timeout', () => outgoing.destroy(new Error('the host is silent')));
    outgoing.once('error', (error) => reject(new BelljarError('host-unreachable', { cause: error })));
    outgoing.once('response', resolve);
    outgoing.end(body);
  });
}

/** `native` answers what only this program can do, or null where the host is to. */
export function createForward(options: {
  socketPath: () => Promise<string>;
  version: string;
  native: (path: string, body: Buffer) => Promise<Response | null>;
}): Forward {
  return async (request) => {
    try {
      const path = ownPath(request);
      const body = request.method === 'POST' ? await readBody(request) : undefined;
      const own = body === undefined ? null : await options.native(path, body);
      if (own !== null) return own;
      const headers: Record<string, string> = {};
      for (const name of passedOn) {
        const value = request.headers.get(name);
        if (value !== null) headers[name] = value;
      }
      if (body !== undefined) headers['content-length'] = String(body.byteLength);
      const incoming = await askHost(await options.socketPath(), options.version, {
        method: request.method,
        path,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const empty = request.method === 'HEAD' || incoming.statusCode === 204 || incoming.statusCode === 304;
      if (empty) incoming.resume();
      return new Response(empty ? null : streamOf(incoming), {
        status: incoming.statusCode ?? 502,
        headers: headersOf(incoming),
      });
    } catch (error) {
      return errorResponse(error);
    }
  };
}
