/**
 * What somebody types for a rule, in the form the host takes, or why it cannot be one. Only what is plainly no rule is
 * said here; whether it may be granted is the host's to say.
 */
import type { RuleVerb } from '#contract/words.ts';

export type RuleText = { what: string } | { problem: 'empty' | 'path' | 'host' | 'port' | 'variable' };

/** Verbs that can be typed; the others come from what was refused. */
export const typedVerbs = ['read', 'write', 'deny', 'host', 'local', 'exec', 'env'] as const satisfies RuleVerb[];
export type TypedVerb = (typeof typedVerbs)[number];

const defaultPort = 443;
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const hostPattern = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`, 'iu');
const addressPattern = /^\[[0-9a-f:.]+\]$/iu;

function portOf(text: string): number | null {
  const port = /^\d{1,5}$/u.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

export function readRuleText(verb: TypedVerb, typed: string): RuleText {
  const text = typed.trim();
  if (text === '') return { problem: 'empty' };
  switch (verb) {
    case 'read':
    case 'write':
    case 'exec':
      return /^(?:\/|~(?:\/|$)|\$)/u.test(text) ? { what: text.replace(/(?<=.)\/+$/u, '') } : { problem: 'path' };
    case 'deny':
      return /^(?:\/|~(?:\/|$)|\$|\*\*\/)/u.test(text)
        ? { what: text.replace(/(?<=.)\/+$/u, '') }
        : { problem: 'path' };
    case 'host': {
      if (text.includes('/')) return { problem: 'host' };
      const [, name = '', written] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/u.exec(text) ?? [];
      const port = written === undefined ? defaultPort : portOf(written);
      if (port === null) return { problem: 'port' };
      if (name.length > 253 || !(hostPattern.test(name) || addressPattern.test(name))) return { problem: 'host' };
      return { what: `${name.toLowerCase()}:${port.toString()}` };
    }
    case 'local': {
      const port = portOf(text);
      return port === null ? { problem: 'port' } : { what: port.toString() };
    }
    case 'env':
      return /^[A-Za-z_][A-Za-z0-9_]*\*?$/u.test(text) ? { what: text } : { problem: 'variable' };
  }
}
