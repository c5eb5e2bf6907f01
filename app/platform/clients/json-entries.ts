/**
 * Entries of the form that most clients share: a map `name: { command, args, env }` somewhere in a strict JSON file. Reads
 * them, and edits one in place: only the text of its `command` and `args` changes.
 *
 * `unwrap` is the exact inverse of `wrap`, down to the spaces, as long as nobody else edited the entry; and because it needs
 * nothing but the text, any number of entries of a file can be wrapped and released in any order.
 */
import type { Node } from 'jsonc-parser';
import { BelljarError } from '#contract/errors.ts';
import type { CannotReason } from '#contract/words.ts';
import type { ConfiguredEntry, EntryPath } from '#domain/entry.ts';
import { mask, maskArguments, maskText, maskVariable } from '#domain/mask.ts';
import { wrapArguments } from '#domain/wrapping.ts';
import {
  applyEdits,
  endOf,
  findValue,
  parseJson,
  placeOf,
  propertiesOf,
  propertyOf,
  sourceOf,
  stringsOf,
  type Property,
  type TextEdit,
} from './json-text.ts';

export interface JsonMap {
  path: EntryPath;
  scope: string;
}

/** Keys that make an entry a remote one. */
const addressKeys = ['url', 'serverUrl', 'httpUrl', 'uri'];
const remoteTypes = new Set(['http', 'sse', 'ws', 'websocket', 'streamable-http', 'streamableHttp', 'streamable_http']);
const localTypes = new Set(['stdio', 'local']);

export interface EntryForm {
  client: string;
  file: string;
  /** Keys that mark an entry as the client's own. */
  clientManagedKeys?: readonly string[];
}

/** Every entry of the maps. Throws `config-invalid` where a map itself is not of the documented form. */
export function readJsonEntries(
  text: string,
  root: Node,
  maps: readonly JsonMap[],
  form: EntryForm,
): ConfiguredEntry[] {
  return maps.flatMap(({ path, scope }) => {
    const map = findValue(root, path);
    if (map === undefined) return [];
    if (map.type !== 'object')
      throw new BelljarError('config-invalid', {
        file: form.file,
        at: placeOf(text, map.offset),
        params: { detail: `"${path.join('.')}" is not an object` },
      });
    return propertiesOf(map).map((property) => readEntry(text, property, path, scope, form));
  });
}

function readEntry(text: string, property: Property, path: EntryPath, scope: string, form: EntryForm): ConfiguredEntry {
  const { value } = property;
  const base = {
    client: form.client,
    scope,
    name: property.name,
    file: form.file,
    path: [...path, property.name],
    text: sourceOf(text, value),
  };
  const command = propertyOf(value, 'command')?.value;
  const args = propertyOf(value, 'args')?.value;
  const env = propertyOf(value, 'env')?.value;
  const strings = args === undefined ? [] : stringsOf(args);
  const variables = env === undefined ? {} : variablesOf(env);
  const commandText = command?.type === 'string' ? String(command.value) : null;
  const reason = formReason(value, command, strings, variables, form);
  return {
    ...base,
    command: commandText === '' ? null : commandText,
    args: strings ?? [],
    hasArgs: args !== undefined,
    env: variables ?? {},
    ...(reason === null ? {} : { cannot: { reason } }),
  };
}

function formReason(
  value: Node,
  command: Node | undefined,
  args: readonly string[] | null,
  env: Readonly<Record<string, string>> | null,
  form: EntryForm,
): CannotReason | null {
  if (value.type !== 'object') return 'bad-entry';
  if ((form.clientManagedKeys ?? []).some((key) => propertyOf(value, key) !== undefined)) return 'client-managed';
  const type = propertyOf(value, 'type')?.value;
  const typeName: unknown = type?.type === 'string' ? type.value : undefined;
  const hasAddress = addressKeys.some((key) => propertyOf(value, key) !== undefined);
  if (typeof typeName === 'string' && remoteTypes.has(typeName)) return 'remote';
  if (hasAddress && command === undefined) return 'remote';
  if (type !== undefined && !(typeof typeName === 'string' && localTypes.has(typeName))) return 'bad-entry';
  // Both an address and a command: which of the two the client takes is not said anywhere.
  if (hasAddress && type === undefined) return 'bad-entry';
  if (command === undefined) return 'no-command';
  if (command.type !== 'string' || args === null || env === null) return 'bad-entry';
  const commandText = String(command.value);
  if (commandText.trim() === '') return 'no-command';
  return [commandText, ...args].some((part) => part.includes('\0')) ? 'bad-entry' : null;
}

function variablesOf(node: Node): Record<string, string> | null {
  if (node.type !== 'object') return null;
  const pairs = propertiesOf(node).map(({ name, value }): [string, unknown] => [
    name,
    value.type === 'string' ? value.value : null,
  ]);
  return pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')
    ? Object.fromEntries(pairs)
    : null;
}

/** The parts of an entry that an edit needs; the caller has read the entry from the same text before. */
function partsOf(text: string, path: EntryPath): { entry: Node; command: Property; args: Property | undefined } {
  const entry = findValue(parseJson(text, ''), path);
  const command = entry === undefined ? undefined : propertyOf(entry, 'command');
  if (entry === undefined || command === undefined) throw new BelljarError('config-changed');
  return { entry, command, args: propertyOf(entry, 'args') };
}

/** What stands between a key's colon and its value, and the line break and indent before a property. */
function styleOf(text: string, entry: Node, property: Property): { colon: string; lead: string } {
  const siblings = propertiesOf(entry);
  const index = siblings.findIndex((sibling) => sibling.node.offset === property.node.offset);
  const previous = siblings[index - 1];
  const between = text.slice(previous === undefined ? entry.offset + 1 : endOf(previous.value), property.node.offset);
  const lead = between.replace(/^[^,]*,/, '');
  return {
    colon: text.slice(endOf(property.key), property.value.offset),
    // In an entry on one line the first property often stands right after the brace, and the others after a space.
    lead: previous === undefined && !/[\r\n]/.test(lead) ? ' ' : lead,
  };
}

/** The text of new elements, in the style in which the array is written. */
function elementsBefore(text: string, array: Node, elements: readonly string[]): TextEdit {
  const children = array.children ?? [];
  const [first, second] = children;
  if (first === undefined) return { offset: array.offset + 1, length: 0, content: elements.join(', ') };
  const lead = text.slice(array.offset + 1, first.offset);
  const separator =
    second === undefined ? (/[\r\n]/.test(lead) ? `,${lead}` : ', ') : text.slice(endOf(first), second.offset);
  return { offset: first.offset, length: 0, content: elements.map((element) => element + separator).join('') };
}

/** Command and arguments become the launcher's; the old command moves into the arguments as the very text it was. */
export function wrapJsonEntry(text: string, path: EntryPath, launcher: string, id: string): string {
  const { entry, command, args } = partsOf(text, path);
  const added = [...wrapArguments(id).map((part) => JSON.stringify(part)), sourceOf(text, command.value)];
  const edits: TextEdit[] = [
    { offset: command.value.offset, length: command.value.length, content: JSON.stringify(launcher) },
  ];
  if (args === undefined) {
    const { colon, lead } = styleOf(text, entry, command);
    edits.push({ offset: endOf(command.value), length: 0, content: `,${lead}"args"${colon}[${added.join(', ')}]` });
  } else {
    edits.push(elementsBefore(text, args.value, added));
  }
  return applyEdits(text, edits);
}

export function unwrapJsonEntry(text: string, path: EntryPath, dropArgs: boolean): string {
  const { entry, command, args } = partsOf(text, path);
  const children = args?.value.children ?? [];
  const original = children[wrapArguments('').length];
  const first = children[0];
  if (args === undefined || original === undefined || first === undefined) throw new BelljarError('config-changed');
  const edits: TextEdit[] = [
    { offset: command.value.offset, length: command.value.length, content: sourceOf(text, original) },
  ];
  const next = children[wrapArguments('').length + 1];
  if (next === undefined && dropArgs) edits.push(removal(entry, args));
  else edits.push({ offset: first.offset, length: (next?.offset ?? endOf(original)) - first.offset, content: '' });
  return applyEdits(text, edits);
}

/** Removes a property with the comma that belongs to it. */
function removal(entry: Node, property: Property): TextEdit {
  const siblings = propertiesOf(entry);
  const index = siblings.findIndex((sibling) => sibling.node.offset === property.node.offset);
  const previous = siblings[index - 1];
  const next = siblings[index + 1];
  const start = previous === undefined ? property.node.offset : endOf(previous.value);
  const end = previous === undefined && next !== undefined ? next.node.offset : endOf(property.value);
  return { offset: start, length: end - start, content: '' };
}

export function restoreJsonEntry(text: string, path: EntryPath, entryText: string): string {
  const entry = findValue(parseJson(text, ''), path);
  if (entry === undefined) throw new BelljarError('config-changed');
  return applyEdits(text, [{ offset: entry.offset, length: entry.length, content: entryText }]);
}

export function setJsonLaunch(
  text: string,
  path: EntryPath,
  launch: { command: string; args: readonly string[] | null },
): string {
  const { entry, command, args } = partsOf(text, path);
  const edits: TextEdit[] = [
    { offset: command.value.offset, length: command.value.length, content: JSON.stringify(launch.command) },
  ];
  const list = `[${(launch.args ?? []).map((part) => JSON.stringify(part)).join(', ')}]`;
  if (args !== undefined && launch.args === null) {
    edits.push(removal(entry, args));
  } else if (args !== undefined) {
    edits.push({ offset: args.value.offset, length: args.value.length, content: list });
  } else if (launch.args !== null) {
    const { colon, lead } = styleOf(text, entry, command);
    edits.push({ offset: endOf(command.value), length: 0, content: `,${lead}"args"${colon}${list}` });
  }
  return applyEdits(text, edits);
}

/** An entry's text as it may be shown: variables and headers without values, arguments and addresses without secrets. */
export function maskJsonEntry(entryText: string): string {
  let root: Node;
  try {
    root = parseJson(entryText, '');
  } catch {
    return mask;
  }
  const edits: TextEdit[] = [];
  const show = (node: Node, shown: string): void => {
    if (shown !== node.value) edits.push({ offset: node.offset, length: node.length, content: JSON.stringify(shown) });
  };
  const walk = (node: Node, hidden: boolean): void => {
    if (node.type === 'string') {
      show(node, hidden ? maskVariable(String(node.value)) : maskText(String(node.value)));
      return;
    }
    if (hidden && node.type !== 'object' && node.type !== 'array') {
      edits.push({ offset: node.offset, length: node.length, content: JSON.stringify(mask) });
      return;
    }
    if (node.type === 'object') for (const property of propertiesOf(node)) walk(property.value, hidden);
    else for (const child of node.children ?? []) walk(child, hidden);
  };
  for (const { name, value } of propertiesOf(root)) {
    const args = name === 'args' ? stringsOf(value) : null;
    if (args === null) {
      walk(value, /^(?:env|headers|oauth|auth|userConfig)$/i.test(name));
      continue;
    }
    const shown = maskArguments(args);
    (value.children ?? []).forEach((child, index) => show(child, shown[index] ?? mask));
  }
  return applyEdits(entryText, edits);
}
