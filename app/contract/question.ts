/**
 * Questions: what a run waits for a person to decide. Kept in the host's memory only: a question that its host forgets was
 * refused. Whatever asks is the run's own guardian, over the private socket; whoever answers is the person, at a page or
 * at the command line. Closing a question answers nothing.
 */
import { z } from 'zod';
import {
  questionAnswerSchema,
  questionKindSchema,
  questionRefusalSchema,
  runIdSchema,
  serverIdSchema,
} from './words.ts';

/** How long a run waits, in milliseconds. The launcher's own patience (link-wire.hpp) is a little longer. */
export const questionWaitMs = 20_000;

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

export const questionSchema = z.strictObject({
  id: z.uuid(),
  server: serverIdSchema,
  /** As people know it; the id where no entry of that id is left. */
  handle: z.string(),
  run: runIdSchema,
  about: questionAboutSchema,
  /** What the question is about in short, and what an answer is remembered for: the host of a link. */
  target: z.string().max(253),
  /** What may be answered; `always` and `never` only where they can be remembered. */
  answers: z.array(questionAnswerSchema).min(1),
  askedAt: z.string(),
  expiresAt: z.string(),
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

/** The launcher reads exactly these two forms (link-door.cpp, host_verdict). */
export const questionOutcomeSchema = z.discriminatedUnion('outcome', [
  /** `asked`: a person was, and did not only say so at some time before. */
  z.strictObject({ outcome: z.literal('allowed'), asked: z.boolean() }),
  z.strictObject({ outcome: z.literal('refused'), reason: questionRefusalSchema, asked: z.boolean() }),
]);
export type QuestionOutcome = z.infer<typeof questionOutcomeSchema>;
