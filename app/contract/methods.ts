/**
 * Every method of the host, declared once: `POST /rpc/<name>` with a JSON body of `input`, answered with `output` or an
 * ErrorBody. Handlers, clients, fakes and docs derive from this table. Inputs are strict, bounded, and parsed by the
 * handler before anything else sees them; outputs are parsed by clients.
 */
import { z } from 'zod';
import { decisionIdSchema, historyEntrySchema } from './decision.ts';
import { errorBodySchema } from './errors.ts';
import { eventSchema } from './event.ts';
import { hostGroupSchema, seenHostSchema } from './network.ts';
import { pinChangesSchema, pinSchema } from './pin.ts';
import { effectivePolicySchema, explanationSchema, ruleWhatSchema } from './policy.ts';
import { secretWaySchema } from './secret.ts';
import { questionInputSchema, questionOutcomeSchema, questionSchema, questionWaitMs } from './question.ts';
import { auditSchema, rolloutSchema } from './rollout.ts';
import {
  checkResultSchema,
  fileDiffSchema,
  machineSchema,
  probeSchema,
  resourceSchema,
  runSchema,
  serverDetailSchema,
  serverListSchema,
} from './server.ts';
import {
  eventKindSchema,
  launchedLevelSchema,
  levelSchema,
  limitNameSchema,
  networkModeSchema,
  questionAnswerSchema,
  ruleVerbSchema,
  runIdSchema,
  serverIdSchema,
  serverStateSchema,
  verdictSchema,
} from './words.ts';

/** A handle as people type it (`client/name`, or an id); resolved by the engine. */
export const handleSchema = z.string().min(1).max(512);
const handlesSchema = z.union([z.literal('all'), z.array(handleSchema).min(1).max(1000)]);
/** Names as `Secret.name` has them; `all`: whatever can be. */
const secretNamesSchema = z.union([z.literal('all'), z.array(z.string().min(1).max(1024)).min(1).max(200)]);
const nothingSchema = z.strictObject({});

export const changeResultSchema = z.strictObject({
  id: serverIdSchema,
  changed: z.boolean(),
  state: serverStateSchema,
  file: z.string(),
  /** With `dryRun`, or after a change: what was or would be written. */
  diff: fileDiffSchema.optional(),
  check: checkResultSchema.optional(),
  error: errorBodySchema.optional(),
});
export type ChangeResult = z.infer<typeof changeResultSchema>;

export const ruleChangeSchema = z.strictObject({
  id: serverIdSchema,
  rule: z.string().nullable(),
  level: levelSchema,
  effective: z.enum(['now', 'restart']),
  policy: effectivePolicySchema.nullable(),
});
export type RuleChange = z.infer<typeof ruleChangeSchema>;

export const limitResultSchema = z.strictObject({
  id: serverIdSchema,
  level: levelSchema,
  /** False with `dryRun`, and where everything was so already. */
  changed: z.boolean(),
  before: networkModeSchema,
  after: networkModeSchema,
  /** The host rules afterwards. */
  hosts: z.array(ruleWhatSchema),
  /** What may be chosen: rules that are there, and rules for what was seen. */
  groups: z.array(hostGroupSchema),
  /** Hosts that were seen and used too little to be among them. */
  unlisted: z.number().int().min(0),
  /** The policy's network before and after, a line a fact, as a unified diff; empty where nothing changes. */
  diff: z.string(),
  effective: z.enum(['now', 'restart']),
});
export type LimitResult = z.infer<typeof limitResultSchema>;

export const secretsResultSchema = z.strictObject({
  id: serverIdSchema,
  /** False with `dryRun`, and where there was nothing to do. */
  changed: z.boolean(),
  /** By which names. */
  names: z.array(z.string()),
  /** Of the client's file, secrets masked. */
  diff: fileDiffSchema,
  effective: z.enum(['now', 'restart']),
});
export type SecretsResult = z.infer<typeof secretsResultSchema>;

export const resourcesResultSchema = z.strictObject({
  id: serverIdSchema,
  level: levelSchema,
  /** False where everything was so already. */
  changed: z.boolean(),
  resources: z.array(resourceSchema),
  effective: z.enum(['now', 'restart']),
});
export type ResourcesResult = z.infer<typeof resourcesResultSchema>;

export const findingSchema = z.strictObject({
  code: z.string().max(64),
  severity: z.enum(['ok', 'warning', 'error']),
  sentence: z.string(),
  file: z.string().optional(),
  repairable: z.boolean(),
  repaired: z.boolean(),
});
export type Finding = z.infer<typeof findingSchema>;

export const selftestLineSchema = z.strictObject({
  code: z.string().max(64),
  /** What was tried, in words. */
  tried: z.string(),
  outcome: z.enum(['refused', 'allowed', 'not-tried']),
  /** True where the outcome is what the walls promise. */
  asExpected: z.boolean(),
  detail: z.string(),
});

export const demoRowSchema = z.strictObject({
  /** Key of the technique, such as `read-ssh-key`. */
  code: z.string().max(64),
  tried: z.string(),
  free: z.strictObject({ gotThrough: z.boolean(), detail: z.string() }),
  contained: z.strictObject({ gotThrough: z.boolean(), detail: z.string() }),
});
export const demoResultSchema = z.strictObject({
  rows: z.array(demoRowSchema),
  events: z.array(eventSchema),
  /** One sentence that sums it up. */
  sentence: z.string(),
});
export type DemoResult = z.infer<typeof demoResultSchema>;

export const eventFilterSchema = z.strictObject({
  server: handleSchema.optional(),
  run: runIdSchema.optional(),
  kind: eventKindSchema.optional(),
  verdict: verdictSchema.optional(),
  /** ISO 8601 instant, or a span such as `15m`, `2h`, `7d` before now. */
  since: z.string().max(40).optional(),
  /** The newest this many. */
  limit: z.number().int().min(1).max(100_000).optional(),
});
export type EventFilter = z.infer<typeof eventFilterSchema>;

export const hostStatusSchema = z.strictObject({
  version: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  epoch: z.string(),
  doors: z.array(z.string()),
});

/** Longest an RPC may take on the host before it answers `timeout`, in milliseconds. */
const short = 15_000;
const long = 180_000;
/** Packages may be many, and a registry far away. */
const install = 900_000;

export const methods = {
  'machine.get': { input: nothingSchema, output: machineSchema, timeoutMs: short },
  'machine.probe': { input: nothingSchema, output: probeSchema, timeoutMs: short },
  'machine.selftest': {
    input: nothingSchema,
    output: z.strictObject({ lines: z.array(selftestLineSchema) }),
    timeoutMs: long,
  },
  'machine.doctor': {
    input: z.strictObject({ repair: z.boolean() }),
    output: z.strictObject({ findings: z.array(findingSchema) }),
    timeoutMs: long,
  },
  'servers.list': {
    input: z.strictObject({ client: z.string().max(64).optional(), state: serverStateSchema.optional() }),
    output: serverListSchema,
    timeoutMs: short,
  },
  /** From now on this folder is looked at as one of a project, besides those that clients have recorded. */
  'servers.look': {
    input: z.strictObject({ folder: z.string().min(1).max(4096) }),
    output: nothingSchema,
    timeoutMs: short,
  },
  'servers.show': { input: z.strictObject({ server: handleSchema }), output: serverDetailSchema, timeoutMs: short },
  'servers.check': {
    input: z.strictObject({ server: handleSchema, level: launchedLevelSchema.optional() }),
    output: checkResultSchema,
    timeoutMs: long,
  },
  'servers.diff': {
    input: z.strictObject({ server: handleSchema, level: levelSchema.optional() }),
    output: fileDiffSchema,
    timeoutMs: short,
  },
  'servers.contain': {
    input: z.strictObject({
      servers: handlesSchema,
      level: launchedLevelSchema.optional(),
      dryRun: z.boolean(),
      /** Try each server bare and contained first, and leave it alone when it would not work. */
      check: z.boolean(),
      /** Also where the file belongs to a project and its repository keeps it. */
      project: z.boolean().optional(),
    }),
    output: z.strictObject({ results: z.array(changeResultSchema) }),
    timeoutMs: long,
  },
  'servers.release': {
    input: z.strictObject({ servers: handlesSchema, dryRun: z.boolean() }),
    output: z.strictObject({ results: z.array(changeResultSchema) }),
    timeoutMs: short,
  },
  /** In which order to contain what is not contained, how, and why. Changes nothing. */
  'servers.rollout': { input: nothingSchema, output: rolloutSchema, timeoutMs: short },
  /** What runs past Belljar. */
  'servers.audit': { input: nothingSchema, output: auditSchema, timeoutMs: short },
  'servers.level': {
    input: z.strictObject({ server: handleSchema, level: levelSchema, project: z.boolean().optional() }),
    output: ruleChangeSchema,
    timeoutMs: short,
  },
  /** Out of the client's file into the store, from which the launcher gives them to this server alone. */
  'secrets.move': {
    input: z.strictObject({
      server: handleSchema,
      names: secretNamesSchema,
      as: secretWaySchema,
      dryRun: z.boolean(),
      /** Also where the file belongs to a project and its repository keeps it. */
      project: z.boolean().optional(),
    }),
    output: secretsResultSchema,
    timeoutMs: short,
  },
  /** Back into the client's file, as they stood there. */
  'secrets.restore': {
    input: z.strictObject({ server: handleSchema, names: secretNamesSchema, dryRun: z.boolean() }),
    output: secretsResultSchema,
    timeoutMs: short,
  },
  'policies.grant': {
    input: z.strictObject({
      server: handleSchema,
      verb: ruleVerbSchema,
      what: ruleWhatSchema,
      /** Of a host: false where the name inside the connection need not be the host's. */
      checked: z.boolean().optional(),
    }),
    output: ruleChangeSchema,
    timeoutMs: short,
  },
  'policies.revoke': {
    input: z.strictObject({ server: handleSchema, verb: ruleVerbSchema, what: ruleWhatSchema }),
    output: ruleChangeSchema,
    timeoutMs: short,
  },
  /** Hosts that its runs reached or tried to, most used first. */
  'policies.hosts': {
    input: z.strictObject({ server: handleSchema }),
    output: z.strictObject({
      id: serverIdSchema,
      network: networkModeSchema.nullable(),
      hosts: z.array(seenHostSchema),
    }),
    timeoutMs: short,
  },
  /** Limits the network to exactly `hosts` (without them: what is proposed), or opens it again with `off`. */
  'policies.limit': {
    input: z.strictObject({
      server: handleSchema,
      hosts: z.array(ruleWhatSchema).max(1000).optional(),
      off: z.boolean().optional(),
      dryRun: z.boolean(),
    }),
    output: limitResultSchema,
    timeoutMs: short,
  },
  /**
   * How much it may use. Numbers as people write them (`2G`, `256`, `90s`), `none`, or `level` for what the level has;
   * without any, nothing is changed and the answer is what holds.
   */
  'policies.resources': {
    input: z.strictObject({
      server: handleSchema,
      limits: z.partialRecord(limitNameSchema, z.string().min(1).max(32)),
    }),
    output: resourcesResultSchema,
    timeoutMs: short,
  },
  'policies.explain': {
    input: z.strictObject({
      server: handleSchema,
      what: ruleWhatSchema,
      access: z.enum(['read', 'write', 'connect', 'exec']).optional(),
    }),
    output: explanationSchema,
    timeoutMs: short,
  },
  /** Installs what the entry would fetch, and starts it from there; pinned already: nothing, or what `update` finds. */
  'pins.pin': {
    input: z.strictObject({
      server: handleSchema,
      update: z.boolean(),
      dryRun: z.boolean(),
      /** Let install scripts run, contained. */
      withScripts: z.boolean(),
      /** Hosts besides the registry's own that its files come from. */
      hosts: z
        .array(
          z
            .string()
            .max(300)
            .regex(/^[a-z0-9._-]+:\d{1,5}$/),
        )
        .max(16),
    }),
    output: z.strictObject({
      id: serverIdSchema,
      changed: z.boolean(),
      pin: pinSchema.nullable(),
      changes: pinChangesSchema,
      effective: z.enum(['now', 'restart']),
    }),
    timeoutMs: install,
  },
  'pins.unpin': {
    input: z.strictObject({ server: handleSchema }),
    output: z.strictObject({ id: serverIdSchema, changed: z.boolean(), effective: z.enum(['now', 'restart']) }),
    timeoutMs: short,
  },
  'pins.outdated': {
    input: z.strictObject({ server: handleSchema.optional() }),
    output: z.strictObject({
      servers: z.array(
        z.strictObject({
          id: serverIdSchema,
          handle: z.string(),
          outdated: z.boolean(),
          changes: pinChangesSchema.nullable(),
          error: errorBodySchema.optional(),
        }),
      ),
    }),
    timeoutMs: install,
  },
  'events.list': {
    input: eventFilterSchema,
    output: z.strictObject({ events: z.array(eventSchema) }),
    timeoutMs: short,
  },
  'runs.list': {
    input: z.strictObject({ server: handleSchema.optional(), limit: z.number().int().min(1).max(1000).optional() }),
    output: z.strictObject({ runs: z.array(runSchema) }),
    timeoutMs: short,
  },
  'runs.stop': { input: z.strictObject({ run: runIdSchema }), output: runSchema, timeoutMs: short },
  /** What people decided, newest first. */
  'history.list': {
    input: z.strictObject({
      server: handleSchema.optional(),
      limit: z.number().int().min(1).max(10_000).optional(),
    }),
    output: z.strictObject({ entries: z.array(historyEntrySchema) }),
    timeoutMs: short,
  },
  /** Puts back what one decision changed: `id`, else the newest that is not undone (of `server`, where named). */
  'history.undo': {
    input: z.strictObject({ id: decisionIdSchema.optional(), server: handleSchema.optional() }),
    output: z.strictObject({
      undone: historyEntrySchema,
      /** The undo itself, which can be undone. */
      decision: historyEntrySchema,
      effective: z.enum(['now', 'restart']),
    }),
    timeoutMs: short,
  },
  'questions.list': {
    input: nothingSchema,
    output: z.strictObject({ questions: z.array(questionSchema) }),
    timeoutMs: short,
  },
  /** Waits for a person, and does what was allowed. Only a run's own guardian asks, over the private socket. */
  'questions.ask': { input: questionInputSchema, output: questionOutcomeSchema, timeoutMs: questionWaitMs + 10_000 },
  'questions.answer': {
    /** `scope`: the number of one of the question's scopes, for `run` and `always`; the narrowest when absent. */
    input: z.strictObject({
      id: z.uuid(),
      answer: questionAnswerSchema,
      scope: z.number().int().min(0).max(3).optional(),
    }),
    output: z.strictObject({ id: z.uuid(), answer: questionAnswerSchema, rule: z.string().nullable() }),
    timeoutMs: short,
  },
  /** Lets it wait for all of its time. */
  'questions.wait': {
    input: z.strictObject({ id: z.uuid() }),
    output: z.strictObject({ question: questionSchema }),
    timeoutMs: short,
  },
  'demo.run': { input: nothingSchema, output: demoResultSchema, timeoutMs: long },
  'host.status': { input: nothingSchema, output: hostStatusSchema, timeoutMs: short },
  'host.stop': { input: nothingSchema, output: nothingSchema, timeoutMs: short },
  /** Opens the loopback door if it is closed and answers with a one-time address; only over the private socket or in process. */
  'host.panel': {
    input: z.strictObject({ port: z.number().int().min(0).max(65_535).optional() }),
    output: z.strictObject({ origin: z.string(), redirectFile: z.string() }),
    timeoutMs: short,
  },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType; timeoutMs: number }>;

export type MethodName = keyof typeof methods;
export type Input<M extends MethodName> = z.infer<(typeof methods)[M]['input']>;
export type Output<M extends MethodName> = z.infer<(typeof methods)[M]['output']>;

/** Methods that only the private socket and in-process callers may use; a page is refused with `private-door-only`. */
export const privateMethods: ReadonlySet<MethodName> = new Set<MethodName>([
  'host.stop',
  'host.panel',
  'servers.look',
  'questions.ask',
]);

/** What the engine offers and every client sees: one asynchronous function a method. */
export type Api = { [M in MethodName]: (input: Input<M>, signal?: AbortSignal) => Promise<Output<M>> };

/** Largest request body the handler reads, in bytes. */
export const requestMaxBytes = 262_144;
