/**
 * The door for pages: HTTP on 127.0.0.1 only. Any program and any website of this machine can knock here, so:
 *
 * - Host must be exactly this address and port (a rebound DNS name is refused);
 * - Origin, where sent, must be this door's own, and Sec-Fetch-Site must not tell of another site;
 * - everything but static files needs `Authorization: Bearer <token>`, 256 random bits, compared in constant time. No
 *   cookie: cookies ignore ports;
 * - a page gets its token for a one-time code. The code reaches the browser in the fragment of an address inside a file
 *   that only this user can read; it is never in a process's arguments, in a request line or in a log;
 * - at most `loopbackStreamsMax` feeds and terminals together; methods for the private door are refused by the handler behind this one.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { unlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loopbackStreamsMax, sessionInputSchema } from '#contract/doors.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Handle } from './handler.ts';
import { errorResponse, jsonResponse, readJson } from './handler.ts';
import { closeServer, createNodeServer } from './node-door.ts';
import type { Door } from './socket-door.ts';

const codeLifeMs = 5 * 60_000;
const codesMax = 16;
const tokensMax = 64;
const sessionMaxBytes = 1024;
const graceMs = 1_000;

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Secrets are kept as digests of one length, so that comparing takes the same time whatever was sent. */
function findSecret<Entry extends { digest: Buffer }>(entries: Iterable<Entry>, secret: string): Entry | null {
  const wanted = digest(secret);
  let found: Entry | null = null;
  for (const entry of entries) if (timingSafeEqual(entry.digest, wanted)) found = entry;
  return found;
}

interface Code {
  digest: Buffer;
  timer: NodeJS.Timeout;
  redirectFile: string;
}

export interface Sessions {
  /** A new one-time code, written into a redirect file. */
  invite(origin: string): { redirectFile: string };
  /** A token for a code that was not used yet, or null. */
  redeem(code: string): string | null;
  isValid(token: string): boolean;
  /** Forgets codes and tokens, and removes the redirect files. */
  close(): void;
}

function redirectPage(address: string): string {
  return [
    '<!doctype html>',
    '<meta charset="utf-8">',
    '<meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0; url=${address}">`,
    '<title>Belljar</title>',
    `<p><a href="${address}">Open Belljar</a></p>`,
    '',
  ].join('\n');
}

export function createSessions(folder: string, lifeMs: number = codeLifeMs): Sessions {
  const codes: Code[] = [];
  const tokens: { digest: Buffer }[] = [];

  function forget(code: Code): void {
    clearTimeout(code.timer);
    const index = codes.indexOf(code);
    if (index >= 0) codes.splice(index, 1);
    try {
      unlinkSync(code.redirectFile);
    } catch {
      // The person removed it.
    }
  }

  return {
    invite(origin) {
      const oldest = codes[0];
      if (codes.length >= codesMax && oldest !== undefined) forget(oldest);
      const secret = randomBytes(32).toString('base64url');
      const redirectFile = join(folder, `panel-${randomBytes(8).toString('hex')}.html`);
      writeFileSync(redirectFile, redirectPage(`${origin}/#code=${secret}`), { mode: 0o600, flag: 'wx' });
      const code: Code = { digest: digest(secret), redirectFile, timer: setTimeout(() => forget(code), lifeMs) };
      code.timer.unref();
      codes.push(code);
      return { redirectFile };
    },
    redeem(secret) {
      const code = findSecret(codes, secret);
      if (code === null) return null;
      forget(code);
      const token = randomBytes(32).toString('base64url');
      tokens.push({ digest: digest(token) });
      if (tokens.length > tokensMax) tokens.shift();
      return token;
    },
    isValid: (token) => findSecret(tokens, token) !== null,
    close() {
      for (const code of [...codes]) forget(code);
      tokens.length = 0;
    },
  };
}

export interface LoopbackGuardOptions {
  handle: Handle;
  sessions: Sessions;
  /** `127.0.0.1:<port>`; asked at each request, since the port is known only once the door is open. */
  host: () => string;
  streamsMax?: number;
}

function bearerOf(request: Request): string | null {
  return /^Bearer ([A-Za-z0-9_-]{1,256})$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? null;
}

/** Answers that go on until one side closes. */
function isStream(pathname: string): boolean {
  return pathname === '/events' || pathname.startsWith('/terminals/');
}

/** The rules of this door in front of the handler. */
export function guardLoopbackDoor(options: LoopbackGuardOptions): Handle {
  const { handle, sessions } = options;
  const streamsMax = options.streamsMax ?? loopbackStreamsMax;
  let streams = 0;

  function isForeign(request: Request, pathname: string): boolean {
    const host = options.host();
    if (request.headers.get('host') !== host) return true;
    const origin = request.headers.get('origin');
    if (origin !== null && origin !== `http://${host}`) return true;
    const site = request.headers.get('sec-fetch-site');
    const isMachine = pathname === '/session' || isStream(pathname) || pathname.startsWith('/rpc/');
    // The page itself is navigated to from the redirect file, which is another site; what it asks for afterwards is not.
    return isMachine && site !== null && site !== 'same-origin' && site !== 'none';
  }

  async function openSession(request: Request): Promise<Response> {
    if (request.method !== 'POST') return errorResponse(new BelljarError('invalid-input'), 405, { allow: 'POST' });
    const parsed = sessionInputSchema.safeParse(await readJson(request, sessionMaxBytes));
    const token = parsed.success ? sessions.redeem(parsed.data.code) : null;
    return token === null ? errorResponse(new BelljarError('unauthorized')) : jsonResponse({ token });
  }

  async function openStream(request: Request): Promise<Response> {
    if (streams >= streamsMax) return errorResponse(new BelljarError('too-many-streams'));
    streams += 1;
    let counted = true;
    const release = (): void => {
      if (counted) streams -= 1;
      counted = false;
    };
    // The door's server aborts the request when its connection closes, whoever closed it.
    request.signal.addEventListener('abort', release, { once: true });
    // It may have gone before it was listened for.
    if (request.signal.aborted) release();
    const response = await handle(request);
    if (response.status !== 200) release();
    return response;
  }

  return async (request) => {
    const { pathname } = new URL(request.url);
    try {
      if (isForeign(request, pathname)) return errorResponse(new BelljarError('bad-origin'));
      if (pathname === '/session') return await openSession(request);
      if (isStream(pathname) || pathname.startsWith('/rpc/')) {
        const token = bearerOf(request);
        if (token === null || !sessions.isValid(token)) {
          return errorResponse(new BelljarError('unauthorized'), undefined, { 'www-authenticate': 'Bearer' });
        }
      }
      return isStream(pathname) ? await openStream(request) : await handle(request);
    } catch (error) {
      return errorResponse(error);
    }
  };
}

export interface LoopbackDoor extends Door {
  readonly origin: string;
  invite(): { redirectFile: string };
}

export interface LoopbackDoorOptions {
  handle: Handle;
  /** Where redirect files are written: the runtime folder. */
  folder: string;
  /** 0: any free port. */
  port: number;
  streamsMax?: number;
  headersTimeoutMs?: number;
  requestTimeoutMs?: number;
}

export async function openLoopbackDoor(options: LoopbackDoorOptions): Promise<LoopbackDoor> {
  const sessions = createSessions(options.folder);
  let host = '';
  const server = createNodeServer({
    origin: 'http://127.0.0.1',
    handle: guardLoopbackDoor({
      handle: options.handle,
      sessions,
      host: () => host,
      ...(options.streamsMax === undefined ? {} : { streamsMax: options.streamsMax }),
    }),
    ...(options.headersTimeoutMs === undefined ? {} : { headersTimeoutMs: options.headersTimeoutMs }),
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new BelljarError('usage', { params: { detail: `The port cannot be used: ${error.message}` }, cause: error }),
      );
    });
    server.listen(options.port, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `http://${host}`;
  return {
    title: `loopback ${origin}`,
    origin,
    invite: () => sessions.invite(origin),
    async close() {
      sessions.close();
      await closeServer(server, graceMs);
    },
  };
}
