import { describe, expect, test } from 'vitest';
import { limitTitles, limitValue } from '#contract/sentences.ts';
import { limitNames, type LimitName } from '#contract/words.ts';
import { boundsOf, mergeLimits, readLimit } from './resource-limits.ts';

const gib = 1024 ** 3;

test.each<[LimitName, string, number | null | undefined]>([
  ['memory', '2G', 2 * gib],
  ['memory', '2g', 2 * gib],
  ['memory', '2GiB', 2 * gib],
  ['memory', '1.5 GB', 1.5 * gib],
  ['memory', '512M', gib / 2],
  ['processes', '256', 256],
  ['open-files', '64', 64],
  ['file-size', '64k', 65_536],
  ['cpu-time', '90s', 90],
  ['cpu-time', '10m', 600],
  ['cpu-time', '2h', 7200],
  ['memory', 'none', null],
  ['memory', 'level', undefined],
])('%s %s', (name, text, value) => {
  expect(readLimit(name, text)).toBe(value);
});

test.each<[LimitName, string]>([
  ['memory', '2'],
  ['memory', ''],
  ['memory', '-2G'],
  ['memory', '2G extra'],
  ['memory', '1M'],
  ['memory', '99999T'],
  ['memory', '0x10G'],
  ['processes', '1'],
  ['processes', '2.5'],
  ['processes', '2G'],
  ['processes', '٣٠'],
  ['cpu-time', '90'],
  ['cpu-time', '90M'],
  ['cpu-time', '0s'],
])('%s "%s" is refused, and says how it is written', (name, text) => {
  expect(() => readLimit(name, text)).toThrow(
    expect.objectContaining({
      code: 'invalid-input',
      params: { detail: expect.stringContaining(limitTitles[name]) as string },
    }),
  );
});

test('a bound is said as it is written', () => {
  expect(() => readLimit('memory', '1M')).toThrow(
    expect.objectContaining({ params: { detail: 'memory lies between 64 MiB and 16 TiB, and 1M does not' } }),
  );
});

describe('levels', () => {
  test('watch bounds nothing, whatever a person decided', () => {
    expect(mergeLimits('watch', { memory: gib })).toEqual({});
  });

  test('strict is tighter than standard in everything that either bounds', () => {
    const [standard, strict] = [boundsOf(mergeLimits('standard')), boundsOf(mergeLimits('strict'))];
    expect(Object.keys(strict)).toEqual(Object.keys(standard));
    for (const name of limitNames) expect(strict[name] ?? 0).toBeLessThanOrEqual(standard[name] ?? 0);
    expect(strict.memory).toBeLessThan(standard.memory ?? 0);
  });

  test("a person's word counts, also for none; what nobody bounds is not there", () => {
    const limits = mergeLimits('strict', { memory: null, 'cpu-time': 60 });
    expect(limits.memory).toEqual({ value: null, source: 'person' });
    expect(limits['cpu-time']).toEqual({ value: 60, source: 'person' });
    expect(limits.processes?.source).toBe('level');
    expect(boundsOf(limits)).not.toHaveProperty('memory');
    expect(boundsOf(limits)).toHaveProperty('cpu-time', 60);
    expect(boundsOf(mergeLimits('strict'))).not.toHaveProperty('cpu-time');
  });
});

test.each<[LimitName, number | null, string]>([
  ['memory', 4 * gib, '4 GiB'],
  ['memory', 1.5 * gib, '1536 MiB'],
  ['memory', 1_000_000_000, '953.67 MiB'],
  ['processes', 256, '256'],
  ['cpu-time', 7200, '2 h'],
  ['cpu-time', 90, '90 s'],
  ['memory', null, 'no limit'],
])('%s %s is shown as %s', (name, value, text) => {
  expect(limitValue(name, value)).toBe(text);
});
