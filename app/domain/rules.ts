/** Rules: how one is made and named. */
import type { Rule } from '#contract/policy.ts';
import type { RuleVerb } from '#contract/words.ts';
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
