/**
 * Host rules as people type them, brought into their one stored form `<host>:<ports>`: a name, `*.` and a name, an address,
 * or a network; `443`, `80,443`, `8000-8010` or `*`. Addresses pasted whole and internationalised names are understood.
 *
 * What is too wide is refused: every host, a whole ending such as `*.com`, or one below which different people have names
 * (the public suffix list, as tldts keeps it). So is what would say something else than it seems to.
 */
import { getDomain, parse } from 'tldts';
import { BelljarError } from '#contract/errors.ts';
import { addressKind, formatAddress, networkOf, readAddress, type Address } from './addresses.ts';
import { isPorts, type HostRule } from './plan-text.ts';

/** The part of a plan's host rule that is its `what`. */
export type HostWhat = Pick<HostRule, 'pattern' | 'ports'>;

/** Ports that a scheme means where none is written. */
export const schemePorts: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
  ssh: 22,
  git: 9418,
  ftp: 21,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  redis: 6379,
  rediss: 6379,
  mongodb: 27_017,
  amqp: 5672,
  amqps: 5671,
};

const defaultPort = 443;
/** The shortest networks that may be named: a private range, or a part of the internet that belongs to one owner. */
const shortestFour = 8;
const shortestSix = 16;
const shortestPrivateSix = 7;
const listOptions = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const;

function invalid(detail: string): BelljarError {
  return new BelljarError('invalid-input', { params: { detail } });
}

function tooWide(what: string): BelljarError {
  return new BelljarError('grant-too-wide', { params: { what, hosts: true } });
}

/** The domain that somebody registered to have names below it; null for addresses, and for names nobody owns as one. */
export function registrableDomain(host: string): string | null {
  return readAddress(host) === null ? getDomain(host, listOptions) : null;
}

interface Typed {
  host: string;
  /** Null where none was written. */
  ports: string | null;
}

/** Takes scheme, credentials, path and brackets away. Credentials are never repeated in an error. */
function take(text: string): Typed {
  const url = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(text);
  // A path copied along with a name goes; what stands behind an address is the length of a network.
  const [head = ''] = text.split('/', 1);
  const isAddress = head.startsWith('[') || readAddress(head) !== null;
  const authority = url === null ? (isAddress ? text : head) : (url[2] ?? '');
  const schemePort = url === null ? undefined : schemePorts[(url[1] ?? '').toLowerCase()];
  const six = /^\[([^\]]*)\](\/\d+)?(?::(.*))?$/.exec(authority);
  const bare = /^[0-9a-f:.]*:[0-9a-f.]*:[0-9a-f:.]*(?:\/\d+)?$/i.test(authority);
  const plain = /^([^:]*)(?::(.*))?$/.exec(authority);
  const host = six === null ? (bare ? authority : plain?.[1]) : `${six[1] ?? ''}${six[2] ?? ''}`;
  const ports = six === null ? (bare ? undefined : plain?.[2]) : six[3];
  if (host === undefined || host === '') throw invalid(`"${authority}" names no host`);
  if (ports === undefined && url !== null && schemePort === undefined)
    throw invalid(`"${authority}" names no port, and none is known for ${url[1] ?? ''}:`);
  return { host, ports: ports ?? schemePort?.toString() ?? null };
}

function readPorts(text: string): string {
  const sorted = [...new Set(text.split(','))].toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const ports = sorted.join(',');
  if (!isPorts(ports)) throw invalid(`"${text}" is not a port, a list of them (80,443), a range (8000-8010) or *`);
  return ports;
}

/** Lower case and punycode, without the dot at the end. */
function readName(text: string): string {
  const typed = text.replace(/\.$/, '');
  if (/[\s/\\%?#@<>^|[\]:"]/u.test(typed) || typed === '') throw invalid(`"${text}" is not the name of a host`);
  let name: string;
  try {
    name = new URL(`https://${typed}/`).hostname;
  } catch {
    throw invalid(`"${text}" is not the name of a host`);
  }
  const labels = name.split('.');
  // A last part of digits is an address to some programs and a name to others.
  if (/^(?:\d+|0x[0-9a-f]*)$/i.test(typed.split('.').at(-1) ?? '') || /^[\d.]+$/.test(name))
    throw invalid(`"${text}" is neither a name nor an address of four numbers`);
  const isName = labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (name.length > 253 || !isName) throw invalid(`"${text}" is not the name of a host`);
  return name;
}

function readBelow(text: string): string {
  const rest = text.slice(2);
  if (rest.includes('*')) throw invalid(`"${text}": a star stands once, alone before the first dot`);
  if (readAddress(rest) !== null) throw invalid(`"${text}": an address has no names below it`);
  const name = readName(rest);
  if (name === 'localhost' || name.endsWith('.localhost')) throw ownPorts(text);
  const { publicSuffix } = parse(name, listOptions);
  if (publicSuffix === name || !name.includes('.')) throw tooWide(`*.${name}`);
  return `*.${name}`;
}

function ownPorts(text: string): BelljarError {
  return invalid(
    `"${text}" is this machine itself; its ports are granted one by one: belljar grant <server> local <port>`,
  );
}

function readNetwork(text: string, address: Address, digits: string | undefined): string {
  const most = address.family === 4 ? 32 : 128;
  const length = digits === undefined ? most : Number(digits);
  if (length > most) throw invalid(`"${text}": a network's length is at most ${most.toString()}`);
  const network = networkOf(address, length);
  const spelled = formatAddress(network);
  const kind = addressKind(spelled);
  const shortest = address.family === 4 ? shortestFour : kind === 'private' ? shortestPrivateSix : shortestSix;
  if (length < shortest) throw tooWide(text);
  if (kind === 'loopback') throw ownPorts(text);
  if (kind === 'local-use') throw invalid(`"${text}" is an address that nothing can be connected to`);
  return length === most ? spelled : `${spelled}/${length.toString()}`;
}

/** Throws `invalid-input` and `grant-too-wide`. */
export function readHost(text: string): HostWhat {
  const { host, ports: written } = take(text.trim());
  const ports = readPorts(written ?? defaultPort.toString());
  const [bare = '', digits, more] = host.split('/');
  const address = readAddress(bare.toLowerCase());
  if (address !== null) {
    if (more !== undefined || (digits !== undefined && !/^\d{1,3}$/.test(digits)))
      throw invalid(`"${host}" is neither an address nor a network`);
    return { pattern: readNetwork(host, address, digits), ports };
  }
  if (bare.includes('%') && bare.includes(':')) throw invalid(`"${host}": an address with a zone cannot be named`);
  if (/^[*.]+$/.test(host)) throw tooWide('Every host');
  if (host.startsWith('*.')) return { pattern: readBelow(host), ports };
  if (host.includes('*')) throw invalid(`"${host}": a star stands once, alone before the first dot`);
  const name = readName(bare);
  if (addressKind(name) === 'loopback') throw ownPorts(host);
  if (!name.includes('.') && parse(name, listOptions).isIcann === true)
    throw invalid(`"${host}" is an ending of names and no host`);
  return { pattern: name, ports };
}

/** `api.github.com:443`, `*.github.com:80,443`, `[2001:db8::1]:443`, `10.0.0.0/8:*`. */
export function formatHost({ pattern, ports }: HostWhat): string {
  return pattern.includes(':') ? `[${pattern}]:${ports}` : `${pattern}:${ports}`;
}

/** A stored rule as it was written by `formatHost`; throws for one that nobody may give. */
export function readStoredHost(what: string): HostWhat {
  const host = readHost(what);
  if (formatHost(host) !== what) throw invalid(`"${what}" is not the stored form of a host`);
  return host;
}

function includesPort(ports: string, port: number): boolean {
  if (ports === '*') return true;
  return ports.split(',').some((part) => {
    const [first = '', last = first] = part.split('-');
    return port >= Number(first) && port <= Number(last);
  });
}

/** How exactly a rule names a host and port, the larger the more exactly; null where it does not. */
export function hostReach({ pattern, ports }: HostWhat, host: string, port: number): number | null {
  if (!includesPort(ports, port)) return null;
  const asked = readAddress(host);
  if (asked !== null) {
    const [text = '', digits] = pattern.split('/');
    const named = readAddress(text);
    if (named === null || named.family !== asked.family) return null;
    const length = digits === undefined ? 128 : Number(digits);
    const most = named.family === 4 ? 32 : 128;
    const isIn = formatAddress(networkOf(asked, Math.min(length, most))) === formatAddress(named);
    return isIn ? length : null;
  }
  const name = host.toLowerCase().replace(/\.$/, '');
  if (pattern === name) return 1000;
  return pattern.startsWith('*.') && name.endsWith(pattern.slice(1)) ? pattern.length : null;
}
