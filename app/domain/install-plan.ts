/**
 * The plan of an install run: what a package manager needs, and nothing of the person. It may write its own working folders
 * and nowhere else, reads the settings that name the registry, and has no network but the port of the relay that reaches it.
 */
import { policyFormatVersion, type EffectivePolicy, type Rule } from '#contract/policy.ts';
import { baseRules } from './base-rules.ts';
import { certificateRules } from './certificates.ts';
import type { Folders, OwnFolders } from './folders.ts';
import { formatPlan } from './plan-text.ts';
import { compilePlan } from './policy-merge.ts';
import { makeRule } from './rules.ts';
import { secretPlaces } from './secret-places.ts';
import { makeServerId, userScope } from './server-id.ts';

const spoolLimitBytes = 4 * 1024 * 1024;

export interface InstallRun {
  places: Folders & OwnFolders;
  /** Some of its variables name files of certificates. */
  environment: Readonly<Record<string, string | undefined>>;
  spool: string;
  write: readonly string[];
  /** Settings of the package manager: files and folders that are there. */
  read: readonly string[];
  exec: readonly string[];
  /** Names of variables that it reads its settings from. */
  env: readonly string[];
  set: Readonly<Record<string, string>>;
  /** The relay; null: no network at all. */
  port: number | null;
  exists: (path: string) => boolean;
}

export function planForInstall(run: InstallRun): string {
  const rule = (verb: Rule['verb'], what: string): Rule => makeRule(verb, what, 'runtime', 'install');
  const proxies = /^(?:https?|all|no)_proxy$/i;
  const policy: EffectivePolicy = {
    v: policyFormatVersion,
    server: makeServerId('pin', userScope, 'install'),
    level: 'standard',
    network: 'none',
    rules: [
      ...baseRules('standard').filter((one) => !(one.verb === 'env' && proxies.test(one.what))),
      { ...rule('exec', 'runtime'), symbol: 'runtime' },
      ...certificateRules(
        { env: {}, environment: run.environment, folders: run.places },
        secretPlaces(run.places, run.places),
      ),
      ...run.write.map((what) => rule('write', what)),
      ...run.read.map((what) => rule('read', what)),
      ...run.exec.map((what) => rule('exec', what)),
      ...run.env.map((what) => rule('env', what)),
      ...(run.port === null ? [] : [rule('local', run.port.toString())]),
    ],
    withheld: [],
    limits: {},
  };
  const plan = compilePlan(policy, {
    folders: run.places,
    own: run.places,
    clientFiles: [],
    rules: [],
    spool: run.spool,
    spoolLimit: spoolLimitBytes,
    exists: run.exists,
  });
  return formatPlan({ ...plan, set: Object.entries(run.set).map(([name, value]) => ({ name, value })) });
}
