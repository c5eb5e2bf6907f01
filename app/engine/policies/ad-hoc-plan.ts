/** A plan for any command line, from what a person says at once: `belljar run`. Nothing of it is stored. */
import type { LaunchedLevel, NetworkMode, RuleVerb } from '#contract/words.ts';
import type { Launch } from '#domain/entry.ts';
import { formatPlan } from '#domain/plan-text.ts';
import { compilePlan, mergePolicy } from '#domain/policy-merge.ts';
import { programName } from '#domain/command-line.ts';
import { normaliseWhat } from '#domain/rule-what.ts';
import { makeServerId, userScope } from '#domain/server-id.ts';
import type { Places } from '../ports.ts';

const spoolLimitBytes = 16 * 1024 * 1024;

export interface AdHocRequest {
  launch: Launch;
  level: LaunchedLevel;
  /** Null: as the level says. */
  network: NetworkMode | null;
  rules: readonly { verb: RuleVerb; what: string }[];
}

export interface AdHocContext {
  places: Places;
  clientFiles: readonly string[];
  /** Where the run writes its events. */
  spool: string;
  realPath: (path: string) => string;
  exists: (path: string) => boolean;
}

/** Throws what a grant would throw: too wide, Belljar's own, not enforceable here. */
export function planForCommand(request: AdHocRequest, context: AdHocContext): { server: string; text: string } {
  const { places, realPath, clientFiles } = context;
  const server = makeServerId('run', userScope, programName(request.launch.command));
  const at = new Date().toISOString();
  const rules = request.rules.map(({ verb, what }) => ({
    verb,
    what: normaliseWhat(verb, what, { folders: places, own: places, realPath }),
    at,
  }));
  const merged = mergePolicy({
    server,
    level: request.level,
    launch: request.launch,
    env: {},
    folders: places,
    own: places,
    clientFiles,
    rules,
    network: request.network === 'hosts' ? 'hosts' : undefined,
    environment: places.environment,
    realPath,
  });
  const policy =
    request.network === null || request.network === 'hosts' ? merged : { ...merged, network: request.network };
  const plan = compilePlan(policy, {
    folders: places,
    own: places,
    clientFiles,
    rules,
    spool: context.spool,
    spoolLimit: spoolLimitBytes,
    realPath,
    exists: context.exists,
  });
  return { server, text: formatPlan(plan) };
}
