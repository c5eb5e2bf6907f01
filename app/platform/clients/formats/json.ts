/** JSON and JSON with comments (and commas at the end), read by jsonc-parser; strict JSON also by the clients' own parser. */
import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { dropFirst, prepend, removeFromBraces, replaceList, styleOf } from './bracketed-lists.ts';
import {
  boundedStack,
  invalid,
  refuseDuplicates,
  refuseUnreadable,
  sourceOf,
  type DocumentNode,
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

function toDocument(node: Node): DocumentNode {
  const base = { start: node.offset, end: node.offset + node.length, value: undefined, properties: [], items: [] };
  const children = node.children ?? [];
  if (node.type === 'array') return { ...base, kind: 'list', items: children.map(toDocument) };
  if (node.type !== 'object') return { ...base, kind: node.type === 'string' ? 'string' : 'other', value: node.value };
  const properties = children.flatMap((property) => {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) return [];
    return [
      {
        name: String(key.value),
        start: property.offset,
        end: property.offset + property.length,
        keyEnd: key.offset + key.length,
        value: toDocument(value),
      },
    ];
  });
  return { ...base, kind: 'object', properties };
}

function makeJson(comments: boolean): Format {
  return {
    parse(text, file) {
      refuseUnreadable(text, file);
      const errors: ParseError[] = [];
      const options = { disallowComments: !comments, allowTrailingComma: comments, allowEmptyContent: false };
      const root = boundedStack(text, file, () => parseTree(text, errors, options));
      const first = errors[0];
      if (first !== undefined)
        throw invalid(text, file, faults[printParseErrorCode(first.error)] ?? 'syntax error', first.offset);
      if (root === undefined) throw invalid(text, file, 'it is empty', 0);
      if (!comments) {
        try {
          // The clients' own parser has the last word on what is JSON.
          JSON.parse(text);
        } catch {
          throw invalid(text, file, 'it is not JSON', 0);
        }
      }
      const document = boundedStack(text, file, () => toDocument(root));
      refuseDuplicates(document, text, file);
      return document;
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

export const json = makeJson(false);
export const jsonWithComments = makeJson(true);
