/**
 * Hostile text for the screen. Names, paths and programs are chosen by servers and config files: they may hold control
 * characters, direction overrides that reorder what is read, invisible characters, or megabytes. Every character that
 * cannot be seen or that changes others becomes a visible mark with its code, a word whose letters come from alphabets that
 * look alike is marked as such, and long text is cut in the middle, where paths say least.
 */

export type TextPiece =
  | { kind: 'text'; text: string }
  | { kind: 'mark'; text: string; code: string }
  /** A word of letters from several alphabets that look alike; `words` says which. */
  | { kind: 'mixed'; text: string; words: string };

/**
 * C0, DEL, C1; soft hyphen; Arabic letter mark; Hangul fillers; Mongolian vowel separator; zero-width, direction and
 * invisible characters; line and paragraph separators; byte order mark; interlinear marks; tags; lone surrogates.
 */
const hiddenCharacters =
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF0-\uFFFB\u{E0000}-\u{E0FFF}]|\u034F|\u17B4|\u17B5|[\u180B-\u180F]|\p{Cs}/gu;

/** More marks on one letter than any language writes are stacked on purpose, to cover the lines around; three stay. */
const stackedMarks = /(\p{M}{3})\p{M}+/gu;

/**
 * Alphabets whose letters pass for each other's. Others are mixed with Latin in honest names (Han, Kana, Hangul), or cannot be
 * mistaken for it.
 */
const alikeScripts = {
  Latin: /\p{Script=Latin}/u,
  Greek: /\p{Script=Greek}/u,
  Cyrillic: /\p{Script=Cyrillic}/u,
  Armenian: /\p{Script=Armenian}/u,
  Georgian: /\p{Script=Georgian}/u,
  Coptic: /\p{Script=Coptic}/u,
  Cherokee: /\p{Script=Cherokee}/u,
  Lisu: /\p{Script=Lisu}/u,
} as const;
/** Nearly no text has any: it is looked at no further. */
const alikeOfLatin =
  /[\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Georgian}\p{Script=Coptic}\p{Script=Cherokee}\p{Script=Lisu}]/u;
const wordsOfText = /[\p{L}\p{M}\p{N}]+/gu;

/** `mixed letters: Latin, Cyrillic`, or null where the word's letters are of one alphabet. */
function mixedWords(word: string): string | null {
  if (!alikeOfLatin.test(word)) return null;
  const scripts = Object.entries(alikeScripts).flatMap(([name, script]) => (script.test(word) ? [name] : []));
  return scripts.length < 2 ? null : `mixed letters: ${scripts.join(', ')}`;
}

function wordPieces(text: string): TextPiece[] {
  if (!alikeOfLatin.test(text)) return [{ kind: 'text', text }];
  const pieces: TextPiece[] = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(wordsOfText)) {
    const words = mixedWords(word);
    if (words === null) continue;
    if (index > end) pieces.push({ kind: 'text', text: text.slice(end, index) });
    pieces.push({ kind: 'mixed', text: word, words });
    end = index + word.length;
  }
  if (end < text.length) pieces.push({ kind: 'text', text: text.slice(end) });
  return pieces;
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The text in pieces: what may be shown as it is, and marks for what may not. */
export function visiblePieces(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let end = 0;
  const calmed = text.replace(stackedMarks, '$1');
  for (const match of calmed.matchAll(hiddenCharacters)) {
    if (match.index > end) pieces.push(...wordPieces(calmed.slice(end, match.index)));
    pieces.push({ kind: 'mark', text: shortMark(match[0]), code: codeOf(match[0]) });
    end = match.index + match[0].length;
  }
  if (end < calmed.length) pieces.push(...wordPieces(calmed.slice(end)));
  return pieces;
}

function shortMark(character: string): string {
  if (character === '\n') return '↵';
  if (character === '\t') return '⇥';
  return codeOf(character);
}

/** The same as one plain string, for labels, titles and search. */
export function visibleText(text: string): string {
  return visiblePieces(text)
    .map((piece) => {
      if (piece.kind === 'text') return piece.text;
      return piece.kind === 'mark' ? `[${piece.code}]` : `${piece.text} [${piece.words}]`;
    })
    .join('');
}

/**
 * The pieces of a text that is cut in the middle. A word that the cut went through may look whole-lettered on both sides of it: then
 * the cut itself says what the word was.
 */
export function shortPieces(text: string, longest: number): TextPiece[] {
  const short = elideMiddle(text, longest);
  const pieces = visiblePieces(short);
  if (short === text || pieces.some(({ kind }) => kind === 'mixed')) return pieces;
  const mixed = visiblePieces(text).find((piece) => piece.kind === 'mixed');
  if (mixed === undefined) return pieces;
  return pieces.flatMap((piece): TextPiece[] => {
    const at = piece.kind === 'text' ? piece.text.indexOf('…') : -1;
    if (at === -1) return [piece];
    const rest = [piece.text.slice(0, at), piece.text.slice(at + 1)].map((part) => ({
      kind: 'text' as const,
      text: part,
    }));
    return [...rest.slice(0, 1), { ...mixed, text: '…' }, ...rest.slice(1)];
  });
}

/** The start of the mixed word that a split at this place would go through, or the place itself. */
export function beforeMixedWord(text: string, place: number): number {
  const start = /[\p{L}\p{M}\p{N}]+$/u.exec(text.slice(0, place))?.index ?? place;
  const rest = /^[\p{L}\p{M}\p{N}]+/u.exec(text.slice(place))?.[0] ?? '';
  return mixedWords(text.slice(start, place) + rest) === null ? place : start;
}

/** Cuts the middle out, keeping the end longer than the start: the end of a path says most. Never splits a surrogate pair. */
export function elideMiddle(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const start = Math.floor((longest - 1) * 0.4);
  const end = longest - 1 - start;
  const head = text.slice(0, start).replace(/[\uD800-\uDBFF]$/u, '');
  const tail = text.slice(text.length - end).replace(/^[\uDC00-\uDFFF]/u, '');
  return `${head}…${tail}`;
}

const countFormat = new Intl.NumberFormat('en');

/** `1,204`; the panel speaks English, so numbers do too. */
export function countWords(count: number): string {
  return countFormat.format(count);
}

export function plural(count: number, one: string, many: string): string {
  return `${countWords(count)} ${count === 1 ? one : many}`;
}
