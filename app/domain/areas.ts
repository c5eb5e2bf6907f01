/**
 * Areas: granted folders of which a part is denied or protected. The kernel's wall only allows, and a whole folder at a time; so
 * such a folder is left out of it, and the launcher's supervisor opens and changes what lies there itself. That costs time for each
 * file, so a grant is an area only where something that is refused can match in it.
 *
 * A pattern counts in what the entry, its working folder or a person grants. It never counts in the folders of the system and of
 * the runtime, nor in what may be executed: those stay the kernel's.
 */
import { BelljarError } from '#contract/errors.ts';
import type { PersonRule, Rule } from '#contract/policy.ts';
import type { Source } from '#contract/words.ts';
import { isOldOnly } from './area-defaults.ts';
import { isStrictlyWithin, isWithin } from './paths.ts';
import { isAnyDepth, patternReach, type AreaRules } from './pattern.ts';

type Given = Pick<PersonRule, 'verb' | 'what'>;

/** Whose grants patterns count in; of the level, only the working folder. */
const patternSources = new Set<Source>(['argument', 'person', 'preset', 'manifest', 'organisation']);
/** Folders of devices and of the kernel, in which nothing can be left out. */
const kernelFolders = ['/dev', '/proc', '/sys'];

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

function isFolderGrant(rule: Rule): boolean {
  return (rule.verb === 'read' || rule.verb === 'write') && !isAnyDepth(rule.what);
}

function isRefusal(rule: Rule): boolean {
  return rule.verb === 'deny' || rule.verb === 'protect';
}

/** True for the rules that take back, for a pattern, what is denied or protected. */
export function isException(rule: Pick<Rule, 'verb' | 'what'>): boolean {
  return (rule.verb === 'read' || rule.verb === 'write') && isAnyDepth(rule.what);
}

/** Both ways to say where something is. */
function bothOf(path: string, realPath: (path: string) => string): string[] {
  return path.startsWith('/') ? [...new Set([path, realPath(path)])] : [path];
}

/** Whether a refusal names the whole place of a grant. */
function namesPlace(refusal: string, place: string): boolean {
  const reach = patternReach(refusal, '/', place);
  return isAnyDepth(refusal) ? reach === byteLength(place) : reach >= 0;
}

/**
 * The level's patterns that hold: a refusal that a person took back as a whole is gone, and an exception that would reach into what
 * a person refused as well.
 */
export function withoutLifted(rules: readonly Rule[]): Rule[] {
  const lifted = new Set(
    rules
      .filter((rule) => rule.verb === 'write' && rule.source === 'person' && isException(rule))
      .map(({ what }) => what),
  );
  const refused = rules.filter((rule) => rule.source === 'person' && isRefusal(rule) && isAnyDepth(rule.what));
  return rules.filter((rule) => {
    if (rule.source !== 'level' || !isAnyDepth(rule.what)) return true;
    if (isException(rule)) return !refused.some(({ what }) => lastNamesMeet(what, rule.what));
    return !lifted.has(rule.what) && !lifted.has('**/*');
  });
}

/** What a refusal can mean for a grant: nothing may be read there, or only nothing changed. */
function canMatch(refusal: Rule, grant: Rule, realPath: (path: string) => string): boolean {
  if (refusal.verb === 'protect' && grant.verb !== 'write') return false;
  if (isAnyDepth(refusal.what)) return patternSources.has(grant.source) || grant.symbol === 'cwd';
  return (
    grant.what.startsWith('/') &&
    bothOf(refusal.what, realPath).some((refused) =>
      bothOf(grant.what, realPath).some(
        (place) => isStrictlyWithin(refused, place) || (refusal.verb === 'protect' && isWithin(place, refused)),
      ),
    )
  );
}

/** Marks the grants that the supervisor has to hold. */
export function markAreas(rules: readonly Rule[], realPath: (path: string) => string = String): Rule[] {
  const refusals = rules.filter((rule) => isRefusal(rule) && (rule.what.startsWith('/') || isAnyDepth(rule.what)));
  return rules.map((rule) => {
    if (!isFolderGrant(rule) || kernelFolders.some((folder) => isWithin(rule.what, folder))) return rule;
    // What only the launcher can resolve, and what is named itself: its user meant it, whatever it is called.
    const named = `/${rule.what.replace(/^(?:\.{0,2}\/)+/, '')}`;
    const isMeant =
      !rule.what.startsWith('/') && rule.symbol !== 'cwd' && refusals.some(({ what }) => namesPlace(what, named));
    const brokered = !isMeant && refusals.some((refusal) => canMatch(refusal, rule, realPath));
    return brokered ? { ...rule, brokered: true } : rule;
  });
}

/**
 * What a plan says of the insides of areas. A grant that names a place exceeds what is refused around it or by its name, unless
 * the refusal was given later. `given`: a person's rules, oldest first.
 */
export function areaRules(
  rules: readonly Rule[],
  given: readonly Given[],
  realPath: (path: string) => string = String,
): Required<AreaRules> {
  const refusals = rules.filter((rule) => isRefusal(rule) && (rule.what.startsWith('/') || isAnyDepth(rule.what)));
  const givenAt = (rule: Rule): number =>
    rule.source === 'person' ? given.findLastIndex(({ verb, what }) => verb === rule.verb && what === rule.what) : -1;
  const except: { access: 'read' | 'write'; pattern: string }[] = [];
  for (const rule of rules) {
    if (rule.verb !== 'read' && rule.verb !== 'write') continue;
    if (isAnyDepth(rule.what)) except.push({ access: rule.verb, pattern: rule.what });
    else if (rule.what.startsWith('/') && patternSources.has(rule.source)) {
      const places = bothOf(rule.what, realPath);
      const around = refusals.filter(({ what }) =>
        places.some((place) => bothOf(what, realPath).some((refused) => patternReach(refused, '/', place) >= 0)),
      );
      const later = around.filter((refusal) => refusal.source === 'person' && givenAt(refusal) > givenAt(rule));
      if (around.length === later.length || later.some(({ verb }) => verb === 'deny')) continue;
      const access = later.length > 0 ? 'read' : rule.verb;
      for (const pattern of places) except.push({ access, pattern });
    }
  }
  const patternsOf = (verb: 'deny' | 'protect', isOld: boolean): string[] => [
    ...new Set(
      refusals
        .filter((rule) => rule.verb === verb && isOldOnly(rule) === isOld)
        .flatMap(({ what }) => bothOf(what, realPath)),
    ),
  ];
  const protect = patternsOf('protect', false);
  const unique = new Map(except.map((one) => [`${one.access} ${one.pattern}`, one]));
  return {
    deny: patternsOf('deny', false),
    protect,
    // A person's word for the same counts without an exception.
    protectOld: patternsOf('protect', true).filter((pattern) => !protect.includes(pattern)),
    except: [...unique.values()],
  };
}

/** Whether some path can be named by both patterns to its end. */
function lastNamesMeet(a: string, b: string): boolean {
  const last = (text: string): string => text.slice(text.lastIndexOf('/') + 1);
  return namesMeet(last(a), last(b));
}

/** Whether some name fits both; each pair of rests is looked at once. */
export function namesMeet(a: string, b: string): boolean {
  const seen = new Set<number>();
  const from = (i: number, j: number): boolean => {
    const key = i * (b.length + 1) + j;
    if (seen.has(key)) return false;
    seen.add(key);
    if (i === a.length && j === b.length) return true;
    if (a[i] === '*') return from(i + 1, j) || (j < b.length && from(i, j + 1));
    if (b[j] === '*') return from(i, j + 1) || (i < a.length && from(i + 1, j));
    return i < a.length && a[i] === b[j] && from(i + 1, j + 1);
  };
  return from(0, 0);
}

/** A person's later refusal for a pattern that an earlier exception for another pattern would make void in part. */
export function refuseVoid(given: readonly Given[]): void {
  given.forEach((refusal, index) => {
    if ((refusal.verb !== 'deny' && refusal.verb !== 'protect') || !isAnyDepth(refusal.what)) return;
    const earlier = given
      .slice(0, index)
      .find((rule) => isException(rule) && rule.what !== refusal.what && lastNamesMeet(rule.what, refusal.what));
    if (earlier !== undefined)
      throw new BelljarError('not-enforceable', {
        params: {
          what: refusal.what,
          rule: `${earlier.verb}:${earlier.what}`,
          sentence: `${refusal.what} can be the same files as ${earlier.what}, which was allowed before. Take that back first (belljar revoke … ${earlier.verb} '${earlier.what}').`,
        },
      });
  });
}
