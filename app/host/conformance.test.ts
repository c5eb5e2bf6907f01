/**
 * Conformance: the same cases over every way to a host. What a caller sees must not depend on the door, except for what
 * a door is there to refuse.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect as netConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { TerminalMessage } from '#contract/terminal.ts';
import { followTerminal } from './terminal-client.ts';
import type { Api, MethodName } from '#contract/methods.ts';
import { desktopMethods, methods, privateMethods, requestMaxBytes } from '#contract/methods.ts';
import type { Knock } from './client.ts';
import { createClient, directKnock, followFeed, loopbackKnock, socketKnock } from './client.ts';
import { createFeedHub } from './feed-hub.ts';
import type { Handle } from './handler.ts';
import { createHandler } from './handler.ts';
import type { Host } from './host.ts';
import { createHost } from './host.ts';
import type { LoopbackDoor } from './loopback-door.ts';
import { openLoopbackDoor } from './loopback-door.ts';
import type { Door } from './socket-door.ts';
import { openSocketDoor } from './socket-door.ts';
import type { MemoryEngine } from './testing/memory-api.ts';
import { createMemoryEngine, makeEvent } from './testing/memory-api.ts';
import { version } from './version.ts';

interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

interface RawRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Leaves out what the way adds by itself (a key, a host). */
  bare?: boolean;
}

/** One way to a host, for typed calls and for whatever else a stranger may send. */
interface Way {
  knock: Knock;
  raw(request: RawRequest): Promise<RawAnswer>;
}

interface Stage {
  engine: MemoryEngine;
  host: Host;
  way: Way;
  folder: string;
}

const quietLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  close: async () => undefined,
};
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-host-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const renderer = join(folder, 'renderer');
  mkdirSync(join(renderer, 'assets'), { recursive: true });
  writeFileSync(join(renderer, 'index.html'), '<!doctype html><title>Belljar</title>');
  writeFileSync(join(renderer, 'assets/app.js'), 'export {};');
  writeFileSync(join(renderer, '.hidden.html'), 'hidden');
  writeFileSync(join(renderer, 'unknown.xyz'), 'unknown');
  writeFileSync(join(folder, 'secret.html'), 'secret');
  symlinkSync(join(folder, 'secret.html'), join(renderer, 'link.html'));
  return folder;
}

function nodeRaw(
  target: { socketPath: string } | { host: string; port: number },
  usual: Record<string, string>,
): Way['raw'] {
  return ({ method, path, headers = {}, body, bare }) =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        ...target,
        method,
        path,
        agent: false,
        headers: bare === true ? headers : { ...usual, ...headers },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers as Record<string, string>,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      outgoing.end(body);
    });
}

function directRaw(handle: Handle): Way['raw'] {
  return async ({ method, path, headers = {}, body }) => {
    const response = await handle(
      new Request(`http://belljar${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body as string }),
      }),
    );
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      text: await response.text(),
    };
  };
}

interface StageOptions {
  /** The engine's list fails in a way that nobody expected. */
  broken?: boolean;
  timeoutMs?: number;
  feed?: Parameters<typeof createFeedHub>[0];
}

/** Handlers with test limits stand beside the host's own, over the same engine. */
function makeHost(options: StageOptions): { engine: MemoryEngine; host: Host; handler: Handle; folder: string } {
  const folder = makeFolder();
  const engine = createMemoryEngine();
  if (options.broken === true) {
    engine.api['servers.list'] = async () => {
      throw new Error('a secret detail');
    };
  }
  const rendererFolder = join(folder, 'renderer');
  const host = createHost({ engine, log: quietLog, runtimeFolder: folder, rendererFolder });
  cleanUps.push(() => host.close());
  const feed = options.feed === undefined ? host.feed : createFeedHub(options.feed);
  const shown: Host = options.feed === undefined ? host : { ...host, feed };
  const handler = createHandler({
    api: host.api,
    feed,
    attachTerminal: engine.attachTerminal,
    rendererFolder,
    log: quietLog,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  return { engine, host: shown, handler, folder };
}

async function directStage(options: StageOptions = {}): Promise<Stage> {
  const { engine, host, handler, folder } = makeHost(options);
  return { engine, host, folder, way: { knock: directKnock(handler), raw: directRaw(handler) } };
}

async function socketStage(options: StageOptions = {}): Promise<Stage> {
  const { engine, host, handler, folder } = makeHost(options);
  const path = join(folder, 'host.sock');
  const door: Door = await openSocketDoor(path, handler);
  cleanUps.push(() => door.close());
  const raw = nodeRaw({ socketPath: path }, { host: 'belljar' });
  return { engine, host, folder, way: { knock: socketKnock(path), raw } };
}

interface LoopbackStage extends Stage {
  door: LoopbackDoor;
  token: string;
}

async function redeem(door: LoopbackDoor): Promise<string> {
  const { readFileSync } = await import('node:fs');
  const page = readFileSync(door.invite().redirectFile, 'utf8');
  const code = /#code=([\w-]+)/.exec(page)?.[1] ?? '';
  const response = await fetch(`${door.origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  return ((await response.json()) as { token: string }).token;
}

async function loopbackStage(
  options: StageOptions & { refuse?: boolean; requestTimeoutMs?: number; headersTimeoutMs?: number } = {},
): Promise<LoopbackStage> {
  const { engine, host, handler, folder } = makeHost(options);
  const refusing =
    options.refuse === true
      ? createHandler({
          api: host.api,
          feed: host.feed,
          attachTerminal: engine.attachTerminal,
          rendererFolder: join(folder, 'renderer'),
          log: quietLog,
          refuse: privateMethods,
        })
      : handler;
  const door = await openLoopbackDoor({
    handle: refusing,
    folder,
    port: 0,
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
    ...(options.headersTimeoutMs === undefined ? {} : { headersTimeoutMs: options.headersTimeoutMs }),
  });
  cleanUps.push(() => door.close());
  const token = await redeem(door);
  const { hostname, port, host: address } = new URL(door.origin);
  const raw = nodeRaw({ host: hostname, port: Number(port) }, { host: address, authorization: `Bearer ${token}` });
  return { engine, host, folder, door, token, way: { knock: loopbackKnock(door.origin, token), raw } };
}

const server = 'claude-desktop/files';
/** Of none that is open. */
const terminal = 't-0123456789abcdef';
const inputs: { [M in MethodName]: Parameters<Api[M]>[0] } = {
  'machine.get': {},
  'machine.paths': {},
  'machine.probe': {},
  'machine.selftest': {},
  'machine.doctor': { repair: true },
  'servers.look': { folder: '/srv/project' },
  'servers.list': { client: 'claude-desktop' },
  'servers.rollout': {},
  'servers.audit': {},
  'servers.show': { server },
  'servers.check': { server, level: 'strict' },
  'servers.diff': { server },
  'servers.contain': { servers: [server], level: 'standard', dryRun: false, check: false },
  'servers.release': { servers: 'all', dryRun: false },
  'servers.level': { server, level: 'watch' },
  'secrets.move': { server, names: ['API_TOKEN'], as: 'variable', dryRun: false },
  'secrets.restore': { server, names: 'all', dryRun: false },
  'policies.grant': { server, verb: 'read', what: '/srv/data' },
  'policies.revoke': { server, verb: 'read', what: '/srv/data' },
  'policies.hosts': { server },
  'policies.limit': { server, hosts: ['api.example.com:443'], dryRun: true },
  'policies.resources': { server, limits: { memory: '2G' } },
  'policies.sight': { server, sight: 'full' },
  'policies.explain': { server, what: '/etc/passwd', access: 'read' },
  'paths.complete': { server, text: '/home/someone/n' },
  'pins.pin': { server, update: false, dryRun: false, withScripts: false, hosts: [] },
  'pins.unpin': { server },
  'pins.outdated': {},
  'events.list': { limit: 5 },
  'events.search': { limit: 2, text: 'denied' },
  'events.groups': {},
  'events.mutes': {},
  'events.mute': { server: null, kind: 'file.read', target: '/srv/*' },
  'events.unmute': { id: '0123456789ab' },
  'storage.get': {},
  'storage.set': { keepDays: 30 },
  'storage.rebuild': {},
  'runs.list': {},
  'runs.stop': { run: 'run-1' },
  'history.list': { limit: 3 },
  'history.undo': {},
  'questions.list': {},
  'questions.ask': {
    server: 'claude-desktop.gone',
    run: 'run-1',
    about: { kind: 'link', url: 'https://accounts.example.com/' },
    granted: true,
  },
  'questions.answer': { id: '6f1e0c3e-4f0e-4a39-9b51-2f3a3f4a1c11', answer: 'once' },
  'questions.wait': { id: '6f1e0c3e-4f0e-4a39-9b51-2f3a3f4a1c11' },
  'terminals.open': { server, columns: 80, rows: 24 },
  'terminals.list': {},
  'terminals.close': { terminal },
  'terminals.resize': { terminal, columns: 80, rows: 24 },
  'terminals.input': { terminal, data: 'ls\n' },
  'terminals.acknowledge': { terminal, upTo: 10 },
  'log.tail': { limit: 10 },
  'demo.run': {},
  'desktop.status': {},
  'desktop.choose': { kind: 'folder' },
  'desktop.openAtLogin': { on: true },
  'host.status': {},
  'host.stop': {},
  'host.panel': {},
};
/** Their outcome is this door's own, or new each time, and is looked at below. */
const ofTheHost = new Set<MethodName>(['host.status', 'host.stop', 'host.panel', 'terminals.open', ...desktopMethods]);

async function outcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { output: await call() };
  } catch (error) {
    return error instanceof BelljarError ? { code: error.code, params: error.params } : error;
  }
}

/** Collects messages until `enough` says so, or fails after fifteen seconds. */
async function collect(
  knock: Knock,
  enough: (messages: FeedMessage[]) => boolean,
  position: { after?: number; epoch?: string } = {},
  onMessage: (message: FeedMessage) => void = () => undefined,
): Promise<FeedMessage[]> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 15_000);
  const messages: FeedMessage[] = [];
  for await (const message of followFeed({ connect: async () => knock, signal: controller.signal, ...position })) {
    messages.push(message);
    onMessage(message);
    if (enough(messages)) break;
  }
  clearTimeout(timer);
  controller.abort();
  return messages;
}

describe.each([
  ['direct', directStage],
  ['socket', socketStage],
  ['loopback', loopbackStage],
] as [string, (options?: StageOptions) => Promise<Stage>][])('over %s', (title, makeStage) => {
  it.each((Object.keys(methods) as MethodName[]).filter((name) => !ofTheHost.has(name)))(
    '%s answers as the engine does',
    async (name) => {
      const { way } = await makeStage();
      const twin = createMemoryEngine();
      const input = inputs[name];
      const call = (api: object): Promise<unknown> =>
        outcome(() => (api as Record<string, (input: unknown) => Promise<unknown>>)[name]?.(input) ?? Promise.reject());
      expect(await call(createClient(way.knock))).toEqual(await call(twin.api));
    },
  );

  it('opens a terminal, types into it and reads what it writes, to its end', async () => {
    const { way } = await makeStage();
    const api = createClient(way.knock);
    const opened = await api['terminals.open']({ server, columns: 80, rows: 24 });
    expect(opened).toMatchObject({ handle: server, columns: 80, ended: null });
    const messages: TerminalMessage[] = [];
    const controller = new AbortController();
    onTestFinished(() => controller.abort());
    const read = followTerminal({ connect: async () => way.knock, terminal: opened.id, signal: controller.signal });
    for await (const message of read) {
      messages.push(message);
      if (message.type === 'start') {
        await api['terminals.input']({ terminal: opened.id, data: 'echo ü\r\n' });
        await api['terminals.input']({ terminal: opened.id, data: '\u0004' });
      }
    }
    expect(messages.map((message) => (message.type === 'output' ? message.data : '')).join('')).toBe('echo ü\r\n');
    expect(messages.at(-1)).toMatchObject({ type: 'terminal', terminal: { ended: { code: 0, cause: 'exit' } } });
    expect((await api['terminals.list']({})).terminals).toHaveLength(1);
    await api['terminals.close']({ terminal: opened.id });
    expect((await api['terminals.list']({})).terminals).toEqual([]);
    const gone = await way.raw({ method: 'GET', path: `/terminals/${opened.id}?after=0` });
    expect([gone.status, JSON.parse(gone.text)]).toMatchObject([404, { error: { code: 'no-such-terminal' } }]);
    for (const path of [
      '/terminals/',
      '/terminals/../rpc',
      `/terminals/${terminal}?after=-1`,
      `/terminals/${terminal}?x=1`,
    ])
      expect((await way.raw({ method: 'GET', path })).status, path).toBeGreaterThanOrEqual(400);
  });

  it.each(desktopMethods)('%s is refused: only the desktop program can do it', async (name) => {
    const { way } = await makeStage();
    const call = createClient(way.knock)[name] as (input: unknown) => Promise<unknown>;
    expect(await outcome(() => call(inputs[name]))).toEqual({ code: 'only-desktop', params: {} });
    const { status } = await way.raw({
      method: 'POST',
      path: `/rpc/${name}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(inputs[name]),
    });
    expect(status).toBe(501);
  });

  it('carries a question to whoever listens, and its answer back to whoever asked', async () => {
    const { way, engine, host } = await makeStage();
    await host.startFeed();
    const api = createClient(way.knock);
    const id = 'claude-desktop.files';
    const url = 'https://accounts.example.com/authorize?state=x';
    const asked: Promise<unknown>[] = [];
    const messages = await collect(
      way.knock,
      (all) => all.some((message) => message.type === 'question-gone'),
      {},
      (message) => {
        if (message.type === 'hello') {
          // As the guardian does, over the private door.
          asked.push(
            engine.api['questions.ask']({
              server: id,
              run: 'run-1',
              about: { kind: 'link', url },
              granted: false,
            }),
          );
        }
        if (message.type === 'question') void api['questions.answer']({ id: message.question.id, answer: 'always' });
      },
    );
    const question = messages.find((message) => message.type === 'question')?.question;
    expect(question).toMatchObject({
      server: id,
      target: 'accounts.example.com',
      answers: ['once', 'always', 'no', 'never'],
    });
    expect(messages.at(-1)).toMatchObject({ type: 'question-gone', id: question?.id });
    expect(await asked[0]).toEqual({ outcome: 'allowed', asked: true });
    expect(engine.opened).toEqual([url]);
    expect(await api['questions.list']({})).toEqual({ questions: [] });
  });

  it('tells its version and its epoch', async () => {
    const { way, host } = await makeStage();
    expect(await createClient(way.knock)['host.status']({})).toMatchObject({
      version,
      pid: process.pid,
      epoch: host.feed.epoch,
    });
  });

  it('passes errors on with code, parameters and status', async () => {
    const { way } = await makeStage();
    const body = JSON.stringify({ server: 'nobody' });
    const answer = await way.raw({
      method: 'POST',
      path: '/rpc/servers.show',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      404,
      {
        error: {
          code: 'not-found',
          params: { server: 'nobody' },
          message: 'There is no server "nobody".',
          remedy: 'See the servers of this machine: belljar list',
        },
      },
    ]);
    await expect(createClient(way.knock)['servers.show']({ server: 'nobody' })).rejects.toMatchObject({
      code: 'not-found',
      params: { server: 'nobody' },
    });
  });

  it.each([
    ['no JSON', '/rpc/servers.list', 'application/json', '{', 400, 'invalid-input'],
    ['invalid UTF-8', '/rpc/servers.list', 'application/json', Uint8Array.of(0x22, 0xff, 0x22), 400, 'invalid-input'],
    ['an unknown key', '/rpc/servers.list', 'application/json', '{"x":1}', 400, 'invalid-input'],
    ['a wrong type', '/rpc/servers.show', 'application/json', '{"server":1}', 400, 'invalid-input'],
    ['an empty body', '/rpc/servers.list', 'application/json', '', 400, 'invalid-input'],
    ['a form', '/rpc/servers.list', 'application/x-www-form-urlencoded', '{}', 415, 'invalid-input'],
    ['plain text', '/rpc/servers.list', 'text/plain', '{}', 415, 'invalid-input'],
    ['JSON by another charset', '/rpc/servers.list', 'application/json; charset=utf-16', '{}', 415, 'invalid-input'],
    ['an unknown method', '/rpc/servers.destroy', 'application/json', '{}', 404, 'invalid-input'],
    ['a method of objects', '/rpc/toString', 'application/json', '{}', 404, 'invalid-input'],
    ['a prototype', '/rpc/__proto__', 'application/json', '{}', 404, 'invalid-input'],
  ])('refuses %s', async (_case, path, type, body, status, code) => {
    const { way } = await makeStage();
    const answer = await way.raw({ method: 'POST', path, headers: { 'content-type': type }, body });
    expect([answer.status, (JSON.parse(answer.text) as { error: { code: string } }).error.code]).toEqual([
      status,
      code,
    ]);
  });

  it('reads a body up to its limit and not a byte more', async () => {
    const { way, engine } = await makeStage();
    const fill = (size: number): string => {
      const frame = JSON.stringify({ server: '' }).length;
      return JSON.stringify({ server: 'x'.repeat(size - frame) });
    };
    const send = (body: string): Promise<RawAnswer> =>
      way.raw({ method: 'POST', path: '/rpc/servers.show', headers: { 'content-type': 'application/json' }, body });
    const code = (answer: RawAnswer): unknown => (JSON.parse(answer.text) as { error: { code: string } }).error.code;
    // At the limit it is read, and refused by the contract for its length.
    expect(code(await send(fill(requestMaxBytes)))).toBe('invalid-input');
    const tooLarge = await send(fill(requestMaxBytes + 1));
    expect([tooLarge.status, code(tooLarge)]).toEqual([413, 'too-large']);
    expect(code(await send(fill(requestMaxBytes * 4)))).toBe('too-large');
    expect(engine.aborted).toEqual([]);
  });

  it('gives up a method that takes too long, and tells it', async () => {
    const { way, engine } = await makeStage({ timeoutMs: 60 });
    engine.slowMs = 5000;
    await expect(createClient(way.knock)['servers.check']({ server })).rejects.toMatchObject({ code: 'timeout' });
    expect(engine.aborted).toEqual(['claude-desktop.files']);
    engine.slowMs = 1;
    await expect(createClient(way.knock)['servers.check']({ server })).resolves.toMatchObject({ verdict: 'works' });
  });

  it('tells a method when its caller goes', async () => {
    const { way, engine } = await makeStage();
    engine.slowMs = 5000;
    const controller = new AbortController();
    const call = createClient(way.knock)['servers.check']({ server }, controller.signal);
    const outcome = call.then(
      () => 'answered',
      (error: unknown) => error,
    );
    await expect.poll(() => engine.delayed).toEqual(['claude-desktop.files']);
    controller.abort();
    expect(await outcome).toBeInstanceOf(Error);
    await expect.poll(() => engine.aborted).toEqual(['claude-desktop.files']);
  });

  it('hides what it did not expect', async () => {
    const { way } = await makeStage({ broken: true });
    const headers = { 'content-type': 'application/json' };
    const answer = await way.raw({ method: 'POST', path: '/rpc/servers.list', headers, body: '{}' });
    expect([answer.status, answer.text.includes('secret detail')]).toEqual([500, false]);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'internal' } });
  });

  it.each([
    ['GET', '/rpc/servers.list', 405, 'POST'],
    ['HEAD', '/rpc/servers.list', 405, 'POST'],
    ['OPTIONS', '/rpc/servers.list', 405, 'POST'],
    ['PUT', '/rpc/servers.list', 405, 'POST'],
    ['DELETE', '/index.html', 405, 'GET, HEAD'],
    ['POST', '/index.html', 405, 'GET, HEAD'],
    ['OPTIONS', '/', 405, 'GET, HEAD'],
    ['POST', '/events', 405, 'GET'],
    ['HEAD', '/events', 405, 'GET'],
  ])('answers %s %s with %i', async (method, path, status, allow) => {
    const { way } = await makeStage();
    const answer = await way.raw({ method, path });
    expect([answer.status, answer.headers['allow'], answer.headers['access-control-allow-origin']]).toEqual([
      status,
      allow,
      undefined,
    ]);
  });

  it('serves the files of the renderer with their types', async () => {
    const { way } = await makeStage();
    const page = await way.raw({ method: 'GET', path: '/' });
    expect([page.status, page.headers['content-type'], page.text]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<!doctype html><title>Belljar</title>',
    ]);
    const script = await way.raw({ method: 'GET', path: '/assets/app.js?v=1' });
    expect([script.status, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    const head = await way.raw({ method: 'HEAD', path: '/index.html' });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '37']);
  });

  it.each([
    '/../secret.html',
    '/%2e%2e/secret.html',
    '/..%2fsecret.html',
    '/%2e%2e%2fsecret.html',
    '/assets/../../secret.html',
    '/assets/%2e%2e/%2e%2e/secret.html',
    '/assets/..%5c..%5csecret.html',
    '//secret.html',
    '/link.html',
    '/.hidden.html',
    '/unknown.xyz',
    '/index.html%00.js',
    '/index.html/',
    '/%ff',
    '/assets',
  ])('does not serve %s', async (path) => {
    const { way } = await makeStage();
    const answer = await way.raw({ method: 'GET', path });
    expect([answer.status, answer.text]).toEqual([404, 'Not found\n']);
  });

  it('puts the security headers on every answer', async () => {
    const { way } = await makeStage();
    const answers = await Promise.all([
      way.raw({ method: 'GET', path: '/' }),
      way.raw({ method: 'GET', path: '/missing.js' }),
      way.raw({ method: 'PUT', path: '/rpc/servers.list' }),
      way.raw({
        method: 'POST',
        path: '/rpc/servers.list',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      }),
    ]);
    for (const { headers } of answers) {
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
          "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
      );
      expect([
        headers['x-content-type-options'],
        headers['cross-origin-opener-policy'],
        headers['cross-origin-resource-policy'],
        headers['cache-control'],
        headers['referrer-policy'],
      ]).toEqual(['nosniff', 'same-origin', 'same-origin', 'no-store', 'no-referrer']);
      expect(headers['permissions-policy']).toContain('camera=()');
    }
  });

  it('greets at once, then tells events, servers that changed, and no others', async () => {
    const { way, engine, host } = await makeStage();
    await host.startFeed();
    await sleep(20);
    const messages = await collect(
      way.knock,
      (all) => all.filter((message) => message.type === 'server').length === 1,
      {},
      (message) => {
        if (message.type !== 'hello') return;
        engine.emit(makeEvent(2, { target: '/etc/shadow' }));
        void engine.api['servers.level']({ server, level: 'strict' }).then(() => engine.touch());
      },
    );
    expect(messages.map((message) => message.type)).toEqual(['hello', 'event', 'server']);
    expect(messages[1]).toMatchObject({ seq: 1, event: { seq: 2, target: '/etc/shadow' } });
    expect(messages[2]).toMatchObject({ seq: 2, server: { id: 'claude-desktop.files', level: 'strict' } });
  });

  it('tells of a server that is gone', async () => {
    const { way, engine, host } = await makeStage();
    await host.startFeed();
    await sleep(20);
    const messages = await collect(
      way.knock,
      (all) => all.length === 2,
      {},
      (message) => {
        if (message.type !== 'hello') return;
        engine.servers.delete('claude-desktop.notes');
        engine.touch();
      },
    );
    expect(messages[1]).toMatchObject({ type: 'server-gone', id: 'claude-desktop.notes' });
  });

  it('goes on after a break without loss or repetition', async () => {
    const { way, host } = await makeStage({ feed: {} });
    for (let seq = 1; seq <= 10; seq += 1) host.feed.publish({ type: 'event', event: makeEvent(seq) });
    const messages = await collect(way.knock, (all) => all.length === 4, { after: 7, epoch: host.feed.epoch });
    expect(messages).toMatchObject([
      { type: 'hello', seq: 10, epoch: host.feed.epoch },
      { type: 'event', seq: 8 },
      { type: 'event', seq: 9 },
      { type: 'event', seq: 10 },
    ]);
  });

  it.each([
    ['another epoch', { after: 3, epoch: 'another' }],
    ['a position that is no longer kept', { after: 1 }],
    ['a position that never was', { after: 99 }],
  ])('asks for a snapshot after %s, and goes on from now', async (_case, position) => {
    const { way, host } = await makeStage({ feed: { maxMessages: 3 } });
    for (let seq = 1; seq <= 10; seq += 1) host.feed.publish({ type: 'event', event: makeEvent(seq) });
    const messages = await collect(
      way.knock,
      (all) => all.length === 3,
      position,
      (message) => {
        if (message.type === 'snapshot-needed') host.feed.publish({ type: 'event', event: makeEvent(11) });
      },
    );
    expect(messages).toMatchObject([
      { type: 'hello', seq: 10 },
      { type: 'snapshot-needed', seq: 10 },
      { type: 'event', seq: 11 },
    ]);
  });

  it('pings a reader to whom nothing happens', async () => {
    const { way } = await makeStage({ feed: { pingMs: 30 } });
    const messages = await collect(way.knock, (all) => all.length === 3);
    expect(messages.map((message) => message.type)).toEqual(['hello', 'ping', 'ping']);
  });

  it('closes a reader that is too slow after telling it so, and costs no other reader anything', async () => {
    const { way, host } = await makeStage({ feed: { maxMessages: 400 } });
    const target = 'x'.repeat(4000);
    // 20 MB: far more than sockets hold on the way (TCP on loopback grows to ten), and than the ring keeps.
    const count = 5000;
    const controller = new AbortController();
    const slow = await way.knock({ method: 'GET', path: '/events', signal: controller.signal });
    const iterator = slow.body[Symbol.asyncIterator]();
    await iterator.next();
    const quick = collect(way.knock, (all) => all.length === count + 1);
    await sleep(30);
    for (let seq = 1; seq <= count; seq += 1) {
      host.feed.publish({ type: 'event', event: makeEvent(seq, { target }) });
      if (seq % 20 === 0) await sleep(2);
    }
    expect((await quick).map((message) => ('seq' in message ? message.seq : 0)).at(-1)).toBe(count);
    let text = '';
    for (;;) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      text += Buffer.from(value).toString();
    }
    const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as FeedMessage;
    expect(last).toEqual({ type: 'snapshot-needed', seq: count });
    expect(host.feed.readers).toBe(0);
  });

  it('forgets a reader that goes, and survives what is published afterwards', async () => {
    const { way, host } = await makeStage({ feed: {} });
    await collect(way.knock, (all) => all.length === 1);
    await expect.poll(() => host.feed.readers).toBe(0);
    host.feed.publish({ type: 'event', event: makeEvent(1) });
    expect(host.feed.seq).toBe(1);
  });

  it.each(['after=x', 'after=-1', 'after=1e9', 'epoch=%20', 'since=1', `after=${'9'.repeat(16)}`])(
    'refuses a feed with %s',
    async (query) => {
      const { way } = await makeStage();
      const answer = await way.raw({ method: 'GET', path: `/events?${query}` });
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { error: { code: 'invalid-input' } }]);
    },
  );

  it('comes back by itself when its host is replaced, and learns of the new epoch', async () => {
    const first = await makeStage({ feed: {} });
    const second = await makeStage({ feed: {} });
    let current = first;
    const controller = new AbortController();
    const seen: FeedMessage[] = [];
    const following = (async () => {
      for await (const message of followFeed({
        connect: async () => current.way.knock,
        signal: controller.signal,
        pauseMs: 5,
      })) {
        seen.push(message);
        if (message.type === 'event' && message.event.target === 'second') controller.abort();
      }
    })();
    await expect.poll(() => seen.length).toBe(1);
    first.host.feed.publish({ type: 'event', event: makeEvent(1, { target: 'first' }) });
    await expect.poll(() => seen.length).toBe(2);
    current = second;
    first.host.feed.close();
    await expect.poll(() => second.host.feed.readers).toBe(1);
    second.host.feed.publish({ type: 'event', event: makeEvent(1, { target: 'second' }) });
    await following;
    expect(seen.map((message) => message.type)).toEqual(['hello', 'event', 'hello', 'snapshot-needed', 'event']);
    expect(title).toBeTruthy();
  });
});

describe('the private socket', () => {
  it('refuses whoever carries an Origin, and answers its twin', async () => {
    const { way } = await socketStage();
    const send = (headers: Record<string, string>): Promise<RawAnswer> =>
      way.raw({
        method: 'POST',
        path: '/rpc/servers.list',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      });
    const refused = await send({ origin: 'http://belljar' });
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([403, { error: { code: 'bad-origin' } }]);
    expect((await send({})).status).toBe(200);
  });

  it('refuses another version, except to tell its own and to stop', async () => {
    const { host, folder } = await socketStage();
    const old = createClient(socketKnock(join(folder, 'host.sock'), '0.0.1'));
    await expect(old['servers.list']({})).rejects.toMatchObject({
      code: 'host-version',
      params: { running: version, own: '0.0.1' },
    });
    await expect(old['host.status']({})).resolves.toMatchObject({ version });
    await old['host.stop']({});
    await host.stopAsked;
  });

  it('is a file that only its owner may open, and is gone when the door closes', async () => {
    const { statSync, existsSync } = await import('node:fs');
    const folder = makeFolder();
    const door = await openSocketDoor(join(folder, 'host.sock'), async () => new Response());
    expect(statSync(join(folder, 'host.sock')).mode & 0o777).toBe(0o600);
    await door.close();
    expect(existsSync(join(folder, 'host.sock'))).toBe(false);
    await expect(createClient(socketKnock(join(folder, 'host.sock')))['host.status']({})).rejects.toMatchObject({
      code: 'host-unreachable',
      params: { sent: false },
    });
  });

  it('takes the place of what a killed host left behind', async () => {
    const folder = makeFolder();
    const path = join(folder, 'host.sock');
    const { createServer } = await import('node:net');
    const debris = createServer();
    await new Promise<void>((resolve) => debris.listen(path, resolve));
    const door = await openSocketDoor(path, async () => new Response('new'));
    expect((await nodeRaw({ socketPath: path }, {})({ method: 'GET', path: '/' })).text).toBe('new');
    await door.close();
    await new Promise((resolve) => debris.close(resolve));
  });
});

describe('the loopback door', () => {
  const list = { method: 'POST', path: '/rpc/servers.list', body: '{}' };
  const json = { 'content-type': 'application/json' };
  const code = (answer: RawAnswer): unknown => (JSON.parse(answer.text) as { error: { code: string } }).error.code;

  it.each([
    ['another name for this machine', { host: 'localhost:PORT' }],
    ['another port', { host: '127.0.0.1:1' }],
    ['no port', { host: '127.0.0.1' }],
    ['a rebound name', { host: 'attacker.example:PORT' }],
    ['another site', { origin: 'http://attacker.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['the same address by another scheme', { origin: 'https://127.0.0.1:PORT' }],
    ['a page without an origin', { origin: 'null' }],
    ['a request that its browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['a request from another port, as its browser says', { 'sec-fetch-site': 'same-site' }],
  ])('refuses %s, with a valid key', async (_case, headers) => {
    const { way, door, engine } = await loopbackStage();
    const { port } = new URL(door.origin);
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', port)]),
    );
    const contain = { method: 'POST', path: '/rpc/servers.contain' };
    const body = JSON.stringify(inputs['servers.contain']);
    const refused = await way.raw({ ...contain, body, headers: { ...json, ...filled } });
    expect([refused.status, code(refused)]).toEqual([403, 'bad-origin']);
    expect(engine.servers.get('claude-desktop.files')?.state).toBe('off');
    const allowed = await way.raw({
      ...contain,
      body,
      headers: { ...json, origin: door.origin, 'sec-fetch-site': 'same-origin' },
    });
    expect(allowed.status).toBe(200);
    expect(engine.servers.get('claude-desktop.files')?.state).toBe('contained');
  });

  it.each([
    ['no key', {}],
    ['an empty key', { authorization: 'Bearer ' }],
    ['another key', { authorization: `Bearer ${'A'.repeat(43)}` }],
    ['a key in another form', { authorization: 'Basic QTpC' }],
    ['a key as a cookie', { cookie: 'token=TOKEN' }],
  ])('refuses %s', async (_case, headers) => {
    const { way, door, token } = await loopbackStage();
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('TOKEN', token)]),
    );
    const { host } = new URL(door.origin);
    for (const request of [list, { method: 'GET', path: '/events' }]) {
      const refused = await way.raw({ ...request, bare: true, headers: { host, ...json, ...filled } });
      expect([refused.status, code(refused)]).toEqual([401, 'unauthorized']);
    }
    expect((await way.raw({ ...list, headers: json })).status).toBe(200);
    expect((await way.raw({ method: 'GET', path: '/', bare: true, headers: { host } })).status).toBe(200);
  });

  it('gives one token for one code, once', async () => {
    const { existsSync, readFileSync, statSync } = await import('node:fs');
    const { door, way } = await loopbackStage();
    const { redirectFile } = door.invite();
    expect(statSync(redirectFile).mode & 0o777).toBe(0o600);
    const secret = /#code=([\w-]+)/.exec(readFileSync(redirectFile, 'utf8'))?.[1] ?? '';
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const { host } = new URL(door.origin);
    const exchange = (value: unknown): Promise<RawAnswer> =>
      way.raw({
        method: 'POST',
        path: '/session',
        bare: true,
        headers: { host, ...json },
        body: JSON.stringify({ code: value }),
      });
    expect((await exchange('guess')).status).toBe(401);
    const first = await exchange(secret);
    expect(first.status).toBe(200);
    const { token } = JSON.parse(first.text) as { token: string };
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(existsSync(redirectFile)).toBe(false);
    const second = await exchange(secret);
    expect([second.status, code(second)]).toEqual([401, 'unauthorized']);
    expect((await exchange(12)).status).toBe(401);
    await expect(createClient(loopbackKnock(door.origin, token))['servers.list']({})).resolves.toBeDefined();
    await expect(createClient(loopbackKnock(door.origin, 'A'))['servers.list']({})).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  it.each([...privateMethods])('refuses %s, which the private socket answers', async (name) => {
    const { way, host } = await loopbackStage({ refuse: true });
    const refused = await way.raw({ method: 'POST', path: `/rpc/${name}`, headers: json, body: '{}' });
    expect([refused.status, code(refused)]).toEqual([403, 'private-door-only']);
    const body = JSON.stringify(inputs[name]);
    const answered = await directRaw(host.handle)({ method: 'POST', path: `/rpc/${name}`, headers: json, body });
    expect(answered.status).toBe(200);
  });

  it("is opened by the host with the private methods refused, on the host's own request only", async () => {
    const { host } = await directStage();
    const panel = await host.api['host.panel']({});
    const { readFileSync } = await import('node:fs');
    const secret = /#code=([\w-]+)/.exec(readFileSync(panel.redirectFile, 'utf8'))?.[1] ?? '';
    const response = await fetch(`${panel.origin}/session`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ code: secret }),
    });
    const { token } = (await response.json()) as { token: string };
    const api = createClient(loopbackKnock(panel.origin, token));
    await expect(api['servers.list']({})).resolves.toBeDefined();
    await expect(api['host.stop']({})).rejects.toMatchObject({ code: 'private-door-only' });
    await expect(api['host.panel']({})).rejects.toMatchObject({ code: 'private-door-only' });
    expect((await host.api['host.panel']({})).origin).toBe(panel.origin);
    expect((await host.api['host.status']({})).doors).toEqual([`loopback ${panel.origin}`]);
    await host.close();
    await expect(fetch(panel.origin)).rejects.toThrow('fetch failed');
  });

  it('serves four feeds and says so to the fifth, until one goes', async () => {
    const { way } = await loopbackStage();
    const controllers = Array.from({ length: 4 }, () => new AbortController());
    for (const { signal } of controllers) {
      const answer = await way.knock({ method: 'GET', path: '/events', signal });
      expect(answer.status).toBe(200);
      // An answer whose connection breaks must not be an unhandled error here.
      void (async () => {
        try {
          for await (const _chunk of answer.body);
        } catch {
          // Aborted below.
        }
      })();
    }
    const refused = await way.raw({ method: 'GET', path: '/events' });
    expect([refused.status, code(refused)]).toEqual([429, 'too-many-streams']);
    expect((await way.raw({ ...list, headers: json })).status).toBe(200);
    controllers[0]?.abort();
    await expect
      .poll(async () => {
        const controller = new AbortController();
        const answer = await way.knock({ method: 'GET', path: '/events', signal: controller.signal });
        controller.abort();
        return answer.status;
      })
      .toBe(200);
    for (const controller of controllers) controller.abort();
  });

  it('hears nobody but this machine', async () => {
    const { networkInterfaces } = await import('node:os');
    const { door } = await loopbackStage();
    const { port } = new URL(door.origin);
    const other = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find((address) => !address.internal && address.family === 'IPv4');
    const reach = (host: string): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = netConnect({ host, port: Number(port), timeout: 1000 });
        socket.once('connect', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', () => resolve(false));
        socket.once('timeout', () => {
          socket.destroy();
          resolve(false);
        });
      });
    expect(await reach('127.0.0.1')).toBe(true);
    expect(await reach('127.0.0.2')).toBe(false);
    expect(other === undefined ? false : await reach(other.address)).toBe(false);
  });

  it('ends a connection that never finishes its headers or its body', async () => {
    const { door, token } = await loopbackStage({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const { hostname, port, host } = new URL(door.origin);
    const ended = (first: string): Promise<string> =>
      new Promise((resolve) => {
        let text = '';
        const socket = netConnect({ host: hostname, port: Number(port) }, () => socket.write(first));
        socket.on('data', (chunk) => (text += chunk.toString()));
        socket.on('close', () => resolve(text));
        socket.on('error', () => undefined);
      });
    const head = `POST /rpc/servers.list HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n`;
    expect(await ended(head)).toContain('408');
    const body = await ended(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
    expect(body).not.toContain('200 OK');
  });

  it('refuses a target that is not a path of its own', async () => {
    const { door, token } = await loopbackStage();
    const { hostname, port, host } = new URL(door.origin);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = netConnect({ host: hostname, port: Number(port) }, () =>
        socket.end(
          `GET http://attacker.example/ HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
        ),
      );
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toContain('400 Bad Request');
    expect(answer).toContain('invalid-input');
  });
});
