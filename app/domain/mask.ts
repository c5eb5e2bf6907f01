/**
 * Masking: command lines and entries as they may be shown, logged and compared. Rather too much is masked than too little;
 * what a person needs to recognise a server (its program, packages, folders, addresses) stays.
 */
import { formatPatterns } from './secret-formats.ts';
import { keptName } from './kept-secrets.ts';

export const mask = '•••';

const shownMax = 8192;

/** Names of options, variables and headers whose value is a secret. */
const secretName =
  /(?:^|[-_.\s])(?:api[-_]?key|apikey|key|token|secret|password|passwd|passphrase|pwd|pass|pat|auth|authorization|credentials?|cookie|session|bearer|jwt|dsn|connection[-_]?string|private|signature|webhook)s?(?:$|[-_.\s])|(?:token|secret|password|apikey|api_key|accesskey|auth)$/i;
/** Names that only look like it. */
const plainName = /(?:file|path|dir|folder|url[-_]?only|type|method|mode|ttl|timeout|limit|count|max|header-name)$/i;

/** Options whose value is a whole `Name: value` header. */
export const headerOption = /^(?:-H|--headers?)$/i;

/** Options whose value may be `user:password`, as curl has them. */
export const userOption = /^(?:-u|--(?:proxy-)?user)$/;
const userPassword = /^([^:\s/]{1,256}):(?!\d{1,5}$)(\S[\s\S]*)$/;

/** The password of a `user:password`; a pair of numbers is a user and a group. */
export function passwordOf(text: string): string | null {
  return userPassword.exec(text)?.[2] ?? null;
}

/** Known tokens, also shorter or older than they should be; and the rest of a text in which a private key begins. */
const tokenShapes: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/g,
  ...Object.values(formatPatterns).map((pattern) => new RegExp(pattern, 'g')),
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or|svcacct)?[-_]?[A-Za-z0-9_-]{12,}/g,
  /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}/g,
  /\b(?:lin_api|figd|shpat|shpss|dop_v1|sbp|rnd|fly|tvly|pplx|gsk|r8|vercel|nfp|atlasv1|ATATT)[-_][A-Za-z0-9_=-]{16,}/g,
  /\bey[JK][A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  /\b\d{8,10}:[A-Za-z0-9_-]{32,}/g,
];

/** `scheme://user:password@host`, and query values with telling names. */
const addressCredentials = /([a-z][a-z0-9+.-]{0,30}:\/\/)([^/\s@]{1,4096})@/gi;
const queryValue = /([?&#;])([^=&#;\s]+)=([^&#;\s]+)/g;

/**
 * `name=value`, `name: value` and `"name": "value"` anywhere in a text: a shell's variables, settings, words of a connection
 * string. The value ends with its quote, or with what ends a word there. Each name is looked at once.
 */
const namedPair =
  /(?<![A-Za-z0-9_.-])([A-Za-z_-][A-Za-z0-9_.-]{0,63})(\\{0,3}["']?\s{0,4}[:=]\s{0,4})(?:(\\{0,3}["'])([^"'\\]{1,4096})|((?:\$\{[^}]{0,200}\}|[^\s"'\\,;&|(){}[\]<>]){1,4096}))/g;

export interface NamedValue {
  name: string;
  value: string;
}

/** What stands under a name inside of a text that is no JSON, with a name that tells. A placeholder is no value. */
export function namedValues(text: string): NamedValue[] {
  return [...text.slice(0, shownMax).matchAll(namedPair)].flatMap(([, name = '', , , quoted, bare]) => {
    const value = quoted ?? bare ?? '';
    return isNamed(name, value) ? [{ name, value }] : [];
  });
}

/** The name tells that it is a secret; `postgres://…` is no pair. */
function isNamed(name: string, value: string): boolean {
  return isSecretName(name) && !value.startsWith('//') && !value.startsWith('${');
}

/** The object or list that a text is, as some programs take their settings; undefined where it is none. */
export function settingsOf(text: string): unknown {
  if (text.length > shownMax || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function maskSettings(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((each) => maskSettings(each, name));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [maskText(key), maskSettings(each, key)]));
  if (isSecretName(name) && typeof value !== 'boolean' && value !== null)
    return typeof value === 'string' && isPlaceholder(value) ? value : mask;
  return typeof value === 'string' ? maskText(value) : value;
}

export function isSecretName(name: string): boolean {
  const bare = name.replace(/^-+/, '').replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2');
  return secretName.test(bare) && !plainName.test(bare);
}

/** Bits of information a character, by how its characters are spread. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const length = text.length;
  return [...counts.values()].reduce((sum, count) => sum - (count / length) * Math.log2(count / length), 0);
}

const randomText = /[A-Za-z0-9+/_=-]{24,}/g;

/** Long random text is a secret even where nothing names it. Paths, package names and words are not random. */
function looksRandom(text: string): boolean {
  const classes = [/[a-z]/, /[A-Z]/, /\d/].filter((pattern) => pattern.test(text)).length;
  if (/^[0-9a-f-]+$/i.test(text))
    return text.replaceAll('-', '').length >= 32 && /\d/.test(text) && entropy(text) > 2.8;
  if (classes < 2 || !/\d/.test(text)) return false;
  // Parts of paths and dashed names are words; a token has none.
  const parts = text.split(/[/_-]/).filter((part) => part !== '');
  return parts.some((part) => part.length >= 20 && /\d/.test(part) && entropy(part) > 3.4);
}

/** A text without the secrets that its own shape gives away. */
export function maskText(text: string): string {
  // Nobody reads that much on a command line, and patterns over hostile text must stay cheap.
  if (text.length > shownMax) return mask;
  const settings = settingsOf(text);
  if (settings !== undefined) return JSON.stringify(maskSettings(settings, ''));
  let shown = text.replace(addressCredentials, `$1${mask}@`);
  shown = shown.replace(queryValue, (whole, before: string, name: string) =>
    isSecretName(name) ? `${before}${name}=${mask}` : whole,
  );
  shown = shown.replace(/\b(Bearer|Basic|token)\s+[^\s"']{6,}/gi, `$1 ${mask}`);
  shown = shown.replace(
    namedPair,
    (whole, name: string, between: string, quote: string | undefined, quoted: string | undefined, bare = '') => {
      const value = quoted ?? String(bare);
      return isNamed(name, value) && value !== mask ? `${name}${between}${quote ?? ''}${mask}` : whole;
    },
  );
  for (const shape of tokenShapes) shown = shown.replace(shape, mask);
  return shown.replace(randomText, (part) => (looksRandom(part) ? mask : part));
}

function maskUser(text: string): string {
  const password = passwordOf(text);
  return password === null || isPlaceholder(password) ? maskText(text) : `${text.slice(0, -password.length)}${mask}`;
}

function maskHeader(text: string): string {
  const colon = text.indexOf(':');
  return colon < 0 ? mask : `${text.slice(0, colon + 1)} ${mask}`;
}

/** Arguments as they may be shown; one for one. */
export function maskArguments(args: readonly string[]): string[] {
  return args.map((argument, index) => {
    const before = args[index - 1] ?? '';
    // The value of `--token value`; a further option after a switch such as `--auth` is none.
    if (headerOption.test(before)) return maskHeader(argument);
    if (userOption.test(before)) return maskUser(argument);
    if (/^--?[A-Za-z]/.test(before) && !before.includes('=') && isSecretName(before) && !/^--?[A-Za-z]/.test(argument))
      return isPlaceholder(argument) ? argument : mask;
    const assigned = /^(-{0,2}[A-Za-z_][A-Za-z0-9_.-]*)=([\s\S]+)$/.exec(argument);
    if (assigned !== null) {
      const [, name = '', value = ''] = assigned;
      if (userOption.test(name)) return `${name}=${maskUser(value)}`;
      if (headerOption.test(name)) return `${name}=${maskHeader(value)}`;
      if (isSecretName(name)) return `${name}=${isPlaceholder(value) ? value : mask}`;
    }
    if (/^[A-Za-z-]+:\s?\S/.test(argument) && !argument.includes('://') && isSecretName(argument.split(':')[0] ?? ''))
      return maskHeader(argument);
    return maskText(argument);
  });
}

/** `${TOKEN}` and a reference to Belljar's store name a secret and do not hold it. */
function isPlaceholder(text: string): boolean {
  return keptName(text) !== null || /^\$?\{[A-Za-z0-9_:.-]+\}$/.test(text);
}

/** The value of a variable: shown only where it is a placeholder. */
export function maskVariable(value: string): string {
  return isPlaceholder(value) || value === '' ? value : mask;
}
