/**
 * A config file as text: what every format (JSON, JSON with comments, TOML, YAML) is read into, and how it is edited. Values
 * keep the place of their text, so an edit replaces only the characters it is about: comments, order, indent, quotes, line
 * ends and the end of the file stay byte for byte.
 *
 * Limits: the size is bounded by whoever reads the file; nesting by the parser's stack, and deeper text is refused.
 * Trust: files may come from anyone. Duplicate keys are refused anywhere in the file, because programs differ in which of
 * the two they take, and so the one that is contained might not be the one that is started.
 */
import { BelljarError, type Place } from '#contract/errors.ts';
import type { EntryPath } from '#domain/entry.ts';

export interface DocumentNode {
  kind: 'object' | 'list' | 'string' | 'other';
  /** Its text. Of an object that is spread over the file: its first stretch, and `scattered` says so. */
  start: number;
  end: number;
  /** Of strings, numbers, booleans and null. */
  value: unknown;
  properties: readonly DocumentProperty[];
  items: readonly DocumentNode[];
  /** Its text is not one stretch that could be exchanged as a whole. */
  scattered?: true;
  /** Reached by name from elsewhere in the file (a YAML alias or anchor): an edit would change more than one place. */
  shared?: true;
}

export interface DocumentProperty {
  name: string;
  /** Key, separator and value; of a list's item that stands for an entry, the item. */
  start: number;
  end: number;
  keyEnd: number;
  value: DocumentNode;
}

export interface TextEdit {
  offset: number;
  length: number;
  content: string;
}

export interface Format {
  /** Brings the parser, which costs its time only where there is such a file; `parse` comes after it. */
  load(): Promise<void>;
  /** Throws `config-bom`, `config-invalid` and `config-duplicate-key`, each with the file and (where there is one) the place. */
  parse(text: string, file: string): DocumentNode;
  /** A string as this format writes it, where a value stands; `like` is one whose style is kept where possible. */
  quote(value: string, like?: string): string;
  /** Puts strings (as source text) before a list's first item, in the style in which the list is written. */
  prepend(text: string, list: DocumentNode, items: readonly string[]): TextEdit;
  /** Removes the first items of a property's list; the exact inverse of prepend. */
  dropFirst(text: string, property: DocumentProperty, count: number): TextEdit;
  /** Exchanges a property's list, whatever its style, for one on one line. */
  replaceList(text: string, property: DocumentProperty, items: readonly string[]): TextEdit;
  /** The source text of a string, as it may stand as an item of a list of this format. */
  asItem(text: string, node: DocumentNode, list: DocumentNode | undefined): string;
  /** Adds a list of strings behind a property, in the property's style. */
  addList(text: string, owner: DocumentNode, after: DocumentProperty, name: string, items: readonly string[]): TextEdit;
  /** Removes a property with the separator that belongs to it; the exact inverse of addList. */
  remove(text: string, owner: DocumentNode, property: DocumentProperty): TextEdit[];
}

/** The parser of a format that was loaded. */
export function loaded<T>(parser: T | undefined): T {
  if (parser === undefined) throw new Error('the format is read before it is loaded');
  return parser;
}

export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const breaks = before.match(/\r\n|\n|\r/g);
  const start = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
  return { line: (breaks?.length ?? 0) + 1, column: offset - start + 1 };
}

export function invalid(text: string, file: string, detail: string, offset: number): BelljarError {
  return new BelljarError('config-invalid', { file, at: placeOf(text, offset), params: { detail } });
}

export function duplicate(text: string, file: string, key: string, offset: number): BelljarError {
  return new BelljarError('config-duplicate-key', {
    file,
    at: placeOf(text, offset),
    params: { key: key.slice(0, 200) },
  });
}

/** Texts of a file that are remembered: as it was, and as it is to be. */
const textsKept = 2;
const filesKept = 500;

/**
 * Reads the same text of the same file once: finding servers, changing one and proving the change ask for it many times.
 * Keyed by the whole text, so a file that changed is never mistaken for what it was.
 */
export function readOnce(format: Format): Format {
  const known = new Map<string, { text: string; root: DocumentNode }[]>();
  return {
    ...format,
    parse(text, file) {
      const kept = known.get(file) ?? [];
      const before = kept.find((each) => each.text === text);
      if (before !== undefined) return before.root;
      const root = format.parse(text, file);
      known.delete(file);
      known.set(file, [{ text, root }, ...kept].slice(0, textsKept));
      const [oldest] = known.keys();
      if (known.size > filesKept && oldest !== undefined) known.delete(oldest);
      return root;
    },
  };
}

const byteOrderMark = '\uFEFF';

/** A byte order mark, which clients that read strict JSON cannot read; others take it, and it stays. */
export function refuseByteOrderMark(text: string, file: string): void {
  if (text.startsWith(byteOrderMark)) throw new BelljarError('config-bom', { file, at: { line: 1, column: 1 } });
}

/** The text as its parser takes it, every character at its place. Throws where there is nothing in it. */
export function readable(text: string, file: string): string {
  const plain = text.startsWith(byteOrderMark) ? ` ${text.slice(1)}` : text;
  if (plain.trim() === '') throw invalid(text, file, 'it is empty', 0);
  return plain;
}

/** Throws `config-invalid` for what nests deeper than the parser's stack. */
export function boundedStack<T>(text: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw invalid(text, file, 'it is nested too deeply', 0);
    throw error;
  }
}

export function refuseDuplicates(root: DocumentNode, text: string, file: string): void {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const seen = new Set<string>();
    for (const { name, start, value } of node.properties) {
      if (seen.has(name)) throw duplicate(text, file, name, start);
      seen.add(name);
      waiting.push(value);
    }
    waiting.push(...node.items);
  }
}

export function propertyOf(node: DocumentNode, name: string): DocumentProperty | undefined {
  return node.properties.find((property) => property.name === name);
}

/** The value at a path of keys and indexes, or undefined. */
export function findValue(root: DocumentNode, path: EntryPath): DocumentNode | undefined {
  let node: DocumentNode | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = typeof step === 'string' ? propertyOf(node, step)?.value : node.items[step];
  }
  return node;
}

export function sourceOf(text: string, node: { start: number; end: number }): string {
  return text.slice(node.start, node.end);
}

/** The strings of a list of strings, or null. */
export function stringsOf(node: DocumentNode): string[] | null {
  if (node.kind !== 'list') return null;
  const values = node.items.map((item): unknown => (item.kind === 'string' ? item.value : null));
  return values.every((value) => typeof value === 'string') ? values : null;
}

export function stringOf(node: DocumentNode | undefined): string | undefined {
  return node?.kind === 'string' ? String(node.value) : undefined;
}

/** What a value means, without how it is written: for comparing before and after. */
export function plainValue(node: DocumentNode): unknown {
  if (node.kind === 'list') return node.items.map(plainValue);
  if (node.kind !== 'object') return typeof node.value === 'bigint' ? node.value.toString() : (node.value ?? null);
  // Pairs and no object: a key may be called `__proto__`.
  return { pairs: node.properties.map(({ name, value }) => [name, plainValue(value)]) };
}

export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  return edits
    .toSorted((a, b) => b.offset - a.offset)
    .reduce(
      (result, edit) => result.slice(0, edit.offset) + edit.content + result.slice(edit.offset + edit.length),
      text,
    );
}

/** Spaces and tabs at the beginning of the line on which an offset stands. */
export function indentAt(text: string, offset: number): string {
  const line = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  return /^[ \t]*/.exec(text.slice(line, offset))?.[0] ?? '';
}

/** Where a block of lines ends whose last value ends here: with the comment that may stand behind it on its line. */
export function blockEnd(text: string, end: number): number {
  const last = text.slice(0, end).trimEnd().length;
  return last + (/^[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|$)/.exec(text.slice(last))?.[0].trimEnd().length ?? 0);
}

/** True when nothing but spaces stands before it on its line. */
export function startsLine(text: string, offset: number): boolean {
  const line = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  return line > 0 && text.slice(line, offset).trim() === '';
}

/** The line end that the text uses before an offset, else anywhere, else a line feed. */
export function lineEndOf(text: string, offset = text.length): string {
  return (
    /\r\n|\n|\r/.exec(text.slice(text.lastIndexOf('\n', offset - 1) - 1))?.[0] ?? /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'
  );
}
