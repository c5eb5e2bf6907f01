/**
 * Servers: what is configured on this machine, its state from facts, and putting it under the launcher and back.
 *
 * Order of a containment, so that a kill at any moment leaves something sound: journal (unsettled), plan, policy, then the
 * client's file in one atomic step, then the journal is settled. Before the file changes, nothing uses what was written;
 * after it, everything it needs is there. A release goes the other way round: the file first, then what belonged to it.
 */
import { BelljarError, type ErrorBody } from '#contract/errors.ts';
import type { Api, ChangeResult } from '#contract/methods.ts';
import { policyFormatVersion, type StoredPolicy } from '#contract/policy.ts';
import { entryNotes, toErrorBody, uptakeSentences } from '#contract/sentences.ts';
import type { CheckResult, FileDiff, Problem, Server } from '#contract/server.ts';
import type { LaunchedLevel, Level, ServerState } from '#contract/words.ts';
import { plainLaunch } from '#domain/command-line.ts';
import { nothingWaits } from '#domain/live-change.ts';
import { maskArguments, maskText } from '#domain/mask.ts';
import { formatPlan, parsePlan } from '#domain/plan-text.ts';
import { countReached, seenHosts } from '#domain/seen-hosts.ts';
import { isLauncher } from '#domain/wrapping.ts';
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { CheckService } from '../checks/check-service.ts';
import type { EventService } from '../events/event-service.ts';
import type { Log } from '../events/ports.ts';
import { describePin, fetchesOf } from '../pins/pin-facts.ts';
import type { PinStore } from '../pins/ports.ts';
import { sweepTrees } from '../pins/sweep.ts';
import { createPlanner } from '../policies/planner.ts';
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
  Repositories,
  Watched,
} from '../ports.ts';
import {
  createDiscovery,
  resolveEntry,
  resolveHandle,
  toProblem,
  type Discovered,
  type FoundServer,
} from './discovery.ts';
import { createExclusive, type Exclusive } from './exclusive.ts';
import { maskedDiff, unwrapEntry, wrapEntry } from './rewrite.ts';
import { findOldProcesses, serverState } from './server-state.ts';

export interface ServerServiceDeps {
  places: Places;
  clock: Clock;
  clients: Clients;
  repositories: Repositories;
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  startedPlans: Pick<StartedPlans, 'waiting'>;
  pins: Pick<PinStore, 'get' | 'isSound' | 'remove' | 'unused' | 'removeTree'>;
  processes: Processes;
  launcher: LauncherInstaller;
  runs: Pick<RunService, 'activity' | 'list'>;
  events: Pick<EventService, 'list' | 'denialsLastHour' | 'hostUses'>;
  checks: Pick<CheckService, 'check'>;
  machine: MachineFacts;
  log: Log;
}

export interface ServerService {
  list: Api['servers.list'];
  look: Api['servers.look'];
  show: Api['servers.show'];
  check: Api['servers.check'];
  diff: Api['servers.diff'];
  contain: Api['servers.contain'];
  release: Api['servers.release'];
  level: Api['servers.level'];
  history: Api['history.list'];
  /** From `client/name`, a bare name where unique, or an id. Throws `not-found`, `ambiguous`. */
  find(handle: string): Promise<FoundServer>;
  /** Files and folders whose change may change the list: for a watcher. */
  watched(): Promise<Watched>;
  /** Files in which clients keep servers of this user. */
  clientFiles(): Promise<readonly string[]>;
  /** For other services that change what belongs to a server. */
  exclusive: Exclusive;
}

const shownEvents = 50;
const shownRuns = 20;
const historyDefault = 100;
const defaultLevel: LaunchedLevel = 'standard';

/** What a change of one server came across, for its result. */
interface Seen {
  diff?: FileDiff;
  check?: CheckResult;
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

export function createServerService(deps: ServerServiceDeps): ServerService {
  const { places, journal, policies, plans, files } = deps;
  const discovery = createDiscovery(deps);
  const planner = createPlanner({ ...deps, clientFiles: () => discovery.clientFiles() });
  const exclusive = createExclusive();

  async function survey(servers: readonly FoundServer[], all = servers): Promise<Survey> {
    const wrapped = servers.some((server) => server.wrapping !== null);
    const [processes, activity, denials, hostUses] = await Promise.all([
      wrapped ? deps.processes.list() : [],
      deps.runs.activity(),
      deps.events.denialsLastHour(),
      deps.events.hostUses(),
    ]);
    return { processes, activity, denials, hostUses, sameAs: groupByLaunch(all) };
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

  async function describe(found: FoundServer, facts: Survey, problems: Problem[], deep = false): Promise<Server> {
    const { entry, config, wrapping } = found;
    const [record, stored, planText, pin] = await Promise.all([
      tolerant(found, problems, () => journal.get(found.id)),
      tolerant(found, problems, () => policies.get(found.id)),
      wrapping === null ? null : tolerant(found, problems, () => plans.read(found.id)),
      describePin(deps.pins, found.id, found.launch, deep),
    ]);
    const activity = facts.activity.get(found.id) ?? noActivity;
    const old =
      wrapping === null || found.launch === null
        ? []
        : findOldProcesses(found.launch, places.launcher, deps.processes.self, facts.processes);
    const level = await levelOf(found, stored);
    const state = serverState({
      found,
      launcher: places.launcher,
      record,
      hasPlan: planText !== null,
      level,
      oldProcesses: old.length,
      failing: activity.failing,
    });
    const reason = found.cannot?.reason ?? 'bad-entry';
    const policy =
      found.launch === null || state === 'cannot'
        ? null
        : await tolerant(found, problems, () =>
            planner.effective(found, level === 'off' ? defaultLevel : level, stored ?? { rules: [] }),
          );
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
              hostsNamed: policy.rules.filter((rule) => rule.verb === 'host').length,
            },
      fetches: pin === null ? fetchesOf(found.launch) : null,
      pin,
    };
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
    const plan = await planner.compile(found, level);
    return deps.checks.check(
      { id: found.id, level, command: launch.command, args: launch.args, env: found.entry.env },
      (spool) => formatPlan({ ...plan, spool }),
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

  async function remember(
    action: 'contain' | 'release' | 'level',
    found: FoundServer,
    summary: string,
    file: string | null,
  ): Promise<void> {
    await journal.appendHistory({ at: deps.clock.now().toISOString(), action, server: found.id, file, summary });
  }

  /** What was there before a change that did not come to its end; put back so that nothing half-done remains. */
  async function keepOwn(found: FoundServer): Promise<() => Promise<void>> {
    const [record, plan, policy] = await Promise.all([recordOf(found), plans.read(found.id), policies.get(found.id)]);
    return async () => {
      await (record === null ? journal.remove(found.id) : journal.put(record));
      await (plan === null ? plans.remove(found.id) : plans.write(found.id, plan));
      await (policy === null ? policies.remove(found.id) : policies.put(policy));
    };
  }

  async function containOne(
    listed: FoundServer,
    input: { level?: LaunchedLevel | undefined; dryRun: boolean; project?: boolean | undefined },
    seen: Seen,
  ): Promise<boolean> {
    const found = await reread(listed);
    refuseUncontainable(found);
    const level = await chosenLevel(found, input.level);
    const record = await recordOf(found);
    const before = await describeOne(found);
    if (isInPlace(before.state)) {
      const isOther = before.level !== level;
      // The same level again writes the plan anew all the same: what it was made from may have changed.
      if (!input.dryRun) await (isOther ? setLevel(found, level) : planner.write(found, level));
      return isOther;
    }
    await refuseKept(found, input.project);
    const wrapped = wrapEntry(found, record, places.launcher);
    seen.diff = maskedDiff(found, wrapped.text);
    await files.assertReplaceable(found.config.snapshot);
    const plan = formatPlan(await planner.compile(found, level));
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
      original: wrapped.original,
      wrapped: { text: wrapped.entryText, launcher: places.launcher },
    };
    try {
      await journal.put(entry);
      await plans.write(found.id, plan);
      await store(found, level);
      await files.replace(found.config.snapshot, new TextEncoder().encode(wrapped.text));
    } catch (error) {
      await putBack();
      throw error;
    }
    await journal.put({ ...entry, settled: true });
    await remember('contain', found, `contained at ${level}`, found.entry.file);
    return true;
  }

  async function releaseOne(listed: FoundServer, dryRun: boolean, seen: Seen): Promise<boolean> {
    const found = await reread(listed);
    const record = await recordOf(found);
    const wrapped = found.wrapping !== null || isLauncher(found.entry.command ?? '');
    if (!wrapped) {
      // Not through a launcher any more, by whomever: all that is left is what Belljar kept about it.
      if (!dryRun) await forget(found, record !== null);
      return false;
    }
    const rewrite = unwrapEntry(found, record);
    seen.diff = maskedDiff(found, rewrite.text);
    await files.assertReplaceable(found.config.snapshot);
    if (dryRun) return true;
    // From here on the record proves nothing: were this ended now, the entry may stand either way.
    if (record !== null) await journal.put({ ...record, settled: false });
    try {
      await files.replace(found.config.snapshot, new TextEncoder().encode(rewrite.text));
    } catch (error) {
      if (record !== null) await journal.put(record);
      throw error;
    }
    await forget(found, true);
    await remember('release', found, 'put back', found.entry.file);
    return true;
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
      await plans.remove(record.server);
      await unpin(record.server);
      await journal.remove(record.server);
    }
    return { ...result, state: 'off' };
  }

  /** Changes the level of a server that already runs through the launcher; takes effect at its next start. */
  async function setLevel(found: FoundServer, level: LaunchedLevel): Promise<void> {
    const putBack = await keepOwn(found);
    try {
      await planner.write(found, level);
      await store(found, level);
    } catch (error) {
      await putBack();
      throw error;
    }
    await remember('level', found, `level ${level}`, null);
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

  const list: ServerService['list'] = async (input) => {
    const [discovered, machine] = await Promise.all([discovery.discover(), deps.machine.get()]);
    const problems = [...discovered.problems];
    const meant = discovered.servers.filter(
      (found) => input.client === undefined || found.entry.client === input.client,
    );
    const facts = await survey(meant, discovered.servers);
    const servers = await Promise.all(meant.map((found) => describe(found, facts, problems)));
    return {
      v: 1,
      machine: { ...machine, problems, lookedAt: discovered.lookedAt, unseen: [...discovered.unseen] },
      servers: servers.filter((server) => input.state === undefined || server.state === input.state),
    };
  };

  const level: ServerService['level'] = (input) =>
    exclusive(async () => {
      refuseRootInUserHome(places);
      const found = await find(input.server);
      const before = await describeOne(found);
      if (input.level === 'off') {
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
    exclusive,
    watched: () => discovery.watched(),
    clientFiles: () => discovery.clientFiles(),

    async look(input) {
      discovery.look(input.folder);
      return {};
    },

    async show(input) {
      const found = await find(input.server);
      const server = await describeOne(found, true);
      const [policy, { events }, { runs }, waiting] = await Promise.all([
        server.level === 'off' ? null : planner.effective(found, server.level),
        deps.events.list({ server: found.id, limit: shownEvents }),
        deps.runs.list({ server: found.id, limit: shownRuns }),
        deps.startedPlans.waiting(found.id),
      ]);
      const { comes, goes } = waiting ?? nothingWaits;
      return { server, policy, events, runs, afterRestart: { comes: [...comes], goes: [...goes] } };
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
        return maskedDiff(found, wrapped ? unwrapEntry(found, record).text : found.config.text);
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
      const records = input.servers === 'all' ? await journal.list().catch(() => []) : [];
      const kept = new Set(records.map((record) => record.server));
      const meant = choose(
        input.servers,
        discovered,
        (server) => server.wrapping !== null || isLauncher(server.entry.command ?? '') || kept.has(server.id),
      );
      const results: ChangeResult[] = [];
      for (const found of meant)
        results.push(await change(found, (seen) => exclusive(() => releaseOne(found, input.dryRun, seen))));
      const known = new Set(discovered.servers.map((server) => server.id));
      for (const record of records.filter((item) => !known.has(item.server)))
        results.push(await exclusive(() => releaseGone(record, discovered, input.dryRun)));
      return { results };
    },

    history: async (input) => ({ entries: await journal.history(input.limit ?? historyDefault) }),
  };
}
