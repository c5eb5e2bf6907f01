/**
 * Merging: level, entry, runner and person make one effective policy, in which every rule names its source; and compiling
 * that policy into the plan that the launcher reads. What this machine cannot enforce is an error here, never silence.
 *
 * Landlock only allows. So `deny` takes away every rule that it names or covers; one that lies inside a folder that may be read or
 * written makes that folder an area (areas.ts), and one inside what may be executed is not enforceable.
 */
import { BelljarError } from '#contract/errors.ts';
import {
  leavesFilesUnseen,
  policyFormatVersion,
  type EffectivePolicy,
  type NetworkChoice,
  type PersonRule,
  type Rule,
  type StoredLimits,
  type StoredPolicy,
  type Withheld,
} from '#contract/policy.ts';
import type { PinRecord } from '#contract/pin.ts';
import { permissions, type LaunchedLevel, type NetworkMode } from '#contract/words.ts';
import { areaDefaults } from './area-defaults.ts';
import { areaRules, markAreas, refuseVoid, withoutLifted } from './areas.ts';
import { entryRules } from './argument-paths.ts';
import { baseRules, runnerRules } from './base-rules.ts';
import { certificateRules } from './certificates.ts';
import { readCommandLine } from './command-line.ts';
import type { Launch } from './entry.ts';
import type { Folders, OwnFolders } from './folders.ts';
import { deniesSocket, socketName, socketParts } from './named-sockets.ts';
import { isStrictlyWithin, isWithin } from './paths.ts';
import { isAnyDepth, patternReach } from './pattern.ts';
import { areasMax, patternsMax, planDefaults, type Plan } from './plan-text.ts';
import { makeRule, ruleId } from './rules.ts';
import { assertGrantable, denialNotEnforceable } from './grantable.ts';
import { readStoredHost } from './host-rule.ts';
import { boundsOf, mergeLimits } from './resource-limits.ts';
import { normaliseWhat } from './rule-what.ts';
import { secretPlaces } from './secret-places.ts';
import { hindrancesOf } from './sight.ts';

export interface PolicyContext {
  server: string;
  level: LaunchedLevel;
  launch: Launch;
  /** The entry's own variables. Values are looked at for paths; only names reach a rule otherwise. */
  env: Readonly<Record<string, string>>;
  folders: Folders;
  own: OwnFolders;
  /** Config files in which clients keep their servers. */
  clientFiles: readonly string[];
  rules: readonly PersonRule[];
  /** What the person chose where the level leaves a choice. */
  network?: NetworkChoice | undefined;
  /** What the person decided of how much it may use. */
  limits?: StoredLimits | undefined;
  /** Accesses to files need not be seen. */
  sight?: StoredPolicy['sight'];
  /** The environment that clients are started in, of which some variables name files of certificates. */
  environment: Readonly<Record<string, string | undefined>>;
  /** What was installed and is started in place of the entry's first words. */
  pin?: PinnedProgram | null;
  /** What a path resolves to through symbolic links; the same path by default. */
  realPath?: (path: string) => string;
}

/** Of a pin's record, what policy and plan are made of. */
export type PinnedProgram = Pick<PinRecord, 'program' | 'args' | 'instead' | 'tree' | 'digest'>;

const fileVerbs = new Set(['read', 'write', 'exec', 'socket']);
const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

/** True for rules whose `what` is a path that can be compared. */
export function isPathRule(rule: Rule): boolean {
  return fileVerbs.has(rule.verb) && rule.what.startsWith('/');
}

/** All rules before any `deny`, one for each id; the person's own first, so that they can be taken back. */
function collectRules(context: PolicyContext): { rules: Rule[]; withheld: Withheld[] } {
  const own = context.rules
    .filter((rule) => rule.verb !== 'deny')
    .map((rule) => ({
      ...makeRule(rule.verb, rule.what, 'person', rule.verb === 'protect' ? 'protected' : 'person'),
      ...(rule.checked === undefined ? {} : { checked: rule.checked }),
    }));
  const level = baseRules(context.level);
  if (context.level === 'watch') return { rules: [...own, ...level], withheld: [] };
  const held = [...level, ...areaDefaults];

  const line = readCommandLine(context.launch);
  const pin = context.pin ?? null;
  const places = secretPlaces(context.folders, context.own, context.clientFiles);
  const entry = entryRules(context.launch, context.env, context.folders, places);
  const runtime: Rule = { ...makeRule('exec', 'runtime', 'runtime', 'runtime'), symbol: 'runtime' };
  const cwd: Rule = { ...makeRule('read', 'cwd', 'level', 'working-folder'), symbol: 'cwd' };
  const names = Object.keys(context.env)
    .filter((name) => namePattern.test(name))
    .map((name) => makeRule('env', name, 'argument', 'variable'));
  const rules = [
    ...own,
    ...held,
    runtime,
    ...(context.level === 'standard' ? [cwd] : []),
    ...(pin === null ? runnerRules(line.runner, context.folders) : [makeRule('exec', pin.tree, 'runtime', 'pinned')]),
    ...entry.rules.filter((rule) => !isReplaced(rule, pin)),
    ...(context.level === 'standard' ? certificateRules(context, places) : []),
    ...names,
  ];
  const granted = own.filter((rule) => fileVerbs.has(rule.verb));
  const withheld = entry.withheld.filter((item) => !granted.some((rule) => isWithin(item.what, rule.what)));
  return { rules: unique(rules, (rule) => rule.id), withheld: unique(withheld, (item) => item.what) };
}

/** Words that the pinned start takes the place of name nothing for it. */
function isReplaced(rule: Rule, pin: PinnedProgram | null): boolean {
  const index = /^arg:(\d+)/.exec(rule.symbol ?? '')?.[1];
  return pin !== null && index !== undefined && Number(index) + 1 < pin.instead.length;
}

function unique<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.toReversed().map((item) => [keyOf(item), item])).values()].toReversed();
}

/** True when a denial takes the rule away: it names the rule, or the rule lies in what is denied. */
function covers(denied: string, rule: Rule, { folders, realPath = String }: PolicyContext): boolean {
  if (denied === rule.id) return true;
  const socket = rule.verb === 'socket' ? socketName(rule.what) : null;
  if (socket !== null) return denied.startsWith('/') && deniesSocket(denied, socket, folders);
  if (!isPathRule(rule)) return false;
  if (isAnyDepth(denied)) {
    const isNamed = (path: string): boolean =>
      patternReach(denied, '/', path) === new TextEncoder().encode(path).length;
    return isNamed(rule.what) || isNamed(realPath(rule.what));
  }
  if (!denied.startsWith('/')) return false;
  return isWithin(rule.what, denied) || isWithin(realPath(rule.what), realPath(denied));
}

/** Rules that reach around a denied path and that no supervisor holds, so that the denial could not be enforced. */
export function rulesAround(denied: string, rules: readonly Rule[], realPath = (path: string): string => path): Rule[] {
  if (!denied.startsWith('/')) return [];
  return rules.filter(
    (rule) =>
      rule.brokered !== true &&
      isPathRule(rule) &&
      (isStrictlyWithin(denied, rule.what) || isStrictlyWithin(realPath(denied), realPath(rule.what))),
  );
}

/** Where there is no choice but between nothing and the hosts that are named, naming none means nothing. */
function networkOf(
  level: LaunchedLevel,
  choice: NetworkChoice | undefined,
  rules: readonly Pick<Rule, 'verb' | 'what'>[],
): NetworkMode {
  if (level === 'watch' || (level === 'standard' && choice !== 'hosts')) return 'open';
  // Who may ask for a host must be able to name one.
  const asks = rules.some((rule) => rule.verb === 'permission' && rule.what === 'ask-access');
  return asks || rules.some((rule) => rule.verb === 'host') ? 'hosts' : 'none';
}

export function mergePolicy(context: PolicyContext): EffectivePolicy {
  const denied = context.rules
    .map((rule, index) => ({ what: rule.what, index, denies: rule.verb === 'deny' }))
    .filter((rule) => rule.denies);
  const collected = collectRules(context);
  // Who grants something after he denied what is around it means the later word; it is a smaller place, and can be kept.
  const givenAt = (rule: Rule): number =>
    rule.source === 'person'
      ? context.rules.findLastIndex((given) => given.verb === rule.verb && given.what === rule.what)
      : -1;
  const kept =
    context.level === 'watch'
      ? collected.rules
      : collected.rules.filter(
          (rule) => !denied.some(({ what, index }) => index > givenAt(rule) && covers(what, rule, context)),
        );
  const denials = unique(
    denied.map(({ what }) => makeRule('deny', what, 'person', 'denied')),
    (rule) => rule.id,
  );
  const all = [...denials, ...kept];
  const network = networkOf(context.level, context.network, kept);
  const rules = context.level === 'watch' ? all : markAreas(withoutLifted(all), context.realPath);
  const { level, sight } = context;
  return {
    v: policyFormatVersion,
    server: context.server,
    level,
    network,
    rules,
    ...(sight === undefined ? {} : { sight: { chosen: sight, hindrances: hindrancesOf({ level, network, rules }) } }),
    withheld: collected.withheld,
    limits: mergeLimits(context.level, context.limits),
  };
}

/** What a list says of a policy. */
export interface PolicySummary {
  network: NetworkMode;
  hostsNamed: number;
  withheld: readonly Withheld[];
  /** No event tells of its accesses to files. */
  filesUnseen: boolean;
}

/**
 * The same as of the merged policy, where a person decided no rule: for lists, in which most servers are so. `withheld` is what
 * `entryRules` answers for the entry.
 */
export function summarizeUndecided(
  level: LaunchedLevel,
  network: NetworkChoice | undefined,
  withheld: readonly Withheld[],
): PolicySummary {
  return {
    network: networkOf(level, network, []),
    hostsNamed: 0,
    withheld: level === 'watch' ? [] : unique(withheld, (item) => item.what),
    filesUnseen: false,
  };
}

export function summarizePolicy(policy: EffectivePolicy): PolicySummary {
  const { network, rules, withheld } = policy;
  const hostsNamed = rules.filter((rule) => rule.verb === 'host').length;
  return { network, hostsNamed, withheld, filesUnseen: leavesFilesUnseen(policy) };
}

export interface PlanContext {
  folders: Folders;
  own: OwnFolders;
  clientFiles: readonly string[];
  /** Where runs write their events. */
  spool: string;
  spoolLimit: number;
  realPath?: (path: string) => string;
  /** What the person decided, oldest first: which of two words is the later one. */
  rules: readonly PersonRule[];
  pin?: PinnedProgram | null;
  /** Whether a path is there now; rules of the level for what this machine does not have are left out. */
  exists: (path: string) => boolean;
}

const noAreaRules: Pick<Plan, 'deny' | 'protect' | 'protectOld' | 'except'> = {
  deny: [],
  protect: [],
  protectOld: [],
  except: [],
};

/** Throws `not-enforceable` for a policy that this machine cannot keep. */
export function compilePlan(policy: EffectivePolicy, context: PlanContext): Plan {
  const watch = policy.level === 'watch';
  const pin = context.pin ?? null;
  if (!watch) refuseUnenforceable(policy, context);
  const rules = policy.rules.filter(
    (rule) => !(rule.source === 'level' && isPathRule(rule) && !context.exists(rule.what)),
  );
  const of = (verb: Rule['verb']): string[] =>
    watch ? [] : [...new Set(rules.filter((rule) => rule.verb === verb).flatMap(placeOf))];
  const areas = watch ? [] : rules.filter((rule) => rule.brokered === true);
  const plain = (verb: 'read' | 'write'): string[] =>
    watch ? [] : [...new Set(rules.filter((rule) => rule.verb === verb && rule.brokered !== true).flatMap(placeOf))];
  const inside = watch ? noAreaRules : areaRules(rules, context.rules, context.realPath);
  const held = areasOf(areas);
  refuseTooMany({ areas: held, ...inside });
  const ports = (verb: 'local' | 'listen'): number[] => of(verb).map(Number);
  const sockets = of('socket').map((what) => socketParts(what, context.folders));
  const places = secretPlaces(context.folders, context.own, context.clientFiles).map((place) => place.path);
  return {
    server: policy.server,
    level: policy.level,
    network: policy.network,
    record: watch ? 'all' : leavesFilesUnseen(policy) ? 'without-files' : 'denials',
    spool: context.spool,
    spoolLimit: context.spoolLimit,
    home: context.folders.home,
    refuse: watch ? [] : places,
    read: [...new Set([...plain('read'), ...sockets.flatMap((socket) => socket.reads)])],
    exec: of('exec'),
    write: plain('write'),
    socket: sockets.map((socket) => socket.places),
    local: ports('local'),
    listen: ports('listen'),
    ...planDefaults,
    areas: held,
    // A whole path counts for what symbols turn out to be at launch, too.
    ...(areas.length > 0 ? inside : { ...noAreaRules, deny: inside.deny.filter((what) => !isAnyDepth(what)) }),
    hosts: watch
      ? []
      : rules
          .filter((rule) => rule.verb === 'host')
          .map((rule) => ({ ...readStoredHost(rule.what), checked: rule.checked !== false })),
    links: of('link'),
    permissions: permissions.filter((permission) => of('permission').includes(permission)),
    ...(pin === null
      ? {}
      : {
          pinned: { program: pin.program, args: pin.args, instead: pin.instead },
          trees: [{ folder: pin.tree, digest: pin.digest }],
        }),
    env: watch ? ['*'] : [...new Set([...of('env'), ...sockets.flatMap((socket) => socket.variables)])],
    // Python would write what it compiles beside the files of the tree, at level watch too.
    set: pin === null ? [] : [{ name: 'PYTHONDONTWRITEBYTECODE', value: '1' }],
    limits: watch ? {} : boundsOf(policy.limits),
  };
}

/** Each place once, with the widest access. */
function areasOf(rules: readonly Rule[]): Plan['areas'] {
  const access = new Map<string, 'read' | 'write'>();
  for (const rule of rules) {
    for (const place of placeOf(rule)) {
      if (rule.verb === 'write' || !access.has(place)) access.set(place, rule.verb === 'write' ? 'write' : 'read');
    }
  }
  return [...access].map(([place, allowed]) => ({ access: allowed, place }));
}

function placeOf(rule: Rule): string[] {
  if (rule.symbol !== undefined) return [rule.symbol];
  if (fileVerbs.has(rule.verb) && rule.verb !== 'socket') return isPathRule(rule) ? [rule.what] : [];
  return [rule.what];
}

function refuseTooMany(plan: Pick<Plan, 'areas' | 'deny' | 'protect' | 'protectOld' | 'except'>): void {
  const fits =
    plan.areas.length <= areasMax &&
    [plan.deny, [...plan.protect, ...plan.protectOld], plan.except].every((patterns) => patterns.length <= patternsMax);
  if (!fits)
    throw new BelljarError('invalid-input', {
      params: {
        detail: `a server has at most ${areasMax.toString()} granted folders in which something is kept back, and ${patternsMax.toString()} patterns of each kind`,
      },
    });
}

function refuseUnenforceable(policy: EffectivePolicy, context: PlanContext): void {
  for (const { verb, what } of policy.rules) {
    if (verb === 'link' && normaliseWhat('link', what, context) !== what)
      throw new BelljarError('invalid-input', { params: { detail: `"${what}" is not the stored form of a host` } });
  }
  // Asked again at every compilation: the stored policy may have been edited by hand, or a link may lead elsewhere now.
  for (const rule of policy.rules) {
    if (rule.source === 'person' && isPathRule(rule)) assertGrantable(rule.what, context);
  }
  refuseVoid(context.rules);
  for (const denial of policy.rules.filter((rule) => rule.verb === 'deny')) {
    const around = rulesAround(denial.what, policy.rules, context.realPath)[0];
    if (around !== undefined) throw denialNotEnforceable(denial.what, around);
  }
}

/** The id under which a person's decision stands in the policy. */
export function personRuleId(rule: Pick<PersonRule, 'verb' | 'what'>): string {
  return ruleId(rule.verb, rule.what);
}
