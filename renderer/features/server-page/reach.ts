/** What a server can reach, in the four lanes of the map: read from its effective policy. Pure. */
import type { EffectivePolicy, Rule } from '#contract/policy.ts';
import type { Source } from '#contract/words.ts';

export const lanes = ['files', 'network', 'processes', 'environment'] as const;
export type Lane = (typeof lanes)[number];

export interface Reached {
  rule: Rule;
  /** Drawn as changed too, or as never opened. */
  how: 'read' | 'change' | 'use' | 'never';
}

export interface LaneReach {
  lane: Lane;
  /** What this server has of its own, the person's first. */
  own: readonly Reached[];
  /** What every server of the level has. */
  ofLevel: readonly Reached[];
}

const laneOfVerb: Record<Rule['verb'], Lane> = {
  read: 'files',
  write: 'files',
  deny: 'files',
  protect: 'files',
  host: 'network',
  listen: 'network',
  local: 'network',
  link: 'network',
  socket: 'processes',
  exec: 'processes',
  permission: 'processes',
  env: 'environment',
};

function howOf({ verb }: Rule): Reached['how'] {
  if (verb === 'deny' || verb === 'protect') return 'never';
  if (verb === 'write') return 'change';
  return verb === 'read' ? 'read' : 'use';
}

const sourceOrder: readonly Source[] = [
  'person',
  'organisation',
  'preset',
  'argument',
  'manifest',
  'catalogue',
  'runtime',
  'level',
];

/** The level's patterns keep something back inside of what is granted; they are told elsewhere. A person's own stand here. */
export function isKeptBack({ what, source }: Rule): boolean {
  return source === 'level' && what.startsWith('**/');
}

export function reachOf(policy: EffectivePolicy): LaneReach[] {
  return lanes.map((lane) => {
    const rules = policy.rules
      .filter((rule) => laneOfVerb[rule.verb] === lane && !isKeptBack(rule))
      .toSorted((a, b) => sourceOrder.indexOf(a.source) - sourceOrder.indexOf(b.source));
    const reached = rules.map((rule) => ({ rule, how: howOf(rule) }));
    return {
      lane,
      own: reached.filter(({ rule }) => rule.source !== 'level'),
      ofLevel: reached.filter(({ rule }) => rule.source === 'level'),
    };
  });
}
