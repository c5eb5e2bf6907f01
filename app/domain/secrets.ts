/**
 * Which values of an entry look like secrets, and why. Unlike masking, which hides rather too much, this proposes a change of
 * a file: it keeps to known formats, to telling names, to passwords in addresses and to text that is long and random in more
 * than one way. Placeholders that the client fills in (`${input:…}`, `${env:…}`, `$NAME`, `{{…}}`), references to Belljar's
 * own store, paths, switches and the dummies of documentation are none.
 */
import { secretMaxBytes, type SecretFormat, type SecretObstacle, type SecretReason } from '#contract/secret.ts';
import type { Launch } from './entry.ts';
import { keptName, keptNameOfArgument, keptNamePattern } from './kept-secrets.ts';
import {
  entropy,
  headerOption,
  isSecretName,
  namedValues,
  passwordOf,
  settingsOf,
  userOption,
  type NamedValue,
} from './mask.ts';
import { formatOf } from './secret-formats.ts';
import { variableOfOption } from './secret-variables.ts';

export interface FoundSecret {
  place: 'variable' | 'argument';
  /** The variable that a server would get it by; of what cannot be moved, `where`. */
  name: string;
  where: string;
  value: string;
  /** Of an argument: which one of the launch. */
  index: number | null;
  reason: SecretReason;
  format: SecretFormat | null;
  obstacle: SecretObstacle | null;
}

export interface Likeness {
  reason: SecretReason;
  format: SecretFormat | null;
}

const placeholder = /\$\{[^}]{0,200}\}|^\$[A-Za-z_][A-Za-z0-9_]*$|^%[A-Za-z_][A-Za-z0-9_]*%$|\{\{[^}]{0,200}\}\}/;
/** What stands in the examples of documentation where a value belongs. */
const dummy =
  /^<[^>]*>$|^\[[^\]]*\]$|^(?:your|insert|replace|enter|paste)[-_ ]|^my[-_ ](?:api|token|key|secret|password)|^(?:x|\*|•|\.)+$|^(?:changeme|change[-_]me|todo|tbd|example|dummy|placeholder|redacted|none|null|undefined)$|(?:^|[-_ ])here$/i;
const switchWord = /^(?:true|false|yes|no|on|off|auto|none|default|enabled|disabled|required|optional|always|never)$/i;
const path = /^(?:~|\.{1,2})?[\\/]|^[A-Za-z]:[\\/]|^file:/;
const webAddress = /^[a-z][a-z0-9+.-]{0,30}:\/\//i;
/** `scheme://user:password@host`: the password. */
const addressPassword = /^[a-z][a-z0-9+.-]{0,30}:\/\/[^/\s@:?#]*:([^/\s@]+)@/i;
/** `Server=…;Password=…`: the password of a connection string. */
const connectionPassword = /(?:^|;)\s*(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*([^;]+)/i;
const authorization = /^(?:bearer|basic|token|apikey)\s+\S{6,}$/i;
/** Names whose value is a password also where it is a short number or a word. */
const surelySecret = /pass(?:word|wd|phrase)?$|pwd$|secret$|token$|api_?key$/i;
/** Names of what is random and no secret. */
const identity =
  /(?:^|[-_])(?:u?u?id|guid|hash|sha\d*|digest|checksum|commit|revision|ref|version|etag|fingerprint|project|account|tenant|client_?id|workspace|database|channel)s?$/i;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** True for what stands for a value and is none. */
export function isStandIn(value: string): boolean {
  return value.trim() === '' || placeholder.test(value) || dummy.test(value.trim()) || keptName(value) !== null;
}

function looksRandom(value: string): boolean {
  if (uuid.test(value) || !/^[A-Za-z0-9+/_=.-]{24,}$/.test(value)) return false;
  if (/^[0-9a-f]+$/i.test(value))
    return value.length >= 32 && /\d/.test(value) && /[a-f]/i.test(value) && entropy(value) > 3;
  const parts = value.split(/[/_.-]/);
  return parts.some(
    (part) => part.length >= 20 && /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part) && entropy(part) > 3.6,
  );
}

/** Why the value that stands under a name looks like a secret; null where it does not. */
export function likeness(name: string, value: string): Likeness | null {
  const format = formatOf(value);
  if (format !== null) return { reason: 'format', format };
  if (value.length > secretMaxBytes) return null;
  if (isStandIn(value)) return null;
  const password = addressPassword.exec(value)?.[1] ?? connectionPassword.exec(value)?.[1];
  if (password !== undefined) return isStandIn(password) ? null : { reason: 'address', format: null };
  if (authorization.test(value)) return { reason: 'header', format: null };
  if (path.test(value) || webAddress.test(value)) return null;
  if (isSecretName(name) && !switchWord.test(value)) {
    const isPlain = /^\d{1,5}$/.test(value) || value.length < 4;
    if (!isPlain || surelySecret.test(name)) return { reason: 'name', format: null };
  }
  return !identity.test(name) && looksRandom(value) ? { reason: 'random', format: null } : null;
}

function inVariables(env: Readonly<Record<string, string>>): FoundSecret[] {
  return Object.entries(env).flatMap(([name, value]): FoundSecret[] => {
    const like = likeness(name, value);
    if (like === null) return [];
    return [
      { place: 'variable', name, where: name, value, index: null, ...like, obstacle: variableObstacle(name, value) },
    ];
  });
}

/** What speaks against giving a value as a variable of this name. */
export function variableObstacle(name: string, value: string): SecretObstacle | null {
  if (!keptNamePattern.test(name) || value.includes('\0')) return 'name';
  return new TextEncoder().encode(value).length > secretMaxBytes ? 'too-large' : null;
}

/** The value that an argument holds, what names it, and whether it is all of the argument but its option. */
interface Held {
  option: string | null;
  value: string;
  like: Likeness;
  isWhole: boolean;
}

function heldByHeader(option: string, header: string): Held | null {
  const colon = header.indexOf(':');
  const value = header.slice(colon + 1).trim();
  const name = header.slice(0, Math.max(colon, 0));
  const like = likeness(name, value) ?? (isStandIn(value) ? null : named(name, 'header'));
  return like === null ? null : { option, value, like, isWhole: false };
}

function heldBy(argument: string, before: string): Held | null {
  const assigned = /^(-{0,2}[A-Za-z_][A-Za-z0-9_.-]*)=([\s\S]+)$/.exec(argument);
  const isOption = /^--?[A-Za-z]/.test(argument);
  const isValue = /^--?[A-Za-z]/.test(before) && !before.includes('=') && !isOption;
  if (isValue && headerOption.test(before)) return heldByHeader(before, argument);
  if (assigned !== null && !webAddress.test(argument)) {
    const [, name = '', value = ''] = assigned;
    if (headerOption.test(name)) return heldByHeader(name, value);
    const like = likeness(name.replace(/^-+/, ''), value);
    if (like !== null) return { option: name, value, like, isWhole: isOption && like.reason !== 'address' };
  }
  if (isValue) {
    const like = likeness(before.replace(/^-+/, ''), argument);
    if (like !== null) return { option: before, value: argument, like, isWhole: like.reason !== 'address' };
  }
  const colon = /^([A-Za-z-]+):\s?(\S[\s\S]*)$/.exec(argument);
  if (colon !== null && !webAddress.test(argument)) {
    const [, name = '', value = ''] = colon;
    if (isSecretName(name) && !isStandIn(value))
      return {
        option: null,
        value,
        like: named(name, 'header') ?? { reason: 'header', format: formatOf(value) },
        isWhole: false,
      };
  }
  const query = [...argument.slice(0, 8192).matchAll(/[?&;#]([^=&#;\s]+)=([^&#;\s]+)/g)].find(
    ([, name = '', value = '']) => isSecretName(name) && !isStandIn(value),
  );
  if (query !== undefined && webAddress.test(argument))
    return {
      option: null,
      value: query[2] ?? '',
      like: { reason: 'address', format: formatOf(query[2] ?? '') },
      isWhole: false,
    };
  return heldInside(argument, before) ?? likeOf('', argument);
}

function likeOf(name: string, value: string): Held | null {
  const like = likeness(name, value);
  return like === null ? null : { option: null, value, like, isWhole: false };
}

/** Settings that are written as one argument, a script with its variables, words of a connection string, `user:password`. */
function heldInside(argument: string, before: string): Held | null {
  const password = userOption.test(before) ? passwordOf(argument) : null;
  if (password !== null && !isStandIn(password))
    return { option: before, value: password, like: { reason: 'name', format: formatOf(password) }, isWhole: false };
  if (webAddress.test(argument)) return null;
  const settings = settingsOf(argument);
  const values = settings === undefined ? namedValues(argument) : settingValues(settings, '');
  for (const { name, value } of values) {
    const held = likeOf(name, value);
    if (held !== null) return { ...held, option: /^--?[A-Za-z][^=]*$/.test(before) ? before : null };
  }
  return null;
}

function settingValues(value: unknown, name: string): NamedValue[] {
  if (typeof value === 'string') {
    const inner = settingsOf(value);
    return inner === undefined ? [{ name, value }] : settingValues(inner, name);
  }
  if (typeof value === 'number') return [{ name, value: value.toString() }];
  if (Array.isArray(value)) return value.flatMap((each) => settingValues(each, name));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => settingValues(each, key));
}

function named(name: string, reason: SecretReason): Likeness | null {
  return isSecretName(name) ? { reason, format: null } : null;
}

function inArguments(launch: Launch, taken: ReadonlySet<string>): FoundSecret[] {
  return launch.args.flatMap((argument, index): FoundSecret[] => {
    if (keptNameOfArgument(argument) !== null) return [];
    const held = heldBy(argument, launch.args[index - 1] ?? '');
    if (held === null) return [];
    const where = held.option ?? `argument ${(index + 1).toString()}`;
    const variable = held.isWhole && held.option !== null ? variableOfOption(launch, held.option) : null;
    const obstacle = !held.isWhole
      ? 'part'
      : variable === null
        ? 'argument'
        : taken.has(variable)
          ? 'twice'
          : variableObstacle(variable, held.value);
    return [
      {
        place: 'argument',
        name: obstacle === null ? (variable ?? where) : where,
        where,
        value: held.value,
        index,
        ...held.like,
        obstacle,
      },
    ];
  });
}

/** Everything of an entry that looks like a secret, its variables first. */
export function findSecrets(launch: Launch | null, env: Readonly<Record<string, string>>): FoundSecret[] {
  const variables = inVariables(env);
  return launch === null ? variables : [...variables, ...inArguments(launch, new Set(Object.keys(env)))];
}
