import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaVerdict, isPattern, patternReach, type AreaRules } from './pattern.ts';

const table = readFileSync(new URL('../../native-helpers/tests/data/patterns.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) =>
    line
      .split('\t')
      .map((field) =>
        field.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      ),
  );

const ofKind = (kind: string): string[][] => table.filter(([first]) => first === kind).map(([, ...rest]) => rest);

function rulesOf(text: string): AreaRules {
  const rules = text.split(';').map((rule) => rule.split(' '));
  const named = (verb: string): string[] =>
    rules.filter(([first]) => first === verb).map(([, pattern = '']) => pattern);
  const except = rules
    .filter(([first]) => first === 'except')
    .map(([, access, pattern = '']) => ({
      access: access === 'read' ? ('read' as const) : ('write' as const),
      pattern,
    }));
  return { deny: named('deny'), protect: named('protect'), except };
}

describe('patterns, as the table that the launcher shares', () => {
  it('holds every kind of line', () => {
    expect(table.length).toBe(['valid', 'invalid', 'reach', 'verdict'].flatMap(ofKind).length);
    expect(table.length).toBeGreaterThan(100);
  });

  it.each(ofKind('valid'))('%s is a pattern', (pattern) => {
    expect(isPattern(pattern)).toBe(true);
  });

  it.each(ofKind('invalid'))('%s is none', (pattern) => {
    expect(isPattern(pattern)).toBe(false);
  });

  it.each(ofKind('reach'))('%s from %s names of %s %s bytes', (pattern, root = '', path = '', reach = '') => {
    expect(patternReach(pattern, root, path)).toBe(Number(reach));
  });

  it.each(ofKind('verdict'))('%s from %s leaves %s %s', (rules, root = '', path = '', verdict = '') => {
    expect(areaVerdict(rulesOf(rules), root, path).verdict).toBe(verdict);
  });
});

const name = fc.stringMatching(/^[ab.]{1,4}$/).filter((text) => text !== '.' && text !== '..');
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `/${names.join('/')}`);
const segment = fc.stringMatching(/^[ab.*]{1,4}$/).filter((text) => isPattern(`**/${text}`));
const pattern = fc.oneof(
  path,
  fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `**/${segments.join('/')}`),
);
const rules = fc.record({
  deny: fc.array(pattern, { maxLength: 3 }),
  protect: fc.array(pattern, { maxLength: 3 }),
  except: fc.array(fc.record({ access: fc.constantFrom('read' as const, 'write' as const), pattern }), {
    maxLength: 3,
  }),
});
const rank = { free: 0, protect: 1, deny: 2 } as const;

/** The same by a regular expression, which takes another way. */
function names(text: string, candidate: string): boolean {
  const escaped = (part: string): string => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  return text.startsWith('**/')
    ? new RegExp(`/${escaped(text.slice(3))}(?:/|$)`).test(candidate)
    : candidate === text || candidate.startsWith(`${text}/`);
}

describe('laws', () => {
  it('names what a regular expression names', () => {
    fc.assert(fc.property(pattern, path, (text, at) => patternReach(text, '/', at) >= 0 === names(text, at)));
  });

  it('reaches exactly to a part that it names itself, and to none that is longer', () => {
    fc.assert(
      fc.property(pattern, path, (text, at) => {
        const reach = patternReach(text, '/', at);
        const parts = [...at.matchAll(/\/[^/]+/g)].map((match) => at.slice(0, match.index + match[0].length));
        const own = parts.filter((part) => patternReach(text, '/', part) === part.length);
        expect(reach).toBe(Math.max(-1, ...own.map((part) => part.length)));
      }),
    );
  });

  it('goes on below what it names', () => {
    fc.assert(
      fc.property(
        pattern,
        path,
        name,
        (text, at, below) => patternReach(text, '/', `${at}/${below}`) >= patternReach(text, '/', at),
      ),
    );
  });

  it('compares less from a nearer root', () => {
    fc.assert(
      fc.property(
        pattern,
        path,
        path,
        (text, root, below) => patternReach(text, '/', root + below) >= patternReach(text, root, root + below),
      ),
    );
  });

  it('is tighter with every denial and protection, and looser with every exception', () => {
    fc.assert(
      fc.property(
        rules,
        pattern,
        fc.constantFrom('read' as const, 'write' as const),
        path,
        (given, more, access, at) => {
          const before = rank[areaVerdict(given, '/', at).verdict];
          expect(rank[areaVerdict({ ...given, deny: [...given.deny, more] }, '/', at).verdict]).toBeGreaterThanOrEqual(
            before,
          );
          expect(
            rank[areaVerdict({ ...given, protect: [...given.protect, more] }, '/', at).verdict],
          ).toBeGreaterThanOrEqual(before);
          const lifted = { ...given, except: [...given.except, { access, pattern: more }] };
          expect(rank[areaVerdict(lifted, '/', at).verdict]).toBeLessThanOrEqual(before);
        },
      ),
    );
  });

  it('leaves nothing refused that has no whole path, where everything is an exception', () => {
    fc.assert(
      fc.property(rules, path, (given, at) => {
        const all = { ...given, except: [...given.except, { access: 'write' as const, pattern: '**/*' }] };
        const { verdict, pattern: by } = areaVerdict(all, '/', at);
        expect(verdict === 'free' || by === at).toBe(true);
      }),
    );
  });
});
