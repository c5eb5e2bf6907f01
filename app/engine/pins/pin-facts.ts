/** What a server shows of its pin, and of what it fetches while it has none. */
import { BelljarError } from '#contract/errors.ts';
import type { Fetches, Pin, PinRecord } from '#contract/pin.ts';
import type { Launch } from '#domain/entry.ts';
import { maskText } from '#domain/mask.ts';
import { readPackageStart, startsWith } from '#domain/package-start.ts';
import type { PinStore } from './ports.ts';

export function pinOf(record: PinRecord, launch: Launch | null): Pin {
  const { package: name, version, at, publisher } = record;
  const isSame = launch !== null && startsWith(launch, record.instead);
  return { package: name, version, at, publisher, problem: isSame ? null : 'pin-mismatch' };
}

/** Null for an entry that fetches nothing, or nothing that could be pinned. */
export function fetchesOf(launch: Launch | null): Fetches | null {
  const answer = launch === null ? null : readPackageStart(launch);
  if (answer === null || !('start' in answer)) return null;
  const { installer, written, exact } = answer.start;
  return { runner: installer, package: maskText(written), exact };
}

/** `deep`: the whole tree is looked at, as the launcher would at a start. */
export async function describePin(
  pins: Pick<PinStore, 'get' | 'isSound'>,
  server: string,
  launch: Launch | null,
  deep: boolean,
): Promise<Pin | null> {
  let record: PinRecord | null;
  try {
    record = await pins.get(server);
  } catch (error) {
    if (!(error instanceof BelljarError)) throw error;
    return { package: '', version: '', at: '', publisher: null, problem: 'pin-invalid' };
  }
  if (record === null) return null;
  const pin = pinOf(record, launch);
  return deep && pin.problem === null && !(await pins.isSound(record)) ? { ...pin, problem: 'pin-tampered' } : pin;
}
