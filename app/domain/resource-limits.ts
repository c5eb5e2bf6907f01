/**
 * How much a server may use: what each level gives, what a person decided instead, and how people write the numbers.
 *
 * The level's bounds are generous: they end what runs away, not what works hard. Measured after the first answer (memory of
 * its own, processes and threads together): servers on Node 28 MB and 11, on Python 53 MB and 3, Chromium with one small page
 * 154 MB and 111. Strict halves the memory and takes a quarter of the rest. No level bounds the processor time: a server may
 * run for weeks.
 */
import { BelljarError } from '#contract/errors.ts';
import type { Limits, SourcedLimits, StoredLimits } from '#contract/policy.ts';
import { limitTitles, limitValue } from '#contract/sentences.ts';
import { limitNames, type LaunchedLevel, type LimitName } from '#contract/words.ts';

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;

const levelLimits: Readonly<Record<Exclude<LaunchedLevel, 'watch'>, Limits>> = {
  standard: { memory: 4 * gib, processes: 2048, 'open-files': 65_536, 'file-size': 64 * gib },
  strict: { memory: 2 * gib, processes: 512, 'open-files': 16_384, 'file-size': 16 * gib },
};

interface Kind {
  unit: 'bytes' | 'count' | 'seconds';
  /** Below it hardly a program starts; beyond it a bound is none. */
  least: number;
  most: number;
}

const kinds: Readonly<Record<LimitName, Kind>> = {
  memory: { unit: 'bytes', least: 64 * mib, most: 16 * 1024 * gib },
  processes: { unit: 'count', least: 16, most: 4_194_304 },
  'open-files': { unit: 'count', least: 64, most: 1_048_576 },
  'file-size': { unit: 'bytes', least: 64 * kib, most: 1024 * 1024 * gib },
  'cpu-time': { unit: 'seconds', least: 1, most: 315_360_000 },
};

const multipliers: Readonly<Record<Kind['unit'], Readonly<Record<string, number>>>> = {
  bytes: { k: kib, m: mib, g: gib, t: 1024 * gib },
  count: { '': 1 },
  seconds: { s: 1, m: 60, min: 60, h: 3600, d: 86_400 },
};
const examples: Readonly<Record<Kind['unit'], string>> = {
  bytes: '512M or 2G',
  count: '256',
  seconds: '90s, 10m or 2h',
};

/** What counts at a level with what a person decided. */
export function mergeLimits(level: LaunchedLevel, decided: StoredLimits = {}): SourcedLimits {
  if (level === 'watch') return {};
  const merged: SourcedLimits = {};
  for (const name of limitNames) {
    const own = decided[name];
    const given = levelLimits[level][name];
    if (own !== undefined) merged[name] = { value: own, source: 'person' };
    else if (given !== undefined) merged[name] = { value: given, source: 'level' };
  }
  return merged;
}

/** The bounds alone, as a plan holds them. */
export function boundsOf(limits: SourcedLimits): Limits {
  const bounds: Limits = {};
  for (const name of limitNames) {
    const value = limits[name]?.value ?? null;
    if (value !== null) bounds[name] = value;
  }
  return bounds;
}

/** A number as people write it: `2G`, `1.5g`, `256`, `90s`; `none` is null, and `level` is undefined. Throws `invalid-input`. */
export function readLimit(name: LimitName, text: string): number | null | undefined {
  if (text === 'none') return null;
  if (text === 'level') return undefined;
  const { unit, least, most } = kinds[name];
  const [, digits = '', letters = ''] = /^(\d{1,12}(?:\.\d{1,3})?)\s?([a-z]{0,3})$/i.exec(text) ?? [];
  const multiplier = multipliers[unit][unit === 'bytes' ? letters.toLowerCase().replace(/i?b$/, '') : letters];
  if (digits === '' || multiplier === undefined || (unit === 'count' && digits.includes('.'))) {
    const detail = `"${text}" is not what ${limitTitles[name]} is written as: ${examples[unit]}, none, or level`;
    throw new BelljarError('invalid-input', { params: { detail } });
  }
  const value = Math.round(Number(digits) * multiplier);
  if (value < least || value > most) {
    const detail = `${limitTitles[name]} lies between ${limitValue(name, least)} and ${limitValue(name, most)}, and ${text} does not`;
    throw new BelljarError('invalid-input', { params: { detail } });
  }
  return value;
}
