/**
 * Explain: what the policy of a server says about one path, address or program, which rule decides, and what would change
 * the answer. The launcher decides at run time; this reads the same rules, and says what it cannot know.
 */
import { BelljarError } from '#contract/errors.ts';
import type { EffectivePolicy, Enforcer, Explanation, PersonRule, Rule } from '#contract/policy.ts';
import { permissions, type RuleVerb } from '#contract/words.ts';
import type { Folders, OwnFolders } from './folders.ts';
import { addressKind } from './addresses.ts';
import { assertGrantable } from './grantable.ts';
import { formatHost, hostReach, readHost, readStoredHost, schemePorts } from './host-rule.ts';
import { areaRules } from './areas.ts';
import { namedSocketAt, socketName } from './named-sockets.ts';
import { areaVerdict } from './pattern.ts';
import { expandPath, isWithin, normalPath } from './paths.ts';

export type Access = Explanation['access'];

export interface Question {
  subject: Explanation['subject'];
  /** A normal path, `host:port`, or the name of a program. */
  target: string;
  access: Access;
  host?: string;
  port?: number | null;
}

export interface ExplainContext {
  server: string;
  folders: Folders;
  own: OwnFolders;
  realPath?: (path: string) => string;
  /** What the person decided, oldest first. */
  rules: readonly PersonRule[];
  /** Where a bare program name is found, or null. */
  program: (name: string) => string | null;
  /** The address of this machine's network that a name led to the last time, or null. */
  nearAddress?: (host: string, port: number) => string | null;
  /** Whether the machine's own file of hosts gives this name that address: what stands there is believed. */
  isOwnHost?: (host: string, address: string) => boolean;
  /** Places that the symbol `runtime` is known to stand for. */
  runtime: readonly string[];
  /** The nearest folder that is there, where the path is not: the launcher applies no rule for what is not there. */
  folderThere?: string | null;
}

type Answer = Omit<Explanation, 'effective'>;

/** What a host without a port is asked for, as in a rule. */
const portIfNone = 443;

/** What is asked: a path, an address or a program. Throws `invalid-input`. */
export function readQuestion(text: string, access: Access | undefined, folders: Folders): Question {
  const path = /^[~/$]/.test(text) ? expandPath(text, folders) : null;
  const isSocket = namedSocketAt(path ?? text) !== null;
  if (path !== null) return { subject: 'file', target: path, access: access ?? (isSocket ? 'connect' : 'read') };
  const isOther = access === undefined || access === 'connect';
  if (isOther && (socketName(text) !== null || text.startsWith('@')))
    return { subject: 'file', target: text, access: 'connect' };
  if (access === undefined && permissions.some((permission) => permission === text))
    return { subject: 'permission', target: text, access: 'use' };
  const address = readHostAndPort(text);
  if (address !== null && (access === undefined || access === 'connect')) {
    const { host, port } = address;
    const shown = host.includes(':') ? `[${host}]` : host;
    return {
      subject: 'net',
      target: port === null ? shown : `${shown}:${port.toString()}`,
      access: 'connect',
      host,
      port,
    };
  }
  if (/^[^\s/:]+$/.test(text) && (access === undefined || access === 'exec'))
    return { subject: 'program', target: text, access: 'exec' };
  throw new BelljarError('invalid-input', {
    params: { detail: `"${text}" is neither an absolute path nor host:port nor the name of a program` },
  });
}

function readHostAndPort(text: string): { host: string; port: number | null } | null {
  const url = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/@\s]*@)?([^/?#\s]+)/i.exec(text);
  const authority = url === null ? text : (url[2] ?? '');
  const parts = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/i.exec(authority);
  const bare6 = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text);
  if (bare6) return { host: text.toLowerCase(), port: null };
  if (parts === null) return null;
  const host = (parts[1] ?? parts[2] ?? '').toLowerCase();
  const port = parts[3] === undefined ? (schemePorts[(url?.[1] ?? '').toLowerCase()] ?? null) : Number(parts[3]);
  if (port !== null && port > 65_535) return null;
  const looksLikeHost = url !== null || parts[3] !== undefined || parts[1] !== undefined || isHostName(host);
  return looksLikeHost ? { host, port } : null;
}

/** `localhost`, an IPv4 address, or a name with a dot that is no usual file ending. */
function isHostName(text: string): boolean {
  return (
    text === 'localhost' ||
    /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) ||
    (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}$/.test(text) && !/\.(?:sh|py|js|mjs|cjs|ts|rb|pl|exe|bin)$/.test(text))
  );
}

const quote = (text: string): string => (/^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** What every contained run may use of its own, beyond the rules: the launcher sees to it. */
const ownToTheRun = [
  '/proc/self',
  '/proc/thread-self',
  '/dev/fd',
  '/dev/stdin',
  '/dev/stdout',
  '/dev/stderr',
  '/dev/shm',
];

const verbsFor: Record<Access, readonly RuleVerb[]> = {
  read: ['read', 'exec', 'write'],
  write: ['write'],
  exec: ['exec'],
  connect: ['socket'],
  use: ['permission'],
};

export function explain(policy: EffectivePolicy | null, question: Question, context: ExplainContext): Answer {
  const base = { subject: question.subject, target: question.target, access: question.access };
  if (policy === null || policy.level === 'watch') {
    const change = policy === null ? `belljar contain ${context.server}` : `belljar level ${context.server} standard`;
    return { ...base, verdict: 'allowed', rule: null, source: null, enforcedBy: 'none', change };
  }
  if (question.subject === 'permission') return explainPermission(policy, base, context);
  if (question.subject === 'net') return explainNet(policy, question, base, context);
  if (question.subject === 'program') {
    const found = context.program(question.target);
    if (found === null) return refused(base, 'landlock', null);
    return explainFile(policy, { ...question, target: found }, { ...base, target: found }, context);
  }
  return explainFile(policy, question, base, context);
}

/** Whether a rule for what holds the path reaches it: one for the very path counts for nothing while that is not there. */
export function isReachedFromAbove(
  policy: EffectivePolicy,
  path: string,
  access: 'read' | 'write' | 'exec',
  realPath: (path: string) => string,
): boolean {
  return policy.rules.some(({ verb, what }) => {
    const place = what.startsWith('/') && verbsFor[access].includes(verb) ? realPath(what) : null;
    return place !== null && place !== path && isWithin(path, place);
  });
}

type Base = Pick<Explanation, 'subject' | 'target' | 'access'>;

function refused(base: Base, enforcedBy: Enforcer, change: string | null, rule: Rule | null = null): Answer {
  return {
    ...base,
    verdict: 'refused',
    rule: rule === null ? null : { id: rule.id, source: rule.source },
    source: rule?.source ?? 'level',
    enforcedBy,
    change,
  };
}

function allowed(base: Base, enforcedBy: Enforcer, rule: Rule | null, change: string | null): Answer {
  return {
    ...base,
    verdict: 'allowed',
    rule: rule === null ? null : { id: rule.id, source: rule.source },
    source: rule?.source ?? 'level',
    enforcedBy,
    change,
  };
}

function explainPermission(policy: EffectivePolicy, base: Base, { server }: ExplainContext): Answer {
  const rule = policy.rules.find((one) => one.verb === 'permission' && one.what === base.target);
  if (rule === undefined) return refused(base, 'seccomp', `belljar grant ${server} permission ${base.target}`);
  const verb = rule.source === 'person' ? 'revoke' : 'grant';
  const what = rule.source === 'person' ? `permission ${rule.what}` : `deny ${rule.id}`;
  return allowed(base, 'seccomp', rule, `belljar ${verb} ${server} ${what}`);
}

function explainFile(policy: EffectivePolicy, question: Question, base: Base, context: ExplainContext): Answer {
  const realPath = context.realPath ?? ((path: string): string => path);
  const { target, access } = question;
  const real = realPath(target);
  const enforcedBy: Enforcer = access === 'connect' ? 'supervisor' : 'landlock';
  if (access !== 'connect' && access !== 'exec' && ownToTheRun.some((place) => isWithin(target, place)))
    return allowed(base, enforcedBy, null, null);

  const verbs = verbsFor[access];
  // The nearest place decides; a denial comes before a grant of the very same place.
  const reaching = policy.rules
    .filter((rule) => rule.verb === 'deny' || verbs.includes(rule.verb))
    .map((rule) => ({
      rule,
      reach:
        rule.verb === 'socket' && (rule.what === target || rule.what === namedSocketAt(real))
          ? target.length
          : reachOf(rule, real, realPath, context, access === 'connect' && rule.verb !== 'deny'),
    }))
    .filter(({ reach }) => reach >= 0)
    .toSorted((a, b) => b.reach - a.reach || Number(b.rule.verb === 'deny') - Number(a.rule.verb === 'deny'))
    .map(({ rule }) => rule);
  const held = reaching.filter((rule) => rule.verb !== 'deny');
  // What the kernel allows no supervisor is asked for.
  if (held.length > 0 && held.every((rule) => rule.brokered === true))
    return explainInArea(policy, held, { real, realPath }, base, context);
  const deciding = reaching.find((rule) => rule.brokered !== true);
  if (deciding === undefined) {
    const folder = access === 'write' ? (context.folderThere ?? null) : null;
    const ofFolder = folder === null ? null : grantCommand(folder, folder, access, context);
    return refused(base, enforcedBy, ofFolder ?? grantCommand(target, real, access, context));
  }
  if (deciding.verb === 'deny')
    return refused(base, enforcedBy, `belljar revoke ${context.server} deny ${quote(deciding.what)}`, deciding);
  const change =
    deciding.source === 'person'
      ? `belljar revoke ${context.server} ${deciding.verb} ${quote(deciding.what)}`
      : deciding.what === target
        ? `belljar grant ${context.server} deny ${quote(target)}`
        : null;
  return allowed(base, enforcedBy, deciding, change);
}

/** Inside areas a pattern may decide. */
function explainInArea(
  policy: EffectivePolicy,
  held: readonly Rule[],
  { real, realPath }: { real: string; realPath: (path: string) => string },
  base: Base,
  context: ExplainContext,
): Answer {
  const rules = areaRules(policy.rules, context.rules, realPath);
  const verdicts = held.map((rule) => ({
    rule,
    ...areaVerdict(rules, normalPath(realPath(rule.what)) ?? rule.what, real),
  }));
  const isEnough = (verdict: 'free' | 'protect' | 'deny'): boolean =>
    verdict === 'free' || (verdict === 'protect' && base.access === 'read');
  const { target } = base;
  const allowing = verdicts.find(({ verdict }) => isEnough(verdict));
  if (allowing !== undefined) {
    const { rule } = allowing;
    const take = rule.source === 'person' ? `revoke ${context.server} ${rule.verb} ${quote(rule.what)}` : null;
    return allowed(base, 'supervisor', rule, `belljar ${take ?? `grant ${context.server} deny ${quote(target)}`}`);
  }
  const [first] = verdicts;
  const refusing = policy.rules.find(
    ({ verb, what }) => verb === first?.verdict && (what === first.pattern || realPath(what) === first.pattern),
  );
  const change =
    refusing?.source === 'person'
      ? `belljar revoke ${context.server} ${refusing.verb} ${quote(refusing.what)}`
      : grantCommand(target, real, base.access, context);
  return refused(base, 'supervisor', change, refusing ?? null);
}

/** Length of the rule's place where it reaches the path, else -1. */
function reachOf(
  rule: Rule,
  real: string,
  realPath: (path: string) => string,
  context: ExplainContext,
  exact: boolean,
): number {
  const places = rule.symbol === 'runtime' ? context.runtime : rule.what.startsWith('/') ? [rule.what] : [];
  return Math.max(
    -1,
    ...places.map((place) => {
      const folder = normalPath(realPath(place)) ?? place;
      return (exact ? real === folder : isWithin(real, folder)) ? folder.length : -1;
    }),
  );
}

function grantCommand(target: string, real: string, access: Access, context: ExplainContext): string | null {
  // By its name a socket is found again after the next login.
  const socket = access === 'connect' ? (socketName(target) ?? namedSocketAt(target) ?? namedSocketAt(real)) : null;
  if (socket !== null || target.startsWith('@'))
    return `belljar grant ${context.server} socket ${quote(socket ?? target)}`;
  try {
    assertGrantable(target, { ...context, realPath: (path) => (path === target ? real : path) });
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
  const verb = access === 'connect' ? 'socket' : access;
  return `belljar grant ${context.server} ${verb} ${quote(target)}`;
}

function explainNet(policy: EffectivePolicy, question: Question, base: Base, context: ExplainContext): Answer {
  const host = question.host ?? '';
  const kind = addressKind(host);
  const port = question.port ?? null;
  if (kind === 'loopback') {
    const local = policy.rules.find((rule) => rule.verb === 'local' && port !== null && Number(rule.what) === port);
    if (local !== undefined)
      return allowed(base, 'supervisor', local, `belljar revoke ${context.server} local ${local.what}`);
    return refused(
      base,
      'supervisor',
      port === null ? null : `belljar grant ${context.server} local ${port.toString()}`,
    );
  }
  const named = namingRule(policy, host, port ?? portIfNone);
  if (named === null && (policy.network !== 'open' || (kind !== 'internet' && kind !== 'name')))
    return refused(base, 'supervisor', grantHostCommand(host, port, context));
  // A name must not lead to this machine or its network: the address needs a rule of its own.
  const near = kind === 'name' ? (context.nearAddress?.(host, port ?? portIfNone) ?? null) : null;
  const isBelieved =
    near !== null &&
    named !== null &&
    readStoredHost(named.what).pattern === host &&
    context.isOwnHost?.(host, near) === true;
  if (near !== null && !isBelieved && namingRule(policy, near, port ?? portIfNone) === null)
    return refused(base, 'supervisor', grantHostCommand(near, port, context));
  if (named === null) return allowed(base, 'supervisor', null, `belljar limit ${context.server}`);
  const change = named.source === 'person' ? `belljar revoke ${context.server} host ${quote(named.what)}` : null;
  return allowed(base, 'supervisor', named, change);
}

/** The rule that names a host most exactly, as with files. */
function namingRule(policy: EffectivePolicy, host: string, port: number): Rule | null {
  let best: { rule: Rule; reach: number } | null = null;
  for (const rule of policy.rules) {
    const reach = rule.verb === 'host' ? hostReach(readStoredHost(rule.what), host, port) : null;
    if (reach !== null && reach > (best?.reach ?? -1)) best = { rule, reach };
  }
  return best?.rule ?? null;
}

/** Null where it may not be granted. */
function grantHostCommand(host: string, port: number | null, context: ExplainContext): string | null {
  try {
    const what = formatHost(readHost(`${host.includes(':') ? `[${host}]` : host}:${(port ?? portIfNone).toString()}`));
    return `belljar grant ${context.server} host ${quote(what)}`;
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
}
