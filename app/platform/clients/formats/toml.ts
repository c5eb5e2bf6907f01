/**
 * TOML, read by toml-eslint-parser (it keeps the place of every key and value and refuses what is defined twice). Tables
 * that are written apart (`[a]`, `[a.b]`, `a.c = 1`) are put together; an entry that is not one stretch of text says so.
 */
import type * as Parser from 'toml-eslint-parser';
import type { AST } from 'toml-eslint-parser';
import { dropFirst, prepend, removeFromBraces, replaceList, styleOf } from './bracketed-lists.ts';
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
} from './document.ts';

let parser: typeof Parser | undefined;

interface OpenNode extends DocumentNode {
  properties: OpenProperty[];
  items: OpenNode[];
}
interface OpenProperty extends DocumentProperty {
  value: OpenNode;
}

function open(kind: DocumentNode['kind'], start: number, end: number): OpenNode {
  return { kind, start, end, value: undefined, properties: [], items: [] };
}

function toDocument(node: AST.TOMLContentNode): OpenNode {
  const [start, end] = node.range;
  if (node.type === 'TOMLArray') return { ...open('list', start, end), items: node.elements.map(toDocument) };
  if (node.type === 'TOMLInlineTable') {
    const table = open('object', start, end);
    for (const pair of node.body) addPair(table, pair);
    return table;
  }
  const value: unknown = node.kind === 'string' ? node.value : String(node.value);
  const isWord = node.kind === 'boolean' || node.kind === 'integer' || node.kind === 'float';
  return { ...open(node.kind === 'string' ? 'string' : 'other', start, end), value: isWord ? node.value : value };
}

function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

/** The table below `parent` called `name`, made where it is not there yet. */
function descend(parent: OpenNode, name: string, place: { start: number; end: number; keyEnd: number }): OpenNode {
  const found = parent.properties.find((property) => property.name === name);
  if (found === undefined) {
    const value = open('object', place.start, place.end);
    parent.properties.push({ name, ...place, value });
    return value;
  }
  if (found.value.kind === 'list') return found.value.items.at(-1) ?? found.value;
  return found.value;
}

function addPair(table: OpenNode, pair: AST.TOMLKeyValue): void {
  const [start, end] = pair.range;
  const names = pair.key.keys;
  let parent = table;
  for (const key of names.slice(0, -1)) {
    const name = keyName(key);
    const before = parent.properties.find((property) => property.name === name);
    parent = descend(parent, name, { start, end, keyEnd: pair.key.range[1] });
    // `a.b = 1` on several lines: the lines may stand apart.
    if (before !== undefined) {
      before.end = end;
      parent.end = end;
    }
    parent.scattered = true;
  }
  const last = names.at(-1);
  if (last === undefined) return;
  parent.properties.push({ name: keyName(last), start, end, keyEnd: pair.key.range[1], value: toDocument(pair.value) });
}

function addTable(root: OpenNode, table: AST.TOMLTable, text: string): void {
  const [start] = table.range;
  const end = blockEnd(text, table.range[1]);
  const place = { start, end, keyEnd: table.key.range[1] };
  const names = table.key.keys.map(keyName);
  let node = root;
  for (const name of names.slice(0, -1)) node = descend(node, name, place);
  const name = names.at(-1) ?? '';
  let target: OpenNode;
  if (table.kind === 'array') {
    let property = node.properties.find((each) => each.name === name);
    if (property === undefined) {
      property = { name, ...place, value: open('list', start, end) };
      node.properties.push(property);
    }
    target = open('object', start, end);
    property.value.items.push(target);
  } else {
    const before = node.properties.find((each) => each.name === name);
    target = descend(node, name, place);
    if (before !== undefined) {
      // Its sub-tables came first: from here on this is its own text.
      Object.assign(before, place);
      Object.assign(target, { start, end });
    }
  }
  for (const pair of table.body) addPair(target, pair);
}

/** JSON's escapes are all known to TOML, which also wants the delete character escaped. */
function quote(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
}

function isInline(text: string, owner: DocumentNode): boolean {
  return text[owner.start] === '{';
}

const plainToml: Format = {
  async load() {
    parser ??= await import('toml-eslint-parser');
  },
  parse(text, file) {
    const { parseTOML } = loaded(parser);
    const plain = readable(text, file);
    let program: AST.TOMLProgram;
    try {
      program = boundedStack(text, file, () => parseTOML(plain, { tomlVersion: '1.0' }));
    } catch (error) {
      if (!(error instanceof Error) || !('index' in error)) throw error;
      const offset = Math.min(Number(error.index), text.length);
      const isTwice = error.message.includes('multiple times');
      if (isTwice) throw duplicate(text, file, /^[\w"'.-]*/.exec(text.slice(offset))?.[0] ?? '', offset);
      throw invalid(text, file, error.message.charAt(0).toLowerCase() + error.message.slice(1), offset);
    }
    const root = open('object', 0, text.length);
    for (const item of program.body[0].body) {
      if (item.type === 'TOMLTable') addTable(root, item, text);
      else addPair(root, item);
    }
    return root;
  },
  quote,
  prepend,
  dropFirst,
  replaceList,
  asItem: sourceOf,
  addList(text, owner, after, name, items) {
    const { link, lead } = styleOf(text, owner, after);
    const list = `${name}${/^[ \t]*=[ \t]*$/.test(link) ? link : ' = '}[${items.join(', ')}]`;
    if (isInline(text, owner)) return { offset: after.end, length: 0, content: `,${lead}${list}` };
    // Behind what may still stand on the line: a comment belongs to the key before.
    const rest = /^[^\r\n]*/.exec(text.slice(after.end))?.[0].length ?? 0;
    return {
      offset: after.end + rest,
      length: 0,
      content: `${lineEndOf(text, after.start)}${indentAt(text, after.start)}${list}`,
    };
  },
  remove(text, owner, property) {
    if (isInline(text, owner)) return removeFromBraces(text, owner, property);
    const lineStart = Math.max(text.lastIndexOf('\n', property.start - 1), text.lastIndexOf('\r', property.start - 1));
    const from = Math.max(lineStart - (text.slice(lineStart - 1, lineStart + 1) === '\r\n' ? 1 : 0), 0);
    return [{ offset: from, length: property.end - from, content: '' }];
  },
};

export const toml = readOnce(plainToml);
