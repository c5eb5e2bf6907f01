/** JSON and JSON with comments (and commas at the end), read by jsonc-parser; strict JSON also by the clients' own parser. */
import { printParseErrorCode, visit, type ParseError } from 'jsonc-parser';
import { dropFirst, prepend, removeFromBraces, replaceList, styleOf } from './bracketed-lists.ts';
import {
  boundedStack,
  invalid,
  readOnce,
  refuseDuplicates,
  readable,
  refuseByteOrderMark,
  sourceOf,
  type DocumentNode,
  type DocumentProperty,
  type Format,
} from './document.ts';

const faults: Record<string, string> = {
  InvalidCommentToken: 'comments are not allowed in it',
  UnexpectedEndOfComment: 'a comment is not closed',
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

/** Reads by events and not by the parser's own tree, which a file of some megabytes would take twice. */
function read(text: string, comments: boolean): { root: DocumentNode | undefined; error: ParseError | undefined } {
  let root: DocumentNode | undefined;
  let error: ParseError | undefined;
  interface Open {
    node: DocumentNode & { properties: DocumentProperty[]; items: DocumentNode[] };
    property: { name: string; start: number; keyEnd: number } | undefined;
  }
  const open: Open[] = [];
  const make = (kind: DocumentNode['kind'], start: number, end: number, value: unknown): Open['node'] => ({
    kind,
    start,
    end,
    value,
    properties: [],
    items: [],
  });
  const begin = (kind: 'object' | 'list', start: number): void => {
    open.push({ node: make(kind, start, start, undefined), property: undefined });
  };
  const add = (node: DocumentNode): void => {
    const parent = open.at(-1);
    if (parent === undefined) {
      root ??= node;
    } else if (parent.node.kind === 'list') {
      parent.node.items.push(node);
    } else if (parent.property !== undefined) {
      parent.node.properties.push({ ...parent.property, end: node.end, value: node });
      parent.property = undefined;
    }
  };
  const end = (offset: number, length: number): void => {
    const closed = open.pop();
    if (closed === undefined) return;
    closed.node.end = offset + length;
    add(closed.node);
  };
  visit(
    text,
    {
      onObjectBegin: (offset) => begin('object', offset),
      onObjectEnd: end,
      onArrayBegin: (offset) => begin('list', offset),
      onArrayEnd: end,
      onObjectProperty(name, offset, length) {
        const parent = open.at(-1);
        if (parent !== undefined) parent.property = { name, start: offset, keyEnd: offset + length };
      },
      onLiteralValue: (value: unknown, offset, length) =>
        add(make(typeof value === 'string' ? 'string' : 'other', offset, offset + length, value)),
      onError(code, offset, length) {
        error ??= { error: code, offset, length };
      },
    },
    { disallowComments: !comments, allowTrailingComma: comments, allowEmptyContent: false },
  );
  return { root, error };
}

const space = new Set([0x20, 0x0a, 0x0d, 0x09]);
const literal = /[-+.\w]+/y;
const none: readonly never[] = [];

/**
 * The same tree, for text of which the clients' own parser has said that it is JSON: so it only has to be cut up, which is
 * several times quicker. Some clients keep megabytes of history beside their servers, and write them at every prompt.
 */
export function cutUp(text: string): DocumentNode {
  let at = 0;
  const skip = (): void => {
    while (space.has(text.charCodeAt(at))) at += 1;
  };
  const string = (): string => {
    const start = at;
    let end = text.indexOf('"', at + 1);
    if (!text.slice(start, end).includes('\\')) {
      at = end + 1;
      return text.slice(start + 1, end);
    }
    for (end = start + 1; text[end] !== '"'; end += 1) if (text[end] === '\\') end += 1;
    at = end + 1;
    return JSON.parse(text.slice(start, at)) as string;
  };
  /** Whether another one follows in a list or object, past the comma; at its end, past the bracket. */
  const follows = (): boolean => {
    skip();
    at += 1;
    return text[at - 1] === ',';
  };
  const value = (): DocumentNode => {
    skip();
    const start = at;
    switch (text[at]) {
      case '"': {
        const written = string();
        return { kind: 'string', start, end: at, value: written, properties: none, items: none };
      }
      case '{': {
        const properties: DocumentProperty[] = [];
        at += 1;
        skip();
        if (text[at] === '}') at += 1;
        else
          do {
            skip();
            const keyStart = at;
            const name = string();
            const keyEnd = at;
            skip();
            at += 1;
            const node = value();
            properties.push({ name, start: keyStart, keyEnd, end: node.end, value: node });
          } while (follows());
        return { kind: 'object', start, end: at, value: undefined, properties, items: none };
      }
      case '[': {
        const items: DocumentNode[] = [];
        at += 1;
        skip();
        if (text[at] === ']') at += 1;
        else
          do items.push(value());
          while (follows());
        return { kind: 'list', start, end: at, value: undefined, properties: none, items };
      }
      default: {
        literal.lastIndex = at;
        const word = literal.exec(text)?.[0] ?? '';
        at += word.length;
        return { kind: 'other', start, end: at, value: JSON.parse(word), properties: none, items: none };
      }
    }
  };
  return value();
}

function isJson(text: string): boolean {
  try {
    // The clients' own parser has the last word on what is JSON.
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function makeJson(comments: boolean): Format {
  return {
    // Every home has such files.
    load: () => Promise.resolve(),
    parse(text, file) {
      if (!comments) refuseByteOrderMark(text, file);
      const plain = readable(text, file);
      if (!comments && isJson(text)) {
        const root = boundedStack(text, file, () => cutUp(text));
        refuseDuplicates(root, text, file);
        return root;
      }
      const { root, error } = boundedStack(text, file, () => read(plain, comments));
      if (error !== undefined)
        throw invalid(text, file, faults[printParseErrorCode(error.error)] ?? 'syntax error', error.offset);
      if (root === undefined) throw invalid(text, file, 'it is empty', 0);
      if (!comments) throw invalid(text, file, 'it is not JSON', 0);
      refuseDuplicates(root, text, file);
      return root;
    },
    quote: (value) => JSON.stringify(value),
    prepend,
    dropFirst,
    replaceList,
    asItem: sourceOf,
    addList(text, owner, after, name, items) {
      const { link, lead } = styleOf(text, owner, after);
      const separator = /^\s*:\s*$/.test(link) ? link : ': ';
      return {
        offset: after.end,
        length: 0,
        content: `,${lead}${JSON.stringify(name)}${separator}[${items.join(', ')}]`,
      };
    },
    remove: removeFromBraces,
  };
}

export const json = readOnce(makeJson(false));
export const jsonWithComments = readOnce(makeJson(true));
