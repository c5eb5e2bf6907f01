/**
 * What the selftest tries, what the walls promise for each, and how an attempt is judged: the error the attempt got and
 * the look from outside must agree, or the line is not as expected.
 */
import type { Output } from '#contract/methods.ts';
import type { Probe } from '#contract/server.ts';
import type { Attempt } from './ports.ts';

type SelftestLine = Output<'machine.selftest'>['lines'][number];

interface Promised {
  tried: string;
  expected: 'refused' | 'allowed';
}

/** In the order they are tried and shown; an allowed twin stands next to its refusal. */
export const selftestPromises = {
  'read-granted': { tried: 'Read a file in a granted folder', expected: 'allowed' },
  'read-outside': { tried: 'Read a decoy key outside every grant', expected: 'refused' },
  'read-through-link': { tried: 'Read the decoy key through a link inside a granted folder', expected: 'refused' },
  'write-granted': { tried: 'Create a file in a granted folder', expected: 'allowed' },
  'write-outside': { tried: 'Append to a file outside every grant', expected: 'refused' },
  'change-mode-outside': { tried: 'Change the mode of a file outside every grant', expected: 'refused' },
  'exec-granted': { tried: 'Run a granted program', expected: 'allowed' },
  'exec-outside': { tried: 'Run a program outside every grant', expected: 'refused' },
  'connect-granted-port': { tried: 'Connect to a granted port of this machine', expected: 'allowed' },
  'connect-other-port': { tried: 'Connect to another port of this machine', expected: 'refused' },
  'connect-granted-socket': { tried: 'Connect to a granted Unix socket', expected: 'allowed' },
  'connect-other-socket': { tried: 'Connect to another Unix socket', expected: 'refused' },
  'read-memory-outside': { tried: 'Open the memory of a process outside', expected: 'refused' },
  'read-environment-outside': { tried: 'Read the environment of a process outside', expected: 'refused' },
  'environment-granted': { tried: 'See an environment variable that was granted', expected: 'allowed' },
  'environment-outside': { tried: 'See an environment variable that was not granted', expected: 'refused' },
  'signal-own-child': { tried: 'Signal a process of its own', expected: 'allowed' },
  'signal-outside': { tried: 'Signal a process outside', expected: 'refused' },
} as const satisfies Record<string, Promised>;

export type SelftestCode = keyof typeof selftestPromises;

export function judgeAttempts(attempts: readonly Attempt[], probe: Probe): SelftestLine[] {
  return Object.entries(selftestPromises).map(([code, promised]) => {
    const attempt = attempts.find((candidate) => candidate.code === code);
    if (attempt === undefined) {
      return {
        code,
        tried: promised.tried,
        outcome: 'not-tried',
        asExpected: false,
        detail: 'The contained run ended before it came to this.',
      };
    }
    const seenThrough = attempt.seenOutside;
    // A refusal that something outside contradicts is no refusal; an allowed act that left no trace did not happen.
    const agrees = seenThrough === null || seenThrough === (attempt.outcome === 'allowed');
    const contradiction = agrees
      ? ''
      : seenThrough === true
        ? ' But seen from outside, it got through.'
        : ' But seen from outside, nothing happened.';
    return {
      code,
      tried: promised.tried,
      outcome: attempt.outcome,
      asExpected: attempt.outcome === promised.expected && agrees,
      detail: `${attempt.detail}${contradiction}${missing(attempt, promised, probe)}`,
    };
  });
}

function missing(attempt: Attempt, promised: Promised, probe: Probe): string {
  if (attempt.outcome === promised.expected || probe.enforcement.missing.length === 0) {
    return '';
  }
  return ` This kernel lacks: ${probe.enforcement.missing.join('; ')}.`;
}
