/**
 * `since` of an event filter: an ISO 8601 instant, or a span before now such as `30s`, `15m`, `2h`, `7d`.
 */
import { BelljarError } from '#contract/errors.ts';

const unitMs: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const spanPattern = /^(\d{1,9})([smhd])$/;
const instantPattern = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Milliseconds since 1970; throws `invalid-input` where the text is neither. */
export function parseSince(text: string, now: number): number {
  const span = spanPattern.exec(text);
  if (span !== null) {
    return now - Number(span[1]) * (unitMs[span[2] ?? 's'] ?? 0);
  }
  const instant = instantPattern.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant)) {
    throw new BelljarError('invalid-input', {
      params: {
        detail: `"${text}" is neither an instant (2026-01-31T12:00:00Z) nor a span (30s, 15m, 2h, 7d)`,
      },
    });
  }
  return instant;
}
