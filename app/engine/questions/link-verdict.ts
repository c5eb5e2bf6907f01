/**
 * What the policy of a server says about opening one link, now: the plan that its run was started with may be older.
 * The nearest word counts: a rule for the very host, then a refusal of it, then a rule for all hosts below a name.
 */
import type { EffectivePolicy } from '#contract/policy.ts';
import { linkRuleCovers, type Link } from '#domain/link.ts';

export type LinkVerdict = 'granted' | 'ask' | 'never' | 'not-allowed';

export function linkVerdict(policy: EffectivePolicy, link: Link): LinkVerdict {
  const links = policy.rules.filter((rule) => rule.verb === 'link' && linkRuleCovers(rule.what, link));
  if (links.some((rule) => rule.what === link.host)) return 'granted';
  if (policy.rules.some((rule) => rule.verb === 'deny' && rule.what === `link:${link.host}`)) return 'never';
  if (links.length > 0) return 'granted';
  return policy.rules.some((rule) => rule.verb === 'permission' && rule.what === 'ask-links') ? 'ask' : 'not-allowed';
}
