/**
 * Strict JSON as text: read with the place of every fault, edited without touching what the edit is not about. Order,
 * indent, line ends, escapes and the final line end stay byte for byte.
 *
 * Limits: the size is bounded by whoever reads the file; nesting by the parser's stack, and deeper text is refused.
 * Trust: files may come from anyone. Duplicate keys are refused anywhere in the file, because programs differ in which of
 * the two they take, and so the one that is contained might not be the one that is started.
 */
import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { BelljarError, type Place } from '#contract/errors.ts';
import type { EntryPath } from '#domain/entry.ts';

const byteOrderMark = '\uFEFF';

export interface TextEdit {
  offset: number;
  length: number;
  content: string;
}

export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const breaks = before.match(/\r\n|\n|\r/g);
  const start = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
  return { line: (breaks?.length ?? 0) + 1, column: offset - start + 1 };
}

const faults: Record<string, string> = {
  InvalidCommentToken: 'comments are not allowed in it',
  UnexpectedEndOfComment: 'comments are not allowed in it',
  EndOfFileExpected: 'something follows its end',
  CommaExpected: 'a comma is missing',
  ColonExpected: 'a colon is missing',
  CloseBraceExpected: 'a closing brace is missing',
  CloseBracketExpected: 'a closing bracket is missing',
  PropertyNameExpected: 'a key is missing or a comma is one too many',
  ValueExpected: 'a value is missing or a comma is one too many',
  UnexpectedEndOfString: 'a string is not closed',
  InvalidEscapeCharacter: 'an escape in a string is not known',
  InvalidUnicode: 'an escape in a string is not known',
  InvalidCharacter: 'a string holds a control character',
  InvalidNumberFormat: 'a number is not well formed',
  UnexpectedEndOfNumber: 'a number is not well formed',
  InvalidSymbol: 'a word stands where a value belongs',
};

/** Throws `config-bom`, `config-invalid` and `config-duplicate-key`, each with the file and (where there is one) the place. */
export function parseJson(text: string, file: string): Node {
  if (text.startsWith(byteOrderMark)) throw new BelljarError('config-bom', { file, at: { line: 1, column: 1 } });
  const invalid = (detail: string, offset: number): BelljarError =>
    new BelljarError('config-invalid', { file, at: placeOf(text, offset), params: { detail } });
  if (text.trim() === '') throw invalid('it is empty', 0);
  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  } catch (error) {
    if (error instanceof RangeError) throw invalid('it is nested too deeply', 0);
    throw error;
  }
  const first = errors[0];
  if (first !== undefined) throw invalid(faults[printParseErrorCode(first.error)] ?? 'syntax error', first.offset);
  if (root === undefined) throw invalid('it is empty', 0);
  try {
    // The clients' own parser has the last word on what is JSON.
    JSON.parse(text);
  } catch {
    throw invalid('it is not JSON', 0);
  }
  refuseDuplicates(root, text, file);
  return root;
}

function refuseDuplicates(root: Node, text: string, file: string): void {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const children = node.children ?? [];
    if (node.type === 'object') {
      const seen = new Set<string>();
      for (const property of children) {
        const key = property.children?.[0];
        if (key === undefined) continue;
        const name = String(key.value);
        if (seen.has(name))
          throw new BelljarError('config-duplicate-key', {
            file,
            at: placeOf(text, key.offset),
            params: { key: name.slice(0, 200) },
          });
        seen.add(name);
      }
    }
    for (const child of children) waiting.push(child);
  }
}

export interface Property {
  name: string;
  /** Key, colon and value. */
  node: Node;
  key: Node;
  value: Node;
}

export function propertiesOf(node: Node): Property[] {
  return (node.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? [];
    return key === undefined || value === undefined ? [] : [{ name: String(key.value), node: property, key, value }];
  });
}

export function propertyOf(node: Node, name: string): Property | undefined {
  return node.type === 'object' ? propertiesOf(node).find((property) => property.name === name) : undefined;
}

/** The value at a path of keys, or undefined. */
export function findValue(root: Node, path: EntryPath): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    node = typeof step === 'string' ? propertyOf(node, step)?.value : node.children?.[step];
  }
  return node;
}

export function sourceOf(text: string, node: Node): string {
  return text.slice(node.offset, node.offset + node.length);
}

export function endOf(node: Node): number {
  return node.offset + node.length;
}

/** The strings of an array of strings, or null. */
export function stringsOf(node: Node): string[] | null {
  if (node.type !== 'array') return null;
  const values = (node.children ?? []).map((child): unknown => (child.type === 'string' ? child.value : null));
  return values.every((value) => typeof value === 'string') ? values : null;
}

export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  return edits
    .toSorted((a, b) => b.offset - a.offset)
    .reduce(
      (result, edit) => result.slice(0, edit.offset) + edit.content + result.slice(edit.offset + edit.length),
      text,
    );
}
