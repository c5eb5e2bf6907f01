/**
 * The only way out of an install run. The run itself has no network but one loopback port, where this relay listens as an
 * HTTP proxy; package managers know how to use one. It opens connections to the registry's hosts and to nothing else,
 * wherever those hosts lie (a company's registry is often at a private address) and through the proxy that this machine uses,
 * if it uses one.
 *
 * Protocol: `CONNECT host:port` for https, requests with a whole address for http. Callers prove with the address's own
 * password that they were told of it. Limits: TLS is not looked into, so the name asked for counts. Where the installer itself
 * says so, a host that is not named but public is let through and remembered: an index may keep its files elsewhere, and
 * says so itself; never while programs of packages run.
 *
 * What comes in is hostile: bounded by Node's own limits of a head, by the number of connections, and by time.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { BlockList, connect, isIP, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';

const connectionsMax = 128;
const connectTimeoutMs = 20_000;
const idleTimeoutMs = 60_000;
const ledMax = 8;
const refusedMax = 32;

export interface RelayOptions {
  /** `host:port`, lower case. */
  hosts: readonly string[];
  /** Hosts that the registry leads to are let through where they are public. */
  followsRegistry: boolean;
  /** The proxy that this machine uses for an address, or null. */
  upstream: (address: URL) => URL | null;
}

export interface RegistryRelay {
  port: number;
  /** `http://user:password@127.0.0.1:port` */
  address: string;
  /** What was asked for and refused, as `host:port`. */
  refused: readonly string[];
  /** Hosts let through because the registry led to them. */
  led: readonly string[];
  close(): Promise<void>;
}

/** Addresses inside: this machine, its networks, and what clouds answer there. */
const inside = new BlockList();
for (const [address, length] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inside.addSubnet(address, length, 'ipv4');
for (const [address, length] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(address, length, 'ipv6');

function isInside(address: string): boolean {
  // A v4 address in v6 clothes is found by the list itself.
  return inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

interface Target {
  host: string;
  port: number;
}

function readTarget(text: string): Target | null {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+)):(\d{1,5})$/.exec(text.toLowerCase());
  const port = Number(parts?.[3]);
  return parts === null || port < 1 || port > 65_535 ? null : { host: parts[1] ?? parts[2] ?? '', port };
}

const nameOf = ({ host, port }: Target): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port.toString()}`;

function basic(address: URL): string | null {
  if (address.username === '' && address.password === '') return null;
  const text = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

/** A connected socket, or a failure within bounded time. */
function open(target: Target, tls: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({ host: target.host, port: target.port, servername: target.host })
      : connect({ host: target.host, port: target.port });
    const timer = setTimeout(() => socket.destroy(new Error('timeout')), connectTimeoutMs);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Asks the machine's own proxy for a connection. */
async function openThrough(proxy: URL, target: Target): Promise<Socket> {
  const tls = proxy.protocol === 'https:';
  const port = proxy.port === '' ? (tls ? 443 : 80) : Number(proxy.port);
  const socket = await open({ host: proxy.hostname.replace(/^\[|\]$/g, ''), port }, tls);
  const authorization = basic(proxy);
  return await new Promise((resolve, reject) => {
    const asked = httpRequest({
      createConnection: () => socket,
      method: 'CONNECT',
      path: nameOf(target),
      headers: {
        host: nameOf(target),
        ...(authorization === null ? {} : { 'proxy-authorization': authorization }),
      },
      timeout: connectTimeoutMs,
    });
    asked.once('connect', (answer, connected, head) => {
      if (answer.statusCode !== 200) {
        connected.destroy();
        reject(new Error(`the proxy answers ${String(answer.statusCode)}`));
        return;
      }
      if (head.length > 0) connected.unshift(head);
      resolve(connected as Socket);
    });
    asked.once('timeout', () => asked.destroy(new Error('timeout')));
    asked.once('error', reject);
    asked.end();
  });
}

export async function openRegistryRelay(options: RelayOptions): Promise<RegistryRelay> {
  const hosts = new Set(options.hosts);
  const led = new Map<string, string>();
  const refused = new Set<string>();
  const password = randomBytes(24).toString('hex');
  const expected = Buffer.from(`Basic ${Buffer.from(`install:${password}`).toString('base64')}`);
  const open_ = new Set<Duplex>();

  /** The target to connect to, or null. Where a name was followed, its address is fixed, so that it cannot become another. */
  async function allowed(target: Target): Promise<Target | null> {
    const name = nameOf(target);
    if (hosts.has(name)) return target;
    const known = led.get(name);
    if (known !== undefined) return { ...target, host: known };
    const isFollowed = options.followsRegistry && target.port === 443 && isIP(target.host) === 0 && led.size < ledMax;
    if (isFollowed && options.upstream(new URL(`https://${name}/`)) !== null) {
      led.set(name, target.host);
      return target;
    }
    const addresses = isFollowed ? await lookup(target.host, { all: true }).catch(() => []) : [];
    const [first] = addresses;
    if (first !== undefined && !addresses.some(({ address }) => isInside(address))) {
      led.set(name, first.address);
      return { ...target, host: first.address };
    }
    if (refused.size < refusedMax) refused.add(name);
    return null;
  }

  function isAuthorized(request: IncomingMessage): boolean {
    const given = Buffer.from(request.headers['proxy-authorization'] ?? '');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  function watch(stream: Duplex): void {
    open_.add(stream);
    stream.once('close', () => open_.delete(stream));
    stream.on('error', () => stream.destroy());
  }

  async function tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    watch(socket);
    const answer = (status: string): void => {
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    if (!isAuthorized(request)) {
      answer('407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="install"');
      return;
    }
    const target = readTarget(request.url ?? '');
    const meant = target === null ? null : await allowed(target);
    if (target === null || meant === null) {
      answer('403 Not the registry');
      return;
    }
    try {
      const proxy = options.upstream(new URL(`https://${nameOf(target)}/`));
      const other = await (proxy === null ? open(meant, false) : openThrough(proxy, target));
      watch(other);
      other.setTimeout(idleTimeoutMs, () => other.destroy());
      if (socket.destroyed) {
        other.destroy();
        return;
      }
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      if (head.length > 0) other.write(head);
      socket.pipe(other);
      other.pipe(socket);
      socket.once('close', () => other.destroy());
      other.once('close', () => socket.destroy());
    } catch {
      answer('502 Not reached');
    }
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number): void => {
      response.writeHead(status, { connection: 'close' }).end();
    };
    if (!isAuthorized(request)) {
      answer(407);
      return;
    }
    const address = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : null;
    const port = address === null || address.port === '' ? 80 : Number(address.port);
    const target = address?.protocol === 'http:' ? readTarget(`${address.hostname}:${port.toString()}`) : null;
    if (address === null || target === null || (await allowed(target)) === null) {
      answer(403);
      return;
    }
    const proxy = options.upstream(address);
    const authorization = proxy === null ? null : basic(proxy);
    const { 'proxy-authorization': _own, 'proxy-connection': _connection, ...headers } = request.headers;
    const onward = httpRequest(
      {
        host: (proxy ?? address).hostname.replace(/^\[|\]$/g, ''),
        port: proxy === null ? port : proxy.port === '' ? 80 : Number(proxy.port),
        method: request.method,
        path: proxy === null ? `${address.pathname}${address.search}` : address.href,
        headers: {
          ...headers,
          host: address.host,
          ...(authorization === null ? {} : { 'proxy-authorization': authorization }),
        },
        timeout: idleTimeoutMs,
      },
      (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      },
    );
    onward.once('timeout', () => onward.destroy());
    onward.once('error', () => {
      if (response.headersSent) response.destroy();
      else answer(502);
    });
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  }

  const server = createServer({ connectionsCheckingInterval: 1000, headersTimeout: 10_000 }, (request, response) => {
    void forward(request, response);
  });
  server.maxConnections = connectionsMax;
  server.on('connect', (request, socket, head) => void tunnel(request, socket, head));
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `http://install:${password}@127.0.0.1:${port.toString()}`,
    get refused() {
      return [...refused];
    },
    get led() {
      return [...led.keys()];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const stream of open_) stream.destroy();
      }),
  };
}

/** The proxy for an address by the variables that nearly every program follows. */
export function upstreamOf(variables: Readonly<Record<string, string | undefined>>): (address: URL) => URL | null {
  const value = (...names: string[]): string | undefined =>
    names.map((name) => variables[name]).find((text) => text !== undefined && text !== '');
  const exceptions = (value('no_proxy', 'NO_PROXY') ?? '').split(/[\s,]+/).filter((one) => one !== '');
  const proxies = {
    'https:': value('https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'),
    'http:': value('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'),
  };
  return (address) => {
    const text = proxies[address.protocol === 'http:' ? 'http:' : 'https:'];
    if (text === undefined) return null;
    const host = address.hostname.toLowerCase();
    const isExcepted = exceptions.some((exception) => {
      const [name = '', port] = exception
        .toLowerCase()
        .replace(/^\*?\./, '.')
        .split(':');
      if (name === '*') return true;
      if (port !== undefined && port !== address.port) return false;
      return host === name.replace(/^\./, '') || host.endsWith(name.startsWith('.') ? name : `.${name}`);
    });
    const proxy = /^https?:\/\//.test(text) ? text : `http://${text}`;
    return isExcepted || !URL.canParse(proxy) ? null : new URL(proxy);
  };
}
