/** Plan documents as docs/plan-format.md says: version 2 is written, versions 1 and 2 are read, strictly. */
import type { LaunchedLevel } from '#contract/words.ts';
import type { Limits } from '#contract/policy.ts';

export interface Plan {
  server: string;
  level: LaunchedLevel;
  network: 'none' | 'open';
  record: 'denials' | 'all';
  spool: string;
  spoolLimit: number;
  home: string;
  refuse: readonly string[];
  /** Absolute paths or symbols (`arg:1`, `arg:0+7`, `cwd`). */
  read: readonly string[];
  /** As `read`, and `runtime`. */
  exec: readonly string[];
  write: readonly string[];
  socket: readonly string[];
  local: readonly number[];
  listen: readonly number[];
  /** Names, `PREFIX*`, or `*`. */
  env: readonly string[];
  set: readonly { name: string; value: string }[];
  limits: Limits;
}

/** Throws `policy-invalid` for a plan that the format cannot hold. */
export declare function formatPlan(plan: Plan): string;
/** Throws `policy-invalid` (with the line as `at`) or `newer-format`. */
export declare function parsePlan(text: string): Plan;
