/**
 * Lists between brackets, as JSON, TOML and YAML's flow style write them: strings put before the first item and taken away
 * again. What is added never holds a comment, also where one stands between the items that are there.
 */
import {
  indentAt,
  lineEndOf,
  startsLine,
  type DocumentNode,
  type DocumentProperty,
  type TextEdit,
} from './document.ts';

/** What stands between two items; without comments. */
function separator(text: string, list: DocumentNode): string {
  const [first, second] = list.items;
  if (first === undefined) return ', ';
  if (second !== undefined) {
    const between = text.slice(first.end, second.start);
    if (/^\s*,\s*$/.test(between)) return between;
  }
  const lead = text.slice(list.start + 1, first.start);
  if (/^\s*$/.test(lead)) return /[\r\n]/.test(lead) ? `,${lead}` : ', ';
  return startsLine(text, first.start) ? `,${lineEndOf(text, first.start)}${indentAt(text, first.start)}` : ', ';
}

export function prepend(text: string, list: DocumentNode, items: readonly string[]): TextEdit {
  const [first] = list.items;
  if (first === undefined) return { offset: list.start + 1, length: 0, content: items.join(', ') };
  const between = separator(text, list);
  return { offset: first.start, length: 0, content: items.map((item) => item + between).join('') };
}

export function dropFirst(_text: string, { value: list }: DocumentProperty, count: number): TextEdit {
  const first = list.items[0];
  const next = list.items[count];
  const last = list.items[count - 1];
  if (first === undefined || last === undefined) return { offset: list.start + 1, length: 0, content: '' };
  return { offset: first.start, length: (next?.start ?? last.end) - first.start, content: '' };
}

export function replaceList(_text: string, { value }: DocumentProperty, items: readonly string[]): TextEdit {
  return { offset: value.start, length: value.end - value.start, content: `[${items.join(', ')}]` };
}

/** What stands between a key and its value, and the line break and indent before a property that follows on another. */
export function styleOf(text: string, owner: DocumentNode, property: DocumentProperty): { link: string; lead: string } {
  const index = owner.properties.indexOf(property);
  const previous = owner.properties[index - 1];
  const link = text.slice(property.keyEnd, property.value.start);
  const between = text.slice(previous === undefined ? owner.start + 1 : previous.end, property.start);
  const lead = between.replace(/^[^,]*,/, '');
  if (/^\s*$/.test(lead)) {
    // In an entry on one line the first property often stands right after the brace, and the others after a space.
    return { link, lead: previous === undefined && !/[\r\n]/.test(lead) ? ' ' : lead };
  }
  return {
    link,
    lead: startsLine(text, property.start) ? lineEndOf(text, property.start) + indentAt(text, property.start) : ' ',
  };
}

/** Removes a property from between braces with the comma that belongs to it; comments around it stay. */
export function removeFromBraces(text: string, owner: DocumentNode, property: DocumentProperty): TextEdit[] {
  const index = owner.properties.indexOf(property);
  const previous = owner.properties[index - 1];
  const next = owner.properties[index + 1];
  const cut = (start: number, end: number): TextEdit => ({ offset: start, length: end - start, content: '' });
  if (previous === undefined) return [cut(property.start, next?.start ?? property.end)];
  const between = text.slice(previous.end, property.start);
  if (/^\s*,\s*$/.test(between)) return [cut(previous.end, property.end)];
  const comma = previous.end + commaAt(between);
  return [cut(comma, comma + 1), cut(property.start, property.end)];
}

/** Where the comma is that no comment holds. */
function commaAt(between: string): number {
  const bare = between.replace(/\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|#[^\r\n]*/g, (comment) => ' '.repeat(comment.length));
  return bare.indexOf(',');
}
