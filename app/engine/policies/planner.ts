/**
 * From a found server to its effective policy and its plan: what domain decides, with what only the file system knows. A plan that
 * is written is written for runs with grants of their own too, so that what is denied later counts for them.
 */
import { BelljarError } from '#contract/errors.ts';
import type { EffectivePolicy, PersonRule, StoredPolicy } from '#contract/policy.ts';
import type { LaunchedLevel } from '#contract/words.ts';
import { compilePlan, isPathRule, mergePolicy, type PolicyContext } from '#domain/policy-merge.ts';
import { formatPlan, type Plan } from '#domain/plan-text.ts';
import type { PinStore } from '../pins/ports.ts';
import { withSecrets } from '../secrets/carried.ts';
import type { SecretStore } from '../secrets/ports.ts';
import type { FileStore, Places, PlanStore, PolicyStore } from '../ports.ts';
import type { Compile, PassingGrants } from './passing-grants.ts';
import type { FoundServer } from '../servers/discovery.ts';

/** The most that the events of one run may take on disk. */
export const runSpoolLimit = 8 * 1024 * 1024;

export interface PlannerDeps {
  places: Places;
  /** Files in which clients keep servers of this user, and what they are links to. */
  clientFiles: () => Promise<readonly string[]>;
  files: FileStore;
  policies: PolicyStore;
  plans: PlanStore;
  pins: Pick<PinStore, 'get'>;
  secrets: Pick<SecretStore, 'list' | 'file'>;
  passing: Pick<PassingGrants, 'prepare' | 'keep'>;
}

/** What a person decided, as far as plans are made of it. */
export type Decided = Pick<StoredPolicy, 'network' | 'limits' | 'sight'> & { rules: readonly PersonRule[] };

export interface Planner {
  /** `decided` replaces what is stored: to see what a decision would lead to before it is. */
  effective(found: FoundServer, level: LaunchedLevel, decided?: Decided): Promise<EffectivePolicy>;
  compile(found: FoundServer, level: LaunchedLevel, decided?: Decided): Promise<Plan>;
  /** The texts of plans that have other rules of a person than `decided`. */
  withRules(found: FoundServer, level: LaunchedLevel, decided: Decided): Compile;
  /**
   * The one way to write a server's plan: what is answered writes it, as it was compiled now. `also` belongs to it: where either
   * fails, all plans are as they were. `more`: secrets that are the server's once that is written.
   */
  prepare(
    found: FoundServer,
    level: LaunchedLevel,
    decided?: Decided,
    more?: Plan['secrets'],
  ): Promise<(also?: () => Promise<void>) => Promise<void>>;
  /** Both at once. */
  write(found: FoundServer, level: LaunchedLevel, decided?: Decided, also?: () => Promise<void>): Promise<void>;
  /** The plan of a server and those of its live runs, to put them back. */
  keep(server: string): Promise<() => Promise<void>>;
  /** A synchronous lookup of what paths resolve to, for the paths named. */
  realPaths(paths: readonly string[]): Promise<(path: string) => string>;
}

export function createPlanner(deps: PlannerDeps): Planner {
  const { places, files } = deps;
  const own = { configFolder: places.configFolder, dataFolder: places.dataFolder, stateFolder: places.stateFolder };

  async function realPaths(paths: readonly string[]): Promise<(path: string) => string> {
    const known = new Map(
      await Promise.all(
        [...new Set(paths)]
          .filter((path) => path.startsWith('/'))
          .map(async (path): Promise<[string, string]> => [path, await files.resolve(path)]),
      ),
    );
    return (path) => known.get(path) ?? path;
  }

  async function contextOf(
    found: FoundServer,
    level: LaunchedLevel,
    decided?: Decided,
  ): Promise<PolicyContext & { launch: NonNullable<FoundServer['launch']> }> {
    if (found.launch === null)
      throw new BelljarError('cannot-contain', {
        params: { server: found.handle, sentence: found.cannot?.sentence ?? 'This server cannot be contained.' },
      });
    const stored = decided ?? (await deps.policies.get(found.id));
    const rules = stored?.rules ?? [];
    const context = {
      server: found.id,
      level,
      launch: found.launch,
      env: found.entry.env,
      folders: places,
      own,
      clientFiles: await deps.clientFiles(),
      rules,
      network: stored?.network,
      limits: stored?.limits,
      sight: stored?.sight,
      environment: places.environment,
      pin: await deps.pins.get(found.id),
    };
    // What things really are matters only beside what a person decided.
    if (rules.length === 0) return { ...context, realPath: (path) => path };
    const paths = mergePolicy(context).rules.filter((rule) => rule.what.startsWith('/'));
    const refusals = rules.filter((rule) => rule.verb === 'deny' || rule.verb === 'protect').map((rule) => rule.what);
    const real = await realPaths([
      ...(refusals.length > 0 ? paths : paths.filter((rule) => rule.source === 'person')).map((rule) => rule.what),
      ...refusals,
      places.home,
      ...Object.values(own),
    ]);
    return { ...context, realPath: real };
  }

  async function compile(found: FoundServer, level: LaunchedLevel, decided?: Decided): Promise<Plan> {
    const context = await contextOf(found, level, decided);
    const policy = mergePolicy(context);
    const base = policy.rules.filter((rule) => rule.source === 'level' && isPathRule(rule)).map((rule) => rule.what);
    const there = new Set<string>();
    await Promise.all(
      base.map(async (path) => {
        if (await files.exists(path)) there.add(path);
      }),
    );
    const kept = await deps.secrets.list(found.id);
    return {
      ...compilePlan(policy, {
        ...context,
        spool: `${places.stateFolder}/spool`,
        spoolLimit: runSpoolLimit,
        exists: (path) => there.has(path),
      }),
      secrets: kept.map(({ name, as }) => ({ name, as, path: deps.secrets.file(found.id, name, as) })),
    };
  }

  async function keep(server: string): Promise<() => Promise<void>> {
    const putOwnBack = await deps.passing.keep(server);
    // What cannot be read no launcher takes either: then there is none.
    const plan = await deps.plans.read(server).catch(() => null);
    return async () => {
      try {
        await (plan === null ? deps.plans.remove(server) : deps.plans.write(server, plan));
      } finally {
        await putOwnBack();
      }
    };
  }

  const withRules: Planner['withRules'] = (found, level, decided) => async (rules) =>
    formatPlan(await compile(found, level, { ...decided, rules }));

  const prepare: Planner['prepare'] = async (found, level, decided, more = []) => {
    const text = formatPlan(withSecrets(await compile(found, level, decided), more));
    const base = decided ?? (await deps.policies.get(found.id)) ?? { rules: [] };
    const writeOwn = await deps.passing.prepare(found.id, base.rules, withRules(found, level, base));
    return async (also) => {
      const putBack = await keep(found.id);
      try {
        await deps.plans.write(found.id, text);
        await writeOwn();
        await also?.();
      } catch (error) {
        await putBack();
        throw error;
      }
    };
  };

  return {
    effective: async (found, level, decided) => mergePolicy(await contextOf(found, level, decided)),
    compile,
    withRules,
    keep,
    prepare,
    write: async (found, level, decided, also) => (await prepare(found, level, decided))(also),
    realPaths,
  };
}
