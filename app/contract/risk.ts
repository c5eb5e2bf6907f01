/**
 * Risk: what speaks against letting a server run as its client's file says. A closed list of reasons, each about something
 * that can be read in the entry or seen of its program; what the program does is not known. Containing a server changes what
 * can come of it, not the reasons.
 *
 * What a reason names (`what`) is text of the entry: hostile, bounded, and never the value of a secret.
 */
import { z } from 'zod';

/** From few known reasons to many. None of them says that a server is harmless. */
export const riskGrades = ['low', 'raised', 'high', 'severe'] as const;
export const riskGradeSchema = z.enum(riskGrades);
export type RiskGrade = z.infer<typeof riskGradeSchema>;

export const riskReasons = [
  'remote-installer',
  'similar-name',
  'docker-socket',
  'privileged-container',
  'administrator',
  'program-open',
  'gives-shell',
  'whole-home',
  'secret-place',
  'from-address',
  'program-passing',
  'loads-code',
  'certificates-unchecked',
  'guard-off',
  'other-registry',
  'newest-package',
  'secret-in-arguments',
  'secret-in-variable',
  'auto-approve',
  'files-and-network',
  'listens-everywhere',
  'starts-shell',
  'code-in-entry',
  'program-elsewhere',
  'newest-dependencies',
] as const;
export const riskReasonSchema = z.enum(riskReasons);
export type RiskReason = z.infer<typeof riskReasonSchema>;

export const riskWhatMax = 300;

export const riskSchema = z.strictObject({
  /** 0 to 100; more reasons never make it smaller. */
  score: z.number().int().min(0).max(100),
  grade: riskGradeSchema,
  /** Weightiest first. */
  reasons: z
    .array(z.strictObject({ code: riskReasonSchema, what: z.array(z.string().max(riskWhatMax)).max(8) }))
    .max(riskReasons.length),
});
export type Risk = z.infer<typeof riskSchema>;
