/**
 * Paths that a server's own entry names, in its arguments and in the values of its variables. Whoever wrote the entry meant
 * the server to use them, so they become rules; the launcher resolves them when the server starts (`arg:1`), so that a
 * placeholder or a relative path means what the client made of it. What would open too much is withheld and said so.
 *
 * Trust: entries may come from files that others wrote. That is why the list of what is withheld is checked twice: here for
 * what can be told from the text, and by the launcher (`refuse`) after symbolic links are followed.
 */
import type { Rule, Withheld } from '#contract/policy.ts';
import { readCommandLine } from './command-line.ts';
import type { Launch } from './entry.ts';
import type { Folders } from './folders.ts';
import { expandPath, isStrictlyWithin, isWellFormed, normalPath } from './paths.ts';
import { makeRule } from './rules.ts';
import { secretRelation, type SecretPlace } from './secret-places.ts';

export interface NamedPath {
  verb: 'read' | 'write' | 'exec';
  /** The path as it is written. */
  text: string;
  /** Absolute and normal, or null where only the launcher can tell (relative, a placeholder). */
  path: string | null;
  /** Null where the text itself is no path that the launcher could resolve (an escaped address, a variable). */
  symbol: string | null;
  reason: 'argument' | 'variable';
}

/** Endings that make a bare name a file rather than a word. */
const fileEnding =
  /\.(?:jsonc?|ya?ml|toml|db|sqlite3?|duckdb|txt|mdx?|csv|tsv|log|ini|conf|cfg|env|xml|pdf|parquet|html?|pem|crt)$/i;

/** Placeholders that clients replace by a folder. Others (tokens, inputs) are never taken for a path. */
const folderPlaceholder =
  /^\$\{(?:env:)?(?:workspaceFolder|workspaceRoot|userHome|HOME|PWD|CLAUDE_PROJECT_DIR|CLAUDE_PLUGIN_ROOT|CLAUDE_PLUGIN_DATA|XDG_[A-Z]+_HOME)\}(?:\/|$)/;

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

interface Found {
  /** The path as it is written, and what stands before it. */
  text: string;
  before: string;
  path: string | null;
  /** True where the path is not in the text as it is (an escaped address): then no symbol can name it. */
  literal: boolean;
}

function fromAddress(text: string): Found | null {
  const scheme = /^file:\/\//i.exec(text)?.[0];
  if (scheme === undefined) return null;
  const rest = text.slice(scheme.length);
  if (rest.startsWith('/') && !/[%?#]/.test(rest)) {
    return { text: rest, before: scheme, path: normalPath(rest), literal: false };
  }
  try {
    const path = normalPath(decodeURIComponent(rest.replace(/[?#].*$/s, '').replace(/^localhost(?=\/)/i, '')));
    return path === null ? null : { text: path, before: '', path, literal: true };
  } catch {
    return null;
  }
}

/** What path a text is, or null when it is none. */
function findPath(text: string, folders: Folders): Found | null {
  if (text.includes('://')) return fromAddress(text);
  if (text.startsWith('/') || text === '~' || text.startsWith('~/')) {
    return { text, before: '', path: expandPath(text, folders), literal: false };
  }
  const relative =
    /^\.{1,2}(?:\/|$)/.test(text) ||
    folderPlaceholder.test(text) ||
    (!/[\s@:$=]/.test(text) && !text.startsWith('-') && fileEnding.test(text));
  return relative ? { text, before: '', path: null, literal: false } : null;
}

/** The same for `--flag=/path` and `NAME=/path`. */
function findAssigned(text: string, folders: Folders): Found | null {
  const name = /^(?:-{1,2}[^=/\s]+|[A-Za-z_][A-Za-z0-9_.-]*)=/.exec(text)?.[0];
  const found = name === undefined ? null : findPath(text.slice(name.length), folders);
  return found === null ? null : { ...found, before: (name ?? '') + found.before };
}

/** Paths in the arguments, by position. The server's program and package names are not among them. */
export function argumentPaths(launch: Launch, folders: Folders): readonly NamedPath[] {
  const line = readCommandLine(launch);
  return launch.args.flatMap((argument, index): NamedPath[] => {
    if (line.notPaths.has(index) || argument.includes('\0') || !isWellFormed(argument)) return [];
    const found = findPath(argument, folders) ?? findAssigned(argument, folders);
    if (found === null) return [];
    const offset = byteLength(found.before);
    return [
      {
        verb: line.code.has(index) ? 'exec' : 'write',
        text: found.text,
        path: found.path,
        symbol: found.literal ? null : `arg:${index.toString()}${offset === 0 ? '' : `+${offset.toString()}`}`,
        reason: 'argument',
      },
    ];
  });
}

/** Variables whose value is a list of folders, or a place the launcher decides. */
const notOwnPlaces = /^(?:PATH|HOME|PWD|OLDPWD|SHELL|TMPDIR|TEMP|TMP|LD_.*|DYLD_.*|XDG_.*|SSH_AUTH_SOCK|DOCKER_HOST)$/;
const onlyRead = /(?:CERT|_CA|BUNDLE|CREDENTIAL|CONFIG|KEY|TOKEN|PYTHONPATH|NODE_PATH|LIB_PATH)/;

/** Paths that are the whole value of one of the entry's own variables. */
export function variablePaths(env: Readonly<Record<string, string>>, folders: Folders): readonly NamedPath[] {
  return Object.entries(env).flatMap(([name, value]): NamedPath[] => {
    if (notOwnPlaces.test(name) || value.includes('\0') || value.includes(':') || !isWellFormed(value)) return [];
    if (!value.startsWith('/') && !value.startsWith('~/')) return [];
    const path = expandPath(value, folders);
    if (path === null) return [];
    return [{ verb: onlyRead.test(name) ? 'read' : 'write', text: value, path, symbol: null, reason: 'variable' }];
  });
}

/** Why a path is not granted just because the entry names it; null when nothing speaks against it. */
export function withheldReason(
  path: string,
  folders: Folders,
  places: readonly SecretPlace[],
): Withheld['reason'] | null {
  if (path === '/') return 'root';
  if (path === folders.home) return 'home';
  if (isStrictlyWithin(folders.home, path)) return 'contains-home';
  const relation = secretRelation(path, places);
  if (relation === null) return null;
  if (relation.how === 'holds') return 'contains-secret-place';
  return relation.place.kind === 'secret' ? 'secret-place' : relation.place.kind;
}

export interface EntryRules {
  rules: Rule[];
  withheld: Withheld[];
}

/** The rules of an entry's own paths, and what of them is withheld. */
export function entryRules(
  launch: Launch,
  env: Readonly<Record<string, string>>,
  folders: Folders,
  places: readonly SecretPlace[],
): EntryRules {
  const rules: Rule[] = [];
  const withheld: Withheld[] = [];
  for (const named of [...argumentPaths(launch, folders), ...variablePaths(env, folders)]) {
    const reason = named.path === null ? null : withheldReason(named.path, folders, places);
    if (reason !== null && named.path !== null) {
      withheld.push({ what: named.path, reason });
      continue;
    }
    const what = named.path ?? named.text;
    rules.push({
      ...makeRule(named.verb, what, 'argument', named.reason),
      ...(named.symbol === null ? {} : { symbol: named.symbol }),
    });
  }
  return { rules, withheld };
}
