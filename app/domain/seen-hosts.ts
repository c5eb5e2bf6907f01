/**
 * Hosts that a server used, from its events, and the rules that would name them: grouped by the domain that somebody
 * registered, because that is who answers for a host. A few hosts of a domain are named one by one; many of one domain
 * change from day to day, and are named as everything below it.
 *
 * Trust: none. Targets are the server's own text; what no rule could name is left out.
 */
import { BelljarError } from '#contract/errors.ts';
import type { HostGroup, SeenHost } from '#contract/network.ts';
import type { Verdict } from '#contract/words.ts';
import { isNear, readAddress } from './addresses.ts';
import { formatHost, hostReach, readHost, readStoredHost, registrableDomain, type HostWhat } from './host-rule.ts';

/** One kind of line in a server's events, counted over all its runs. */
export interface HostUse {
  kind: 'net.connect' | 'net.dns';
  target: string;
  address: string | null;
  verdict: Verdict;
  count: number;
  lastAt: string;
}

/** From this many names of one domain on, everything below it is proposed. */
const manyNames = 4;
/** Hosts beyond the most used so many are not proposed one by one. */
const listedMax = 300;
/** Where a machine's own resolvers answer. */
const lookUpPort = '53';

/** Null for what no rule could name, and for look-ups at a resolver's own address. */
function hostOf(use: HostUse): { host: string; port: number | null } | null {
  let host: HostWhat;
  try {
    host = readHost(use.target);
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
  if (use.kind === 'net.dns') return { host: host.pattern, port: null };
  const isResolver = host.ports === lookUpPort && readAddress(host.pattern) !== null;
  if (isResolver || !/^\d+$/.test(host.ports) || /[*/]/.test(host.pattern)) return null;
  return { host: host.pattern, port: Number(host.ports) };
}

/** `10.0.0.5` of `10.0.0.5:443`, and the same of `[fd00::5]:443`. */
function addressHost(address: string): string {
  return /^(?:\[([^\]]*)\]|([^:]*)):\d+$/.exec(address)?.slice(1).find(Boolean) ?? '';
}

/** One entry a host and port, most used first; a name that was only looked up has no port. */
export function seenHosts(uses: readonly HostUse[]): SeenHost[] {
  const seen = new Map<string, SeenHost>();
  for (const use of uses) {
    const found = hostOf(use);
    if (found === null) continue;
    const key = `${found.host} ${String(found.port)}`;
    const before = seen.get(key);
    const isLater = before === undefined || use.lastAt > before.lastAt;
    const address = (isLater ? use.address : null) ?? before?.address ?? use.address;
    seen.set(key, {
      ...found,
      domain: registrableDomain(found.host),
      address,
      near: readAddress(found.host) === null && address !== null && isNear(addressHost(address)),
      allowed: (before?.allowed ?? 0) + (use.verdict === 'allowed' ? use.count : 0),
      refused: (before?.refused ?? 0) + (use.verdict === 'allowed' ? 0 : use.count),
      lastAt: isLater ? use.lastAt : before.lastAt,
    });
  }
  const connected = new Set([...seen.values()].filter(({ port }) => port !== null).map(({ host }) => host));
  return [...seen.values()]
    .filter(({ host, port }) => port !== null || !connected.has(host))
    .toSorted((a, b) => b.allowed + b.refused - a.allowed - a.refused || (a.host < b.host ? -1 : 1));
}

/** The near address that a name led to the last time, at this port. */
export function nearAddressOf(hosts: readonly SeenHost[], host: string, port: number): string | null {
  const found = hosts.find((seen) => seen.near && seen.host === host && seen.port === port);
  return found?.address === undefined || found.address === null ? null : addressHost(found.address);
}

/** How many different hosts were reached. */
export function countReached(hosts: readonly SeenHost[]): number {
  return new Set(hosts.filter(({ port, allowed }) => port !== null && allowed > 0).map(({ host }) => host)).size;
}

function ruleFor(pattern: string, hosts: readonly SeenHost[]): string {
  const ports = [...new Set(hosts.map(({ port }) => port ?? 443))].toSorted((a, b) => a - b);
  return formatHost({ pattern, ports: ports.join(',') });
}

type Choice = HostGroup['choices'][number];

function byHost(hosts: readonly SeenHost[]): Map<string, SeenHost[]> {
  const groups = new Map<string, SeenHost[]>();
  for (const host of hosts) groups.set(host.host, [...(groups.get(host.host) ?? []), host]);
  return groups;
}

/** The rule for the address that a name led to, where it takes one and may be given. */
export function nearRule({ near, address }: SeenHost): string | null {
  if (!near || address === null) return null;
  try {
    return formatHost(readHost(address));
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
}

/** Choices for hosts of one domain that no rule names yet. */
function newChoices(domain: string | null, hosts: readonly SeenHost[]): Choice[] {
  const reached = hosts.filter(({ allowed, port }) => allowed > 0 && port !== null);
  const below = hosts.filter(({ host }) => host !== domain);
  const isMany = new Set(reached.map(({ host }) => host)).size >= manyNames;
  const each = [...byHost(hosts)].map(([host, ports]): Choice => {
    const used = ports.filter((port) => reached.includes(port));
    const isProposed = used.length > 0 && (!isMany || host === domain);
    // Ports that were only tried are no reason to open them.
    return { what: ruleFor(host, used.length > 0 ? used : ports), hosts: ports, granted: false, chosen: isProposed };
  });
  if (domain === null || below.length === 0) return each;
  const used = below.filter((host) => reached.includes(host));
  const all: Choice = {
    what: ruleFor(`*.${domain}`, used.length > 0 ? used : below),
    hosts: below,
    granted: false,
    chosen: isMany && used.length > 0,
  };
  return [...each, all];
}

/** What may be chosen when the network is limited: rules that are there, and rules for what was seen most. */
export function hostGroups(
  seen: readonly SeenHost[],
  granted: readonly string[],
): { groups: HostGroup[]; unlisted: number } {
  const hosts = seen.slice(0, listedMax);
  const groups = new Map<string, { domain: string | null; granted: Choice[]; fresh: SeenHost[] }>();
  const groupOf = (
    domain: string | null,
    host: string,
  ): { domain: string | null; granted: Choice[]; fresh: SeenHost[] } => {
    const name = domain ?? host;
    const group = groups.get(name) ?? { domain, granted: [], fresh: [] };
    groups.set(name, group);
    return group;
  };
  const rules = granted.map((what) => {
    const { pattern, ports } = readStoredHost(what);
    const choice: Choice = { what, hosts: [], granted: true, chosen: true };
    const name = pattern.replace(/^\*\./, '');
    groupOf(registrableDomain(name), name).granted.push(choice);
    return { pattern, ports, choice };
  });
  for (const host of hosts) {
    const naming = rules.filter((rule) => hostReach(rule, host.host, host.port ?? 443) !== null);
    if (naming.length === 0) groupOf(host.domain, host.host).fresh.push(host);
    for (const { choice } of naming) choice.hosts.push(host);
  }
  // A name that leads near takes a rule for it and one for the address.
  const addresses = (list: readonly Choice[], all: readonly SeenHost[]): Choice[] =>
    all.flatMap((host): Choice[] => {
      const what = nearRule(host);
      const reached = host.address === null ? '' : addressHost(host.address);
      const isNamed = rules.some((rule) => hostReach(rule, reached, host.port ?? 443) !== null);
      if (what === null || isNamed || list.some((choice) => choice.what === what)) return [];
      return [{ what, hosts: [host], granted: false, chosen: host.allowed > 0 }];
    });
  const choices = [...groups].map(([name, group]) => {
    const list = [...group.granted, ...newChoices(group.domain, group.fresh)];
    const named = group.granted.flatMap((choice) => choice.hosts);
    return { name, choices: [...list, ...addresses(list, [...named, ...group.fresh])] };
  });
  return { groups: choices, unlisted: seen.length - hosts.length };
}

/** The rules that are proposed: those that are there and what was reached. */
export function proposedHosts(groups: readonly HostGroup[]): string[] {
  return groups.flatMap(({ choices }) => choices.filter(({ chosen }) => chosen).map(({ what }) => what));
}
