/**
 * Policies: what a person decided for a server, what follows from it, and the plan the launcher reads. A decision is stored
 * only after the plan that it leads to was compiled: what this machine cannot keep is refused when it is asked for.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, LimitResult, RuleChange } from '#contract/methods.ts';
import { policyFormatVersion, type EffectivePolicy, type PersonRule, type StoredPolicy } from '#contract/policy.ts';
import { hostsWords } from '#contract/sentences.ts';
import type { LaunchedLevel, Level, NetworkMode, RuleVerb } from '#contract/words.ts';
import { readCommandLine } from '#domain/command-line.ts';
import { explain, readQuestion } from '#domain/explain.ts';
import { denialNotEnforceable } from '#domain/grantable.ts';
import { refuseVoid } from '#domain/areas.ts';
import { isAnyDepth } from '#domain/pattern.ts';
import { personRuleId, rulesAround } from '#domain/policy-merge.ts';
import { formatPlan, type Plan } from '#domain/plan-text.ts';
import { normaliseWhat } from '#domain/rule-what.ts';
import { hostGroups, nearAddressOf, proposedHosts, seenHosts } from '#domain/seen-hosts.ts';
import { unifiedDiff } from '#domain/unified-diff.ts';
import type { EventService } from '../events/event-service.ts';
import type { PinStore } from '../pins/ports.ts';
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { Clock, FileStore, Journal, Places, PlanStore, PolicyStore } from '../ports.ts';
import type { FoundServer } from '../servers/discovery.ts';
import type { Exclusive } from '../servers/exclusive.ts';
import { refuseRootInUserHome } from '../servers/server-service.ts';
import { createPlanner, type Decided } from './planner.ts';
import type { StartedPlans } from './started-plans.ts';

export interface PolicyServiceDeps {
  places: Places;
  clock: Clock;
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  startedPlans: Pick<StartedPlans, 'isLive' | 'waiting'>;
  pins: Pick<PinStore, 'get'>;
  runs: Pick<RunService, 'activity'>;
  events: Pick<EventService, 'hostUses'>;
  /** `ServerService.find`, `clientFiles` and `exclusive`. */
  find: (handle: string) => Promise<FoundServer>;
  clientFiles: () => Promise<readonly string[]>;
  exclusive: Exclusive;
}

export interface PolicyService {
  grant: Api['policies.grant'];
  revoke: Api['policies.revoke'];
  hosts: Api['policies.hosts'];
  limit: Api['policies.limit'];
  explain: Api['policies.explain'];
  /** Null at level off. `level` overrides the stored one (for a preview or a check). */
  effectivePolicy(handle: string, level?: LaunchedLevel): Promise<EffectivePolicy | null>;
  /** What would be written for the server; throws `not-enforceable`. */
  compile(handle: string, level?: LaunchedLevel): Promise<Plan>;
  writePlan(handle: string): Promise<void>;
}

const rulesMax = 1000;
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
   * Plan first, then the decision, then the history: what cannot be kept is never stored. Answers whether a running server has it
   * at once.
   */
  async function store(
    found: FoundServer,
    decided: StoredPolicy,
    action: 'grant' | 'revoke' | 'limit',
    summary: string,
  ): Promise<'now' | 'restart'> {
    const effective = await whenEffective(found, decided);
    const level = levelInForce(found, decided);
    if (level !== null && found.wrapping?.id === found.id) await planner.write(found, level, decided);
    await policies.put(decided);
    await deps.journal.appendHistory({
      at: deps.clock.now().toISOString(),
      action,
      server: found.id,
      file: null,
      summary,
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
    const level = levelInForce(found, decided);
    if (action === 'grant') await refuseUnkeepable(found, levelToKeep(level), decided);
    const effective = await store(
      found,
      decided,
      action,
      `${action === 'grant' ? 'granted' : 'took back'} ${rule.verb} ${rule.what}`,
    );
    return {
      id: found.id,
      rule: personRuleId(rule),
      level: level ?? 'off',
      effective,
      policy: level === null ? null : await planner.effective(found, level, decided),
    };
  }

  function hostsOf(decided: Decided): string[] {
    return decided.rules.filter((rule) => rule.verb === 'host').map((rule) => rule.what);
  }

  /** The network as a policy has it, a line a fact. */
  function networkLines(mode: NetworkMode, decided: Decided): string {
    const hosts = decided.rules
      .filter((rule) => rule.verb === 'host')
      .map(({ what, checked }) => `host ${what}${checked === false ? ' unchecked' : ''}`);
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
        // The later word about the same place replaces the earlier one.
        const pair = (a: PersonRule, b: PersonRule): boolean =>
          a.verb === 'protect' && b.verb === 'write' && isAnyDepth(what);
        const isReplaced = (old: PersonRule): boolean =>
          old.what === what &&
          (old.verb === rule.verb ||
            (old.verb === 'deny') !== (rule.verb === 'deny') ||
            pair(old, rule) ||
            pair(rule, old));
        const rules = [...stored.rules.filter((old) => !isReplaced(old)), rule];
        refuseTooMany(rules);
        return storeRule(found, { ...stored, rules }, 'grant', rule);
      }),

    revoke: (input) =>
      deps.exclusive(async () => {
        refuseRootInUserHome(places);
        const found = await deps.find(input.server);
        const stored = await storedOf(found);
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
          await store(
            found,
            decided,
            'limit',
            off ? 'opened the network again' : `limited the network to ${hostsWords(hostsOf(decided).length)}`,
          );
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

    async explain(input) {
      const found = await deps.find(input.server);
      const stored = await storedOf(found);
      const level = levelInForce(found, stored);
      const policy = level === null ? null : await planner.effective(found, level);
      const question = readQuestion(input.what, input.access, places);
      const program = question.subject === 'program' ? await findProgram(question.target) : null;
      const subjectPath = question.subject === 'program' ? program : question.target;
      const realPath = await planner.realPaths([
        ...(subjectPath === null ? [] : [subjectPath]),
        ...(policy?.rules.map((rule) => rule.what) ?? []),
        places.home,
        ...Object.values(own),
      ]);
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
      });
      return { ...answer, effective: await effectiveOf(found) };
    },

    async effectivePolicy(handle, level) {
      const found = await deps.find(handle);
      const chosen = level ?? levelInForce(found, await storedOf(found));
      return chosen === null ? null : planner.effective(found, chosen);
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
  };

  /** Whether a run that is live now has what is decided now. */
  async function effectiveOf(found: FoundServer): Promise<'now' | 'restart' | 'not-running'> {
    const activity = (await deps.runs.activity()).get(found.id) ?? noActivity;
    if (activity.liveRuns === 0) return 'not-running';
    const waits = await deps.startedPlans.waiting(found.id);
    return waits !== null && waits.comes.length + waits.goes.length === 0 ? 'now' : 'restart';
  }
}
