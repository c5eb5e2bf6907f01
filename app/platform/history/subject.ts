/**
 * What an event was about, and by which program, as a row of `subject` holds it. The text that is searched is made from the
 * row in one place: the index of words has to be told the same text when a row leaves as when it came.
 */
import { ownText } from '#contract/event-search.ts';
import type { Row } from './database-file.ts';

export interface Subject {
  target: string;
  exe: string;
  address: string | null;
  known: string | null;
  bytes: number | null;
  text: string;
}

export function subjectOf(row: Row): Subject {
  const text = (name: string): string | null => {
    const value = row[name];
    return value === null || value === undefined ? null : String(value);
  };
  const target = text('target') ?? '';
  const exe = text('exe') ?? '';
  const address = text('address');
  const known = text('known');
  const bytes = row['bytes'] ?? null;
  return {
    target,
    exe,
    address,
    known,
    bytes: bytes === null ? null : Number(bytes),
    text: ownText({
      target,
      exe,
      ...(address === null ? {} : { address }),
      ...(known === null ? {} : { known }),
    }),
  };
}
