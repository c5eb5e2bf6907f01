/**
 * Hostile text for the screen. Names, paths and programs are chosen by servers and config files: they may hold control
 * characters, direction overrides that reorder what is read, invisible characters, or megabytes. Every character that cannot be seen or that changes others becomes a visible mark with its code, and long text is
 * cut in the middle, where paths say least.
 */

export type TextPiece = { kind: 'text'; text: string } | { kind: 'mark'; text: string; code: string };

/**
 * C0, DEL, C1; soft hyphen; Arabic letter mark; Hangul fillers; Mongolian vowel separator; zero-width, direction and
 * invisible characters; line and paragraph separators; byte order mark; interlinear marks; tags; lone surrogates.
 */
const hiddenCharacters =
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF0-\uFFFB\u{E0000}-\u{E0FFF}]|\u034F|\u17B4|\u17B5|[\u180B-\u180F]|\p{Cs}/gu;

/** More marks on one letter than any language writes are stacked on purpose, to cover the lines around; three stay. */
const stackedMarks = /(\p{M}{3})\p{M}+/gu;

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
    if (match.index > end) pieces.push({ kind: 'text', text: calmed.slice(end, match.index) });
    pieces.push({ kind: 'mark', text: shortMark(match[0]), code: codeOf(match[0]) });
    end = match.index + match[0].length;
  }
  if (end < calmed.length) pieces.push({ kind: 'text', text: calmed.slice(end) });
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
    .map((piece) => (piece.kind === 'text' ? piece.text : `[${piece.code}]`))
    .join('');
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
