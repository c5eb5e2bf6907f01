/** Policies: what a person decided for a server, what follows from it, and the plan the launcher reads. */
import type { Api } from '#contract/methods.ts';
import type { EffectivePolicy } from '#contract/policy.ts';
import type { LaunchedLevel } from '#contract/words.ts';
import type { Plan } from '#domain/plan-text.ts';
import type { RunService } from '../runs/run-service.ts';
import type { Clock, FileStore, Journal, Places, PlanStore, PolicyStore } from '../ports.ts';
import type { FoundServer } from '../servers/discovery.ts';

export interface PolicyServiceDeps {
  places: Places;
  clock: Clock;
  files: FileStore;
  journal: Journal;
  policies: PolicyStore;
  plans: PlanStore;
  runs: Pick<RunService, 'activity'>;
  /** `ServerService.find`. */
  find: (handle: string) => Promise<FoundServer>;
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

export declare function createPolicyService(deps: PolicyServiceDeps): PolicyService;
