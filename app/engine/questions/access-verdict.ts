/**
 * What the policy of a server says, now, about an access that its run was refused, and what an answer could leave behind. The
 * plan that the run was started with may be older.
 *
 * Never asked for: what no rule may ever allow, secret places, and services that hand over this desktop or machine. A person
 * can still grant most of these on purpose; a question that comes by itself and is gone in seconds is not the place to.
 */
import { BelljarError } from '#contract/errors.ts';
import type { EffectivePolicy, PersonRule } from '#contract/policy.ts';
import type { QuestionAbout, QuestionScope } from '#contract/question.ts';
import type { RuleVerb } from '#contract/words.ts';
import { addressKind } from '#domain/addresses.ts';
import { explain, type Question } from '#domain/explain.ts';
import { assertGrantable, type WhatContext } from '#domain/grantable.ts';
import { formatHost, readHost, registrableDomain } from '#domain/host-rule.ts';
import { normalPath } from '#domain/paths.ts';
import { makeRule } from '#domain/rules.ts';
import { knownByPattern, secretRelation, type SecretPlace } from '#domain/secret-places.ts';

export type AccessAbout = Exclude<QuestionAbout, { kind: 'link' }>;

export interface AccessContext extends WhatContext {
  server: string;
  secrets: readonly SecretPlace[];
}

export interface AccessVerdict {
  verdict: 'granted' | 'ask' | 'never' | 'not-allowed';
  target: string;
  scopes: QuestionScope[];
  never: Omit<QuestionScope, 'up'> | null;
}

/** Of a name that is looked up, as in a rule without a port. */
const portIfNone = 443;
/** Services that keep data, and neither keys nor the desktop. */
const askedServices = new Set(['mysql', 'postgresql', 'redis']);

type Grant = Pick<QuestionScope, 'up' | 'verb' | 'what'>;

interface Reading {
  target: string;
  question: Question;
  grants: Grant[];
  /** `what` of the rule that refuses it for good. */
  denied: string;
}

function hostText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port.toString()}`;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function isGrantable(what: string, context: AccessContext): boolean {
  try {
    assertGrantable(what, context);
    return true;
  } catch (error) {
    if (error instanceof BelljarError) return false;
    throw error;
  }
}

function readFileAbout(about: AccessAbout & { kind: 'file' }, context: AccessContext): Reading | null {
  const { path, access } = about;
  // A path that is not of the form it is shown in is none that a person could mean.
  if (normalPath(path) !== path || !isGrantable(path, context)) return null;
  const relation = secretRelation(path, context.secrets);
  if (relation !== null && (relation.how !== 'holds' || !about.folder)) return null;
  // What holds a secret place may be looked at once, and is not granted as a whole by the way.
  const places = [...(relation === null ? [path] : []), ...(about.folder ? [] : [folderOf(path)])];
  const grants = places
    .filter((place) => isGrantable(place, context) && secretRelation(place, context.secrets) === null)
    .map((what): Grant => ({ up: what === path ? 0 : 1, verb: access, what }));
  return { target: path, question: { subject: 'file', target: path, access }, grants, denied: path };
}

function readHostAbout(about: AccessAbout & { kind: 'host' }): Reading | null {
  const port = about.port ?? portIfNone;
  let what: string;
  try {
    what = formatHost(readHost(hostText(about.host, port)));
  } catch (error) {
    if (error instanceof BelljarError) return null;
    throw error;
  }
  const kind = addressKind(about.host);
  const target = about.port === undefined ? about.host : hostText(about.host, port);
  if (kind === 'loopback' || knownByPattern(target) !== null) return null;
  const domain = registrableDomain(about.host);
  const grants: Grant[] = [{ up: 0, verb: 'host', what }];
  if (domain !== null && domain !== about.host && about.host.endsWith(`.${domain}`))
    grants.push({
      up: about.host.split('.').length - domain.split('.').length,
      verb: 'host',
      what: `*.${domain}:${port.toString()}`,
    });
  const question: Question = { subject: 'net', target, access: 'connect', host: about.host, port };
  return { target, question, grants, denied: `host:${what}` };
}

function readSocketAbout(about: AccessAbout & { kind: 'socket' }, context: AccessContext): Reading | null {
  const { path } = about;
  const known = knownByPattern(path);
  if (normalPath(path) !== path || (known !== null && !askedServices.has(known))) return null;
  if (!isGrantable(path, context) || secretRelation(path, context.secrets) !== null) return null;
  return {
    target: path,
    question: { subject: 'file', target: path, access: 'connect' },
    grants: [{ up: 0, verb: 'socket', what: path }],
    denied: path,
  };
}

function read(about: AccessAbout, context: AccessContext): Reading | null {
  switch (about.kind) {
    case 'file':
      return readFileAbout(about, context);
    case 'host':
      return readHostAbout(about);
    case 'socket':
      return readSocketAbout(about, context);
    case 'local': {
      const port = about.port.toString();
      return {
        target: `localhost:${port}`,
        question: {
          subject: 'net',
          target: `localhost:${port}`,
          access: 'connect',
          host: '127.0.0.1',
          port: about.port,
        },
        grants: [{ up: 0, verb: 'local', what: port }],
        denied: `local:${port}`,
      };
    }
  }
}

/** What a rule changes in what a person decided: the later word about the same place replaces the earlier one. */
function diffOf(rules: readonly PersonRule[], verb: RuleVerb, what: string): string[] {
  const replaced = rules.filter(
    (old) => old.what === what && old.verb !== verb && (old.verb === 'deny') !== (verb === 'deny'),
  );
  return [...replaced.map((old) => `- ${old.verb} ${old.what}`), `+ ${verb} ${what}`];
}

/** `rules`: a person's own, as they are stored. */
export function accessVerdict(
  policy: EffectivePolicy,
  rules: readonly PersonRule[],
  about: AccessAbout,
  context: AccessContext,
): AccessVerdict {
  const reading = read(about, context);
  const mayAsk = policy.rules.some((rule) => rule.verb === 'permission' && rule.what === 'ask-access');
  if (reading === null || !mayAsk) return { verdict: 'not-allowed', target: '', scopes: [], never: null };
  const { target, question, grants, denied } = reading;
  const withDiff = (verb: RuleVerb, what: string): Omit<QuestionScope, 'up'> => ({
    verb,
    what,
    diff: diffOf(rules, verb, what),
  });
  return {
    verdict: verdictOf(policy, rules, question, denied, context),
    target,
    scopes: grants.map(({ up, verb, what }) => ({ up, ...withDiff(verb, what) })),
    never: withDiff('deny', denied),
  };
}

function verdictOf(
  policy: EffectivePolicy,
  rules: readonly PersonRule[],
  question: Question,
  denied: string,
  context: AccessContext,
): AccessVerdict['verdict'] {
  const deny = makeRule('deny', denied, 'person', 'person');
  const answer = explain(policy, question, { ...context, rules, program: () => null, runtime: [] });
  const decided = policy.rules.find((rule) => rule.id === answer.rule?.id);
  // Only a person's own word counts against what the launcher found: why it refused something else, it knows better.
  if (answer.verdict === 'allowed' && decided?.source === 'person') return 'granted';
  if (decided?.verb === 'deny' || policy.rules.some((rule) => rule.id === deny.id)) return 'never';
  return 'ask';
}
