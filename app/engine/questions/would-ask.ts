/**
 * Whether a refused access waits for a person first, told before it happens: what the launcher asks for at all
 * (native-helpers/launcher/linux/ask-broker.cpp, ask-door.cpp) and what the host puts to a person (access-verdict.ts). Whether somebody
 * is there, and how often a run asked already, only the moment tells.
 */
import type { EffectivePolicy, PersonRule } from '#contract/policy.ts';
import { addressKind } from '#domain/addresses.ts';
import { areaRules } from '#domain/areas.ts';
import type { Question } from '#domain/explain.ts';
import { isWithin } from '#domain/paths.ts';
import { areaVerdict } from '#domain/pattern.ts';
import { accessVerdict, type AccessAbout, type AccessContext } from './access-verdict.ts';

/** Windows onto processes and devices. */
const neverAsked = ['/proc', '/sys', '/dev'];
const askedKinds: ReadonlySet<string> = new Set(['name', 'internet', 'private']);

/** What the launcher would ask the host; null where it refuses at once. */
function aboutOf(
  { subject, target, access, host = '', port = null }: Question,
  real: string,
  isKeptBack: (path: string, changes: boolean) => boolean,
): AccessAbout | null {
  if (subject === 'net') {
    const kind = addressKind(host);
    if (kind === 'loopback') return port === null ? null : { kind: 'local', port };
    return askedKinds.has(kind) ? { kind: 'host', host, ...(port === null ? {} : { port }) } : null;
  }
  if (subject !== 'file' || target.startsWith('@') || neverAsked.some((place) => isWithin(real, place))) return null;
  if (isKeptBack(real, access === 'write')) return null;
  if (access === 'connect') return { kind: 'socket', path: real };
  return access === 'read' || access === 'write' ? { kind: 'file', path: real, access, folder: false } : null;
}

/** `question`: one whose answer is a refusal. */
export function wouldAsk(
  policy: EffectivePolicy,
  rules: readonly PersonRule[],
  question: Question,
  context: AccessContext,
): boolean {
  const realPath = context.realPath ?? ((path: string): string => path);
  // Patterns are in a plan that has areas, and count then as in an area that is the whole disk.
  const patterns = policy.rules.some((rule) => rule.brokered === true)
    ? areaRules(policy.rules, rules, realPath)
    : null;
  const about = aboutOf(question, realPath(question.target), (path, changes) => {
    if (patterns === null) return false;
    const { verdict } = areaVerdict(patterns, path.split('/', 2).join('/'), path);
    return verdict === 'deny' || (verdict === 'protect' && changes);
  });
  return about !== null && accessVerdict(policy, rules, about, context).verdict === 'ask';
}
