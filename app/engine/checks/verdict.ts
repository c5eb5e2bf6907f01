/**
 * The verdict of a check and its one sentence, from what was seen.
 */
import type { Event } from '#contract/event.ts';
import { knownTarget } from '#contract/sentences.ts';
import type { CheckResult } from '#contract/server.ts';

export type Judged = Pick<CheckResult, 'verdict' | 'sentence'>;

export type Evidence =
  | { kind: 'impossible'; why: string }
  | {
      kind: 'tried';
      /** Why the contained start failed, or null where it answered. */
      failed: string | null;
      /** Denials just before it ended, newest first. */
      justBefore: readonly Event[];
      differences: readonly string[];
      refused: readonly Event[];
    };

const namedMax = 3;

export function judge(evidence: Evidence): Judged {
  if (evidence.kind === 'impossible') {
    return {
      verdict: 'cannot-be-tried',
      sentence: sentence(`Cannot be tried: ${evidence.why}`),
    };
  }
  if (evidence.failed !== null) {
    const last = evidence.justBefore;
    const why =
      last.length === 0
        ? `Does not start contained: ${evidence.failed}`
        : `Does not start contained: it was refused ${list(last)} just before it ended`;
    return { verdict: 'does-not-start', sentence: sentence(why) };
  }
  if (evidence.differences.length > 0) {
    const more = evidence.differences.length - 1;
    const first = evidence.differences[0] ?? '';
    const others = more === 0 ? '' : ` (and ${more} more)`;
    const refused = evidence.refused.length === 0 ? '' : `; it was refused ${list(evidence.refused)}`;
    return {
      verdict: 'differs',
      sentence: sentence(`Answers differently contained: ${first}${others}${refused}`),
    };
  }
  if (evidence.refused.length === 0) {
    return {
      verdict: 'works',
      sentence: 'Works contained, and was refused nothing.',
    };
  }
  const number = evidence.refused.reduce((sum, event) => sum + event.count, 0);
  const accesses = number === 1 ? '1 access' : `${number} accesses`;
  return {
    verdict: 'works-but-refused',
    sentence: sentence(
      `Works contained. It was refused ${accesses} it did not need to start: ${list(evidence.refused)}`,
    ),
  };
}

const kindWords: Partial<Record<Event['kind'], string>> = {
  'file.read': 'reading',
  'file.write': 'writing',
  'file.create': 'creating',
  'file.delete': 'deleting',
  'file.rename': 'renaming',
  'file.attr': 'changing the attributes of',
  exec: 'running',
  'net.connect': 'connecting to',
  'net.dns': 'looking up',
  'net.listen': 'listening on',
  'unix.connect': 'connecting to',
  signal: 'signalling',
  syscall: 'the system call',
  limit: 'more of',
};

/** What was refused, in words, each target once, at most three by name. */
function list(events: readonly Event[]): string {
  const phrases = new Set<string>();
  for (const event of events) {
    const known = event.known === undefined ? null : knownTarget(event.known);
    const target = known === null ? printable(event.target) : `${printable(event.target)} (${known})`;
    phrases.add(`${kindWords[event.kind] ?? event.kind} ${target}`);
  }
  const all = [...phrases];
  const more = all.length - namedMax;
  const shown = all.slice(0, namedMax).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** Targets are chosen by the server: no control or direction characters reach a terminal or a page. */
function printable(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}

function sentence(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return /[.!?…]$/.test(line) ? line : `${line}.`;
}
