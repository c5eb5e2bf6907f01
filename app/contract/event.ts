/**
 * Events: what a run did or was refused. The launcher writes one JSON object a line to the run's spool file; the engine
 * reads them back as hostile text (targets are chosen by the server), so this schema is strict and bounded.
 *
 * `count` is the number of occurrences since the previous line of the same merge key in this run, so a run's exact
 * number is the sum of `count` over its lines plus the counts of its `spool.dropped` lines.
 */
import { z } from 'zod';
import {
  deciderSchema,
  eventKindSchema,
  launchedLevelSchema,
  limitHolderSchema,
  limitNameSchema,
  networkModeSchema,
  runIdSchema,
  serverIdSchema,
  sourceSchema,
  verdictSchema,
  terminalIdSchema,
} from './words.ts';

export const eventFormatVersion = 1;

/** Longest target the launcher writes, in bytes of UTF-8; longer ones are cut and `targetBytes` tells the real length. */
export const targetMaxBytes = 4096;

/** One spool line never exceeds this many bytes, newline included. */
export const spoolLineMaxBytes = 65_536;

export const enforcementSchema = z.strictObject({
  /** Walls that stand whole, such as `landlock.files`, `landlock.tcp`, `seccomp.filter`, `seccomp.notify`. */
  full: z.array(z.string().max(200)).max(64),
  /** Walls that stand with a named gap, each `wall: what is missing`. */
  partial: z.array(z.string().max(500)).max(64),
  missing: z.array(z.string().max(500)).max(64),
});
export type Enforcement = z.infer<typeof enforcementSchema>;

/** Gaps in the walls themselves. How much a run may use is held another way where the kernel does not, which is no hole. */
export function gapsInWalls({ partial }: Enforcement): string[] {
  return partial.filter((line) => !line.startsWith('limits.'));
}

export const runStartSchema = z.strictObject({
  level: launchedLevelSchema,
  network: networkModeSchema,
  program: z.string().max(targetMaxBytes),
  /** Process id of the launcher's supervisor, and its start time in clock ticks since boot (field 22 of /proc/pid/stat). */
  supervisor: z.strictObject({ pid: z.number().int(), startTicks: z.number().int() }),
  landlockAbi: z.number().int(),
  enforcement: enforcementSchema,
  /** Rules of the plan that could not be applied, each `rule: why` (a folder that is not there, a refused symbol). */
  notApplied: z.array(z.string().max(8192)).max(256),
  throwAway: z.boolean(),
  /** What this run's events do not tell; absent where they tell all. */
  unseen: z.array(z.literal('files')).max(1).optional(),
  /** Who tells of refusals where accesses to files are unseen: the kernel, by its own records; absent: nobody. */
  refusals: z.literal('kernel').optional(),
  /** A person's terminal and not the server: its name. */
  terminal: terminalIdSchema.optional(),
  /** How much it may use, and who holds that; absent where an older launcher wrote the line. */
  limits: z
    .array(z.strictObject({ name: limitNameSchema, value: z.number().int().min(1), by: limitHolderSchema }))
    .max(16)
    .optional(),
});
export type RunStart = z.infer<typeof runStartSchema>;

export const runEndSchema = z.strictObject({
  cause: z.enum(['exit', 'signal', 'client-gone', 'stopped', 'launcher-failed']),
  code: z.number().int().optional(),
  signal: z.string().max(32).optional(),
  durationMs: z.number().int().min(0),
  denials: z.number().int().min(0),
  /** Denials in the two seconds before the end, newest first, at most eight. */
  justBefore: z
    .array(
      z.strictObject({
        at: z.string().max(40),
        kind: eventKindSchema,
        target: z.string().max(targetMaxBytes),
      }),
    )
    .max(8),
});
export type RunEnd = z.infer<typeof runEndSchema>;

/** What a running launcher made of a changed plan. Lines are `+` or `-`, a space, and the plan's line. */
export const planChangeSchema = z.strictObject({
  /** SHA-256 of the plan that was read; empty where it could not be. */
  digest: z.string().regex(/^(?:[0-9a-f]{64})?$/),
  now: z.array(z.string().max(400)).max(100),
  restart: z.array(z.string().max(400)).max(100),
  notApplied: z.array(z.string().max(400)).max(100),
  /** Why nothing changed. */
  reason: z.enum(['plan-unreadable', 'plan-owner', 'plan-mode', 'plan-invalid']).optional(),
  message: z.string().max(500).optional(),
});
export type PlanChange = z.infer<typeof planChangeSchema>;

export const eventSchema = z.strictObject({
  v: z.literal(eventFormatVersion),
  /** 1, 2, 3 … within the run's spool file. */
  seq: z.number().int().min(1),
  /** Time of the latest merged occurrence, ISO 8601 UTC with milliseconds. */
  at: z.string().max(40),
  firstAt: z.string().max(40),
  run: runIdSchema,
  server: serverIdSchema,
  kind: eventKindSchema,
  /** Path, host (`api.example.com:443` where the name is known, else `93.184.216.34:443`, `[::1]:80`), name, program or system call; invalid UTF-8 is written as U+FFFD. */
  target: z.string().max(targetMaxBytes),
  /** The address that was meant, where the target is a host by name: `93.184.216.34:443`. */
  address: z.string().max(64).optional(),
  /** Real length in bytes, only when the target was cut or was not valid UTF-8. */
  targetBytes: z.number().int().optional(),
  verdict: verdictSchema,
  by: deciderSchema,
  /** Symbolic error the call got, such as `EACCES`; only on refusals. */
  errno: z.string().max(32).optional(),
  count: z.number().int().min(1),
  rule: z.strictObject({ id: z.string().max(128), source: sourceSchema }).optional(),
  process: z.strictObject({ pid: z.number().int(), exe: z.string().max(targetMaxBytes) }),
  /** What the target is in words, where it is a well-known one: a key of the sentence catalogue such as `docker-socket`. */
  known: z.string().max(64).optional(),
  tool: z.string().max(256).optional(),
  start: runStartSchema.optional(),
  end: runEndSchema.optional(),
  plan: planChangeSchema.optional(),
});
export type Event = z.infer<typeof eventSchema>;

/** A denial is a refused access (a run's own start, end and plan are not accesses). */
export function isDenial(event: Event): boolean {
  return (
    event.verdict === 'refused' &&
    !event.kind.startsWith('run.') &&
    event.kind !== 'plan.change' &&
    event.kind !== 'spool.dropped'
  );
}
