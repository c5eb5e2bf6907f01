/**
 * Addresses as numbers: IPv4 and IPv6 in every spelling people and programs use, networks, and what kind of place an
 * address leads to. Pure text; nothing is looked up.
 */

/** Sixteen-bit groups: two of IPv4, eight of IPv6. An IPv4 address that is written as IPv6 counts as IPv4. */
export interface Address {
  family: 4 | 6;
  groups: readonly number[];
}

function readFour(text: string): Address | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return null;
  }
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return { family: 4, groups: [a * 256 + b, c * 256 + d] };
}

function readSix(text: string): Address | null {
  // An IPv4 tail stands for the last two groups.
  const tail = /^(.*:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text);
  const four = tail === null ? null : readFour(tail[2] ?? '');
  if (tail !== null && four === null) return null;
  const plain = four === null ? text : `${tail?.[1] ?? ''}${four.groups.map((group) => group.toString(16)).join(':')}`;
  const halves = plain.split('::');
  if (halves.length > 2 || !/^[0-9a-f:]*:[0-9a-f:]*$/i.test(plain)) return null;
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const words = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...rest];
  if (!words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return null;
  const groups = words.map((word) => Number.parseInt(word, 16));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? { family: 4, groups: groups.slice(6) } : { family: 6, groups };
}

/** Null for what is no address, also for odd spellings (`127.1`, `0x7f.1`, a zone) that programs read in different ways. */
export function readAddress(text: string): Address | null {
  return text.includes(':') ? readSix(text) : readFour(text);
}

/** The one spelling of an address: dotted, or IPv6 in lower case with its longest run of zeros left out. */
export function formatAddress({ family, groups }: Address): string {
  if (family === 4) return groups.flatMap((group) => [group >> 8, group & 255]).join('.');
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let at = 0; at <= groups.length; at += 1) {
    if (at < groups.length && groups[at] === 0) continue;
    if (at - start > best.length) best = { start, length: at - start };
    start = at + 1;
  }
  const words = groups.map((group) => group.toString(16));
  if (best.length < 2) return words.join(':');
  return `${words.slice(0, best.start).join(':')}::${words.slice(best.start + best.length).join(':')}`;
}

/** The same address with everything behind the first `length` bits set to zero. */
export function networkOf({ family, groups }: Address, length: number): Address {
  const kept = groups.map((group, index) => {
    const bits = Math.min(16, Math.max(0, length - index * 16));
    return group & (0xffff << (16 - bits)) & 0xffff;
  });
  return { family, groups: kept };
}

/**
 * Where an address leads. `local-use`: multicast and broadcast; nobody connects there. `reserved`: what the internet does not
 * route, where a network may still have something: VPN programs and proxies answer names with such addresses.
 */
export type AddressKind = 'loopback' | 'private' | 'link-local' | 'local-use' | 'reserved' | 'internet' | 'name';

/** Networks of IPv4 that are reserved or for documentation (RFC 6890), as the launcher's `kind_of` has them. */
const reservedFour = [
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
] as const;

function isReservedFour(address: Address): boolean {
  return reservedFour.some(([network, length]) => formatAddress(networkOf(address, length)) === network);
}

/** What kind of address a host is, as the launcher's `kind_of` tells them apart; only what decides under an open network matters. */
export function addressKind(host: string): AddressKind {
  const text = host.toLowerCase().replace(/\.$/, '');
  if (text === 'localhost' || text.endsWith('.localhost')) return 'loopback';
  const address = readAddress(text);
  if (address === null) return 'name';
  const [first = 0, second = 0] = address.groups;
  if (address.family === 4) {
    const [a, b] = [first >> 8, first & 255];
    if (a === 127 || a === 0) return 'loopback';
    if (a === 169 && b === 254) return 'link-local';
    if (a >= 224) return 'local-use';
    const carrier = a === 100 && b >= 64 && b <= 127;
    if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || carrier) return 'private';
    // Azure's wire server, which only its machines reach.
    if (formatAddress(address) === '168.63.129.16') return 'link-local';
    return isReservedFour(address) ? 'reserved' : 'internet';
  }
  if (address.groups.slice(0, 7).every((group) => group === 0) && (address.groups[7] ?? 0) <= 1) return 'loopback';
  if ((first & 0xffc0) === 0xfe80) return 'link-local';
  if ((first & 0xff00) === 0xff00) return 'local-use';
  // NAT64, 6to4 and IPv4-compatible addresses lead to the IPv4 address that they carry.
  const isNat64 = first === 0x64 && second === 0xff9b && address.groups.slice(2, 6).every((group) => group === 0);
  const isCompatible = address.groups.slice(0, 6).every((group) => group === 0);
  const carried =
    isNat64 || isCompatible ? address.groups.slice(6) : first === 0x2002 ? address.groups.slice(1, 3) : null;
  if (carried !== null) return addressKind(formatAddress({ family: 4, groups: carried }));
  if ((first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfec0) return 'private';
  // Global unicast is 2000::/3, without Teredo.
  return (first & 0xe000) !== 0x2000 || (first === 0x2001 && second === 0) ? 'reserved' : 'internet';
}

/** This machine, its network, the link, or what is not of the internet: where a name must not lead unless the address is named. */
export function isNear(host: string): boolean {
  const kind = addressKind(host);
  return kind === 'loopback' || kind === 'private' || kind === 'link-local' || kind === 'reserved';
}
