/**
 * Links that a server may ask to have opened: which texts are one, and which rule covers it. The launcher reads them by the
 * same rules (native-helpers/launcher/core/link.cpp); here they are read again, because the host is what opens them.
 */

export interface Link {
  /** What is handed on: the text in the one form that browsers, shells and parsers read alike. */
  url: string;
  /** Lower case, without port and final dot. */
  host: string;
  /** A page of this machine: no rule covers it, each one is asked for. */
  loopback: boolean;
}

const maxCharacters = 8192;
const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** A plain host name or IPv4 address. Browsers read `127.1` and `0x7f.0.0.1` as addresses too; those are not taken. */
export function isLinkHost(host: string): boolean {
  const labels = host.split('.');
  if (host.length > 253 || !labels.every((part) => label.test(part))) return false;
  const last = labels.at(-1) ?? '';
  if (!/^(?:\d+$|0x)/.test(last)) return true;
  return labels.length === 4 && labels.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^(?:127|0)\.\d+\.\d+\.\d+$/.test(host);
}

/** Null when it is not a link that may be asked for. */
export function readLink(text: string): Link | null {
  if (text.length > maxCharacters || !/^[\u0021-\u005b\u005d-\u007e]*$/.test(text)) return null;
  const parts = /^(https?):\/\/([^/?#:@]+)(?::([1-9]\d{0,4}))?(?=[/?#]|$)/i.exec(text);
  if (parts === null || Number(parts[3] ?? 0) > 65_535) return null;
  const host = (parts[2] ?? '').toLowerCase().replace(/\.$/, '');
  if (!isLinkHost(host)) return null;
  const loopback = isLoopbackHost(host);
  if ((parts[1] ?? '').toLowerCase() === 'http' && !loopback) return null;
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  // Should the two ever read it differently, it is no link.
  if (url.hostname.replace(/\.$/, '') !== host || url.username !== '' || url.password !== '') return null;
  // What RFC 3986 does not let stand in a link, and a careless script on the way to the browser could act upon.
  const plain = url.href.replace(
    /["'`<>\\^{|}]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return { url: plain, host, loopback };
}

/** `pattern` is a host, or `*.` and a name: every host below it, not the name itself. */
export function linkRuleCovers(pattern: string, link: Pick<Link, 'host' | 'loopback'>): boolean {
  if (link.loopback) return false;
  if (!pattern.startsWith('*.')) return pattern === link.host;
  const suffix = pattern.slice(1);
  return link.host.length > suffix.length && link.host.endsWith(suffix);
}
