/**
 * The desktop's door over a real host behind a real socket. `Request` and `Response` are those that Electron hands over and
 * takes (undici's in Node as Chromium's there); what only Electron can show is in e2e/electron.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { desktopOrigin } from '#contract/desktop.ts';
import { desktopMethods, methods, requestMaxBytes } from '#contract/methods.ts';
import { createHost } from '#host/host.ts';
import { createMemoryEngine, makeEvent } from '#host/testing/memory-api.ts';
import { version } from '#host/version.ts';
import { createNative } from './native-calls.ts';
import type { DesktopCalls } from './native-calls.ts';
import type { Forward } from './forward.ts';
import { createForward, silenceOf } from './forward.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const quietLog = { info: () => undefined, warn: () => undefined, error: () => undefined, close: async () => undefined };

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'belljar-main-'));
  cleanUps.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const none = async (): Promise<null> => null;

async function stage(native: Parameters<typeof createForward>[0]['native'] = none) {
  const place = folder();
  mkdirSync(join(place, 'renderer'));
  writeFileSync(join(place, 'renderer/index.html'), '<!doctype html><title>Belljar</title>');
  const engine = createMemoryEngine();
  const host = createHost({
    engine,
    log: quietLog,
    runtimeFolder: place,
    rendererFolder: join(place, 'renderer'),
  });
  cleanUps.push(() => host.close());
  const socket = join(place, 'host.sock');
  await host.openSocket(socket, join(place, 'link'));
  return { engine, host, forward: createForward({ socketPath: async () => socket, version, native }) };
}

function post(forward: Forward, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return forward(
    new Request(`${desktopOrigin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  );
}

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

/** A server on a socket that answers as the test says. */
async function standIn(listener: Parameters<typeof createServer>[1]): Promise<{ server: Server; forward: Forward }> {
  const socket = join(folder(), 'host.sock');
  const server = createServer({}, listener ?? (() => undefined));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, forward: createForward({ socketPath: async () => socket, version, native: none }) };
}

describe('the page’s own requests', () => {
  it('get the page, with the policy that the host sets for it', async () => {
    const { forward } = await stage();
    const response = await forward(new Request(`${desktopOrigin}/`));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<title>Belljar</title>');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('get a head without a body', async () => {
    const { forward } = await stage();
    const response = await forward(new Request(`${desktopOrigin}/`, { method: 'HEAD' }));
    expect([response.status, response.body]).toEqual([200, null]);
  });

  it('call methods and get typed answers and errors', async () => {
    const { forward } = await stage();
    const answer = await post(forward, '/rpc/machine.get', {}, { origin: desktopOrigin });
    expect(await answer.json()).toMatchObject({ system: 'linux' });
    const wrong = await post(forward, '/rpc/servers.show', { server: 1 });
    expect([wrong.status, await codeOf(wrong)]).toEqual([400, 'invalid-input']);
  });

  it('follow the feed, and leaving it ends it at the host', async () => {
    const { forward, host, engine } = await stage();
    const response = await forward(new Request(`${desktopOrigin}/events`));
    const reader = (response.body ?? expect.fail()).getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    expect(first).toContain('"type":"hello"');
    engine.emit(makeEvent(1));
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"type":"event"');
    expect(host.feed.readers).toBe(1);
    await reader.cancel();
    await expect.poll(() => host.feed.readers).toBe(0);
  });
});

describe('everybody else’s requests', () => {
  it.each([
    ['another host', new Request('belljar-app://elsewhere/rpc/machine.get', { method: 'POST' })],
    ['another scheme', new Request('https://panel/rpc/machine.get', { method: 'POST' })],
    ['a page of another origin', new Request(`${desktopOrigin}/`, { headers: { origin: 'https://example.com' } })],
    ['a page without an origin of its own', new Request(`${desktopOrigin}/`, { headers: { origin: 'null' } })],
  ])('%s is refused before the host hears of it', async (_title, request) => {
    let heard = 0;
    const { forward } = await standIn((_request, response) => {
      heard += 1;
      response.end();
    });
    const response = await forward(request);
    expect([response.status, await codeOf(response)]).toEqual([403, 'bad-origin']);
    expect(heard).toBe(0);
    await (await forward(new Request(`${desktopOrigin}/`, { headers: { origin: desktopOrigin } }))).text();
    expect(heard).toBe(1);
  });

  it('methods other than GET, HEAD and POST are refused', async () => {
    const { forward } = await stage();
    const response = await forward(new Request(`${desktopOrigin}/rpc/machine.get`, { method: 'DELETE' }));
    expect([response.status, await codeOf(response)]).toEqual([400, 'invalid-input']);
  });

  it('headers that the page sets do not reach the host, but for the type of what it sends', async () => {
    const seen: unknown[] = [];
    const { forward } = await standIn((request, response) => {
      seen.push(request.headers);
      response.end('{}');
    });
    await (
      await post(forward, '/rpc/machine.get', {}, { 'x-own': '1', authorization: 'Bearer x', origin: desktopOrigin })
    ).text();
    expect(seen).toEqual([
      {
        host: 'belljar',
        'belljar-version': version,
        'content-type': 'application/json',
        'content-length': '2',
        connection: 'close',
      },
    ]);
  });
});

describe('bounds and breaks', () => {
  it('a body above the host’s bound is refused, one at the bound goes on', async () => {
    let heard = 0;
    const { forward } = await standIn((request, response) => {
      request.on('data', (chunk: Buffer) => (heard += chunk.byteLength)).on('end', () => response.end('{}'));
    });
    const of = (size: number): Request =>
      new Request(`${desktopOrigin}/rpc/machine.get`, { method: 'POST', body: 'x'.repeat(size) });
    const refused = await forward(of(requestMaxBytes + 1));
    expect([refused.status, await codeOf(refused)]).toEqual([413, 'too-large']);
    expect(heard).toBe(0);
    await (await forward(of(requestMaxBytes))).text();
    expect(heard).toBe(requestMaxBytes);
  });

  it('a call may be silent for as long as the host lets it take, a stream for less', () => {
    for (const [name, { timeoutMs }] of Object.entries(methods)) {
      expect(silenceOf(`/rpc/${name}`), name).toBeGreaterThan(timeoutMs);
    }
    expect(silenceOf('/events?after=1')).toBe(60_000);
    expect(silenceOf('/rpc/constructor')).toBe(60_000);
  });

  it('a host that is not there is told as such', async () => {
    const forward = createForward({ socketPath: async () => join(folder(), 'none.sock'), version, native: none });
    const response = await post(forward, '/rpc/machine.get', {});
    expect([response.status, await codeOf(response)]).toEqual([503, 'host-unreachable']);
  });

  it('a host that goes away in the middle breaks the answer instead of ending it', async () => {
    const { forward } = await standIn((_request, response) => {
      response.write('first');
      setTimeout(() => response.destroy(), 20);
    });
    const response = await forward(new Request(`${desktopOrigin}/events`));
    const reader = (response.body ?? expect.fail()).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first');
    await expect(reader.read()).rejects.toThrow('aborted');
  });

  it('what arrives after the page left is dropped and raises nothing', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): unknown => uncaught.push(error);
    process.on('uncaughtException', note);
    cleanUps.push(() => process.off('uncaughtException', note));
    let gone = false;
    const { forward } = await standIn((_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1000)), 1);
      response.on('close', () => {
        gone = true;
        clearInterval(timer);
      });
    });
    const response = await forward(new Request(`${desktopOrigin}/events`));
    const reader = (response.body ?? expect.fail()).getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => gone).toBe(true);
    expect(uncaught).toEqual([]);
  });

  it('a page that does not read holds the host back instead of filling this program', async () => {
    let written = 0;
    const { forward } = await standIn((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const go = (): void => {
        let free = true;
        while (free && written < 64 * 1024 * 1024) {
          free = response.write(chunk);
          written += chunk.byteLength;
        }
      };
      response.on('drain', go);
      go();
    });
    const response = await forward(new Request(`${desktopOrigin}/events`));
    let last = -1;
    await expect
      .poll(() => {
        const still = written === last;
        last = written;
        return still && written > 0;
      })
      .toBe(true);
    expect(written).toBeLessThan(32 * 1024 * 1024);
    await response.body?.cancel();
  });
});

describe('what only the desktop program can do', () => {
  const calls: DesktopCalls = {
    'desktop.status': async () => ({ openAtLogin: false }),
    'desktop.openAtLogin': async ({ on }) => ({ openAtLogin: on }),
    'desktop.choose': async ({ from }) => ({ path: from ?? null }),
  };

  it('is answered here', async () => {
    const { forward } = await stage(createNative(calls));
    expect(await (await post(forward, '/rpc/desktop.status', {})).json()).toEqual({ openAtLogin: false });
    expect(await (await post(forward, '/rpc/desktop.openAtLogin', { on: true })).json()).toEqual({ openAtLogin: true });
    const chosen = await post(forward, '/rpc/desktop.choose', { kind: 'folder', from: '/srv' });
    expect(await chosen.json()).toEqual({ path: '/srv' });
  });

  it.each([
    ['/rpc/desktop.choose', '{"kind":"socket"}'],
    ['/rpc/desktop.choose', '{"kind":"file","more":1}'],
    ['/rpc/desktop.openAtLogin', 'not JSON'],
    ['/rpc/desktop.openAtLogin', '{"on":"yes"}'],
  ])('%s refuses %s', async (path, body) => {
    const { forward } = await stage(createNative(calls));
    const response = await forward(
      new Request(`${desktopOrigin}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }),
    );
    expect([response.status, await codeOf(response)]).toEqual([400, 'invalid-input']);
  });

  it('a failure of the system is an error of the product, without its details', async () => {
    const failing: DesktopCalls = {
      ...calls,
      'desktop.openAtLogin': () => Promise.reject(new Error('EACCES: /home/someone/.config/autostart')),
    };
    const { forward } = await stage(createNative(failing));
    const response = await post(forward, '/rpc/desktop.openAtLogin', { on: true });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('someone');
  });

  it.each(desktopMethods)('%s asked of the host itself is refused with 501', async (name) => {
    const { forward } = await stage();
    const input = { 'desktop.status': {}, 'desktop.choose': { kind: 'file' }, 'desktop.openAtLogin': { on: true } };
    const response = await post(forward, `/rpc/${name}`, input[name]);
    expect([response.status, await codeOf(response)]).toEqual([501, 'only-desktop']);
  });
});
