/**
 * Server: one configured stdio MCP server as every side sees it. Secrets never appear: `args` and `env` are masked.
 */
import { z } from 'zod';
import { enforcementSchema, eventSchema, runEndSchema, runStartSchema } from './event.ts';
import { networkSummarySchema } from './network.ts';
import { fetchesSchema, pinSchema } from './pin.ts';
import { secretSchema } from './secret.ts';
import { effectivePolicySchema, passingRuleSchema } from './policy.ts';
import { riskSchema } from './risk.ts';
import {
  cannotReasonSchema,
  driftKindSchema,
  levelSchema,
  limitHolderSchema,
  limitNameSchema,
  runIdSchema,
  serverIdSchema,
  serverStateSchema,
  sourceSchema,
  uptakeSchema,
} from './words.ts';

export const listFormatVersion = 1;

export const runSchema = z.strictObject({
  run: runIdSchema,
  server: serverIdSchema,
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  live: z.boolean(),
  denials: z.number().int().min(0),
  start: runStartSchema.nullable(),
  end: runEndSchema.nullable(),
});
export type Run = z.infer<typeof runSchema>;

export const serverSchema = z.strictObject({
  id: serverIdSchema,
  /** `client/name` where that is unique among all servers, else the id. */
  handle: z.string(),
  client: z.string(),
  clientTitle: z.string(),
  scope: z.string(),
  name: z.string(),
  file: z.string(),
  /** The project's folder, where the file is a project's own. */
  project: z.string().nullable(),
  /** Titles of other clients that start the very same entry. */
  sharedWith: z.array(z.string()),
  /** Ids of entries elsewhere that start the same: what is done here may be wanted there. */
  sameAs: z.array(serverIdSchema),
  /** The original command and arguments, also when the entry is wrapped; masked. */
  command: z.string().nullable(),
  args: z.array(z.string()),
  /** Names of the entry's own environment variables; never values. */
  env: z.array(z.string()),
  level: levelSchema,
  state: serverStateSchema,
  /** Set with state `cannot`. */
  reason: cannotReasonSchema.optional(),
  /** Set with it: in words, and what to do instead. */
  why: z.strictObject({ sentence: z.string(), remedy: z.string() }).optional(),
  /** Set with state `drifted`: the command lines before and now, masked; null where there is none. */
  drift: z
    .strictObject({ how: driftKindSchema, before: z.array(z.string()).nullable(), now: z.array(z.string()).nullable() })
    .optional(),
  /** What speaks against running it as its entry says; null where it starts nothing here. */
  risk: riskSchema.nullable(),
  /** Set with state `restart-needed`: the uncontained processes of the entry that still run. */
  oldProcesses: z.array(z.strictObject({ pid: z.number().int(), since: z.string() })).optional(),
  uptake: uptakeSchema,
  /** One sentence: how this client takes a change up. */
  uptakeSentence: z.string(),
  liveRuns: z.number().int().min(0),
  lastRun: runSchema.nullable(),
  denialsLastHour: z.number().int().min(0),
  /** Paths its own arguments name that stay refused until granted on purpose. */
  withheld: z.array(z.string()),
  /** What else a person should know of it, in sentences. */
  notes: z.array(z.string()),
  /** The client runs its tools without asking. */
  autoApprove: z.boolean(),
  /** Names of the headers that a remote entry sends; never values. */
  headers: z.array(z.string()),
  /** Null while it does not start through the launcher. */
  network: networkSummarySchema.nullable(),
  /** A person gave up seeing its accesses to files, and nothing hinders that. */
  filesUnseen: z.literal(true).optional(),
  /** What it fetches at each start, where that could be pinned and is not. */
  fetches: fetchesSchema.nullable(),
  pin: pinSchema.nullable(),
  /** What looks like a secret in its entry, and what was moved out of it. Never a value. */
  secrets: z.array(secretSchema).max(500),
});
export type Server = z.infer<typeof serverSchema>;

/** A config file that could not be used, so that its servers are missing: never skipped silently. */
export const problemSchema = z.strictObject({
  client: z.string(),
  file: z.string(),
  code: z.string(),
  message: z.string(),
  at: z.strictObject({ line: z.number().int(), column: z.number().int() }).optional(),
  remedy: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

export const probeSchema = z.strictObject({
  v: z.literal(1),
  launcher: z.string(),
  system: z.enum(['linux', 'macos', 'windows']),
  kernel: z.string(),
  architecture: z.string(),
  landlockAbi: z.number().int(),
  seccompFilter: z.boolean(),
  seccompNotify: z.boolean(),
  notifyAddfd: z.boolean(),
  notifySyncWake: z.boolean(),
  pidfdGetfd: z.boolean(),
  userNamespaces: z.boolean(),
  /** Whether a control group of a run's own bounds what it uses, seen from where this was asked. */
  groupMemory: z.boolean(),
  groupProcesses: z.boolean(),
  enforcement: enforcementSchema,
  /** `come`, or what is missing for the kernel's records of refusals; absent where nothing that reads them is installed. */
  records: z.string().max(300).optional(),
});
export type Probe = z.infer<typeof probeSchema>;

export const machineSchema = z.strictObject({
  system: z.enum(['linux', 'macos', 'windows']),
  user: z.string(),
  home: z.string(),
  version: z.string(),
  /** Null when the launcher is missing or does not run here; `probeError` then says why. */
  probe: probeSchema.nullable(),
  probeError: z.string().nullable(),
  /** One sentence: what is enforced on this machine. */
  enforcementSentence: z.string(),
  problems: z.array(problemSchema),
  /** Every config file that was looked for, so that "no servers" can be told from "not looked there". */
  lookedAt: z.array(z.strictObject({ clientTitle: z.string(), file: z.string(), found: z.boolean() })).optional(),
  /** Programs that keep servers where no file shows them, so that they are missing from the list. */
  unseen: z
    .array(z.strictObject({ title: z.string(), sign: z.string(), sentence: z.string(), remedy: z.string() }))
    .optional(),
});
export type Machine = z.infer<typeof machineSchema>;

export const serverListSchema = z.strictObject({
  v: z.literal(listFormatVersion),
  machine: machineSchema,
  servers: z.array(serverSchema),
});
export type ServerList = z.infer<typeof serverListSchema>;

/** One resource limit as it stands: a number, or null for none; and who holds it, as the last run had it or the probe says. */
export const resourceSchema = z.strictObject({
  name: limitNameSchema,
  value: z.number().int().min(1).nullable(),
  source: sourceSchema,
  by: limitHolderSchema.nullable(),
});
export type Resource = z.infer<typeof resourceSchema>;

export const serverDetailSchema = z.strictObject({
  server: serverSchema,
  policy: effectivePolicySchema.nullable(),
  /** Empty while nothing is limited: at the levels off and watch. */
  resources: z.array(resourceSchema),
  events: z.array(eventSchema),
  runs: z.array(runSchema),
  /** What was granted until it stops, of its runs that are live; no part of `policy`. */
  untilStop: z.array(passingRuleSchema),
  /** Of what is decided, what a running server does not have yet, as lines of plans (`exec /opt/x`). */
  afterRestart: z.strictObject({ comes: z.array(z.string()), goes: z.array(z.string()) }),
});
export type ServerDetail = z.infer<typeof serverDetailSchema>;

/** What one start of an entry answered. */
export const trialSchema = z.strictObject({
  outcome: z.enum(['works', 'does-not-start', 'cannot-be-tried']),
  /** Milliseconds from start to the `initialize` reply; null if none came. */
  initializeMs: z.number().nullable(),
  tools: z.number().int().nullable(),
  error: z.string().nullable(),
});
export type Trial = z.infer<typeof trialSchema>;

export const checkResultSchema = z.strictObject({
  server: serverIdSchema,
  level: levelSchema,
  verdict: z.enum(['works', 'works-but-refused', 'differs', 'does-not-start', 'cannot-be-tried']),
  /** One sentence for people. */
  sentence: z.string(),
  bare: trialSchema,
  contained: trialSchema.nullable(),
  same: z.boolean(),
  differences: z.array(z.string().max(2000)).max(50),
  refused: z.array(eventSchema).max(500),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

export const fileDiffSchema = z.strictObject({
  file: z.string(),
  /** The entry before and after, secrets masked. */
  before: z.string(),
  after: z.string(),
  unified: z.string(),
});
export type FileDiff = z.infer<typeof fileDiffSchema>;
