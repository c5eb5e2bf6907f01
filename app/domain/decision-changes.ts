/**
 * What a decision changed of a stored policy, thing by thing; the same turned round; and whether it can be: a thing can be
 * put back only while it is what the decision made of it. Then everything else stays as it is.
 */
import type { DecisionChange } from '#contract/decision.ts';
import type { PersonRule, StoredLimits, StoredPolicy } from '#contract/policy.ts';
import { limitNames } from '#contract/words.ts';

export type Placed = NonNullable<Extract<DecisionChange, { of: 'rule' }>['before']>;

function keyOf(rule: Pick<PersonRule, 'verb' | 'what'>): string {
  return `${rule.verb}:${rule.what}`;
}

function placed(rules: readonly PersonRule[]): Map<string, Placed> {
  return new Map(rules.map((rule, index) => [keyOf(rule), { rule, index }]));
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}

function limitOf(limits: StoredLimits | undefined, name: (typeof limitNames)[number]): { value: number | null } | null {
  const value = limits?.[name];
  return value === undefined ? null : { value };
}

/** What differs between two stored policies of one server. */
export function policyChanges(before: StoredPolicy | null, after: StoredPolicy | null): DecisionChange[] {
  const changes: DecisionChange[] = [];
  const [level, newLevel] = [before?.level ?? 'off', after?.level ?? 'off'];
  if (level !== newLevel) changes.push({ of: 'level', before: level, after: newLevel });
  const [network, newNetwork] = [before?.network ?? null, after?.network ?? null];
  if (network !== newNetwork) changes.push({ of: 'network', before: network, after: newNetwork });
  for (const name of limitNames) {
    const change = { before: limitOf(before?.limits, name), after: limitOf(after?.limits, name) };
    if (!isSame(change.before, change.after)) changes.push({ of: 'limit', name, ...change });
  }
  const [sight, newSight] = [before?.sight ?? null, after?.sight ?? null];
  if (sight !== newSight) changes.push({ of: 'sight', before: sight, after: newSight });
  const [old, now] = [placed(before?.rules ?? []), placed(after?.rules ?? [])];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const change = { before: old.get(key) ?? null, after: now.get(key) ?? null };
    // A rule that only moved up because another one went is no change of it.
    if (!isSame(change.before?.rule, change.after?.rule)) changes.push({ of: 'rule', key, ...change });
  }
  return changes;
}

/** The same decision the other way round. */
export function reversed(changes: readonly DecisionChange[]): DecisionChange[] {
  return changes.map((change) => ({ ...change, before: change.after, after: change.before }) as DecisionChange);
}

/** Whether a thing of the policy is now what the change left. `contained`, `pin` and `secret` are not the policy's. */
export function stillHolds(change: DecisionChange, policy: StoredPolicy | null): boolean {
  switch (change.of) {
    case 'level':
      return (policy?.level ?? 'off') === change.after;
    case 'network':
      return (policy?.network ?? null) === change.after;
    case 'limit':
      return isSame(limitOf(policy?.limits, change.name), change.after);
    case 'sight':
      return (policy?.sight ?? null) === change.after;
    case 'rule': {
      const rule = policy?.rules.find((one) => keyOf(one) === change.key);
      return isSame(rule, change.after?.rule);
    }
    case 'contained':
    case 'pin':
    case 'secret':
      return true;
  }
}

/** The policy with every change made: its rules where they stood. */
export function withChanges(policy: StoredPolicy, changes: readonly DecisionChange[]): StoredPolicy {
  const { network: _network, limits: _limits, sight: _sight, ...rest } = policy;
  let { level } = policy;
  let network = policy.network ?? null;
  let sight = policy.sight ?? null;
  const limits: StoredLimits = { ...policy.limits };
  const gone = new Set<string>();
  const come: Placed[] = [];
  for (const change of changes) {
    if (change.of === 'level') level = change.after;
    else if (change.of === 'network') network = change.after;
    else if (change.of === 'sight') sight = change.after;
    else if (change.of === 'limit') {
      if (change.after === null) delete limits[change.name];
      else limits[change.name] = change.after.value;
    } else if (change.of === 'rule') {
      gone.add(change.key);
      if (change.after !== null) come.push(change.after);
    }
  }
  const rules = policy.rules.filter((rule) => !gone.has(keyOf(rule)));
  for (const { rule, index } of come.toSorted((a, b) => a.index - b.index)) rules.splice(index, 0, rule);
  return {
    ...rest,
    level,
    rules,
    ...(network === null ? {} : { network }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(sight === null ? {} : { sight }),
  };
}

/** True when two decisions are about the same thing of the same server. */
export function isAboutSame(one: DecisionChange, other: DecisionChange): boolean {
  if (one.of !== other.of) return false;
  if (one.of === 'rule' && other.of === 'rule') return one.key === other.key;
  if (one.of === 'limit' && other.of === 'limit') return one.name === other.name;
  if (one.of === 'secret' && other.of === 'secret') return one.name === other.name;
  return true;
}
