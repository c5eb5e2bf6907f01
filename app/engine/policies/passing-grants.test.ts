import { describe, expect, test } from 'vitest';
import type { PersonRule } from '#contract/policy.ts';
import { withPassing } from './passing-grants.ts';

const rule = (second: number, verb: PersonRule['verb'], what: string): PersonRule => ({
  verb,
  what,
  at: `2026-01-01T12:00:0${second.toString()}.000Z`,
});
const lines = (rules: readonly PersonRule[]): string[] => rules.map(({ verb, what }) => `${verb} ${what}`);

describe('what is granted until a run stops, among the rules of the policy', () => {
  test('stands where it was given: the later word about a place counts', () => {
    const decided = [rule(1, 'deny', '/a'), rule(5, 'deny', '/a/b')];
    expect(lines(withPassing(decided, [rule(3, 'read', '/a/b/c')]))).toEqual(['deny /a', 'read /a/b/c', 'deny /a/b']);
    expect(lines(withPassing(decided, [rule(7, 'read', '/a/b/c')]))).toEqual(['deny /a', 'deny /a/b', 'read /a/b/c']);
  });

  test('takes the place of what was said of the same before, and gives way to what is said of it later', () => {
    expect(lines(withPassing([rule(1, 'deny', '/a')], [rule(2, 'read', '/a')]))).toEqual(['read /a']);
    expect(lines(withPassing([rule(3, 'deny', '/a')], [rule(2, 'read', '/a')]))).toEqual(['deny /a']);
  });

  test('leaves what it is given as it is', () => {
    const decided = [rule(1, 'deny', '/a')];
    withPassing(decided, [rule(2, 'read', '/a')]);
    expect(lines(decided)).toEqual(['deny /a']);
  });
});
