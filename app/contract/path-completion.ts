/**
 * Completing a path that somebody types: names of files and folders of this machine, never what is in them. Asked for
 * character by character, so everything about it is small.
 */
import { z } from 'zod';
import { handleSchema } from './words.ts';

export const completionsMax = 50;
const pathMaxCharacters = 4096;

export const pathCompletionInputSchema = z.strictObject({
  server: handleSchema,
  /** What is typed so far: an absolute path, or one that begins with `~`; empty for the places to begin at. */
  text: z.string().max(pathMaxCharacters),
});

export const pathCompletionSchema = z.strictObject({
  entries: z
    .array(z.strictObject({ path: z.string().max(2 * pathMaxCharacters), folder: z.boolean() }))
    .max(completionsMax),
  /** More begin so than are listed. */
  more: z.boolean(),
  /** The folder lies outside of the home and of the server's own folders, so its names are not told. */
  outside: z.boolean(),
});
export type PathCompletion = z.infer<typeof pathCompletionSchema>;
