/**
 * Servers: what is configured on this machine, its state from facts, and putting it under the launcher and back.
 *
 * Order of a containment, so that a kill at any moment leaves something sound: journal (unsettled), plan, policy, then the
 * client's file in one atomic step, then the journal is settled. Before the file changes, nothing uses what was written;
 * after it, everything it needs is there. A release goes the other way round: the file first, then what belonged to it.
 */
import { BelljarError, type ErrorBody } from '#contract/errors.ts';
import type { Api, ChangeResult } from '#contract/methods.ts';
import type { DecisionChange } from '#contract/decision.ts';
import { policyFormatVersion, type EffectivePolicy, type StoredPolicy, type Withheld } from '#contract/policy.ts';
import { entryNotes, toErrorBody, uptakeSentences } from '#contract/sentences.ts';
import type { CheckResult, FileDiff, Problem, Resource, Server, ServerList } from '#contract/server.ts';
import type { Risk } from '#contract/risk.ts';
import type { LaunchedLevel, Level, ServerState } from '#contract/words.ts';
import { entryRules, type EntryRules } from '#domain/argument-paths.ts';
import { firstProgram, plainLaunch } from '#domain/command-line.ts';
import { policyChanges } from '#domain/decision-changes.ts';
import type { ConfiguredEntry, Launch } from '#domain/entry.ts';
import { fillLaunch, fillVariables } from '#domain/kept-secrets.ts';
import { nothingWaits } from '#domain/live-change.ts';
import { maskArguments, maskText } from '#domain/mask.ts';
import { summarizePolicy, summarizeUndecided, type PolicySummary } from '#domain/policy-merge.ts';
import { formatPlan, parsePlan } from '#domain/plan-text.ts';
import { assessRisk, needsNoNetwork, type ProgramPlace } from '#domain/risk.ts';
import { planRollout } from '#domain/rollout.ts';
import { secretPlaces, type SecretPlace } from '#domain/secret-places.ts';
import { countReached, seenHosts } from '#domain/seen-hosts.ts';
import { pinnedOf } from '#domain/pin-changes.ts';
import { isLauncher } from '#domain/wrapping.ts';
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { CheckService } from '../checks/check-service.ts';
import type { Decide } from '../decisions/decision-service.ts';
import type { EventService } from '../events/event-service.ts';
import type { Log } from '../events/ports.ts';
import { describePin, fetchesOf } from '../pins/pin-facts.ts';
import type { PinStore } from '../pins/ports.ts';
import { sweepTrees } from '../pins/sweep.ts';
import type { PassingGrants } from '../policies/passing-grants.ts';
import { createPlanner } from '../policies/planner.ts';
import { createCarried, withSecrets, type Carried } from '../secrets/carried.ts';
import { entryAt, filledServer, prove, putBack, valuesOf } from '../secrets/exchange.ts';
import {
  askedOf,
  foreignError,
  isCopied,
  keptFor,
  launchBefore,
  refuseMissing,
  type Asked,
  type Kept,
} from '../secrets/kept.ts';
import type { KeptSecret, SecretStore } from '../secrets/ports.ts';
import { describeSecrets } from '../secrets/secret-facts.ts';
import type { StartedPlans } from '../policies/started-plans.ts';
import type {
  Clients,
  Clock,
  FileStore,
  Journal,
  JournalRecord,
  LauncherInstaller,
  MachineFacts,
  Places,
  PlanStore,
  PolicyStore,
  ProcessFacts,
  Processes,
  Programs,
  Repositories,
  Watched,
} from '../ports.ts';
import {
  createDiscovery,
  isBrokenWrapping,
  resolveEntry,
  resolveHandle,
  toProblem,
  type Discovered,
  type FoundServer,
} from './discovery.ts';
import { auditServers } from './audit.ts';
import { createExclusive, type Exclusive } from './exclusive.ts';
import { maskedDiff, unwrapEntry, wrapEntry, type Wrapped } from './rewrite.ts';
import { driftOf, findBareProcesses, findOldProcesses, serverState } from './server-state.ts';

export interface ServerServiceDeps {
  places: Places;
  clock: Clock;
  clients: Clients;
  repositories: Repositories;
  programs: Programs;
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  startedPlans: Pick<StartedPlans, 'waiting'>;
  passing: Pick<PassingGrants, 'list' | 'prepare' | 'keep'>;
  pins: Pick<PinStore, 'get' | 'isSound' | 'remove' | 'unused' | 'removeTree'>;
  secrets: SecretStore;
  processes: Processes;
  launcher: LauncherInstaller;
  runs: Pick<RunService, 'activity' | 'list'>;
  events: Pick<EventService, 'list' | 'denialsLastHour' | 'hostUses'>;
  checks: Pick<CheckService, 'check'>;
  machine: MachineFacts;
  decide: Decide;
  /** `PolicyService.resourcesOf`. */
  resourcesOf: (server: string, policy: EffectivePolicy | null) => Promise<Resource[]>;
  log: Log;
}

export interface ServerService {
  list: Api['servers.list'];
  rollout: Api['servers.rollout'];
  audit: Api['servers.audit'];
  look: Api['servers.look'];
  show: Api['servers.show'];
  check: Api['servers.check'];
  diff: Api['servers.diff'];
  contain: Api['servers.contain'];
  release: Api['servers.release'];
  level: Api['servers.level'];
  /** For undo, under the lock of changes, which the caller holds. */
  containOne(found: FoundServer, level: LaunchedLevel, undoes: string): Promise<void>;
  releaseOne(found: FoundServer, undoes: string): Promise<void>;
  /** From `client/name`, a bare name where unique, or an id. Throws `not-found`, `ambiguous`. */
  find(handle: string): Promise<FoundServer>;
  /** The same server as its file says now. Throws `config-changed` where it is gone. */
  reread(found: FoundServer): Promise<FoundServer>;
  /** One that starts through the launcher under its own plan, as its file says now, and whose file may be changed. */
  findContained(handle: string, project: boolean | undefined): Promise<FoundServer>;
  /** Files and folders whose change may change the list, as they become known: for a watcher. */
  followWatched(listener: (watched: Watched) => void): () => void;
  /** Files in which clients keep servers of this user. */
  clientFiles(): Promise<readonly string[]>;
  /** For other services that change what belongs to a server. */
  exclusive: Exclusive;
  /** What is done around putting secrets back, so that an entry that was copied or moved keeps what it asks for. */
  carried: Pick<Carried, 'giveToCopies' | 'leave'>;
}

const shownEvents = 50;
const shownRuns = 20;
/** How often a file may change while one list is made before what is seen is said. */
const ownChangesMax = 3;
const defaultLevel: LaunchedLevel = 'standard';

/** What a change of one server came across, for its result. */
interface Seen {
  diff?: FileDiff;
  check?: CheckResult;
  notice?: BelljarError;
}

/** True while the entry starts through our launcher, under its own plan, with nothing to repair. */
function isInPlace(state: ServerState): boolean {
  return state === 'contained' || state === 'watched' || state === 'restart-needed' || state === 'failing';
}

/** Facts that are gathered once for many servers. */
interface Survey {
  processes: readonly ProcessFacts[];
  activity: Awaited<ReturnType<RunService['activity']>>;
  denials: ReadonlyMap<string, number>;
  hostUses: Awaited<ReturnType<EventService['hostUses']>>;
  /** For each server, the others that start the same. */
  sameAs: ReadonlyMap<string, readonly string[]>;
  programs: Awaited<ReturnType<Programs['find']>>;
  secretPlaces: readonly SecretPlace[];
}

/** Which servers start the same, however their clients name it. */
function groupByLaunch(servers: readonly FoundServer[]): Map<string, string[]> {
  const byLaunch = new Map<string, string[]>();
  for (const { id, launch, cannot } of servers) {
    if (launch === null || cannot !== null) continue;
    const key = JSON.stringify(plainLaunch(launch));
    byLaunch.set(key, [...(byLaunch.get(key) ?? []), id]);
  }
  return new Map(
    [...byLaunch.values()].flatMap((ids) => ids.map((id) => [id, ids.filter((other) => other !== id)] as const)),
  );
}

function shownLaunch(launch: Launch | null): string[] | null {
  return launch === null ? null : [maskText(launch.command), ...maskArguments(launch.args)];
}

/** What a person should know before an entry is changed, and after. */
function notesOf({ config, entry, launch, cannot, sharedWith }: FoundServer): string[] {
  if (cannot !== null) return [];
  const { adapter } = config;
  const isReplaced = /^(?:plugin|extension):/.test(entry.scope);
  return [
    ...(adapter.asksAgain ? [entryNotes['asks-again'](adapter.title)] : []),
    ...(adapter.ownNode && launch?.command === 'node' ? [entryNotes['own-node'](adapter.title)] : []),
    ...(isReplaced ? [entryNotes['replaced-by-update']()] : []),
    ...(sharedWith.length > 0 ? [entryNotes.shared(sharedWith.join(', '))] : []),
  ];
}

/** Throws where files made here would belong to root in a home that is someone else's. */
export function refuseRootInUserHome(places: Places): void {
  if (places.uid === 0 && places.homeOwner !== null && places.homeOwner !== 0)
    throw new BelljarError('refused-root-in-user-home', { params: { home: places.home } });
}

/** Waits for all, also where one fails: nothing is still being written while its failure is dealt with. */
async function allDone(works: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(works);
  await Promise.all(works);
}

export function createServerService(deps: ServerServiceDeps): ServerService {
  const { places, journal, policies, plans, files } = deps;
  const discovery = createDiscovery(deps);
  const planner = createPlanner({ ...deps, clientFiles: () => discovery.clientFiles() });
  const carried = createCarried({ ...deps, discovery });
  const exclusive = createExclusive();

  async function survey(servers: readonly FoundServer[], all = servers): Promise<Survey> {
    const wrapped = servers.some((server) => server.wrapping !== null);
    const [processes, activity, denials, hostUses, programs, clientFiles] = await Promise.all([
      wrapped ? deps.processes.list() : [],
      deps.runs.activity(),
      deps.events.denialsLastHour(),
      deps.events.hostUses(),
      deps.programs.find(servers.flatMap(({ launch }) => (launch === null ? [] : [firstProgram(launch)]))),
      discovery.clientFiles(),
    ]);
    return {
      processes,
      activity,
      denials,
      hostUses,
      sameAs: groupByLaunch(all),
      programs,
      secretPlaces: secretPlaces(places, places, clientFiles),
    };
  }

  /** A document that cannot be read costs its own server a problem, never the list. */
  async function tolerant<T>(
    found: FoundServer,
    problems: Problem[],
    read: () => Promise<T | null>,
  ): Promise<T | null> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof BelljarError)) throw error;
      problems.push(toProblem(found.config.adapter.title, error, found.entry.file));
      return null;
    }
  }

  /** What the store has for an entry: under its own id, and under the one that a copy rightly names. */
  async function keptNow(found: FoundServer): Promise<Pick<KeptSecret, 'name' | 'as'>[]> {
    const own = await deps.secrets.list(found.id);
    return isCopied(found) ? [...own, ...(await askedOf(deps, found)).kept] : own;
  }

  /** The level a wrapped entry runs at: the stored one, else what its plan says. */
  async function levelOf(found: FoundServer, stored: StoredPolicy | null): Promise<Level> {
    if (stored !== null && stored.level !== 'off') return stored.level;
    if (found.wrapping === null) return 'off';
    try {
      const text = await plans.read(found.wrapping.id);
      return text === null ? defaultLevel : parsePlan(text).level;
    } catch (error) {
      if (error instanceof BelljarError) return defaultLevel;
      throw error;
    }
  }

  async function summarize(
    found: FoundServer,
    level: Level,
    stored: StoredPolicy | null,
    withheld: readonly Withheld[],
  ): Promise<PolicySummary> {
    const asLaunched = level === 'off' ? defaultLevel : level;
    return stored === null || (stored.rules.length === 0 && stored.sight === undefined)
      ? summarizeUndecided(asLaunched, stored?.network, withheld)
      : summarizePolicy(await planner.effective(found, asLaunched, stored));
  }

  interface Assessed {
    secretPlaces: readonly SecretPlace[];
    /** Where its program lies, and whether it is pinned, as text. */
    facts: string;
    named: EntryRules | null;
    risk: Risk | null;
  }
  const assessed = new WeakMap<ConfiguredEntry, Assessed>();

  /** What follows from the entry alone and from where its program lies: worked out once for an entry that stays the same. */
  function assess(
    { entry, launch }: FoundServer,
    knownPlaces: readonly SecretPlace[],
    program: ProgramPlace | null,
    pinned: boolean,
  ): Assessed {
    const key = JSON.stringify([program, pinned]);
    const before = assessed.get(entry);
    if (before !== undefined && before.secretPlaces === knownPlaces && before.facts === key) return before;
    const named = launch === null ? null : entryRules(launch, entry.env, places, knownPlaces);
    const { env, autoApprove } = entry;
    const risk =
      launch === null || named === null
        ? null
        : assessRisk({ launch, env, autoApprove, folders: places, secretPlaces: knownPlaces, named, program, pinned });
    const made = { secretPlaces: knownPlaces, facts: key, named, risk };
    assessed.set(entry, made);
    return made;
  }

  async function describe(found: FoundServer, facts: Survey, problems: Problem[], deep = false): Promise<Server> {
    const { entry, config, wrapping } = found;
    const [record, stored, planText, pin, kept, started] = await Promise.all([
      tolerant(found, problems, () => journal.get(found.id)),
      tolerant(found, problems, () => policies.get(found.id)),
      wrapping === null ? null : tolerant(found, problems, () => plans.read(found.id)),
      describePin(deps.pins, found.id, found.launch, deep),
      tolerant(found, problems, () => keptNow(found)),
      launchBefore(deps, found),
    ]);
    const activity = facts.activity.get(found.id) ?? noActivity;
    const old =
      wrapping === null || started === null
        ? []
        : findOldProcesses(started, places.launchers, deps.processes.self, facts.processes);
    const level = await levelOf(found, stored);
    const state = serverState({
      found,
      launchers: places.launchers,
      record,
      started,
      hasPlan: planText !== null,
      level,
      oldProcesses: old.length,
      failing: activity.failing,
    });
    const reason = found.cannot?.reason ?? 'bad-entry';
    const drift = state === 'drifted' ? driftOf({ found, record, hasPlan: planText !== null }) : null;
    const program = found.launch === null ? null : (facts.programs.get(firstProgram(found.launch)) ?? null);
    const { named, risk } = assess(found, facts.secretPlaces, program, pin !== null);
    const policy =
      named === null || state === 'cannot'
        ? null
        : await tolerant(found, problems, () => summarize(found, level, stored, named.withheld));
    return {
      id: found.id,
      handle: found.handle,
      client: entry.client,
      clientTitle: config.adapter.title,
      scope: entry.scope,
      name: entry.name,
      file: entry.file,
      project: config.file.project,
      sharedWith: [...found.sharedWith],
      sameAs: [...(facts.sameAs.get(found.id) ?? [])],
      command: found.launch === null ? entry.command : maskText(found.launch.command),
      args: maskArguments(found.launch?.args ?? entry.args),
      env: Object.keys(entry.env),
      level: state === 'off' || state === 'cannot' ? 'off' : level,
      state,
      ...(state === 'cannot' ? { reason } : {}),
      ...(state === 'cannot' && found.cannot !== null
        ? { why: { sentence: found.cannot.sentence, remedy: found.cannot.remedy } }
        : {}),
      ...(drift === null
        ? {}
        : { drift: { how: drift.how, before: shownLaunch(drift.before), now: shownLaunch(drift.now) } }),
      risk,
      ...(state === 'restart-needed'
        ? { oldProcesses: old.map(({ pid, startedAt }) => ({ pid, since: startedAt.toISOString() })) }
        : {}),
      uptake: config.adapter.uptake,
      uptakeSentence: uptakeSentences[config.adapter.uptake](config.adapter.title),
      liveRuns: activity.liveRuns,
      lastRun: activity.lastRun,
      denialsLastHour: facts.denials.get(found.id) ?? 0,
      withheld: policy?.withheld.map((item) => item.what) ?? [],
      notes: notesOf(found),
      autoApprove: entry.autoApprove,
      headers: [...entry.headers],
      network:
        policy === null || state === 'off'
          ? null
          : {
              mode: policy.network,
              hostsSeen: countReached(seenHosts(facts.hostUses.get(found.id) ?? [])),
              hostsNamed: policy.hostsNamed,
            },
      ...(policy?.filesUnseen === true && state !== 'off' ? { filesUnseen: true } : {}),
      fetches: pin === null ? fetchesOf(found.launch) : null,
      pin,
      secrets: describeSecrets(found, kept ?? []),
    };
  }

  /**
   * As it stands in a list. The file was read before our own documents, and a change of ours, by this process or another,
   * may have happened in between: what looks like drift counts only when the file is still the one that was read.
   */
  async function describeListed(listed: FoundServer, facts: Survey, problems: Problem[]): Promise<Server> {
    let found = listed;
    let server = await describe(found, facts, problems);
    for (let looks = 0; looks < ownChangesMax && server.state === 'drifted'; looks += 1) {
      const now = await reread(found).catch(() => null);
      if (now === null || now.config.text === found.config.text) return server;
      found = now;
      server = await describe(found, facts, []);
    }
    return server;
  }

  async function describeOne(found: FoundServer, deep = false): Promise<Server> {
    return describe(found, await survey([found]), [], deep);
  }

  /** Where servers are named by their ids, what was found before is enough. */
  async function discoverFor(handles: 'all' | readonly string[]): Promise<Discovered> {
    return (handles === 'all' ? null : discovery.recall(handles)) ?? (await discovery.discover());
  }

  async function find(handle: string): Promise<FoundServer> {
    return resolveHandle(handle, await discovery.discover());
  }

  /** The same server as its file says now: every change starts from what is there at that moment. */
  async function reread(found: FoundServer): Promise<FoundServer> {
    const { file, scope, name } = found.entry;
    const config = await discovery.read(found.config.located);
    const entry = config?.entries.find((each) => each.scope === scope && each.name === name);
    if (config === null || entry === undefined) throw new BelljarError('config-changed', { file });
    const resolved = resolveEntry(entry, config.adapter);
    return { ...found, entry, config, ...resolved, cannot: resolved.cannot ?? found.heldElsewhere };
  }

  /** A lost journal is no reason not to release: the arguments alone say what the entry was. */
  async function recordOf(found: FoundServer): Promise<JournalRecord | null> {
    try {
      return await journal.get(found.id);
    } catch (error) {
      if (error instanceof BelljarError && error.code !== 'newer-format') return null;
      throw error;
    }
  }

  function refuseUncontainable(found: FoundServer): void {
    if (found.cannot !== null && found.wrapping === null)
      throw new BelljarError('cannot-contain', {
        file: found.entry.file,
        params: { server: found.handle, ...found.cannot },
      });
    if (/\s/.test(places.launcher))
      throw new BelljarError('launcher-path-space', { params: { path: places.launcher } });
  }

  /** A file that a repository keeps is everybody's; it is changed only when that was said. */
  async function refuseKept(found: FoundServer, project: boolean | undefined): Promise<void> {
    const { file, snapshot } = found.config;
    if (file.project === null || project === true) return;
    if (await deps.repositories.keeps(snapshot.realFile))
      throw new BelljarError('project-file', { file: file.file, params: { server: found.handle } });
  }

  async function runCheck(found: FoundServer, level: LaunchedLevel, signal?: AbortSignal): Promise<CheckResult> {
    const { launch } = found;
    if (launch === null || isLauncher(launch.command))
      throw new BelljarError('cannot-contain', {
        params: { server: found.handle, sentence: found.cannot?.sentence ?? '' },
      });
    const kept = await keptFor(deps, found);
    // Where it lies now: nothing is carried for a trial.
    const elsewhere = (await carried.toCarry(found, kept)).map(({ of, name, as }) => ({
      name,
      as,
      path: deps.secrets.file(of, name, as),
    }));
    const plan = withSecrets(await planner.compile(found, level), elsewhere);
    const { env } = found.entry;
    // Bare it is started as it was before anything was moved; contained, the launcher does what it would for the client.
    const values = valuesOf(kept);
    const before = values.size === 0 ? null : { ...fillLaunch(launch, values), env: fillVariables(env, values) };
    return deps.checks.check(
      {
        id: found.id,
        level,
        ...(before ?? { command: launch.command, args: launch.args, env }),
        ...(before === null ? {} : { contained: { args: launch.args, env } }),
      },
      // A trial is there to see what is refused, also of files that are left unseen otherwise.
      (spool) => formatPlan({ ...plan, record: plan.record === 'without-files' ? 'denials' : plan.record, spool }),
      signal,
    );
  }

  /** The level asked for, else the one that a person chose before, else the default. */
  async function chosenLevel(found: FoundServer, asked: LaunchedLevel | undefined): Promise<LaunchedLevel> {
    if (asked !== undefined) return asked;
    const stored = await policies.get(found.id);
    return stored === null || stored.level === 'off' ? defaultLevel : stored.level;
  }

  /**
   * Tries a server before it is contained; throws when it would not work. Not under the lock of changes, since it may take a
   * minute; what was true before it is asked again afterwards.
   */
  async function checkFirst(
    listed: FoundServer,
    { level, project }: { level?: LaunchedLevel | undefined; project?: boolean | undefined },
    seen: Seen,
    signal?: AbortSignal,
  ): Promise<void> {
    const found = await reread(listed);
    refuseUncontainable(found);
    if (isInPlace((await describeOne(found)).state)) return;
    await refuseKept(found, project);
    wrapEntry(found, await recordOf(found), places.launcher);
    await files.assertReplaceable(found.config.snapshot);
    await deps.launcher.install();
    seen.check = await runCheck(found, await chosenLevel(found, level), signal);
    refuseFailedCheck(found, seen.check);
  }

  function refuseFailedCheck(found: FoundServer, check: CheckResult): void {
    if (check.verdict === 'works' || check.verdict === 'works-but-refused') return;
    const params = { server: found.handle, sentence: `${check.sentence} Nothing was changed.` };
    throw new BelljarError(check.verdict === 'cannot-be-tried' ? 'check-impossible' : 'check-failed', { params });
  }

  async function store(found: FoundServer, level: Level): Promise<void> {
    const stored = await policies.get(found.id);
    await policies.put({ ...(stored ?? { v: policyFormatVersion, server: found.id, rules: [] }), level });
  }

  /** What putting an entry through the launcher, or back, changes besides the file. */
  async function containmentChanges(found: FoundServer, contained: boolean, level: Level): Promise<DecisionChange[]> {
    const before = (await policies.get(found.id).catch(() => null))?.level ?? 'off';
    const pin = contained ? null : await deps.pins.get(found.id).catch(() => null);
    return [
      { of: 'contained', before: !contained, after: contained },
      ...(before === level ? [] : [{ of: 'level' as const, before, after: level }]),
      ...(pin === null ? [] : [{ of: 'pin' as const, before: pinnedOf(pin), after: null }]),
    ];
  }

  /** What was there before a change that did not come to its end; put back so that nothing half-done remains. */
  async function keepOwn(found: FoundServer): Promise<() => Promise<void>> {
    const [record, putPlansBack, policy] = await Promise.all([
      recordOf(found),
      planner.keep(found.id),
      policies.get(found.id),
    ]);
    return async () => {
      await (record === null ? journal.remove(found.id) : journal.put(record));
      await putPlansBack();
      await (policy === null ? policies.remove(found.id) : policies.put(policy));
    };
  }

  /** True where an entry that did not before is now seen to start through the launcher under its own id. */
  async function startsWrapped(found: FoundServer): Promise<boolean> {
    if (found.wrapping?.id === found.id) return false;
    try {
      return (await reread(found)).wrapping?.id === found.id;
    } catch {
      return false;
    }
  }

  /**
   * What the journal keeps of an entry that is to be contained. A copy that says to the byte what was written under another id,
   * but for secrets that were moved since, comes from the very text that stood there before.
   */
  function recorded(
    found: FoundServer,
    wrapped: Wrapped,
    kept: readonly Kept[],
    origin: JournalRecord | null,
  ): Pick<JournalRecord, 'original' | 'wrapped'> {
    const written = { text: wrapped.entryText, launcher: places.launcher };
    if (origin === null || filledServer(found, kept).entry.text !== origin.wrapped.text)
      return { original: wrapped.original, wrapped: written };
    const { config, entry } = found;
    const entries = config.adapter.parse(wrapped.text, config.file, []);
    const now = { ...found, config: { ...config, text: wrapped.text, entries } };
    const filled = filledServer({ ...now, entry: entryAt(entries, entry.path) ?? entry }, kept);
    return { original: origin.original, wrapped: { ...written, text: filled.entry.text } };
  }

  /** What a copy asks for; throws what speaks against giving it. Of any other entry, what it lacks is its start's to say. */
  async function toCarry(found: FoundServer): Promise<{ kept: Kept[]; origin: Asked['origin']; going: Kept[] }> {
    if (!isCopied(found)) return { kept: [], origin: null, going: [] };
    const { kept, missing, foreign, origin } = await askedOf(deps, found);
    if (foreign.length > 0) throw foreignError(found, foreign);
    refuseMissing(found, missing);
    return { kept, origin, going: await carried.toCarry(found, kept) };
  }

  async function containOne(
    listed: FoundServer,
    input: { level?: LaunchedLevel | undefined; dryRun: boolean; project?: boolean | undefined },
    seen: Seen,
    undoes?: string,
  ): Promise<boolean> {
    const found = await reread(listed);
    refuseUncontainable(found);
    const level = await chosenLevel(found, input.level);
    const record = await recordOf(found);
    const before = await describeOne(found);
    if (isInPlace(before.state)) {
      const isOther = before.level !== level;
      // The same level again writes the plan anew all the same: what it was made from may have changed.
      if (!input.dryRun) await (isOther ? setLevel(found, level, undoes) : planner.write(found, level));
      return isOther;
    }
    await refuseKept(found, input.project);
    const { kept, origin, going } = await toCarry(found);
    const wrapped = wrapEntry(found, origin ?? record, places.launcher);
    seen.diff = maskedDiff(found, wrapped.text);
    await files.assertReplaceable(found.config.snapshot);
    const own = going.map(({ name, as }) => ({ name, as, path: deps.secrets.file(found.id, name, as) }));
    const writePlans = await planner.prepare(found, level, undefined, own);
    if (input.dryRun) return true;
    await deps.launcher.install();
    const putBack = await keepOwn(found);
    const entry: JournalRecord = {
      v: 1,
      server: found.id,
      client: found.entry.client,
      scope: found.entry.scope,
      name: found.entry.name,
      file: found.entry.file,
      at: deps.clock.now().toISOString(),
      settled: false,
      ...recorded(found, wrapped, kept, origin),
    };
    const changes = await containmentChanges(found, true, level);
    const deciding = { server: found.id, file: found.entry.file, summary: `contained at ${level}`, changes, undoes };
    await deps.decide({ ...deciding, action: 'contain' }, async () => {
      const takeBack = await carried.give(found, going);
      try {
        await journal.put(entry);
        // Both are on disk before the file starts anything through the launcher; neither waits for the other.
        await allDone([writePlans(), store(found, level)]);
        await files.replace(found.config.snapshot, new TextEncoder().encode(wrapped.text));
      } catch (error) {
        // Whatever went wrong: an entry that starts through the launcher needs its plan.
        if (!(await startsWrapped(found))) {
          await putBack();
          const now = await reread(found).catch(() => null);
          if (now !== null && now.wrapping?.id !== found.id) await takeBack();
        }
        throw error;
      }
      await journal.put({ ...entry, settled: true });
      // What stays under the old id all the same is the doctor's.
      if (going.length > 0)
        await reread(found)
          .then((now) => carried.leave(now, going))
          .catch(() => undefined);
    });
    return true;
  }

  async function releaseOne(listed: FoundServer, dryRun: boolean, seen: Seen, undoes?: string): Promise<boolean> {
    const found = await reread(listed);
    const record = await recordOf(found);
    const wrapped = found.wrapping !== null || isLauncher(found.entry.command ?? '');
    const before = isBrokenWrapping(found) ? (record?.original.args ?? []) : [];
    const { kept, missing, foreign, origin } = await askedOf(deps, found, before);
    refuseMissing(found, missing);
    // What is another server's stays as it is asked for: that starts nothing with a key that is not its own.
    if (foreign.length > 0) seen.notice = foreignError(found, foreign);
    if (!wrapped && kept.length === 0) {
      // Not through a launcher any more, by whomever: all that is left is what Belljar kept about it.
      if (!dryRun) {
        await carried.giveToCopies(found.id);
        await forget(found, record !== null);
        await carried.leave(found, []);
      }
      return false;
    }
    const rewrite = wrapped ? unwrapEntry(found, origin ?? record, kept) : filledEntry(found, kept);
    seen.diff = maskedDiff(found, rewrite.text);
    await files.assertReplaceable(found.config.snapshot);
    if (dryRun) return true;
    const changes = await containmentChanges(found, false, 'off');
    const deciding = { server: found.id, file: found.entry.file, summary: 'put back', changes, undoes };
    await deps.decide({ ...deciding, action: 'release', mustHappen: true }, async () => {
      await carried.giveToCopies(found.id);
      // From here on the record proves nothing: were this ended now, the entry may stand either way.
      if (record !== null) await journal.put({ ...record, settled: false });
      try {
        await files.replace(found.config.snapshot, new TextEncoder().encode(rewrite.text));
      } catch (error) {
        if (record !== null) await journal.put(record);
        throw error;
      }
      await forget(found, true);
      // Last of all, and only what the file is seen to hold.
      await carried.leave(await reread(found), kept);
    });
    return true;
  }

  /** An entry that somebody took out of the launcher by hand, with the secrets that it still asks for. */
  function filledEntry({ config, entry }: FoundServer, kept: readonly KeptSecret[]): { text: string } {
    const text = putBack(config, config.text, entry.path, kept);
    prove(config, entry.path, text, valuesOf(kept));
    return { text };
  }

  async function forget(found: FoundServer, hadAny: boolean): Promise<void> {
    try {
      if (hadAny || (await policies.get(found.id)) !== null) await store(found, 'off');
    } catch (error) {
      // A policy that cannot be read keeps nobody from putting an entry back; it is shown as a problem.
      if (!(error instanceof BelljarError)) throw error;
    }
    await plans.remove(found.id);
    await unpin(found.id);
    await journal.remove(found.id);
  }

  /** What was installed for a server goes with it; what a run still needs, or cannot be removed, is the doctor's. */
  async function unpin(server: string): Promise<void> {
    await deps.pins.remove(server);
    await sweepTrees(deps.pins, deps.runs, server).catch(() => undefined);
  }

  /** A server that was contained and stands in no readable file any more. */
  async function releaseGone(record: JournalRecord, discovered: Discovered, dryRun: boolean): Promise<ChangeResult> {
    const result = { id: record.server, changed: false, file: record.file };
    const failure = discovered.failures.find(({ file }) => file === record.file);
    // Its file cannot be read: the entry may still be there, so what is needed to put it back is kept.
    if (failure !== undefined) return { ...result, state: 'drifted', error: toErrorBody(failure.error) };
    if (!dryRun) {
      await carried.giveToCopies(record.server);
      await plans.remove(record.server);
      await unpin(record.server);
      await journal.remove(record.server);
    }
    return { ...result, state: 'off' };
  }

  /** Changes the level of a server that already runs through the launcher; takes effect at its next start. */
  async function setLevel(found: FoundServer, level: LaunchedLevel, undoes?: string): Promise<void> {
    const putBack = await keepOwn(found);
    const stored = await policies.get(found.id);
    const changes = policyChanges(stored, {
      ...(stored ?? { v: policyFormatVersion, server: found.id, rules: [] }),
      level,
    });
    const deciding = { server: found.id, summary: `level ${level}`, changes, undoes };
    await deps.decide({ ...deciding, action: 'level' }, async () => {
      try {
        await planner.write(found, level);
        await store(found, level);
      } catch (error) {
        await putBack();
        throw error;
      }
    });
  }

  /** The result of one change of one server: what happened, or what went wrong, and the state it is in now. */
  async function change(found: FoundServer, work: (seen: Seen) => Promise<boolean>): Promise<ChangeResult> {
    const seen: Seen = {};
    let changed = false;
    let failure: unknown;
    try {
      changed = await work(seen);
    } catch (error) {
      failure = error;
      if (!(error instanceof BelljarError)) deps.log.warn('change-failed', { server: found.id, error: String(error) });
    }
    const error: ErrorBody | undefined = failure === undefined ? undefined : toErrorBody(failure);
    const now = await reread(found).catch(() => found);
    const { state } = await describeOne(now);
    return {
      id: found.id,
      changed,
      state,
      file: found.entry.file,
      ...(seen.diff === undefined ? {} : { diff: seen.diff }),
      ...(seen.check === undefined ? {} : { check: seen.check }),
      ...(seen.notice === undefined ? {} : { notice: toErrorBody(seen.notice) }),
      ...(error === undefined ? {} : { error }),
    };
  }

  /** Handles are resolved before anything is changed: a typing error must not leave half of them done. */
  function choose(
    handles: 'all' | readonly string[],
    discovered: Discovered,
    isMeant: (server: FoundServer) => boolean,
  ): FoundServer[] {
    if (handles === 'all') return discovered.servers.filter(isMeant);
    return [...new Set(handles.map((handle) => resolveHandle(handle, discovered)))];
  }

  /** What was contained and stands in no file any more; where a file cannot be read, nobody knows. */
  async function goneRecords(discovered: Discovered): Promise<JournalRecord[]> {
    const known = new Set(discovered.servers.map(({ id }) => id));
    const unread = new Set(discovered.failures.map(({ file }) => file));
    const records = await journal.list().catch(() => []);
    return records.filter((record) => record.settled && !known.has(record.server) && !unread.has(record.file));
  }

  async function describeGone(record: JournalRecord, facts: Survey): Promise<Server> {
    const adapter = deps.clients.adapters.find(({ id }) => id === record.client);
    const clientTitle = adapter?.title ?? record.client;
    const uptake = adapter?.uptake ?? 'quit-and-start';
    const before = shownLaunch(record.original);
    const stored = await policies.get(record.server).catch(() => null);
    return {
      id: record.server,
      handle: record.server,
      client: record.client,
      clientTitle,
      scope: record.scope,
      name: record.name,
      file: record.file,
      project: null,
      sharedWith: [],
      sameAs: [],
      command: before?.[0] ?? null,
      args: before?.slice(1) ?? [],
      env: [],
      secrets: [],
      level: stored === null || stored.level === 'off' ? defaultLevel : stored.level,
      state: 'drifted',
      drift: { how: 'removed', before, now: null },
      risk: null,
      uptake,
      uptakeSentence: uptakeSentences[uptake](clientTitle),
      liveRuns: facts.activity.get(record.server)?.liveRuns ?? 0,
      lastRun: facts.activity.get(record.server)?.lastRun ?? null,
      denialsLastHour: facts.denials.get(record.server) ?? 0,
      withheld: [],
      notes: [],
      autoApprove: false,
      headers: [],
      network: null,
      fetches: null,
      pin: null,
    };
  }

  async function listWith(
    input: Parameters<ServerService['list']>[0],
  ): Promise<{ list: ServerList; discovered: Discovered; gone: readonly JournalRecord[] }> {
    const [discovered, machine] = await Promise.all([discovery.discover(), deps.machine.get()]);
    const problems = [...discovered.problems];
    const isMeant = (client: string): boolean => input.client === undefined || client === input.client;
    const meant = discovered.servers.filter((found) => isMeant(found.entry.client));
    const [facts, gone] = await Promise.all([survey(meant, discovered.servers), goneRecords(discovered)]);
    const servers = await Promise.all([
      ...meant.map((found) => describeListed(found, facts, problems)),
      ...gone.filter(({ client }) => isMeant(client)).map((record) => describeGone(record, facts)),
    ]);
    const list: ServerList = {
      v: 1,
      machine: { ...machine, problems, lookedAt: discovered.lookedAt, unseen: [...discovered.unseen] },
      servers: servers.filter((server) => input.state === undefined || server.state === input.state),
    };
    return { list, discovered, gone };
  }

  /** By server, of every state and also of those that were contained and stand in no file any more. */
  async function bareProcesses(
    { servers }: Discovered,
    gone: readonly JournalRecord[],
  ): Promise<Map<string, number[]>> {
    const processes = await deps.processes.list();
    const bare = (launches: readonly Launch[]): number[] =>
      findBareProcesses(launches, deps.processes.self, processes).map(({ pid }) => pid);
    const records = await journal.list().catch(() => []);
    const contained = new Map(
      records.filter(({ settled }) => settled).map(({ server, original }) => [server, original]),
    );
    const found = servers.map(async (server): Promise<[string, number[]]> => {
      // What stands there now, what it was before secrets were moved, and what it was when it was contained.
      const before = await launchBefore(deps, server);
      const known = [server.launch, before, contained.get(server.id) ?? null];
      return [server.id, bare(known.filter((launch) => launch !== null))];
    });
    return new Map([
      ...(await Promise.all(found)),
      ...gone.map(({ server, original }): [string, number[]] => [server, bare([original])]),
    ]);
  }

  const list: ServerService['list'] = async (input) => (await listWith(input)).list;

  const level: ServerService['level'] = (input) =>
    exclusive(async () => {
      refuseRootInUserHome(places);
      const found = await find(input.server);
      const before = await describeOne(found);
      if (input.level === 'off') {
        // Here is nowhere to say what a release left undone.
        await keptFor(deps, await reread(found));
        await releaseOne(found, false, {});
      } else if (['drifted', 'copied', 'moved'].includes(before.state)) {
        throw new BelljarError('drifted', { file: found.entry.file, params: { server: found.handle } });
      } else {
        await containOne(found, { level: input.level, dryRun: false, project: input.project }, {});
      }
      const policy = input.level === 'off' ? null : await planner.effective(found, input.level);
      const effective = before.liveRuns > 0 || before.state === 'restart-needed' ? 'restart' : 'now';
      return { id: found.id, rule: null, level: input.level, effective, policy };
    });

  return {
    list,
    level,
    find,
    reread,
    exclusive,
    carried,
    async findContained(handle, project) {
      const found = await reread(await find(handle));
      if (!isInPlace((await describeOne(found)).state))
        throw new BelljarError('not-contained', { params: { server: found.handle } });
      await refuseKept(found, project);
      return found;
    },
    followWatched: discovery.followWatched,
    clientFiles: () => discovery.clientFiles(),

    async rollout() {
      const { list: all, discovered } = await listWith({});
      const pinned = new Set(all.servers.filter(({ pin }) => pin !== null).map(({ id }) => id));
      const offline = discovered.servers.filter(
        ({ id, launch }) => launch !== null && needsNoNetwork(launch, pinned.has(id)),
      );
      return planRollout(all.servers, new Set(offline.map(({ id }) => id)));
    },

    async audit() {
      const { list: all, discovered, gone } = await listWith({});
      const rules = await Promise.all(
        all.servers.map(async ({ id }) => [id, (await policies.get(id).catch(() => null))?.rules ?? []] as const),
      );
      return auditServers({
        list: all,
        bare: await bareProcesses(discovered, gone),
        exposed: new Map(discovered.servers.map(({ id, entry }) => [id, entry.exposed])),
        rules: new Map(rules),
      });
    },

    async look(input) {
      discovery.look(input.folder);
      return {};
    },

    async show(input) {
      const found = await find(input.server);
      const server = await describeOne(found, true);
      const [policy, { events }, { runs }, waiting, untilStop] = await Promise.all([
        server.level === 'off' ? null : planner.effective(found, server.level),
        deps.events.list({ server: found.id, limit: shownEvents }),
        deps.runs.list({ server: found.id, limit: shownRuns }),
        deps.startedPlans.waiting(found.id),
        deps.passing.list(found.id),
      ]);
      const { comes, goes } = waiting ?? nothingWaits;
      return {
        server,
        policy,
        resources: await deps.resourcesOf(found.id, policy),
        events,
        runs,
        untilStop,
        afterRestart: { comes: [...comes], goes: [...goes] },
      };
    },

    async check(input, signal) {
      const found = await find(input.server);
      refuseUncontainable(found);
      await deps.launcher.install();
      return runCheck(found, await chosenLevel(found, input.level), signal);
    },

    async diff(input) {
      const found = await find(input.server);
      const record = await recordOf(found);
      const { state } = await describeOne(found);
      const isDone = isInPlace(state);
      const release = input.level === 'off' || (input.level === undefined && isDone);
      if (release) {
        const wrapped = found.wrapping !== null || isLauncher(found.entry.command ?? '');
        const { kept, missing, origin } = await askedOf(deps, found);
        refuseMissing(found, missing);
        return maskedDiff(
          found,
          (wrapped ? unwrapEntry(found, origin ?? record, kept) : filledEntry(found, kept)).text,
        );
      }
      refuseUncontainable(found);
      return maskedDiff(found, isDone ? found.config.text : wrapEntry(found, record, places.launcher).text);
    },

    async contain(input, signal) {
      refuseRootInUserHome(places);
      const meant = choose(input.servers, await discoverFor(input.servers), (server) => server.cannot === null);
      const results: ChangeResult[] = [];
      for (const found of meant) {
        const result = await change(found, async (seen) => {
          if (input.check && !input.dryRun) await checkFirst(found, input, seen, signal);
          return exclusive(() => containOne(found, input, seen));
        });
        results.push(result);
      }
      return { results };
    },

    async release(input) {
      refuseRootInUserHome(places);
      const discovered = await discoverFor(input.servers);
      const records = await journal.list().catch(() => []);
      const kept = new Set(records.map((record) => record.server));
      const known = new Set(discovered.servers.map((server) => server.id));
      const lost = records.filter((item) => !known.has(item.server));
      // What stands in no file any more is named by its id alone.
      const isLost = (handle: string): boolean => lost.some(({ server }) => server === handle);
      const meant = choose(
        input.servers === 'all' ? 'all' : input.servers.filter((handle) => !isLost(handle)),
        discovered,
        (server) => server.wrapping !== null || isLauncher(server.entry.command ?? '') || kept.has(server.id),
      );
      const results: ChangeResult[] = [];
      // Copies first, while what they are copies of is still known.
      for (const found of meant.toSorted((a, b) => Number(isCopied(b)) - Number(isCopied(a))))
        results.push(await change(found, (seen) => exclusive(() => releaseOne(found, input.dryRun, seen))));
      for (const record of lost)
        if (input.servers === 'all' || input.servers.includes(record.server))
          results.push(await exclusive(() => releaseGone(record, discovered, input.dryRun)));
      return { results };
    },

    async containOne(found, level, undoes) {
      await containOne(found, { level, dryRun: false, project: true }, {}, undoes);
    },
    async releaseOne(found, undoes) {
      await releaseOne(found, false, {}, undoes);
    },
  };
}
