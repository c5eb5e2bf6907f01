/**
 * Names that look like a well-known one and are not it: a letter more, less, another or in another place; letters that look alike;
 * another scope that reads like the known one. Bounded: names are cut.
 */
import { knownPackages, registryName, type Registry } from './known-packages.ts';

const nameMax = 214;
/** What of a name tells it apart, without the words that all of them have. Shorter ones differ by a letter from many others. */
const tellingMin = 5;
const common = /mcp|server|[^a-z0-9]/g;

/** Letters of other scripts, and digits, that read like a Latin letter. */
const alike: Readonly<Record<string, string>> = {
  ...{ а: 'a', е: 'e', о: 'o', р: 'p', с: 'c', у: 'y', х: 'x', і: 'i', ј: 'j', ѕ: 's', һ: 'h', ԁ: 'd', ո: 'n', к: 'k' },
  ...{
    ο: 'o',
    ν: 'v',
    ρ: 'p',
    α: 'a',
    ι: 'i',
    κ: 'k',
    τ: 't',
    υ: 'u',
    ɡ: 'g',
    ı: 'i',
    ł: 'l',
    '0': 'o',
    '1': 'l',
    '|': 'l',
  },
};

/** What a name looks like at a glance. */
export function skeleton(name: string): string {
  const cut = name.slice(0, nameMax);
  // Nearly every name is of plain letters, and these are looked at by the hundred.
  if (/^[a-z\d@/._-]*$/i.test(cut))
    return cut
      .toLowerCase()
      .replaceAll(/[-_.]/g, '')
      .replaceAll('0', 'o')
      .replaceAll('1', 'l')
      .replaceAll('rn', 'm')
      .replaceAll('vv', 'w');
  const plain = cut.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return Array.from(plain, (letter) => (Object.hasOwn(alike, letter) ? alike[letter] : letter))
    .join('')
    .replaceAll(/[-_.\s\u200b-\u200f]/g, '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}

/** True where one letter was added, dropped or exchanged, or two neighbours swapped, or nothing at all. */
export function isOneStep(one: string, other: string): boolean {
  const most = Math.min(one.length, other.length);
  if (Math.max(one.length, other.length) - most > 1) return false;
  let start = 0;
  while (start < most && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const left = one.slice(start, one.length - end);
  const right = other.slice(start, other.length - end);
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}

interface Parts {
  scope: string;
  bare: string;
}

function partsOf(name: string): Parts {
  const slash = name.startsWith('@') ? name.indexOf('/') : -1;
  return slash < 0 ? { scope: '', bare: name } : { scope: name.slice(0, slash), bare: name.slice(slash + 1) };
}

/** A name with what is compared of it. */
interface Looks {
  text: string;
  skeleton: string;
  isTelling: boolean;
}

function looksOf(text: string): Looks {
  return { text, skeleton: skeleton(text), isTelling: text.replaceAll(common, '').length >= tellingMin };
}

interface Known {
  name: string;
  whole: Looks;
  scope: Looks | null;
  bare: Looks;
  /** The name without the signs of its scope. */
  unscoped: string;
}

/** Made once a registry, when first asked for. */
const byRegistry = new Map<Registry, readonly Known[]>();

function allKnown(registry: Registry): readonly Known[] {
  const made =
    byRegistry.get(registry) ??
    [...knownPackages(registry).keys()].map((name) => {
      const { scope, bare } = partsOf(name);
      return {
        name,
        whole: looksOf(name),
        scope: scope === '' ? null : looksOf(scope),
        bare: looksOf(bare),
        unscoped: skeleton(name.replaceAll(/[@/]/g, '')),
      };
    });
  byRegistry.set(registry, made);
  return made;
}

/** True where one could be taken for the other. */
function looksLike(one: Looks, known: Looks): boolean {
  return one.skeleton === known.skeleton || (known.isTelling && isOneStep(one.text, known.text));
}

/** What was found for the names that were asked for last: the same few stand in one list after the other. */
const answers = new Map<string, string | null>();
const answersMax = 512;

/** The well-known package that a name could be taken for; null where it is one itself, or like none. */
export function similarPackage(registry: Registry, written: string): string | null {
  const name = registryName(registry, written.slice(0, nameMax));
  const key = `${registry} ${name}`;
  let answer = answers.get(key);
  if (answer === undefined) {
    answer = findSimilar(registry, name);
    if (answers.size >= answersMax) answers.clear();
    answers.set(key, answer);
  }
  return answer;
}

function findSimilar(registry: Registry, name: string): string | null {
  if (knownPackages(registry).has(name)) return null;
  const parts = partsOf(name);
  const known = allKnown(registry);
  const scope = parts.scope === '' ? null : looksOf(parts.scope);
  // Names below a scope belong to whoever owns the scope.
  if (scope !== null && known.some((each) => each.scope?.text === scope.text)) return null;
  const whole = looksOf(name);
  const bare = looksOf(parts.bare);
  const found = known.find((each) => {
    if (scope === null) return each.scope === null ? looksLike(whole, each.whole) : whole.skeleton === each.unscoped;
    if (each.scope === null) return false;
    if (scope.skeleton === each.scope.skeleton) return true;
    return looksLike(scope, each.scope) && (bare.text === each.bare.text || looksLike(bare, each.bare));
  });
  return found?.name ?? null;
}
