/** Two ways lead through a JSON text; they have to see the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutUp, jsonWithComments } from './json.ts';

const escaped = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((text) =>
    JSON.stringify(text).replaceAll(/[a-z]/g, (letter) =>
      letter === 'q' ? `\\u00${letter.charCodeAt(0).toString(16)}` : letter,
    ),
  );
const blank = fc.constantFrom('', ' ', '\n', '\r\n', '\t', '  \n ');
const { text: documents } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(
      'null',
      'true',
      'false',
      '0',
      '-1.5e+3',
      '1E2',
      '""',
      '"\\\\"',
      '"a\\"b"',
      '"\\ud83d\\ude00"',
      '[]',
      '{}',
    ),
    escaped,
    fc
      .array(fc.tuple(blank, tie('text'), blank), { maxLength: 4 })
      .map((items) => `[${items.map((item) => item.join('')).join(',') || ' '}]`),
    fc
      .uniqueArray(fc.tuple(blank, escaped, blank, blank, tie('text'), blank), {
        maxLength: 4,
        selector: ([, key]) => JSON.parse(key) as string,
      })
      .map(
        (items) => `{${items.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(',') || '\n'}}`,
      ),
  ),
}));

test('a JSON text is cut up into what the reader of JSON with comments finds in it', () => {
  fc.assert(
    fc.property(blank, documents, blank, (before, text, after) => {
      const whole = before + text + after;
      expect(() => JSON.parse(whole) as unknown).not.toThrow();
      expect(cutUp(whole)).toEqual(jsonWithComments.parse(whole, `/${Math.random().toString()}`));
    }),
    { numRuns: 2000 },
  );
});
