/**
 * YAML 1.2, read by the yaml package. Only its places are used: what changes is cut and put in as text, the document is never
 * written anew. One document, no anchors where an edit would go: their text counts in several places.
 */
import type * as Parser from 'yaml';
import type { Node, Pair, YAMLSeq } from 'yaml';
import * as brackets from './bracketed-lists.ts';
import {
  blockEnd,
  boundedStack,
  duplicate,
  indentAt,
  invalid,
  loaded,
  lineEndOf,
  readOnce,
  readable,
  sourceOf,
  type DocumentNode,
  type DocumentProperty,
  type Format,
  type TextEdit,
} from './document.ts';

/** Aliases are not followed, so a small file cannot become a large one. */
const options = { uniqueKeys: true, keepSourceTokens: true, strict: true, logLevel: 'silent', version: '1.2' } as const;

let parser: typeof Parser | undefined;

interface Range {
  start: number;
  end: number;
}

function rangeOf(node: Node): Range {
  const [start, end] = node.range ?? [0, 0, 0];
  return { start, end };
}

const empty = { value: undefined, properties: [], items: [] };

/** Where the dashes of a list's items stand. */
function dashes(list: YAMLSeq): number[] {
  const token = list.srcToken;
  if (token?.type !== 'block-seq') return [];
  return token.items.flatMap((item) => {
    const dash = item.start.find(({ type }) => type === 'seq-item-ind');
    return dash === undefined ? [] : [dash.offset];
  });
}

function toDocument(node: unknown, text: string): DocumentNode {
  const { isAlias, isMap, isScalar, isSeq } = loaded(parser);
  if (isMap(node)) {
    const properties = node.items.flatMap((pair) => toProperty(pair, text));
    const { start, end } = rangeOf(node);
    const last = properties.at(-1);
    const isFlow = node.flow === true;
    return {
      ...empty,
      kind: 'object',
      start,
      // A block ends where its last value does: what follows may be a comment on something else.
      end: isFlow || last === undefined ? end : blockEnd(text, last.end),
      properties,
      ...(node.anchor === undefined ? {} : { shared: true as const }),
    };
  }
  if (isSeq(node)) {
    const { start, end } = rangeOf(node);
    const items = node.items.map((item) => toDocument(item, text));
    const places = dashes(node);
    const isFlow = node.flow === true;
    return {
      ...empty,
      kind: 'list',
      start,
      end: isFlow ? end : blockEnd(text, items.at(-1)?.end ?? end),
      items: isFlow ? items : items.map((item, index) => ({ ...item, dash: places[index] ?? item.start })),
      ...(node.anchor === undefined ? {} : { shared: true as const }),
    };
  }
  if (isScalar(node)) {
    const { start, end } = rangeOf(node);
    const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    return {
      ...empty,
      kind: typeof node.value === 'string' ? 'string' : 'other',
      start,
      end,
      value: node.value,
      ...(node.anchor === undefined && node.tag === undefined && !isBlock ? {} : { shared: true as const }),
    };
  }
  const place = isAlias(node) ? rangeOf(node) : { start: 0, end: 0 };
  return { ...empty, kind: 'other', ...place, shared: true };
}

function toProperty(pair: Pair, text: string): DocumentProperty[] {
  const { key } = pair;
  if (!loaded(parser).isScalar(key)) return [];
  const place = rangeOf(key);
  const value =
    pair.value === null || pair.value === undefined
      ? { ...empty, kind: 'other' as const, start: place.end, end: place.end, value: null }
      : toDocument(pair.value, text);
  return [
    { name: String(key.value), start: place.start, end: Math.max(value.end, place.end), keyEnd: place.end, value },
  ];
}

/** The offset of an item's dash; items of flow lists have none. */
function dashOf(item: DocumentNode): number | undefined {
  return 'dash' in item && typeof item.dash === 'number' ? item.dash : undefined;
}

function isFlow(text: string, node: DocumentNode): boolean {
  return text[node.start] === '[' || text[node.start] === '{';
}

/** Words that a plain text may be without being taken for anything but a string. */
const plainText = /^[A-Za-z_./\\][A-Za-z0-9_./\\~@+-]*(?::[A-Za-z0-9_./\\~@+-]+)*$/;
const taken = /^(?:y|n|yes|no|on|off|true|false|null|~|\.nan|[-+]?\.inf)$/i;

function quote(value: string, like = '"'): string {
  const first = like[0] ?? '"';
  if (first === "'" && /^[\x20-\x7e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  if (first !== '"' && plainText.test(value) && !taken.test(value)) return value;
  return JSON.stringify(value);
}

/** A block list begins on a line of its own, where a flow one may not stand. */
function flowList({ keyEnd, value }: DocumentProperty, items: readonly string[]): TextEdit {
  return { offset: keyEnd, length: value.end - keyEnd, content: `: [${items.join(', ')}]` };
}

function refuseSyntax(text: string, file: string, document: ReturnType<typeof Parser.parseDocument>): void {
  const error = document.errors[0];
  if (error === undefined) return;
  const offset = error.pos[0];
  if (error.code === 'DUPLICATE_KEY')
    throw duplicate(text, file, /^[\w"'.-]*/.exec(text.slice(offset))?.[0] ?? '', offset);
  throw invalid(
    text,
    file,
    (error.message.split(/ at line |\n/)[0] ?? 'syntax error').replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase()),
    offset,
  );
}

const plainYaml: Format = {
  async load() {
    parser ??= await import('yaml');
  },
  parse(text, file) {
    const { parseDocument } = loaded(parser);
    // The package takes a byte order mark as it is; a space in its place would be an indent.
    readable(text, file);
    const document = boundedStack(text, file, () => parseDocument(text, options));
    refuseSyntax(text, file, document);
    if (document.contents === null) throw invalid(text, file, 'it is empty', 0);
    return boundedStack(text, file, () => toDocument(document.contents, text));
  },
  quote,
  prepend(text, list, items) {
    const dash = list.items[0] === undefined ? undefined : dashOf(list.items[0]);
    if (dash === undefined) return brackets.prepend(text, list, items);
    const [first] = list.items;
    const gap = text.slice(dash + 1, first?.start ?? dash + 2);
    const space = /^ +$/.test(gap) ? gap : ' ';
    const next = `${lineEndOf(text, dash)}${' '.repeat(columnOf(text, dash))}`;
    return { offset: dash, length: 0, content: items.map((item) => `-${space}${item}${next}`).join('') };
  },
  dropFirst(text, property, count) {
    const { value: list } = property;
    const dash = list.items[0] === undefined ? undefined : dashOf(list.items[0]);
    if (dash === undefined) return brackets.dropFirst(text, property, count);
    const next = list.items[count];
    const nextDash = next === undefined ? undefined : dashOf(next);
    if (nextDash !== undefined) return { offset: dash, length: nextDash - dash, content: '' };
    // None is left: a block list cannot be empty, a flow one can.
    return flowList(property, []);
  },
  replaceList(text, property, items) {
    const isBlock = property.value.items[0] !== undefined && dashOf(property.value.items[0]) !== undefined;
    return isBlock ? flowList(property, items) : brackets.replaceList(text, property, items);
  },
  asItem(text, node, list) {
    const source = sourceOf(text, node);
    const isQuoted = /^["']/.test(source) && !/[\r\n]/.test(source);
    if (isQuoted) return source;
    const inFlow = list === undefined || list.items.length === 0 || isFlow(text, list);
    const isSafe = inFlow
      ? plainText.test(source) && !taken.test(source)
      : !/[\r\n]/.test(source) && !/^[|>]/.test(source);
    return isSafe ? source : JSON.stringify(String(node.value));
  },
  addList(text, owner, after, name, items) {
    if (isFlow(text, owner)) {
      const { lead } = brackets.styleOf(text, owner, after);
      return { offset: after.end, length: 0, content: `,${lead}${name}: [${items.join(', ')}]` };
    }
    const rest = /^[^\r\n]*/.exec(text.slice(after.end))?.[0].length ?? 0;
    const indent = ' '.repeat(columnOf(text, after.start));
    return {
      offset: after.end + rest,
      length: 0,
      content: `${lineEndOf(text, after.start)}${indent}${name}: [${items.join(', ')}]`,
    };
  },
  remove(text, owner, property) {
    if (isFlow(text, owner)) return brackets.removeFromBraces(text, owner, property);
    const index = owner.properties.indexOf(property);
    const next = owner.properties[index + 1];
    // The first of a block stands where the block begins (behind a dash, or in a list): what follows takes its place.
    if (index === 0)
      return [{ offset: property.start, length: (next?.start ?? property.end) - property.start, content: '' }];
    const lineStart = Math.max(text.lastIndexOf('\n', property.start - 1), text.lastIndexOf('\r', property.start - 1));
    const from = Math.max(lineStart - (text.slice(lineStart - 1, lineStart + 1) === '\r\n' ? 1 : 0), 0);
    return [{ offset: from, length: property.end - from, content: '' }];
  },
};

export const yaml = readOnce(plainYaml);

/** Block style counts columns; tabs cannot indent there. */
function columnOf(text: string, offset: number): number {
  const line = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  return offset - line || indentAt(text, offset).length;
}
