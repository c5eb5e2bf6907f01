import fc from 'fast-check';
import { expect, it } from 'vitest';
import { instantMs } from './instant.ts';

/** What the form means: what a date makes of the text is the text. */
function plainInstantMs(text: string): number {
  const ms = Date.parse(text);
  return /^\d{4}-/.test(text) && ms >= 0 && new Date(ms).toISOString() === text ? ms : Number.NaN;
}

const part = (digits: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max }).map((number) => number.toString().padStart(digits, '0'));
const likely = fc
  .tuple(part(4, 9999), part(2, 13), part(2, 32), part(2, 25), part(2, 61), part(2, 61), part(3, 999))
  .map(([year, month, day, hour, minute, second, ms]) => `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
const real = fc
  .integer({ min: -1, max: Date.parse('9999-12-31T23:59:59.999Z') })
  .map((ms) => new Date(ms).toISOString());
/** One character more, less or another one. */
const bent = fc
  .tuple(real, fc.nat(25), fc.constantFrom('', '0', '9', ':', '-', '+', ' ', 'Z', '\n', '٣'), fc.nat(2))
  .map(([text, at, character, gone]) => text.slice(0, at) + character + text.slice(at + gone));

it('reads exactly what a date gives back as it was', () => {
  fc.assert(
    fc.property(fc.oneof(likely, real, bent), (text) => {
      expect(instantMs(text)).toBe(plainInstantMs(text));
    }),
    { numRuns: 5000 },
  );
});

it.each([
  ['2024-02-29T23:59:59.999Z', Date.UTC(2024, 1, 29, 23, 59, 59, 999)],
  ['1970-01-01T00:00:00.000Z', 0],
  ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ['2026-02-29T00:00:00.000Z', Number.NaN],
  ['2026-02-30T00:00:00.000Z', Number.NaN],
  ['2026-01-01T24:00:00.000Z', Number.NaN],
  ['1969-12-31T23:59:59.999Z', Number.NaN],
  ['0000-01-01T00:00:00.000Z', Number.NaN],
  ['2026-01-01T00:00:00Z', Number.NaN],
  ['2026-01-01T00:00:00.000+00:00', Number.NaN],
])('%s', (text, ms) => {
  expect(instantMs(text)).toBe(ms);
});
