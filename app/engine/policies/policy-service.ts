/**
 * Policies: what a person decided for a server, what follows from it, and the plan the launcher reads. A decision is stored
 * only after the plan that it leads to was compiled: what this machine cannot keep is refused when it is asked for.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, GrantResult, Input, LimitResult, RuleChange } from '#contract/methods.ts';
import {
  leavesFilesUnseen,
  passingVerbSchema,
  policyFormatVersion,
  type EffectivePolicy,
  type Explanation,
  type PersonRule,
  type StoredPolicy,
} from '#contract/policy.ts';
import { hostsWords, limitTitles, limitValue, resourceWords, toErrorBody } from '#contract/sentences.ts';
import type { Resource } from '#contract/server.ts';
import {
  limitNames,
  type LaunchedLevel,
  type Level,
  type NetworkMode,
  type RuleVerb,
  type UntilStopHindrance,
} from '#contract/words.ts';
import { readCommandLine } from '#domain/command-line.ts';
import { policyChanges } from '#domain/decision-changes.ts';
import { explain, isReachedFromAbove, readQuestion } from '#domain/explain.ts';
import { denialNotEnforceable } from '#domain/grantable.ts';
import { refuseVoid } from '#domain/areas.ts';
import { personRuleId, rulesAround } from '#domain/policy-merge.ts';
import { formatPlan, parsePlan, type Plan } from '#domain/plan-text.ts';
import { readLimit } from '#domain/resource-limits.ts';
import { withRule } from '#domain/rules.ts';
import { normaliseWhat } from '#domain/rule-what.ts';
import { secretPlaces } from '#domain/secret-places.ts';
import { hostGroups, nearAddressOf, proposedHosts, seenHosts } from '#domain/seen-hosts.ts';
import { unifiedDiff } from '#domain/unified-diff.ts';
import type { Decide, Deciding } from '../decisions/decision-service.ts';
import type { EventService } from '../events/event-service.ts';
import type { PinStore } from '../pins/ports.ts';
import type { SecretStore } from '../secrets/ports.ts';
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { Clock, FileStore, HeldThings, MachineFacts, Places, PlanStore, PolicyStore } from '../ports.ts';
import type { FoundServer } from '../servers/discovery.ts';
import { wouldAsk } from '../questions/would-ask.ts';
import { accessVerdict, type AccessAbout, type AccessVerdict } from '../questions/access-verdict.ts';
import type { Exclusive } from '../servers/exclusive.ts';
import { refuseRootInUserHome } from '../servers/server-service.ts';
import { withPassing, type PassingGrants } from './passing-grants.ts';
import { createPlanner, type Decided } from './planner.ts';
import { stillOpenOf, type Allows } from './still-open.ts';
import type { StartedPlans } from './started-plans.ts';

/** Folders that were granted as they are, and in which something is kept back now. */
function newAreas(before: EffectivePolicy, after: EffectivePolicy): string[] {
  const wasPlain = new Set(before.rules.filter(({ brokered }) => brokered !== true).map(({ id }) => id));
  return [
    ...new Set(after.rules.filter(({ brokered, id }) => brokered === true && wasPlain.has(id)).map(({ what }) => what)),
  ];
}

export interface PolicyServiceDeps {
  places: Places;
  clock: Clock;
  files: FileStore;
  policies: PolicyStore;
  plans: PlanStore;
  startedPlans: Pick<StartedPlans, 'isLive' | 'waiting' | 'holdsNow'>;
  passing: PassingGrants;
  pins: Pick<PinStore, 'get'>;
  secrets: Pick<SecretStore, 'list' | 'file'>;
  runs: Pick<RunService, 'activity' | 'live'>;
  held: HeldThings;
  events: Pick<EventService, 'hostUses'>;
  /** `ServerService.find`, `clientFiles` and `exclusive`. */
  find: (handle: string) => Promise<FoundServer>;
  clientFiles: () => Promise<readonly string[]>;
  exclusive: Exclusive;
  decide: Decide;
  machine: MachineFacts;
}

export interface PolicyService {
  grant: Api['policies.grant'];
  revoke: Api['policies.revoke'];
  hosts: Api['policies.hosts'];
  limit: Api['policies.limit'];
  resources: Api['policies.resources'];
  sight: Api['policies.sight'];
  explain: Api['policies.explain'];
  /** For undo, under the lock of changes: stores this policy as it is. */
  restore(
    found: FoundServer,
    policy: StoredPolicy,
    deciding: Pick<Deciding, 'action' | 'summary' | 'undoes'>,
  ): Promise<void>;
  whenEffective(server: string): Promise<'now' | 'restart'>;
  /** Each limit of an effective policy, with who holds it. */
  resourcesOf(server: string, policy: EffectivePolicy | null): Promise<Resource[]>;
  /** Null at level off. `level` overrides the stored one (for a preview or a check). */
  effectivePolicy(handle: string, level?: LaunchedLevel): Promise<EffectivePolicy | null>;
  /** What would be written for the server; throws `not-enforceable`. */
  compile(handle: string, level?: LaunchedLevel): Promise<Plan>;
  writePlan(handle: string): Promise<void>;
  /** `Planner.keep` */
  keepPlans(server: string): Promise<() => Promise<void>>;
  /** What the policy says now of an access that a run was refused; null at level off. */
  judgeAccess(handle: string, about: AccessAbout): Promise<({ handle: string } & AccessVerdict) | null>;
}

function ruleLine({ verb, what, checked }: Pick<PersonRule, 'verb' | 'what' | 'checked'>): string {
  return `${verb} ${what}${checked === false ? ' unchecked' : ''}`;
}

/** Why a run that has this plan does not get the rule while it runs. */
function whyNot(plan: Plan, { verb }: PersonRule): UntilStopHindrance {
  if ((verb === 'read' || verb === 'write') && plan.record === 'without-files') return 'files-unseen';
  if ((verb === 'host' || verb === 'local' || verb === 'listen') && plan.network === 'none') return 'no-network';
  return 'at-start';
}

const rulesMax = 1000;
/** What may be granted until a run stops, at most. */
const passingMax = 100;
/** The most used hosts that are told. */
const hostsMax = 1000;

export function createPolicyService(deps: PolicyServiceDeps): PolicyService {
  const { places, files, policies } = deps;
  const planner = createPlanner(deps);
  const own = { configFolder: places.configFolder, dataFolder: places.dataFolder, stateFolder: places.stateFolder };

  async function storedOf(found: FoundServer): Promise<StoredPolicy> {
    return (
      (await policies.get(found.id)) ?? { v: policyFormatVersion, server: found.id, level: 'off' as Level, rules: [] }
    );
  }

  /** The level that counts now: none while the entry does not start through a launcher. */
  function levelInForce(found: FoundServer, stored: StoredPolicy): LaunchedLevel | null {
    if (found.wrapping === null) return null;
    return stored.level === 'off' ? 'standard' : stored.level;
  }

  /** Where a bare name of a program is found on the PATH of this process. */
  async function findProgram(name: string): Promise<string | null> {
    for (const folder of (places.environment['PATH'] ?? '').split(':').filter((part) => part.startsWith('/'))) {
      const path = `${folder.replace(/\/+$/, '')}/${name}`;
      if (await files.exists(path)) return path;
    }
    return null;
  }

  /** The nearest folder that is there, of a path that is not; null where it is. */
  async function folderThere(path: string): Promise<string | null> {
    if (!path.startsWith('/') || (await files.exists(path))) return null;
    let folder = path;
    while (folder !== '/' && !(await files.exists(folder))) folder = folder.slice(0, folder.lastIndexOf('/')) || '/';
    return folder;
  }

  /** A rule for a path that is not there, and that is in no place that was granted before. */
  async function isAbsent(
    { verb, what }: Pick<PersonRule, 'verb' | 'what'>,
    before: EffectivePolicy,
  ): Promise<boolean> {
    if ((verb !== 'read' && verb !== 'write' && verb !== 'exec') || /[*?[]/.test(what)) return false;
    if ((await folderThere(what)) === null) return false;
    return !isReachedFromAbove(before, what, verb, await planner.realPaths(before.rules.map((rule) => rule.what)));
  }

  async function normalised(verb: RuleVerb, text: string, revoke: boolean): Promise<string> {
    const isProgram = verb === 'exec' && /^[^/~$\s]+$/.test(text);
    const what = isProgram ? ((await findProgram(text)) ?? text) : text;
    // Once without looking at the disk, to know the path; then with what that path resolves to.
    const path = normaliseWhat(verb, what, { folders: places, own }, true);
    const realPath = await planner.realPaths([path, places.home, ...Object.values(own)]);
    return normaliseWhat(verb, what, { folders: places, own, realPath }, revoke);
  }

  /** Throws where a refusal could not be kept beside what is allowed, whichever of the two is the new one. */
  async function refuseUnkeepable(found: FoundServer, level: LaunchedLevel, decided: Decided): Promise<void> {
    refuseVoid(decided.rules);
    const policy = await planner.effective(found, level, decided);
    const denied = policy.rules.filter((rule) => rule.verb === 'deny');
    const realPath = await planner.realPaths(policy.rules.map((rule) => rule.what));
    for (const denial of denied) {
      const around = rulesAround(denial.what, policy.rules, realPath)[0];
      if (around !== undefined) throw denialNotEnforceable(denial.what, around);
    }
  }

  /** The level whose plan a decision must lead to, also while the server is off or only watched. */
  function levelToKeep(level: LaunchedLevel | null): LaunchedLevel {
    return level === null || level === 'watch' ? 'standard' : level;
  }

  /**
   * Compiled first: what cannot be kept is never stored, and no decision. Answers whether a running server has it at once.
   */
  async function store(
    found: FoundServer,
    decided: StoredPolicy,
    deciding: Pick<Deciding, 'action' | 'summary' | 'undoes'>,
  ): Promise<'now' | 'restart'> {
    const effective = await whenEffective(found, decided);
    const level = levelInForce(found, decided);
    const isPlanned = level !== null && found.wrapping?.id === found.id;
    const writePlans = isPlanned ? await planner.prepare(found, level, decided) : null;
    const changes = policyChanges(await policies.get(found.id), decided);
    await deps.decide({ ...deciding, server: found.id, changes }, async () => {
      if (writePlans === null) await policies.put(decided);
      else await writePlans(() => policies.put(decided));
    });
    return effective;
  }

  /** What a launcher takes up while it runs holds now; what is fixed when a run starts holds for the next one. */
  async function whenEffective(found: FoundServer, decided: StoredPolicy): Promise<'now' | 'restart'> {
    const activity = (await deps.runs.activity()).get(found.id) ?? noActivity;
    if (activity.liveRuns === 0) return 'now';
    const level = levelInForce(found, decided);
    if (level === null || found.wrapping?.id !== found.id) return 'restart';
    const next = formatPlan(await planner.compile(found, level, decided));
    return (await deps.startedPlans.isLive(found.id, next)) ? 'now' : 'restart';
  }

  async function storeRule(
    found: FoundServer,
    decided: StoredPolicy,
    action: 'grant' | 'revoke',
    rule: Pick<PersonRule, 'verb' | 'what'>,
  ): Promise<RuleChange> {
    const narrower = rule.verb === 'deny' ? 'denied' : rule.verb === 'protect' ? 'protected' : `granted ${rule.verb}`;
    const did = action === 'grant' ? narrower : `took back ${rule.verb}`;
    const before = await storedOf(found);
    const effective = await store(found, decided, { action, summary: `${did} ${rule.what}` });
    const change = await ruleChange(found, decided, rule, effective);
    // A file or folder more, and all of before still there: nothing can be open that is now refused, and nothing is searched for it.
    const onlyAdds =
      (rule.verb === 'read' || rule.verb === 'write') &&
      before.rules.every((old) => decided.rules.some(({ verb, what }) => verb === old.verb && what === old.what));
    if (effective === 'restart' || onlyAdds) return change;
    const open = await stillOpen(found, async (run) => {
      const own = await deps.passing.of(found.id, run);
      return [before, decided].map((one) => ({ ...one, rules: withPassing(one.rules, own) }));
    });
    return { ...change, ...open };
  }

  /** Looked at after the change is done: `policiesOf` answers what a run had before and what it has now. */
  async function stillOpen(
    found: FoundServer,
    policiesOf: (run: string) => Promise<StoredPolicy[]>,
  ): Promise<Pick<RuleChange, 'stillOpen'>> {
    try {
      const looks: Parameters<typeof stillOpenOf>[0][number][] = [];
      for (const { run, start } of await deps.runs.live(found.id)) {
        if (start === null) continue;
        const allows = await Promise.all((await policiesOf(run)).map((one) => allowsOf(found, one)));
        const [before, after] = allows;
        if (before !== undefined && after !== undefined)
          looks.push({ ...(await deps.held.of(start.supervisor)), before, after });
      }
      const open = stillOpenOf(looks);
      return open.items.length === 0 && !open.more ? {} : { stillOpen: open };
    } catch {
      // The change is made and stands: what could not be looked at makes no failure of it, and no whole list.
      return { stillOpen: { items: [], more: true } };
    }
  }

  /** Paths that are asked about are the kernel's own and are not resolved again. */
  async function allowsOf(found: FoundServer, stored: StoredPolicy): Promise<Allows> {
    const level = levelInForce(found, stored);
    const policy = level === null ? null : await planner.effective(found, level, stored);
    const realPath = await planner.realPaths([
      ...(policy?.rules.map((rule) => rule.what) ?? []),
      places.home,
      ...Object.values(own),
    ]);
    const context = {
      server: found.handle,
      folders: places,
      own,
      realPath,
      rules: stored.rules,
      program: () => null,
      runtime: await runtimePlaces(found),
    };
    return (question) => explain(policy, question, context).verdict === 'allowed';
  }

  async function ruleChange(
    found: FoundServer,
    decided: StoredPolicy,
    rule: Pick<PersonRule, 'verb' | 'what'>,
    effective: 'now' | 'restart',
  ): Promise<RuleChange> {
    const level = levelInForce(found, decided);
    return {
      id: found.id,
      rule: personRuleId(rule),
      level: level ?? 'off',
      effective,
      policy: level === null ? null : await planner.effective(found, level, decided),
    };
  }

  /** What is granted until it stops, a rule a line. */
  const passingDiff = (found: FoundServer, before: readonly PersonRule[], after: readonly PersonRule[]): string => {
    const text = (rules: readonly PersonRule[]): string => rules.map((rule) => `${ruleLine(rule)}\n`).join('');
    return unifiedDiff(`${found.handle} until it stops`, text(before), text(after));
  };

  /** For each run that is live and can have it; the policy stays as it is. */
  async function grantUntilStop(
    found: FoundServer,
    stored: StoredPolicy,
    rule: PersonRule,
    dryRun: boolean,
  ): Promise<GrantResult> {
    const hindered = (hindrance: UntilStopHindrance): BelljarError =>
      new BelljarError('not-until-stop', {
        params: { hindrance, server: found.handle, command: `belljar grant ${found.handle} ${rule.verb} ${rule.what}` },
      });
    const verb = passingVerbSchema.safeParse(rule.verb);
    if (!verb.success) throw hindered(rule.verb === 'deny' || rule.verb === 'protect' ? 'narrower' : 'at-start');
    const level = levelInForce(found, stored);
    if (level === null || level === 'watch') throw hindered('nothing-refused');
    const live = found.wrapping?.id === found.id ? await deps.passing.liveRuns(found.id) : [];
    if (live.length === 0) throw hindered('not-running');
    const compile = planner.withRules(found, level, stored);
    const granted: { run: string; own: PersonRule[] }[] = [];
    let hindrance: UntilStopHindrance = 'unknown';
    for (const run of live) {
      const old = await deps.passing.of(found.id, run);
      const own = withRule(old, rule);
      const rules = withPassing(stored.rules, own);
      if (own.length > passingMax)
        throw new BelljarError('invalid-input', {
          params: { detail: `a run has at most ${passingMax.toString()} rules until it stops` },
        });
      await refuseUnkeepable(found, level, { ...stored, rules });
      const [before, next] = [await compile(withPassing(stored.rules, old)), await compile(rules)];
      const holds = await deps.startedPlans.holdsNow(found.id, run, before, next);
      if (before === next) hindrance = 'already';
      else if (holds === true) granted.push({ run, own });
      else if (holds === false) hindrance = whyNot(parsePlan(before), rule);
    }
    if (granted.length === 0) throw hindered(hindrance);
    const shown = await deps.passing.list(found.id);
    const diff = passingDiff(found, shown, withRule(shown, rule));
    if (!dryRun) {
      for (const { run, own } of granted) await deps.passing.set(found.id, run, own, stored.rules, compile);
    }
    return {
      ...(await ruleChange(found, stored, rule, 'now')),
      changed: !dryRun,
      runs: granted.map(({ run }) => run),
      diff,
    };
  }

  async function previewUntilStop(
    found: FoundServer,
    stored: StoredPolicy,
    rule: PersonRule,
  ): Promise<GrantResult['untilStop']> {
    try {
      const { runs, diff } = await grantUntilStop(found, stored, rule, true);
      return { runs, diff };
    } catch (error) {
      if (error instanceof BelljarError) return { error: toErrorBody(error) };
      throw error;
    }
  }

  async function revokeUntilStop(
    found: FoundServer,
    stored: StoredPolicy,
    { verb, what: written }: Pick<PersonRule, 'verb' | 'what'>,
  ): Promise<RuleChange> {
    const shown = await deps.passing.list(found.id);
    const isIt = (rule: PersonRule, what: string): boolean => rule.verb === verb && rule.what === what;
    const what = shown.some((rule) => isIt(rule, written)) ? written : await normalised(verb, written, true);
    const level = levelInForce(found, stored);
    const rule = shown.find((one) => isIt(one, what));
    if (rule === undefined || level === null)
      throw new BelljarError('no-such-rule', { params: { rule: `${verb}:${what}`, server: found.handle } });
    const before = new Map<string, StoredPolicy>();
    for (const run of rule.runs) {
      before.set(run, { ...stored, rules: withPassing(stored.rules, await deps.passing.of(found.id, run)) });
      const own = (await deps.passing.of(found.id, run)).filter((one) => !isIt(one, what));
      await deps.passing.set(found.id, run, own, stored.rules, planner.withRules(found, level, stored));
    }
    const open = await stillOpen(found, async (run) => {
      const had = before.get(run);
      const own = had === undefined ? [] : await deps.passing.of(found.id, run);
      return had === undefined ? [] : [had, { ...stored, rules: withPassing(stored.rules, own) }];
    });
    return { ...(await ruleChange(found, stored, { verb, what }, 'now')), ...open };
  }

  async function resourcesOf(server: string, policy: EffectivePolicy | null): Promise<Resource[]> {
    const run = ((await deps.runs.activity()).get(server) ?? noActivity).lastRun;
    const { probe } = await deps.machine.get();
    return limitNames.flatMap((name) => {
      const limit = policy?.limits[name];
      if (limit === undefined) return [];
      // What the last run said of itself; its client may have been in another control group than the one who asks now.
      const told = run?.start?.limits?.find((one) => one.name === name);
      const group = name === 'memory' ? probe?.groupMemory : probe?.groupProcesses;
      const expected =
        name === 'memory' || name === 'processes' ? (group === true ? 'cgroup' : 'supervisor') : 'rlimit';
      return [{ name, ...limit, by: limit.value === null ? null : (told?.by ?? (probe === null ? null : expected)) }];
    });
  }

  function hostsOf(decided: Decided): string[] {
    return decided.rules.filter((rule) => rule.verb === 'host').map((rule) => rule.what);
  }

  /** A person's rules, a line each, oldest first, below the network that follows from them. */
  function policyLines(mode: NetworkMode, rules: readonly PersonRule[]): string {
    return [`network ${mode}`, ...rules.map(ruleLine)].map((line) => `${line}\n`).join('');
  }

  /** The network as a policy has it, a line a fact. */
  function networkLines(mode: NetworkMode, decided: Decided): string {
    const hosts = decided.rules.filter((rule) => rule.verb === 'host').map(ruleLine);
    return [`network ${mode}`, ...hosts.toSorted()].map((line) => `${line}\n`).join('');
  }

  /** Exactly these hosts; what is said of one that stays is kept. */
  function limitedTo(stored: StoredPolicy, hosts: readonly string[]): StoredPolicy {
    const at = deps.clock.now().toISOString();
    const old = new Map(stored.rules.filter((rule) => rule.verb === 'host').map((rule) => [rule.what, rule]));
    const rules = [...new Set(hosts)].map((what): PersonRule => old.get(what) ?? { verb: 'host', what, at });
    return { ...stored, network: 'hosts', rules: [...stored.rules.filter((rule) => rule.verb !== 'host'), ...rules] };
  }

  function refuseTooMany(rules: readonly PersonRule[]): void {
    if (rules.length > rulesMax)
      throw new BelljarError('invalid-input', {
        params: { detail: `a server has at most ${rulesMax.toString()} rules` },
      });
  }

  /** What the machine's own file of hosts says; looked at only where it is asked for. */
  async function ownHosts(isAsked: boolean): Promise<(host: string, address: string) => boolean> {
    const snapshot = isAsked ? await files.read(`${places.systemRoot}/etc/hosts`) : null;
    const lines = new TextDecoder().decode(snapshot?.bytes ?? new Uint8Array()).split('\n');
    const given = new Set(
      lines.flatMap((line) => {
        const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
        return names.map((name) => `${name.toLowerCase()} ${address.toLowerCase()}`);
      }),
    );
    return (host, address) => given.has(`${host} ${address}`);
  }

  /** What the policy's symbol `runtime` surely stands for: the found program, and the folder of its script. */
  async function runtimePlaces(found: FoundServer): Promise<string[]> {
    const { launch } = found;
    if (launch === null) return [];
    const command = launch.command.startsWith('/') ? launch.command : await findProgram(launch.command);
    const line = readCommandLine(launch);
    const scripts = launch.args.filter((part, index) => line.notPaths.has(index) && part.startsWith('/'));
    const named = [...(command === null ? [] : [command]), ...scripts];
    const real = await Promise.all(named.map((path) => files.resolve(path)));
    return [...new Set([...named, ...real])];
  }

  async function explainWith(
    found: FoundServer,
    stored: StoredPolicy,
    input: Input<'policies.explain'>,
  ): Promise<Explanation> {
    const level = levelInForce(found, stored);
    const policy = level === null ? null : await planner.effective(found, level, stored);
    const question = readQuestion(input.what, input.access, places);
    const program = question.subject === 'program' ? await findProgram(question.target) : null;
    const subjectPath = question.subject === 'program' ? program : question.target;
    const realPath = await planner.realPaths([
      ...(subjectPath === null ? [] : [subjectPath]),
      ...(policy?.rules.map((rule) => rule.what) ?? []),
      places.home,
      ...Object.values(own),
    ]);
    const there = question.subject === 'file' && policy !== null ? await folderThere(realPath(question.target)) : null;
    const seen = question.subject === 'net' ? seenHosts((await deps.events.hostUses()).get(found.id) ?? []) : [];
    const answer = explain(policy, question, {
      server: found.handle,
      folders: places,
      own,
      realPath,
      rules: stored.rules,
      program: () => program,
      nearAddress: (host, port) => nearAddressOf(seen, host, port),
      isOwnHost: await ownHosts(seen.some(({ near }) => near)),
      runtime: question.subject === 'net' ? [] : await runtimePlaces(found),
      folderThere: there,
    });
    const { access } = answer;
    const absent =
      there !== null &&
      policy !== null &&
      (answer.rule === null ? answer.verdict === 'refused' : answer.verdict === 'allowed') &&
      (access === 'read' || access === 'write' || access === 'exec') &&
      !isReachedFromAbove(policy, realPath(question.target), access, realPath);
    const secrets = secretPlaces(places, own, await deps.clientFiles());
    const context = { server: found.handle, folders: places, own, realPath, secrets };
    const asks = answer.verdict === 'refused' && policy !== null && wouldAsk(policy, stored.rules, question, context);
    // Executions are seen by whoever else gave up the sight of files.
    const unseen =
      policy !== null && leavesFilesUnseen(policy) && ['read', 'write'].includes(answer.access) ? true : undefined;
    return {
      ...answer,
      ...(asks ? { verdict: 'would-ask' } : {}),
      ...(unseen === undefined ? {} : { unseen }),
      ...(absent ? { absent } : {}),
      effective: await effectiveOf(found),
    };
  }

  return {
    grant: (input) =>
      deps.exclusive(async () => {
        refuseRootInUserHome(places);
        const found = await deps.find(input.server);
        const what = await normalised(input.verb, input.what, false);
        const stored = await storedOf(found);
        if (input.checked !== undefined && input.verb !== 'host')
          throw new BelljarError('invalid-input', { params: { detail: 'only connections to hosts carry a name' } });
        const rule: PersonRule = {
          verb: input.verb,
          what,
          at: deps.clock.now().toISOString(),
          ...(input.checked === false ? { checked: false } : {}),
        };
        const dryRun = input.dryRun === true;
        if (input.until === 'stop') return grantUntilStop(found, stored, rule, dryRun);
        const rules = withRule(stored.rules, rule);
        refuseTooMany(rules);
        const decided = { ...stored, rules };
        const level = levelInForce(found, decided);
        const kept = levelToKeep(level);
        await refuseUnkeepable(found, kept, decided);
        const [before, after] = [
          await planner.effective(found, kept, stored),
          await planner.effective(found, kept, decided),
        ];
        const diff = unifiedDiff(
          found.handle,
          policyLines(before.network, stored.rules),
          policyLines(after.network, rules),
        );
        const areas = newAreas(before, after);
        const absent = await isAbsent(rule, before);
        const facts = {
          diff,
          changed: !dryRun,
          runs: [],
          ...(areas.length > 0 ? { areas } : {}),
          ...(absent ? { absent } : {}),
        };
        if (!dryRun) return { ...(await storeRule(found, decided, 'grant', rule)), ...facts };
        const change = await ruleChange(found, decided, rule, await whenEffective(found, decided));
        return { ...change, ...facts, untilStop: await previewUntilStop(found, stored, rule) };
      }),

    revoke: (input) =>
      deps.exclusive(async () => {
        refuseRootInUserHome(places);
        const found = await deps.find(input.server);
        const stored = await storedOf(found);
        if (input.until === 'stop') return revokeUntilStop(found, stored, input);
        const written = stored.rules.find((rule) => rule.verb === input.verb && rule.what === input.what);
        const what = written?.what ?? (await normalised(input.verb, input.what, true));
        const rules = stored.rules.filter((rule) => rule.verb !== input.verb || rule.what !== what);
        if (rules.length === stored.rules.length)
          throw new BelljarError('no-such-rule', { params: { rule: `${input.verb}:${what}`, server: found.handle } });
        return storeRule(found, { ...stored, rules }, 'revoke', { verb: input.verb, what });
      }),

    async hosts(input) {
      const found = await deps.find(input.server);
      const stored = await storedOf(found);
      const level = levelInForce(found, stored);
      const policy = level === null ? null : await planner.effective(found, level, stored);
      const uses = (await deps.events.hostUses()).get(found.id) ?? [];
      return { id: found.id, network: policy?.network ?? null, hosts: seenHosts(uses).slice(0, hostsMax) };
    },

    limit: (input) =>
      deps.exclusive(async (): Promise<LimitResult> => {
        refuseRootInUserHome(places);
        const found = await deps.find(input.server);
        const stored = await storedOf(found);
        const level = levelInForce(found, stored);
        const kept = levelToKeep(level);
        const off = input.off === true;
        if (off && input.hosts !== undefined)
          throw new BelljarError('invalid-input', {
            params: { detail: 'hosts are named to limit the network, not to open it' },
          });
        if (off && kept === 'strict')
          throw new BelljarError('invalid-input', {
            params: { detail: 'at the level strict the network is never open; choose the level standard first' },
          });
        const uses = (await deps.events.hostUses()).get(found.id) ?? [];
        const { groups, unlisted } = hostGroups(seenHosts(uses), hostsOf(stored));
        const hosts = (input.hosts ?? proposedHosts(groups)).map((text) =>
          normaliseWhat('host', text, { folders: places, own }),
        );
        const decided: StoredPolicy = off ? { ...stored, network: 'open' } : limitedTo(stored, hosts);
        refuseTooMany(decided.rules);
        const before = (await planner.effective(found, kept, stored)).network;
        const after = (await planner.compile(found, kept, decided)).network;
        const diff = unifiedDiff(found.handle, networkLines(before, stored), networkLines(after, decided));
        // Chosen once more, although it was so already, is still a choice; only what says nothing new is not written.
        const isNew = diff !== '' || stored.network !== decided.network;
        const effective = await whenEffective(found, isNew ? decided : stored);
        if (isNew && !input.dryRun)
          await store(found, decided, {
            action: 'limit',
            summary: off ? 'opened the network again' : `limited the network to ${hostsWords(hostsOf(decided).length)}`,
          });
        return {
          id: found.id,
          level: level ?? 'off',
          changed: isNew && !input.dryRun,
          before,
          after,
          hosts: hostsOf(decided),
          groups,
          unlisted,
          diff,
          effective,
        };
      }),

    resources: (input) =>
      deps.exclusive(async () => {
        const found = await deps.find(input.server);
        const stored = await storedOf(found);
        const limits = { ...stored.limits };
        const said: string[] = [];
        for (const name of limitNames) {
          const text = input.limits[name];
          if (text === undefined) continue;
          const value = readLimit(name, text);
          if (value === undefined) delete limits[name];
          else limits[name] = value;
          said.push(`${limitTitles[name]} ${value === undefined ? resourceWords.level : limitValue(name, value)}`);
        }
        const { limits: _old, ...rest } = stored;
        const decided: StoredPolicy = { ...rest, ...(Object.keys(limits).length === 0 ? {} : { limits }) };
        const changed = policyChanges(stored, decided).length > 0;
        const effective = await whenEffective(found, decided);
        if (changed) {
          refuseRootInUserHome(places);
          await store(found, decided, { action: 'resources', summary: `set ${said.join(', ')}` });
        }
        const level = levelInForce(found, decided);
        const policy = await planner.effective(found, level ?? levelToKeep(level), decided);
        return {
          id: found.id,
          level: level ?? 'off',
          changed,
          resources: await resourcesOf(found.id, policy),
          effective,
        };
      }),

    sight: (input) =>
      deps.exclusive(async () => {
        const found = await deps.find(input.server);
        const stored = await storedOf(found);
        const { sight: _old, ...rest } = stored;
        const wanted = input.sight ?? stored.sight ?? 'full';
        const decided: StoredPolicy = { ...rest, ...(wanted === 'full' ? {} : { sight: wanted }) };
        const level = levelInForce(found, decided);
        const policy = await planner.effective(found, level ?? levelToKeep(level), decided);
        const hindrances = policy.sight?.hindrances ?? [];
        // What is asked for must hold now. What a person decides later comes first, and says that it does.
        if (input.sight !== undefined && hindrances.length > 0)
          throw new BelljarError('sight-impossible', {
            params: { server: found.handle, hindrances: hindrances.join(' ') },
          });
        const changed = policyChanges(stored, decided).length > 0;
        const effective = await whenEffective(found, decided);
        if (changed) {
          refuseRootInUserHome(places);
          await store(found, decided, {
            action: 'sight',
            summary: wanted === 'full' ? 'sees accesses to files again' : 'gave up seeing accesses to files',
          });
        }
        return { id: found.id, level: level ?? 'off', changed, chosen: wanted, hindrances, effective };
      }),

    resourcesOf,
    async whenEffective(server) {
      const found = await deps.find(server);
      return whenEffective(found, await storedOf(found));
    },

    async restore(found, policy, deciding) {
      await refuseUnkeepable(found, levelToKeep(levelInForce(found, policy)), policy);
      await store(found, policy, deciding);
    },

    async explain(input) {
      const found = await deps.find(input.server);
      const stored = await storedOf(found);
      const answer = await explainWith(found, stored, input);
      const passing = answer.verdict === 'allowed' ? [] : await deps.passing.list(found.id);
      if (passing.length > 0) {
        const rules = withPassing(stored.rules, passing);
        const now = await explainWith(found, { ...stored, rules }, input);
        if (now.verdict === 'allowed') return { ...now, effective: 'now', until: 'stop' };
      }
      return answer;
    },

    async effectivePolicy(handle, level) {
      const found = await deps.find(handle);
      const chosen = level ?? levelInForce(found, await storedOf(found));
      return chosen === null ? null : planner.effective(found, chosen);
    },

    async judgeAccess(handle, about) {
      const found = await deps.find(handle);
      const stored = await storedOf(found);
      const level = levelInForce(found, stored);
      if (level === null) return null;
      const policy = await planner.effective(found, level, stored);
      const path = about.kind === 'file' || about.kind === 'socket' ? about.path : null;
      const realPath = await planner.realPaths([
        ...(path === null ? [] : [path, path.slice(0, path.lastIndexOf('/'))]),
        ...policy.rules.map((rule) => rule.what),
        places.home,
        ...Object.values(own),
      ]);
      const secrets = secretPlaces(places, own, await deps.clientFiles());
      const context = { server: found.handle, folders: places, own, realPath, secrets };
      return { handle: found.handle, ...accessVerdict(policy, stored.rules, about, context) };
    },

    async compile(handle, level) {
      const found = await deps.find(handle);
      return planner.compile(found, level ?? levelInForce(found, await storedOf(found)) ?? 'standard');
    },

    async writePlan(handle) {
      const found = await deps.find(handle);
      const level = levelInForce(found, await storedOf(found));
      if (level !== null) await planner.write(found, level);
    },

    keepPlans: planner.keep,
  };

  /** Whether a run that is live now has what is decided now. */
  async function effectiveOf(found: FoundServer): Promise<'now' | 'restart' | 'not-running'> {
    const activity = (await deps.runs.activity()).get(found.id) ?? noActivity;
    if (activity.liveRuns === 0) return 'not-running';
    const waits = await deps.startedPlans.waiting(found.id);
    return waits !== null && waits.comes.length + waits.goes.length === 0 ? 'now' : 'restart';
  }
}
