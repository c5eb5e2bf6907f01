/** Rules: how one is made and named. */
import type { PersonRule, Rule } from '#contract/policy.ts';
import type { RuleVerb } from '#contract/words.ts';
import { isAnyDepth } from './pattern.ts';
import { sha256Hex } from './sha256.ts';

const idMax = 128;

/** `verb:what`; a long one keeps its end, where paths differ, and a hash of the whole. */
export function ruleId(verb: RuleVerb, what: string): string {
  const plain = `${verb}:${what}`;
  if (plain.length <= idMax) return plain;
  const hash = sha256Hex(plain).slice(0, 12);
  const tail = what.slice(-(idMax - verb.length - hash.length - 3));
  return `${verb}:…${tail}#${hash}`;
}

export function makeRule(verb: RuleVerb, what: string, source: Rule['source'], reason: string): Rule {
  return { id: ruleId(verb, what), verb, what, source, reason };
}

/** One rule more: the later word about the same place replaces the earlier one. */
export function withRule(rules: readonly PersonRule[], rule: PersonRule): PersonRule[] {
  const pair = (a: PersonRule, b: PersonRule): boolean =>
    a.verb === 'protect' && b.verb === 'write' && isAnyDepth(rule.what);
  const isReplaced = (old: PersonRule): boolean =>
    old.what === rule.what &&
    (old.verb === rule.verb || (old.verb === 'deny') !== (rule.verb === 'deny') || pair(old, rule) || pair(rule, old));
  return [...rules.filter((old) => !isReplaced(old)), rule];
}
