/**
 * Policy: what one server may do. Two documents: what a person decided (stored, one file a server, under the config
 * folder), and the effective policy (computed, never stored), in which every rule names its source.
 */
import { z } from 'zod';
import {
  launchedLevelSchema,
  levelSchema,
  limitNameSchema,
  networkModeSchema,
  ruleVerbSchema,
  runIdSchema,
  serverIdSchema,
  sightHindranceSchema,
  sourceSchema,
} from './words.ts';

export const policyFormatVersion = 1;

/**
 * `what` of a rule: an absolute path (after `~` and `$XDG_*` are expanded), `host:port`, a port, a program, a name. Of `deny` and
 * `protect` also a pattern: two stars, a slash, and names that follow each other at any depth. A `read` or `write` rule with a pattern
 * opens no folder: it takes back what is denied or protected so.
 */
export const ruleWhatSchema = z.string().min(1).max(4096);

/** Of a `host` rule: false where the name inside the connection need not be the host's. Absent: it must be. */
const checkedSchema = z.literal(false);

export const personRuleSchema = z.strictObject({
  verb: ruleVerbSchema,
  what: ruleWhatSchema,
  at: z.string().max(40).describe('When the person gave it, ISO 8601 UTC'),
  checked: checkedSchema.optional(),
});
export type PersonRule = z.infer<typeof personRuleSchema>;

/** `hosts`: only what host rules name. `open`: the internet. */
export const networkChoiceSchema = z.enum(['hosts', 'open']);
export type NetworkChoice = z.infer<typeof networkChoiceSchema>;

/** Verbs of rules that a person may give until a run stops: what a launcher takes up while it runs. */
export const passingVerbs = ['read', 'write', 'host', 'listen', 'local', 'socket', 'link'] as const;
export const passingVerbSchema = ruleVerbSchema.extract(passingVerbs);

/** What a person granted until a run stops: `$XDG_STATE_HOME/belljar/run-grants/<server id>/<run>.json`. No part of the policy. */
export const runGrantsSchema = z.strictObject({
  v: z.literal(policyFormatVersion),
  server: serverIdSchema,
  run: runIdSchema,
  rules: z.array(personRuleSchema).min(1).max(100).describe('Oldest first'),
});
export type RunGrants = z.infer<typeof runGrantsSchema>;

/** The same of all runs of a server that are live, by rule. */
export const passingRuleSchema = personRuleSchema.extend({
  runs: z.array(runIdSchema).min(1),
  byAnswer: z
    .literal(true)
    .optional()
    .describe('Answered to a question: the run itself keeps it, so that nothing but its end takes it back'),
});
export type PassingRule = z.infer<typeof passingRuleSchema>;

/** What a person decided of one resource limit: a bound, or null for none. */
export const storedLimitsSchema = z.partialRecord(limitNameSchema, z.number().int().min(1).nullable());
export type StoredLimits = z.infer<typeof storedLimitsSchema>;

/** The stored document: `$XDG_CONFIG_HOME/belljar/policies/<server id>.json`. */
export const storedPolicySchema = z.strictObject({
  v: z.literal(policyFormatVersion),
  server: serverIdSchema,
  level: levelSchema.describe('The level a person chose; what is on disk in the client file may differ (drift)'),
  rules: z.array(personRuleSchema).max(1000).describe('Rules given by a person, oldest first'),
  network: networkChoiceSchema
    .optional()
    .describe('What a person chose for the level that leaves a choice; absent: as the level has it'),
  limits: storedLimitsSchema
    .optional()
    .describe('What a person decided of resource limits; absent: as the level has it'),
  sight: z
    .literal('without-files')
    .optional()
    .describe('A person gave up seeing accesses to files; absent: all is seen'),
});
export type StoredPolicy = z.infer<typeof storedPolicySchema>;

/** How a rule is enforced on this machine. */
export const enforcerSchema = z.enum(['landlock', 'supervisor', 'seccomp', 'environment', 'rlimit', 'none']);
export type Enforcer = z.infer<typeof enforcerSchema>;

export const ruleSchema = z.strictObject({
  id: z.string().max(128).describe('`verb:what`, unique within the policy'),
  verb: ruleVerbSchema,
  what: ruleWhatSchema,
  source: sourceSchema,
  /** Resolved by the launcher at start (`arg:1`, `cwd`, `runtime`), so that a moved project keeps working. */
  symbol: z.string().max(64).optional(),
  checked: checkedSchema.optional(),
  /** The launcher's supervisor opens and changes what lies there, so that refusals inside count; it costs time a file. */
  brokered: z.literal(true).optional(),
  /** Why the rule is there, a key of the sentence catalogue. */
  reason: z.string().max(64).optional(),
});
export type Rule = z.infer<typeof ruleSchema>;

/** Accesses to files go past the launcher: no event tells them, whether allowed or refused. */
export function leavesFilesUnseen({ sight }: Pick<EffectivePolicy, 'sight'>): boolean {
  return sight !== undefined && sight.hindrances.length === 0;
}

/** What is kept back inside granted folders: refusals with the same source and reason together, a person's own first. */
export function keptBack(rules: readonly Rule[]): { first: Rule; rules: readonly Rule[] }[] {
  const groups = new Map<string, { first: Rule; rules: Rule[] }>();
  for (const rule of rules) {
    if (rule.verb !== 'deny' && rule.verb !== 'protect') continue;
    if (!rule.what.startsWith('/') && !rule.what.startsWith('**/')) continue;
    const key = `${rule.verb} ${rule.source} ${rule.reason ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: rule, rules: [rule] });
    else group.rules.push(rule);
  }
  return [...groups.values()];
}

/** Something the server's own entry names but that is not granted until a person does so on purpose. */
export const withheldSchema = z.strictObject({
  what: ruleWhatSchema,
  reason: z.enum([
    'root',
    'home',
    'contains-home',
    'secret-place',
    'contains-secret-place',
    'client-config',
    'belljar',
  ]),
});
export type Withheld = z.infer<typeof withheldSchema>;

/** Bytes, numbers or seconds, by name; what is not there has no bound. */
export const limitsSchema = z.partialRecord(limitNameSchema, z.number().int().min(1));
export type Limits = z.infer<typeof limitsSchema>;

/** The same with who decided it; null is a bound that a person lifted. */
export const sourcedLimitsSchema = z.partialRecord(
  limitNameSchema,
  z.strictObject({ value: z.number().int().min(1).nullable(), source: sourceSchema }),
);
export type SourcedLimits = z.infer<typeof sourcedLimitsSchema>;

export const effectivePolicySchema = z.strictObject({
  v: z.literal(policyFormatVersion),
  server: serverIdSchema,
  level: launchedLevelSchema,
  network: networkModeSchema,
  rules: z.array(ruleSchema),
  withheld: z.array(withheldSchema),
  limits: sourcedLimitsSchema,
  /** There where a person gave up seeing accesses to files. `hindrances`: why they are seen all the same; none, and they are not. */
  sight: z.strictObject({ chosen: z.literal('without-files'), hindrances: z.array(sightHindranceSchema) }).optional(),
});
export type EffectivePolicy = z.infer<typeof effectivePolicySchema>;

export const explanationSchema = z.strictObject({
  verdict: z.enum(['allowed', 'refused', 'would-ask']),
  /** What was asked, as understood; a socket is a `file` that is connected to. */
  subject: z.enum(['file', 'net', 'program', 'permission']),
  target: z.string(),
  access: z.enum(['read', 'write', 'connect', 'exec', 'use']),
  rule: z.strictObject({ id: z.string(), source: sourceSchema }).nullable(),
  source: sourceSchema.nullable(),
  enforcedBy: enforcerSchema,
  effective: z.enum(['now', 'restart', 'not-running']),
  /** Allowed by what was granted until the running server stops, and by nothing else. */
  until: z.literal('stop').optional(),
  /** No event will tell of it. */
  unseen: z.literal(true).optional(),
  /** The path is not there, and only a rule for the very path would reach it: that counts from a start on at which it is. */
  absent: z.literal(true).optional(),
  /** The command that would change the answer, or null where nothing may. */
  change: z.string().nullable(),
});
export type Explanation = z.infer<typeof explanationSchema>;
