/**
 * Every method of the host, declared once: `POST /rpc/<name>` with a JSON body of `input`, answered with `output` or an
 * ErrorBody. Handlers, clients, fakes and docs derive from this table. Inputs are strict, bounded, and parsed by the
 * handler before anything else sees them; outputs are parsed by clients.
 */
import { z } from 'zod';
import { decisionIdSchema, historyEntrySchema } from './decision.ts';
import { errorBodySchema } from './errors.ts';
import { chosenPathSchema, desktopStatusSchema } from './desktop.ts';
import { eventSchema } from './event.ts';
import {
  eventGroupingSchema,
  eventGroupsSchema,
  eventPageSchema,
  eventSearchSchema,
  muteRuleSchema,
  muteSchema,
} from './event-search.ts';
import { hostGroupSchema, seenHostSchema } from './network.ts';
import { pathCompletionInputSchema, pathCompletionSchema } from './path-completion.ts';
import { pinChangesSchema, pinSchema } from './pin.ts';
import { effectivePolicySchema, explanationSchema, ruleWhatSchema } from './policy.ts';
import { secretWaySchema } from './secret.ts';
import { questionInputSchema, questionOutcomeSchema, questionSchema, questionWaitMs } from './question.ts';
import { auditSchema, rolloutSchema } from './rollout.ts';
import { terminalMethodInputs, terminalSchema } from './terminal.ts';
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
import { retentionSchema, storageSchema } from './storage.ts';
import {
  eventKindSchema,
  handleSchema,
  launchedLevelSchema,
  levelSchema,
  limitNameSchema,
  networkModeSchema,
  questionAnswerSchema,
  ruleVerbSchema,
  runIdSchema,
  serverIdSchema,
  serverStateSchema,
  sightHindranceSchema,
  sightSchema,
  verdictSchema,
} from './words.ts';

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
  /** Done all the same, and something of it is left for a person to do. */
  notice: errorBodySchema.optional(),
  error: errorBodySchema.optional(),
});
export type ChangeResult = z.infer<typeof changeResultSchema>;

/** What a running server still has open of what it lost. */
export const stillOpenSchema = z.strictObject({
  items: z
    .array(
      z.strictObject({
        kind: z.enum(['file', 'connection']),
        /** A path, or `localhost:port`. */
        what: z.string().max(8192),
        access: z.enum(['read', 'write', 'read and write', 'connect']),
        pid: z.number().int(),
        program: z.string().max(1024),
      }),
    )
    .max(64),
  /** Not all of it is listed: there is more than a bound allows. */
  more: z.boolean(),
});
export type StillOpen = z.infer<typeof stillOpenSchema>;

export const ruleChangeSchema = z.strictObject({
  id: serverIdSchema,
  rule: z.string().nullable(),
  level: levelSchema,
  effective: z.enum(['now', 'restart']),
  policy: effectivePolicySchema.nullable(),
  /** Only where something is found, after access was taken from a server that runs. */
  stillOpen: stillOpenSchema.optional(),
});
export type RuleChange = z.infer<typeof ruleChangeSchema>;

export const grantResultSchema = ruleChangeSchema.extend({
  /** False with `dryRun`. */
  changed: z.boolean(),
  /** The runs that have it until they stop, with `until`; else none, and it is in the policy. */
  runs: z.array(runIdSchema),
  /** What changes, a rule a line, as a unified diff: of the policy, or of what is granted until it stops. */
  diff: z.string(),
  /** Granted folders in which nothing was kept back before, and something is by this: opening a file there takes longer. */
  areas: z.array(z.string()).optional(),
  /** The path is not there, and no other rule reaches it: the grant counts from a start on at which it is. */
  absent: z.literal(true).optional(),
  /** With `dryRun` and without `until`: the same until it stops, or why that cannot be. */
  untilStop: z
    .union([
      z.strictObject({ runs: z.array(runIdSchema), diff: z.string() }),
      z.strictObject({ error: errorBodySchema }),
    ])
    .optional(),
});
export type GrantResult = z.infer<typeof grantResultSchema>;

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

export const sightResultSchema = z.strictObject({
  id: serverIdSchema,
  level: levelSchema,
  /** False where it was so already. */
  changed: z.boolean(),
  /** What a person chose. */
  chosen: sightSchema,
  /** Why accesses to files are seen although that was given up. */
  hindrances: z.array(sightHindranceSchema),
  effective: z.enum(['now', 'restart']),
});
export type SightResult = z.infer<typeof sightResultSchema>;

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

export const ownPathNames = ['config', 'data', 'state', 'spool', 'launcher', 'log'] as const;
const ownPathNameSchema = z.enum(ownPathNames);
export type OwnPathName = (typeof ownPathNames)[number];

/** How many lines of the log are asked for at most. */
export const logLinesMax = 500;
export const logLineSchema = z.strictObject({
  at: z.string().max(40),
  level: z.enum(['info', 'warning', 'error']),
  code: z.string().max(200),
  /** What else the line says, each `name: value`, cut where long. */
  facts: z.array(z.string().max(2100)).max(32),
});
export type LogLine = z.infer<typeof logLineSchema>;

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
/** A dialog of the system stays open for as long as the person looks around. */
const person = 3_600_000;

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
  /** Where Belljar keeps its things. */
  'machine.paths': {
    input: nothingSchema,
    output: z.strictObject({ paths: z.array(z.strictObject({ name: ownPathNameSchema, path: z.string() })) }),
    timeoutMs: short,
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
      /** For the runs that are live now, each until it stops; the policy is not changed. Throws `not-until-stop`. */
      until: z.literal('stop').optional(),
      dryRun: z.boolean().optional(),
    }),
    output: grantResultSchema,
    timeoutMs: short,
  },
  'policies.revoke': {
    input: z.strictObject({
      server: handleSchema,
      verb: ruleVerbSchema,
      what: ruleWhatSchema,
      /** What was granted until it stops. */
      until: z.literal('stop').optional(),
    }),
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
  /** Whether accesses to files are seen; without `sight`, nothing is changed and the answer is what holds. */
  'policies.sight': {
    input: z.strictObject({ server: handleSchema, sight: sightSchema.optional() }),
    output: sightResultSchema,
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
  /** Names of files and folders that a typed path may go on with; never what is in them. */
  'paths.complete': { input: pathCompletionInputSchema, output: pathCompletionSchema, timeoutMs: short },
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
  /** Over all that is kept, a page at a time. */
  'events.search': { input: eventSearchSchema, output: eventPageSchema, timeoutMs: long },
  /** The same, by server, kind, verdict and target. */
  'events.groups': { input: eventGroupingSchema, output: eventGroupsSchema, timeoutMs: long },
  'events.mutes': { input: nothingSchema, output: z.strictObject({ mutes: z.array(muteSchema) }), timeoutMs: short },
  /** From now on the panel leaves such events out; nothing else does, unless asked. */
  'events.mute': { input: muteRuleSchema, output: z.strictObject({ mute: muteSchema }), timeoutMs: short },
  'events.unmute': {
    input: z.strictObject({ id: muteSchema.shape.id }),
    output: z.strictObject({ mute: muteSchema }),
    timeoutMs: short,
  },
  'storage.get': { input: nothingSchema, output: storageSchema, timeoutMs: long },
  'storage.set': { input: retentionSchema.partial(), output: storageSchema, timeoutMs: long },
  /** Makes the history anew from the records of past runs that are still there. */
  'storage.rebuild': { input: nothingSchema, output: storageSchema, timeoutMs: long },
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
    // A pin that comes back is installed again.
    timeoutMs: install,
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
  /** A shell or a command in the sandbox of a contained server; its output is `GET /terminals/<id>`. */
  'terminals.open': { input: terminalMethodInputs.open, output: terminalSchema, timeoutMs: short },
  /** Open ones, and those that ended a short while ago, oldest first. */
  'terminals.list': {
    input: nothingSchema,
    output: z.strictObject({ terminals: z.array(terminalSchema) }),
    timeoutMs: short,
  },
  /** Ends it and everything that runs in it, and forgets it. */
  'terminals.close': { input: terminalMethodInputs.close, output: terminalSchema, timeoutMs: short },
  'terminals.resize': { input: terminalMethodInputs.resize, output: terminalSchema, timeoutMs: short },
  /** What a person typed. Calls are answered in the order they arrive: a caller waits for one before it makes the next. */
  'terminals.input': { input: terminalMethodInputs.input, output: nothingSchema, timeoutMs: short },
  /** Everything before `upTo` was shown. */
  'terminals.acknowledge': { input: terminalMethodInputs.acknowledge, output: nothingSchema, timeoutMs: short },
  /** The newest lines of the host's log: codes and facts, no values of secrets. */
  'log.tail': {
    input: z.strictObject({ limit: z.number().int().min(1).max(logLinesMax) }),
    output: z.strictObject({ lines: z.array(logLineSchema), file: z.string(), earlier: z.boolean() }),
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
  /** What only the desktop program can do; behind every other door these are refused with `only-desktop`. */
  'desktop.status': { input: nothingSchema, output: desktopStatusSchema, timeoutMs: short },
  /** Lets the person choose in the system's own dialog. */
  'desktop.choose': {
    input: z.strictObject({ kind: z.enum(['file', 'folder']), from: z.string().min(1).max(4096).optional() }),
    output: chosenPathSchema,
    timeoutMs: person,
  },
  'desktop.openAtLogin': { input: z.strictObject({ on: z.boolean() }), output: desktopStatusSchema, timeoutMs: short },
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

/** Methods that the desktop program answers itself, before a request reaches the host. */
export const desktopMethods = [
  'desktop.status',
  'desktop.choose',
  'desktop.openAtLogin',
] as const satisfies readonly MethodName[];
export type DesktopMethod = (typeof desktopMethods)[number];

/** What the engine offers and every client sees: one asynchronous function a method. */
export type Api = { [M in MethodName]: (input: Input<M>, signal?: AbortSignal) => Promise<Output<M>> };

/** Largest request body the handler reads, in bytes. */
export const requestMaxBytes = 262_144;
