import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beforeMixedWord, elideMiddle, shortPieces, visiblePieces, visibleText } from './text.ts';

const hidden =
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E007F}]/u;

describe('visible text', () => {
  it('marks what reorders, hides or controls, and leaves the rest alone', () => {
    expect(visiblePieces('a\u202Eb')).toEqual([
      { kind: 'text', text: 'a' },
      { kind: 'mark', text: 'U+202E', code: 'U+202E' },
      { kind: 'text', text: 'b' },
    ]);
    expect(visibleText('x\u0000\u001B[31m\u200B\uFEFF')).toBe('x[U+0000][U+001B][31m[U+200B][U+FEFF]');
    expect(visibleText('🔔 ключ 钥匙 é /ordinary/path-1_2.txt')).toBe('🔔 ключ 钥匙 é /ordinary/path-1_2.txt');
    expect(visiblePieces('a\nb')[1]).toEqual({ kind: 'mark', text: '↵', code: 'U+000A' });
    expect(visibleText('\uD800x')).toBe('[U+D800]x');
  });

  it('caps marks that are stacked on one letter', () => {
    expect(visibleText(`a${'\u0301'.repeat(40)}b`)).toBe(`a${'\u0301'.repeat(3)}b`);
  });

  it('never lets a hidden character through, whatever the text', () => {
    const nasty = fc.constantFrom('\u202E', '\u2066', '\u0000', '\u001B', '\u200D', '\u{E0041}', '\n', 'a', '/', '🔔');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(nasty).map((parts) => parts.join('')),
        ),
        (text) => {
          expect(visibleText(text)).not.toMatch(hidden);
        },
      ),
    );
  });
});

describe('words of mixed letters', () => {
  /** `paypal` with a Cyrillic letter, `admin` with a Greek one. */
  const paypal = 'p\u0430ypal';
  const admin = 'adm\u03B9n';

  it.each([
    [paypal, 'mixed letters: Latin, Cyrillic'],
    [admin, 'mixed letters: Latin, Greek'],
    ['\u0430\u03BF', 'mixed letters: Greek, Cyrillic'],
    ['\u13A0bc', 'mixed letters: Latin, Cherokee'],
    // A letter and its accent apart, and a digit between, are still one word.
    ['a\u0301\u0435', 'mixed letters: Latin, Cyrillic'],
    ['a1\u0435', 'mixed letters: Latin, Cyrillic'],
  ])('%s is marked', (word, words) => {
    expect(visiblePieces(`/home/${word}/x`)).toEqual([
      { kind: 'text', text: '/home/' },
      { kind: 'mixed', text: word, words },
      { kind: 'text', text: '/x' },
    ]);
    expect(visibleText(word)).toBe(`${word} [${words}]`);
  });

  it.each([
    'ключ',
    'git_ключ',
    'ключ-2/key.txt',
    'αβγ',
    'é',
    'Tシャツ',
    '안녕hello',
    'über',
    '10µm',
    'xn--80ak6aa92e.com',
  ])('%s is not', (text) => {
    expect(visiblePieces(text)).toEqual([{ kind: 'text', text }]);
  });

  it('stays marked beside hidden characters, and where the cut goes through it', () => {
    expect(visiblePieces(`\u202E${paypal}`).map(({ kind }) => kind)).toEqual(['mark', 'mixed']);
    const long = `${'p'.repeat(20)}${'\u0430'.repeat(20)}`;
    expect(shortPieces(long, 48).map(({ kind }) => kind)).toEqual(['mixed']);
    // Latin to the left of the cut, Cyrillic to the right of it.
    const halves = `${'p'.repeat(40)}${'\u0430'.repeat(40)}`;
    expect(shortPieces(halves, 21)).toEqual([
      { kind: 'text', text: 'p'.repeat(8) },
      { kind: 'mixed', text: '…', words: 'mixed letters: Latin, Cyrillic' },
      { kind: 'text', text: '\u0430'.repeat(12) },
    ]);
    expect(shortPieces('ordinary/'.repeat(9), 20).map(({ kind }) => kind)).toEqual(['text']);
  });

  it('is never split where a line gives way', () => {
    expect(beforeMixedWord(`/a/${paypal}/b`, 4)).toBe(3);
    expect(beforeMixedWord(`/a/${paypal}/b`, 3)).toBe(3);
    expect(beforeMixedWord('/a/paypal/b', 4)).toBe(4);
  });
});

describe('eliding', () => {
  it('cuts the middle and keeps more of the end', () => {
    expect(elideMiddle('/one/two/three/four/five.txt', 15)).toBe('/one/…/five.txt');
    expect(elideMiddle('short', 15)).toBe('short');
  });

  it('keeps to the length, the start and the end, and never splits a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 4, max: 40 }), (text, longest) => {
        const short = elideMiddle(text, longest);
        expect(short.length).toBeLessThanOrEqual(Math.max(longest, 1));
        // Encoding replaces a half character, so only whole ones come back the same.
        expect(new TextDecoder().decode(new TextEncoder().encode(short))).toBe(short);
        if (text.length <= longest) expect(short).toBe(text);
      }),
    );
  });
});
