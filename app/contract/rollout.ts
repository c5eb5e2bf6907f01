/** Rollout and audit: the order in which servers are secured, and what runs past Belljar all the same. */
import { z } from 'zod';
import { riskSchema } from './risk.ts';
import { launchedLevelSchema, serverIdSchema, serverStateSchema } from './words.ts';

/** Why a level is proposed. */
export const rolloutReasons = ['usual', 'needs-no-network', 'again', 'blocks-nothing', 'restart'] as const;
export const rolloutReasonSchema = z.enum(rolloutReasons);
export type RolloutReason = z.infer<typeof rolloutReasonSchema>;

export const rolloutStepSchema = z.strictObject({
  id: serverIdSchema,
  handle: z.string(),
  state: serverStateSchema,
  risk: riskSchema.nullable(),
  level: launchedLevelSchema,
  reason: rolloutReasonSchema,
  /** False where only the person can do it: a client that has to be restarted. */
  applies: z.boolean(),
});
export type RolloutStep = z.infer<typeof rolloutStepSchema>;

export const rolloutSchema = z.strictObject({
  v: z.literal(1),
  /** Riskiest first. */
  steps: z.array(rolloutStepSchema),
  /** Servers that are contained already, and that cannot be. */
  contained: z.number().int().min(0),
  cannot: z.array(z.strictObject({ id: serverIdSchema, handle: z.string(), risk: riskSchema.nullable() })),
});
export type Rollout = z.infer<typeof rolloutSchema>;

/** Ways past Belljar. */
export const bypasses = [
  'server-off',
  'server-watched',
  'server-drifted',
  'server-copied',
  'other-launcher',
  'old-process',
  'runs-bare',
  'same-elsewhere',
  'cannot-contain',
  'client-starts-outside',
  'remote-secret',
  'file-unread',
  'open-socket',
] as const;
export const bypassSchema = z.enum(bypasses);
export type Bypass = z.infer<typeof bypassSchema>;

export const auditFindingSchema = z.strictObject({
  code: bypassSchema,
  /** Null where it is about no single server. */
  server: serverIdSchema.nullable(),
  /** The server's handle, the client or the file it is about. */
  subject: z.string(),
  sentence: z.string(),
  remedy: z.string(),
  file: z.string().optional(),
});
export type AuditFinding = z.infer<typeof auditFindingSchema>;

export const auditSchema = z.strictObject({
  v: z.literal(1),
  /** Nothing was found. What cannot be seen from here stays unsaid: `limits` says what that is. */
  clean: z.boolean(),
  findings: z.array(auditFindingSchema),
  limits: z.array(z.string()),
});
export type Audit = z.infer<typeof auditSchema>;
