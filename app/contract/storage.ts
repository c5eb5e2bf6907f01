/** How much of what runs did is kept, and for how long. */
import { z } from 'zod';
import { behindSchema } from './event-search.ts';

export const keepDaysDefault = 90;
export const keepMegabytesDefault = 1024;

export const retentionSchema = z.strictObject({
  /** Events older than this leave the history. */
  keepDays: z.number().int().min(1).max(3650),
  /** The history's file is kept below this many MiB; the oldest events leave first. */
  keepMegabytes: z.number().int().min(16).max(102_400),
});
export type Retention = z.infer<typeof retentionSchema>;

export const storageSchema = z.strictObject({
  file: z.string(),
  /** Of the history's files, in bytes. */
  bytes: z.number().int().min(0),
  /** Lines; each stands for one or more occurrences. */
  events: z.number().int().min(0),
  oldestAt: z.string().nullable(),
  newestAt: z.string().nullable(),
  /** When it was last made anew from the records of past runs, and why. */
  rebuilt: z.strictObject({ at: z.string(), reason: z.enum(['damaged', 'asked']) }).nullable(),
  behind: behindSchema.nullable(),
  retention: retentionSchema,
});
export type Storage = z.infer<typeof storageSchema>;
