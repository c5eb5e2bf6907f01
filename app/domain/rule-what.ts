/**
 * The `what` of a rule as people type it, brought into its one stored form, or refused with the reason: a path with `~` or
 * `$XDG_…` expanded, a pattern of names, a host with its ports, a port, the name of a variable. What would open everything, or Belljar itself, is never accepted.
 */
import { BelljarError } from '#contract/errors.ts';
import { permissions, type RuleVerb } from '#contract/words.ts';
import { isLinkHost, isLoopbackHost, readLink } from './link.ts';
import { socketName } from './named-sockets.ts';
import { isAnyDepth, isPattern } from './pattern.ts';
import { expandPath } from './paths.ts';
import { assertGrantable, type WhatContext } from './grantable.ts';
import { formatHost, readHost } from './host-rule.ts';

const variablePattern = /^[A-Za-z_][A-Za-z0-9_]{0,254}\*?$/;
const loopbackPort = /^(?:(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])?:)?(\d{1,5})$/;
const ruleIdPattern = /^(?:read|write|exec|socket|env|host|listen|local|link|permission):./;

function invalid(detail: string): BelljarError {
  return new BelljarError('invalid-input', { params: { detail } });
}

function path(text: string, context: WhatContext): string {
  const expanded = expandPath(text, context.folders);
  if (expanded === null) throw invalid(`"${text}" is not an absolute path (~ and $XDG_… may stand at its start)`);
  if (new TextEncoder().encode(expanded).length > 4095) throw invalid('the path is too long');
  return expanded;
}

/** A name that is compared with those of files, wherever they lie. */
function patternOf(text: string): string {
  if (!isPattern(text))
    throw invalid(
      `"${text}" is not a pattern: after **/ come one to 16 names, in which * stands for any letters (for example **/.env.* or **/.git/hooks)`,
    );
  return text;
}

/** What is denied or protected: a path, or a pattern. */
function refusedPlace(text: string, context: WhatContext, revoke: boolean): string {
  if (isAnyDepth(text)) return patternOf(text);
  if (text.includes('*') && !revoke)
    throw invalid(`"${text}" holds a * but is no pattern: those begin with **/ (for example **/.env.*)`);
  const what = path(text, context);
  if (what === '/' && !revoke) throw invalid('this would leave nothing to start the server with');
  return what;
}

/** `@name`, as events show it. */
function abstractName(text: string): string {
  const bytes = new TextEncoder().encode(text).length - 1;
  const isName = bytes >= 1 && bytes <= 107 && !/[\0\uFFFD]/.test(text);
  if (!isName) throw invalid(`"${text}" is not the name of an abstract socket (1 to 107 bytes after the @)`);
  return text;
}

function port(text: string, pattern: RegExp, least: number): string {
  const digits = pattern.exec(text)?.[1];
  const value = digits === undefined ? Number.NaN : Number(digits);
  if (!(value >= least && value <= 65_535)) throw invalid(`"${text}" is not a port (${least.toString()} to 65535)`);
  return value.toString();
}

/** A host, `*.` and a name, or a whole link, of which the host counts: by the rules of hosts that may be reached, without ports. */
function linkHost(text: string, revoke: boolean): string {
  if (isLoopbackHost(readLink(text)?.host ?? text.toLowerCase())) {
    if (revoke) return text;
    throw invalid('pages of this machine are asked for each time');
  }
  try {
    const { pattern } = readHost(text);
    if (!isLinkHost(pattern.replace(/^\*\./, ''))) throw invalid(`"${text}" is not a host that a link can name`);
    return pattern;
  } catch (error) {
    if (revoke && error instanceof BelljarError) return text;
    throw error;
  }
}

/**
 * The stored form. With `revoke`, nothing is refused for being too much: a rule that was given some way must go away too.
 * Throws `invalid-input`, `grant-too-wide`, `grant-own-folder`, `not-enforceable`.
 */
export function normaliseWhat(verb: RuleVerb, text: string, context: WhatContext, revoke = false): string {
  switch (verb) {
    case 'read':
    case 'write':
    case 'exec': {
      if (verb !== 'exec' && isAnyDepth(text)) return patternOf(text);
      const what = path(text, context);
      if (!revoke) assertGrantable(what, context);
      return what;
    }
    case 'socket': {
      if (socketName(text) !== null) return text;
      if (text.startsWith('@')) return abstractName(text);
      const what = path(text, context);
      if (!revoke) assertGrantable(what, context);
      return what;
    }
    case 'deny':
      return ruleIdPattern.test(text) ? text : refusedPlace(text, context, revoke);
    case 'protect':
      return refusedPlace(text, context, revoke);
    case 'host':
      try {
        return formatHost(readHost(text));
      } catch (error) {
        // What was stored by hand is taken back as it stands.
        if (revoke && error instanceof BelljarError) return text;
        throw error;
      }
    case 'link':
      return linkHost(text, revoke);
    case 'permission': {
      const permission = permissions.find((candidate) => candidate === text);
      if (permission === undefined) throw invalid(`"${text}" is none of ${permissions.join(', ')}`);
      return permission;
    }
    case 'listen':
      return port(text, /^:?(\d{1,5})$/, 0);
    case 'local':
      return port(text, loopbackPort, 1);
    case 'env':
      if (text === '*' && !revoke) throw new BelljarError('grant-too-wide', { params: { what: 'Every variable' } });
      if (text !== '*' && !variablePattern.test(text)) throw invalid(`"${text}" is not the name of a variable`);
      return text;
  }
}
