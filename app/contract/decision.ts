/**
 * Decisions: what a person changed, one record each, with what was there before and what came of it, so that it can be
 * undone exactly. An undo is a decision too. Kept in Belljar's own folder; what runs did is told by events, not here.
 *
 * Records hold rules, levels, numbers and names. They never hold an entry's text, its arguments or its variables, which may
 * carry secrets.
 */
import { z } from 'zod';
import { networkChoiceSchema, personRuleSchema } from './policy.ts';
import { secretWaySchema } from './secret.ts';
import { levelSchema, limitNameSchema, serverIdSchema } from './words.ts';

export const decisionFormatVersion = 1;

/** `resources`: how much it may use. `limit`: the network. */
export const decisionActions = [
  'contain',
  'release',
  'level',
  'grant',
  'revoke',
  'limit',
  'resources',
  'sight',
  'pin',
  'unpin',
  'secrets',
  'undo',
] as const;
export const decisionActionSchema = z.enum(decisionActions);
export type DecisionAction = z.infer<typeof decisionActionSchema>;

/** Where the person was. */
export const decisionDoorSchema = z.enum(['command-line', 'panel']);
export type DecisionDoor = z.infer<typeof decisionDoorSchema>;

/** A rule and its place among the others: a later word about the same place counts more. */
const placedRuleSchema = z.strictObject({ rule: personRuleSchema, index: z.number().int().min(0) });
/** `lock`: SHA-256 of the lock file or the hashed requirements, which tells two pins of one version apart. */
const pinnedSchema = z.strictObject({
  package: z.string().max(300),
  version: z.string().max(300),
  lock: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type Pinned = z.infer<typeof pinnedSchema>;

/** One thing that a decision changed; null is: there was none. */
export const decisionChangeSchema = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('contained'), before: z.boolean(), after: z.boolean() }),
  z.strictObject({ of: z.literal('level'), before: levelSchema, after: levelSchema }),
  z.strictObject({
    of: z.literal('network'),
    before: networkChoiceSchema.nullable(),
    after: networkChoiceSchema.nullable(),
  }),
  /** `value` null: no bound. */
  z.strictObject({
    of: z.literal('limit'),
    name: limitNameSchema,
    before: z.strictObject({ value: z.number().int().min(1).nullable() }).nullable(),
    after: z.strictObject({ value: z.number().int().min(1).nullable() }).nullable(),
  }),
  z.strictObject({
    of: z.literal('sight'),
    before: z.literal('without-files').nullable(),
    after: z.literal('without-files').nullable(),
  }),
  /** `key`: verb and place, `write:/home/anna/notes`. */
  z.strictObject({
    of: z.literal('rule'),
    key: z.string().max(4200),
    before: placedRuleSchema.nullable(),
    after: placedRuleSchema.nullable(),
  }),
  /** Where a secret is: null is the client's file, else Belljar's store. */
  z.strictObject({
    of: z.literal('secret'),
    name: z.string().max(128),
    before: secretWaySchema.nullable(),
    after: secretWaySchema.nullable(),
  }),
  z.strictObject({ of: z.literal('pin'), before: pinnedSchema.nullable(), after: pinnedSchema.nullable() }),
]);
export type DecisionChange = z.infer<typeof decisionChangeSchema>;

export const decisionIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

export const decisionSchema = z.strictObject({
  v: z.literal(decisionFormatVersion),
  id: decisionIdSchema,
  at: z.string().max(40),
  door: decisionDoorSchema,
  action: decisionActionSchema,
  server: serverIdSchema,
  /** The client's file, where it was written. */
  file: z.string().max(8192).nullable(),
  summary: z.string().max(5000),
  changes: z.array(decisionChangeSchema).max(2100),
  /** Of an undo: the decision whose state it restored. */
  undoes: decisionIdSchema.nullable(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** As the history lists it. */
export const historyEntrySchema = decisionSchema.omit({ v: true }).extend({
  /** It was undone, and that was not undone in turn. */
  undone: z.boolean(),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;
