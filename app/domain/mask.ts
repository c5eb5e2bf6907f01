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
  let shown = text.replace(addressCredentials, `$1${mask}@`);
  shown = shown.replace(queryValue, (whole, before: string, name: string) =>
    isSecretName(name) ? `${before}${name}=${mask}` : whole,
  );
  shown = shown.replace(/\b(Bearer|Basic|token)\s+[^\s"']{6,}/gi, `$1 ${mask}`);
  for (const shape of tokenShapes) shown = shown.replace(shape, mask);
  return shown.replace(randomText, (part) => (looksRandom(part) ? mask : part));
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
    if (/^--?[A-Za-z]/.test(before) && !before.includes('=') && isSecretName(before) && !/^--?[A-Za-z]/.test(argument))
      return isPlaceholder(argument) ? argument : mask;
    const assigned = /^(-{0,2}[A-Za-z_][A-Za-z0-9_.-]*)=([\s\S]+)$/.exec(argument);
    if (assigned !== null) {
      const [, name = '', value = ''] = assigned;
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
