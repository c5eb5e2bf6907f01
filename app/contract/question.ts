/**
 * Questions: what a run waits for a person to decide. Kept in the host's memory only: a question that its host forgets was
 * refused. Whatever asks is the run's own guardian, over the private socket; whoever answers is the person, at a page or
 * at the command line. Closing a question answers nothing.
 */
import { z } from 'zod';
import { ruleWhatSchema } from './policy.ts';
import {
  questionAnswerSchema,
  questionKindSchema,
  questionRefusalSchema,
  ruleVerbSchema,
  runIdSchema,
  serverIdSchema,
} from './words.ts';

/** How long a run waits, in milliseconds. The launcher's own patience (link-wire.hpp) is a little longer. */
export const questionWaitMs = 20_000;

/** How long a question about an access waits at first; `questions.wait` makes it all of its time. */
export const questionFirstWaitMs = 12_000;

/** The longest link that may be opened, in characters. */
export const linkMaxCharacters = 8192;

/** The longest path, in bytes, as the kernel has it. */
const pathMaxCharacters = 4095;
const portSchema = z.number().int().min(1).max(65_535);

/** What is asked for, as the run's guardian passes it on: the server's own text, bounded and otherwise hostile. */
export const questionAboutSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: questionKindSchema.extract(['link']), url: z.string().min(1).max(linkMaxCharacters) }),
  /** A file or folder by its real path; `write` is also to make or to change it. */
  z.strictObject({
    kind: questionKindSchema.extract(['file']),
    path: z.string().min(1).max(pathMaxCharacters),
    access: z.enum(['read', 'write']),
    folder: z.boolean(),
  }),
  /** A name or an address. Without a port: a name is looked up. */
  z.strictObject({
    kind: questionKindSchema.extract(['host']),
    host: z.string().min(1).max(253),
    port: portSchema.optional(),
    /** Where the name led to. */
    address: z.string().min(1).max(64).optional(),
  }),
  /** A port of this machine. */
  z.strictObject({ kind: questionKindSchema.extract(['local']), port: portSchema }),
  /** A Unix socket, by its real path. */
  z.strictObject({ kind: questionKindSchema.extract(['socket']), path: z.string().min(1).max(pathMaxCharacters) }),
]);
export type QuestionAbout = z.infer<typeof questionAboutSchema>;

/** What `run` and `always` may be about: exactly what was asked for, or so much more. */
export const questionScopeSchema = z.strictObject({
  /** Folders up, or first labels of the name left out; the launcher reads this number. */
  up: z.number().int().min(0).max(127),
  /** The rule that `always` would leave behind. */
  verb: ruleVerbSchema,
  what: ruleWhatSchema,
  /** What that changes in the policy: lines with a sign before them. */
  diff: z.array(z.string().max(4200)).max(8),
});
export type QuestionScope = z.infer<typeof questionScopeSchema>;

export const questionSchema = z.strictObject({
  id: z.uuid(),
  server: serverIdSchema,
  /** As people know it; the id where no entry of that id is left. */
  handle: z.string(),
  run: runIdSchema,
  about: questionAboutSchema,
  /** What the question is about in short: the host of a link, a path, a host and its port. */
  target: z.string().max(4200),
  /** What may be answered; `always` and `never` only where they can be remembered. */
  answers: z.array(questionAnswerSchema).min(1),
  /** For `run` and `always`, narrowest first; one must be there for either. */
  scopes: z.array(questionScopeSchema).max(4),
  /** The rule of `never`, as scopes have theirs. */
  never: questionScopeSchema.omit({ up: true }).nullable(),
  askedAt: z.string(),
  expiresAt: z.string(),
  /** Until when it can be made to wait; never later than that. */
  latestAt: z.string(),
});
export type Question = z.infer<typeof questionSchema>;

export const questionInputSchema = z.strictObject({
  server: serverIdSchema,
  run: runIdSchema,
  about: questionAboutSchema,
  /** A rule of the plan that the run was started with allows it. */
  granted: z.boolean(),
  /** How long the run waits for this one; it may be less than `questionWaitMs` when it asked often. */
  waitMs: z.number().int().min(1).max(questionWaitMs).optional(),
});
export type QuestionInput = z.infer<typeof questionInputSchema>;

/** The launcher reads exactly these forms, in this order of members (host-question.cpp). */
export const questionOutcomeSchema = z.discriminatedUnion('outcome', [
  /** `asked`: a person was, and did not only say so at some time before. */
  z.strictObject({
    outcome: z.literal('allowed'),
    asked: z.boolean(),
    /** Until the run stops, and for so much more than was asked for. */
    until: z.literal('stop').optional(),
    up: z.number().int().min(0).max(127).optional(),
  }),
  z.strictObject({ outcome: z.literal('refused'), reason: questionRefusalSchema, asked: z.boolean() }),
]);
export type QuestionOutcome = z.infer<typeof questionOutcomeSchema>;
