/**
 * Sight: whether accesses to files are looked at. Who gives that up has them at the kernel's speed, held by Landlock alone. What needs the
 * supervisor's eye on every open goes before: then they are seen, and the policy says why (docs/adr/0010-accesses-to-files-unseen.md).
 */
import type { EffectivePolicy } from '#contract/policy.ts';
import { sightHindrances, type SightHindrance } from '#contract/words.ts';

export function hindrancesOf({
  level,
  network,
  rules,
}: Pick<EffectivePolicy, 'level' | 'network' | 'rules'>): SightHindrance[] {
  const permits = (what: string): boolean => rules.some((rule) => rule.verb === 'permission' && rule.what === what);
  const holds: Readonly<Record<SightHindrance, boolean>> = {
    watch: level === 'watch',
    network: network !== 'none',
    areas: rules.some((rule) => rule.brokered === true),
    'ask-access': permits('ask-access'),
    'nested-sandbox': permits('nested-sandbox'),
  };
  return sightHindrances.filter((one) => holds[one]);
}
