/** The relay: who may use it, where it leads, and where not; over real sockets of this machine. */
import { createServer as createHttpServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { openRegistryRelay, upstreamOf, type RegistryRelay, type RelayOptions } from './registry-relay.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function relayTo(options: Partial<RelayOptions>): Promise<RegistryRelay> {
  const relay = await openRegistryRelay({ hosts: [], followsRegistry: false, upstream: () => null, ...options });
  cleanUps.push(() => relay.close());
  return relay;
}

/** Says what it heard; counts who came. */
async function listen(): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    heard.push('connected');
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.end(`heard ${bytes.toString()}`));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanUps.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, heard };
}

const proof = (relay: RegistryRelay): string => {
  const { username, password } = new URL(relay.address);
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
};

/** The status of a CONNECT, and what came back through it. */
function ask(relay: RegistryRelay, target: string, authorization: string | null = proof(relay)): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(relay.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
      if (answer === 'HTTP/1.1 200 Connected\r\n\r\n') socket.write('hello');
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(`${answer.split(' ')[1] ?? ''} ${answer.split('\r\n\r\n')[1] ?? ''}`.trim()));
    socket.write(
      `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization === null ? '' : `Proxy-Authorization: ${authorization}\r\n`}\r\n`,
    );
  });
}

function get(relay: RegistryRelay, address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: relay.port,
        path: address,
        headers: { 'proxy-authorization': proof(relay), host: 'x' },
      },
      (answer) => {
        let text = '';
        answer.on('data', (bytes: Buffer) => (text += bytes.toString()));
        answer.once('end', () => resolve(`${String(answer.statusCode)} ${text}`.trim()));
      },
    )
      .once('error', reject)
      .end();
  });
}

describe('the registry alone', () => {
  test('is reached, also inside; anything else is not, and is remembered', async () => {
    const registry = await listen();
    const other = await listen();
    const name = `127.0.0.1:${registry.port.toString()}`;
    const relay = await relayTo({ hosts: [name], followsRegistry: true });
    expect(await ask(relay, name)).toBe('200 heard hello');
    expect(await ask(relay, `127.0.0.1:${other.port.toString()}`)).toBe('403');
    expect(await ask(relay, `localhost:${other.port.toString()}`)).toBe('403');
    // Followed are public names on the port of https, and this one leads to this machine.
    expect(await ask(relay, 'localhost:443')).toBe('403');
    expect(await ask(relay, 'no-port')).toMatch(/^40[03]/);
    expect(other.heard).toEqual([]);
    expect(relay.refused).toContain(`127.0.0.1:${other.port.toString()}`);
    expect(relay.led).toEqual([]);
  });

  test('by whoever was told of it', async () => {
    const registry = await listen();
    const name = `127.0.0.1:${registry.port.toString()}`;
    const relay = await relayTo({ hosts: [name] });
    expect(await ask(relay, name, null)).toBe('407');
    expect(await ask(relay, name, 'Basic aW5zdGFsbDp3cm9uZw==')).toBe('407');
    expect(registry.heard).toEqual([]);
  });

  test('over plain http, without what proves it to the relay', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const server: Server = createHttpServer((asked, answer) => {
      seen.push(asked.headers);
      answer.end(`path ${asked.url ?? ''}`);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    cleanUps.push(() => server.close());
    const name = `127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
    const relay = await relayTo({ hosts: [name] });
    expect(await get(relay, `http://${name}/a?b`)).toBe('200 path /a?b');
    expect(seen[0]?.['proxy-authorization']).toBeUndefined();
    expect(seen[0]?.host).toBe(name);
    expect(await get(relay, 'http://127.0.0.1:9/')).toBe('403');
    expect(await get(relay, '/')).toBe('403');
  });

  test('through the proxy of this machine', async () => {
    const registry = await listen();
    const name = `127.0.0.1:${registry.port.toString()}`;
    const proxy = await relayTo({ hosts: [name] });
    const relay = await relayTo({ hosts: [name], upstream: () => new URL(proxy.address) });
    expect(await ask(relay, name)).toBe('200 heard hello');
    const wrong = await relayTo({
      hosts: [name],
      upstream: () => new URL(`http://127.0.0.1:${proxy.port.toString()}`),
    });
    expect(await ask(wrong, name)).toBe('502');
  });
});

test('the variables that name a proxy, and its exceptions', () => {
  const of = (variables: Record<string, string>, address: string): string | undefined =>
    upstreamOf(variables)(new URL(address))?.host;
  expect(of({}, 'https://r.example/')).toBeUndefined();
  expect(of({ HTTPS_PROXY: 'http://p:8' }, 'https://r.example/')).toBe('p:8');
  expect(of({ HTTPS_PROXY: 'http://p:8' }, 'http://r.example/')).toBeUndefined();
  expect(of({ ALL_PROXY: 'p:8' }, 'http://r.example/')).toBe('p:8');
  for (const exception of ['*', 'r.example', '.example', 'example', 'r.example:8443', 'x, r.example'])
    expect(of({ ALL_PROXY: 'p:8', NO_PROXY: exception }, 'https://r.example:8443/'), exception).toBeUndefined();
  for (const exception of ['', 'ample', 'r.example:1', 'other.example'])
    expect(of({ ALL_PROXY: 'p:8', NO_PROXY: exception }, 'https://r.example:8443/'), exception).toBe('p:8');
});
