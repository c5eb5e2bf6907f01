/**
 * Policies: what a person decided for a server, what follows from it, and the plan the launcher reads. A decision is stored
 * only after the plan that it leads to was compiled: what this machine cannot keep is refused when it is asked for.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Api, RuleChange } from '#contract/methods.ts';
import { policyFormatVersion, type EffectivePolicy, type PersonRule, type StoredPolicy } from '#contract/policy.ts';
import type { LaunchedLevel, Level, RuleVerb } from '#contract/words.ts';
import { readCommandLine } from '#domain/command-line.ts';
import { explain, readQuestion } from '#domain/explain.ts';
import { denialNotEnforceable } from '#domain/grantable.ts';
import { personRuleId, rulesAround } from '#domain/policy-merge.ts';
import type { Plan } from '#domain/plan-text.ts';
import { normaliseWhat } from '#domain/rule-what.ts';
import { noActivity, type RunService } from '../runs/run-service.ts';
import type { Clock, FileStore, Journal, Places, PlanStore, PolicyStore } from '../ports.ts';
import type { FoundServer } from '../servers/discovery.ts';
import type { Exclusive } from '../servers/exclusive.ts';
import { refuseRootInUserHome } from '../servers/server-service.ts';
import { createPlanner } from './planner.ts';

export interface PolicyServiceDeps {
  places: Places;
  clock: Clock;
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  runs: Pick<RunService, 'activity'>;
  /** `ServerService.find`, `clientFiles` and `exclusive`. */
  find: (handle: string) => Promise<FoundServer>;
  clientFiles: () => Promise<readonly string[]>;
  exclusive: Exclusive;
}

export interface PolicyService {
  grant: Api['policies.grant'];
  revoke: Api['policies.revoke'];
  explain: Api['policies.explain'];
  /** Null at level off. `level` overrides the stored one (for a preview or a check). */
  effectivePolicy(handle: string, level?: LaunchedLevel): Promise<EffectivePolicy | null>;
  /** What would be written for the server; throws `not-enforceable`. */
  compile(handle: string, level?: LaunchedLevel): Promise<Plan>;
  writePlan(handle: string): Promise<void>;
}

const rulesMax = 1000;

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

  /** Throws where a denial would lie inside something allowed, whichever of the two is the new one. */
  async function refuseUnkeepable(
    found: FoundServer,
    level: LaunchedLevel,
    rules: readonly PersonRule[],
  ): Promise<void> {
    const policy = await planner.effective(found, level, rules);
    const denied = policy.rules.filter((rule) => rule.verb === 'deny');
    const realPath = await planner.realPaths(policy.rules.map((rule) => rule.what));
    for (const denial of denied) {
      const around = rulesAround(denial.what, policy.rules, realPath)[0];
      if (around !== undefined) throw denialNotEnforceable(denial.what, around);
    }
  }

  async function store(
    found: FoundServer,
    stored: StoredPolicy,
    rules: PersonRule[],
    action: 'grant' | 'revoke',
    rule: Pick<PersonRule, 'verb' | 'what'>,
  ): Promise<RuleChange> {
    const level = levelInForce(found, stored);
    if (action === 'grant')
      await refuseUnkeepable(found, level === null || level === 'watch' ? 'standard' : level, rules);
    if (level !== null && found.wrapping?.id === found.id) await planner.write(found, level, rules);
    await policies.put({ ...stored, rules });
    await deps.journal.appendHistory({
      at: deps.clock.now().toISOString(),
      action,
      server: found.id,
      file: null,
      summary: `${action === 'grant' ? 'granted' : 'took back'} ${rule.verb} ${rule.what}`,
    });
    const activity = (await deps.runs.activity()).get(found.id) ?? noActivity;
    return {
      id: found.id,
      rule: personRuleId(rule),
      level: level ?? 'off',
      // What Landlock allows is fixed when a run starts.
      effective: activity.liveRuns > 0 ? 'restart' : 'now',
      policy: level === null ? null : await planner.effective(found, level, rules),
    };
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
        const rule: PersonRule = { verb: input.verb, what, at: deps.clock.now().toISOString() };
        // The later word about the same place replaces the earlier one.
        const isReplaced = (old: PersonRule): boolean =>
          old.what === what && (old.verb === rule.verb || (old.verb === 'deny') !== (rule.verb === 'deny'));
        const rules = [...stored.rules.filter((old) => !isReplaced(old)), rule];
        if (rules.length > rulesMax)
          throw new BelljarError('invalid-input', {
            params: { detail: `a server has at most ${rulesMax.toString()} rules` },
          });
        return store(found, stored, rules, 'grant', rule);
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
        return store(found, stored, rules, 'revoke', { verb: input.verb, what });
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
      const answer = explain(policy, question, {
        server: found.handle,
        folders: places,
        own,
        realPath,
        program: () => program,
        runtime: question.subject === 'net' ? [] : await runtimePlaces(found),
      });
      return { ...answer, effective: await effectiveOf(found, stored) };
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

  /** Whether a run that is live now was started under what is decided now. */
  async function effectiveOf(found: FoundServer, stored: StoredPolicy): Promise<'now' | 'restart' | 'not-running'> {
    const activity = (await deps.runs.activity()).get(found.id) ?? noActivity;
    const run = activity.lastRun;
    if (activity.liveRuns === 0 || run === null) return 'not-running';
    const isOlder = stored.rules.some((rule) => rule.at > run.startedAt);
    return isOlder || (run.start !== null && run.start.level !== stored.level) ? 'restart' : 'now';
  }
}
