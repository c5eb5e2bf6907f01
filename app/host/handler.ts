/**
 * The one handler behind every door: `handle(Request): Promise<Response>`.
 *
 *   GET|HEAD /<file>               the renderer's files
 *   POST     /rpc/<name>           JSON in, JSON out; a failure is `{error}` with the status of its code
 *   GET      /desktop              what the desktop program shows, NDJSON; private doors only
 *   GET      /events?after&epoch   the feed, NDJSON; `questions=shown` says that its reader shows questions as they come
 *   GET      /terminals/<id>?after the output of a terminal, NDJSON
 *
 * Trust: every request is hostile until parsed. Bodies are JSON by their content type (which no form and no simple
 * cross-site request can send), read at most `requestMaxBytes`, and parsed by the contract's strict schemas. Anything
 * else is refused with a typed error. It throws nothing: an unknown failure is logged and answered as `internal`.
 * Doors add what is theirs: who may knock at all.
 */
import type { DecisionDoor } from '#contract/decision.ts';
import type { ErrorCode } from '#contract/errors.ts';
import { BelljarError, errorCodes } from '#contract/errors.ts';
import type { Api, MethodName } from '#contract/methods.ts';
import { terminalIdPattern } from '#contract/words.ts';
import { requestMaxBytes } from '#contract/methods.ts';
import { toErrorBody } from '#contract/sentences.ts';
import { atDoor } from './at-door.ts';
import { dispatch, isMethodName } from './dispatch.ts';
import type { FeedHub, FeedReader } from './feed-hub.ts';
import type { HostLog } from './log.ts';
import { readStaticFile } from './static-files.ts';
import { terminalStream, type AttachTerminal } from './terminal-stream.ts';

export type Handle = (request: Request) => Promise<Response>;

export interface HandlerOptions {
  api: Api;
  feed: FeedHub;
  attachTerminal: AttachTerminal;
  /** The built renderer. */
  rendererFolder: string;
  log: Pick<HostLog, 'error'>;
  /** Who is behind it, for decisions. */
  door?: DecisionDoor;
  /** Methods this handler refuses with `private-door-only`. */
  refuse?: ReadonlySet<MethodName>;
  /** What the desktop program follows; behind a door without it, that is refused with `private-door-only`. */
  desktop?: () => ReadableStream<Uint8Array>;
  /** For tests: replaces every method's own limit. */
  timeoutMs?: number;
}

const securityHeaders: Record<string, string> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'permissions-policy':
    'accelerometer=(), browsing-topics=(), camera=(), clipboard-read=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), microphone=(), midi=(), payment=(), serial=(), usb=()',
};

const jsonHeaders = { ...securityHeaders, 'content-type': 'application/json; charset=utf-8' };

export function jsonResponse(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const body = Buffer.from(JSON.stringify(value));
  return new Response(body, {
    status,
    headers: { ...jsonHeaders, 'content-length': String(body.byteLength), ...headers },
  });
}

/** Where HTTP has a more exact status than the code's own, it is given. */
export function errorResponse(error: unknown, status?: number, headers: Record<string, string> = {}): Response {
  const body = toErrorBody(error);
  return jsonResponse({ error: body }, status ?? errorCodes[body.code].status, headers);
}

function refusal(code: ErrorCode, detail: string): BelljarError {
  return new BelljarError(code, { params: { detail } });
}

function notAllowed(allowed: string): Response {
  return errorResponse(refusal('invalid-input', `only ${allowed} is answered here`), 405, { allow: allowed });
}

/** Never more than the limit, whatever the length header promises. */
export async function readBody(request: Request, maxBytes: number = requestMaxBytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const read = await reader?.read();
    if (read === undefined || read.done) return Buffer.concat(chunks);
    size += read.value.byteLength;
    if (size > maxBytes) {
      // Not awaited: a sender that never stops must not hold up the answer.
      reader?.cancel().catch(() => undefined);
      throw new BelljarError('too-large');
    }
    chunks.push(read.value);
  }
}

export async function readJson(request: Request, maxBytes: number = requestMaxBytes): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;\s*charset=utf-8\s*)?$/i.test(type)) {
    throw new UnsupportedType('the content type must be application/json');
  }
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new BelljarError('too-large');
  return parseBody(await readBody(request, maxBytes));
}

export function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    throw refusal('invalid-input', 'the body is not JSON');
  }
}

class UnsupportedType extends BelljarError {
  constructor(detail: string) {
    super('invalid-input', { params: { detail } });
  }
}

const feedParameters = new Set(['after', 'epoch', 'questions']);

function feedReaderOf(url: URL): FeedReader {
  for (const key of url.searchParams.keys()) {
    if (!feedParameters.has(key)) throw refusal('invalid-input', 'the feed knows only after, epoch and questions');
  }
  const after = url.searchParams.get('after');
  const epoch = url.searchParams.get('epoch');
  if (after !== null && !/^\d{1,15}$/.test(after)) throw refusal('invalid-input', 'after must be a whole number');
  if (epoch !== null && !/^[A-Za-z0-9-]{1,64}$/.test(epoch)) throw refusal('invalid-input', 'epoch is not of our form');
  const questions = url.searchParams.get('questions');
  if (questions !== null && questions !== 'shown') throw refusal('invalid-input', 'questions are shown, or not named');
  return {
    questions: questions !== null,
    ...(after === null ? {} : { after: Number(after) }),
    ...(epoch === null ? {} : { epoch }),
  };
}

/** `after` of `/terminals/<id>?after=<n>`; from the start of what is kept where it is not named. */
function positionOf(url: URL): number {
  if ([...url.searchParams.keys()].some((key) => key !== 'after'))
    throw refusal('invalid-input', 'a terminal knows only after');
  const after = url.searchParams.get('after') ?? '0';
  if (!/^\d{1,15}$/.test(after)) throw refusal('invalid-input', 'after must be a whole number');
  return Number(after);
}

export function createHandler(options: HandlerOptions): Handle {
  const { api, feed, rendererFolder, log } = options;

  async function rpc(request: Request, name: string): Promise<Response> {
    if (!isMethodName(name)) return errorResponse(refusal('invalid-input', 'there is no such method'), 404);
    if (request.method !== 'POST') return notAllowed('POST');
    if (options.refuse?.has(name) === true) throw new BelljarError('private-door-only');
    const input = await readJson(request);
    const output = await atDoor(options.door ?? 'command-line', () =>
      dispatch(api, name, input, {
        signal: request.signal,
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      }),
    );
    return jsonResponse(output);
  }

  async function file(request: Request, url: URL): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD');
    const found = await readStaticFile(rendererFolder, url.pathname);
    if (found === null) {
      const missing = url.pathname === '/' ? 'The panel is not built: npm run build\n' : 'Not found\n';
      const body = request.method === 'HEAD' ? null : missing;
      return new Response(body, {
        status: 404,
        headers: { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8' },
      });
    }
    const headers = {
      ...securityHeaders,
      'content-type': found.type,
      'content-length': String(found.body.byteLength),
    };
    return new Response(request.method === 'HEAD' ? null : found.body, { headers });
  }

  /** What a path streams; null where it is no stream. */
  function streamOf(url: URL): (() => ReadableStream<Uint8Array>) | null {
    if (url.pathname === '/events') return () => feed.open(feedReaderOf(url));
    if (url.pathname === '/desktop') {
      return () => {
        if (options.desktop === undefined) throw new BelljarError('private-door-only');
        return options.desktop();
      };
    }
    if (!url.pathname.startsWith('/terminals/')) return null;
    return () => {
      const id = url.pathname.slice('/terminals/'.length);
      if (!terminalIdPattern.test(id)) throw new BelljarError('no-such-terminal');
      return terminalStream(options.attachTerminal, id, positionOf(url));
    };
  }

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/rpc/')) return await rpc(request, url.pathname.slice('/rpc/'.length));
    const open = streamOf(url);
    if (open === null) return await file(request, url);
    if (request.method !== 'GET') return notAllowed('GET');
    return new Response(open(), {
      headers: { ...securityHeaders, 'content-type': 'application/x-ndjson; charset=utf-8' },
    });
  }

  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (!(error instanceof BelljarError) || error.code === 'internal') {
        log.error('request-failed', error, { path: new URL(request.url).pathname.slice(0, 200) });
      }
      return errorResponse(error, error instanceof UnsupportedType ? 415 : undefined);
    }
  };
}
