/**
 * Patterns of `deny`, `protect` and `except`: an absolute path (that file or folder, and everything below), or two stars, a slash
 * and one to sixteen names that follow each other at any depth, in which `*` stands for any run of bytes but `/`. What a pattern
 * matches names everything below it too. Two programs decide by it: the twin is native-helpers/launcher/core/pattern.cpp, and
 * native-helpers/tests/data/patterns.txt holds for both.
 *
 * Inside an area only the names from the area's own last one on are compared, so that an area below a folder that a pattern
 * would match is not empty.
 */
import { fitsBytes, isWellFormed, normalPath } from './paths.ts';

const anyDepth = '**/';
const segmentsMax = 16;
const segmentMaxBytes = 255;
const pathMaxBytes = 4095;
const encoder = new TextEncoder();
const byteLength = (text: string): number => encoder.encode(text).length;

/** Everything else is a path. */
export function isAnyDepth(pattern: string): boolean {
  return pattern.startsWith(anyDepth);
}

export function isPattern(text: string): boolean {
  if (!isWellFormed(text) || text.includes('\0')) return false;
  if (!isAnyDepth(text)) return fitsBytes(text, pathMaxBytes) && normalPath(text) === text;
  const segments = text.slice(anyDepth.length).split('/');
  return segments.length <= segmentsMax && segments.every(isSegment);
}

function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !text.includes('**') && fitsBytes(text, segmentMaxBytes);
}

/** `*` is any run; what stands between the stars must follow in order. */
function matchesSegment(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Where in `path` the names begin that an area with this root compares. */
function comparedFrom(root: string, path: string): number {
  if (root === '/') return 1;
  const inside = path === root || path.startsWith(`${root}/`);
  return inside ? root.lastIndexOf('/') + 1 : path.length;
}

/** Where in the path what the pattern names ends, in bytes, for every place that it names; the longest first. */
function reachesOf(pattern: string, root: string, path: string): number[] {
  if (!isAnyDepth(pattern)) {
    const within = pattern === '/' || path === pattern || path.startsWith(`${pattern}/`);
    return within ? [byteLength(pattern)] : [];
  }
  const from = comparedFrom(root, path);
  const names = path.slice(from).split('/');
  const segments = pattern.slice(anyDepth.length).split('/');
  const reaches: number[] = [];
  for (let start = names.length - segments.length; start >= 0; start -= 1) {
    const fits = segments.every((segment, index) => {
      const name = names[start + index] ?? '';
      return name !== '' && matchesSegment(segment, name);
    });
    if (fits) reaches.push(byteLength(path.slice(0, from) + names.slice(0, start + segments.length).join('/')));
  }
  return reaches;
}

/**
 * How much of the path the pattern names, in bytes: up to the end of the deepest place where it matches; -1 where it names nothing
 * of it. `root`: the area that holds the path, `/` to compare all of it.
 */
export function patternReach(pattern: string, root: string, path: string): number {
  return reachesOf(pattern, root, path)[0] ?? -1;
}

/** What is refused inside areas, and where that does not count. */
export interface AreaRules {
  /** Not opened, made or changed. */
  deny: readonly string[];
  /** May be read, not changed. */
  protect: readonly string[];
  /** The same, but for what stands in something that the run itself made under the pattern's first name. */
  protectOld?: readonly string[];
  /** `write`: neither of the two counts; `read`: what would be denied is protected. */
  except: readonly { access: 'read' | 'write'; pattern: string }[];
}

export interface AreaVerdict {
  verdict: 'free' | 'protect' | 'deny';
  /** The pattern that decided; null where none does. */
  pattern: string | null;
}

/**
 * Every place on the way that is refused has to be lifted: by an exception that is an absolute path and names at least as much, or,
 * of what is refused at any depth, by one for any depth that ends at the very same place.
 */
export function areaVerdict(rules: AreaRules, root: string, path: string): AreaVerdict {
  const exceptions = rules.except.map(({ access, pattern }) => ({
    access,
    reaches: reachesOf(pattern, root, path),
    exact: !isAnyDepth(pattern),
  }));
  const isLifted = (pattern: string, access: 'read' | 'write'): boolean =>
    reachesOf(pattern, root, path).every((reach) =>
      exceptions.some(
        (except) =>
          (access === 'read' || except.access === 'write') &&
          (except.exact ? (except.reaches[0] ?? -1) >= reach : isAnyDepth(pattern) && except.reaches.includes(reach)),
      ),
    );
  let protectedBy: string | null = null;
  for (const pattern of rules.deny) {
    if (!isLifted(pattern, 'read')) return { verdict: 'deny', pattern };
    if (!isLifted(pattern, 'write')) protectedBy ??= pattern;
  }
  for (const pattern of [...rules.protect, ...(rules.protectOld ?? [])])
    if (!isLifted(pattern, 'write')) protectedBy ??= pattern;
  return protectedBy === null ? { verdict: 'free', pattern: null } : { verdict: 'protect', pattern: protectedBy };
}
