/**
 * Entries: how a server's start stands in a document, whatever its format. A few shapes cover all clients: a map or list of
 * entries with a command and its arguments, one list that holds both, an extension's manifest with parts for single systems.
 *
 * An edit changes the text of command and arguments alone. `unwrap` needs nothing but the text, so any number of entries of a
 * file can be wrapped and released in any order; it is the inverse of `wrap` to the byte, except where a format makes a
 * string be written otherwise inside a list (then the journal's text is what brings it back).
 */
import { BelljarError } from '#contract/errors.ts';
import type { ConfiguredEntry, EntryPath, Obstacle, StringPlace } from '#domain/entry.ts';
import { mask, maskArguments, maskText, maskVariable } from '#domain/mask.ts';
import { readWrapping, wrapArguments } from '#domain/wrapping.ts';
import {
  applyEdits,
  findValue,
  indentAt,
  placeOf,
  plainValue,
  propertyOf,
  sourceOf,
  stringOf,
  stringsOf,
  type DocumentNode,
  type DocumentProperty,
  type Format,
  type TextEdit,
} from './formats/document.ts';

/** How one entry names what it starts. */
export interface EntryFields {
  command: string;
  /** Null where one list under `command` holds command and arguments. */
  args: string | null;
  env: string;
  /** Below this key, by the system's name in manifests, stands what replaces the fields above. */
  overrides?: string;
}

export const usualFields: EntryFields = { command: 'command', args: 'args', env: 'env' };
export const oneListFields: EntryFields = { command: 'command', args: null, env: 'environment' };

/** A place in a document where entries stand. */
export interface EntryMap {
  path: EntryPath;
  /** `map`: names are keys. `list`: each item has a `name`. `single`: the place itself is one entry. */
  kind: 'map' | 'list' | 'single';
  fields: EntryFields;
  /** Goes before the file's own scope where one file holds several maps with the same names. */
  scope?: string;
  /** The name of a single entry. */
  name?: string;
  /** Of a file whose whole text may be the map: values that are no objects are no entries. */
  lenient?: true;
  /** Entries of a map that another one names. */
  skip?: (entry: DocumentNode) => boolean;
  obstacle?: Obstacle;
}

export interface EntryContext {
  client: string;
  scope: string;
  file: string;
  /** As manifests name it: `linux`, `darwin`, `win32`. */
  system: string;
  /** Keys that mark an entry as the client's own. */
  clientManagedKeys: readonly string[];
  /** Types of entries that the client runs in itself. */
  builtInTypes: readonly string[];
}

/** Keys that make an entry a remote one. */
const addressKeys = ['url', 'serverUrl', 'httpUrl', 'uri'];
const remoteTypes = new Set([
  'http',
  'sse',
  'ws',
  'websocket',
  'remote',
  'streamable-http',
  'streamableHttp',
  'streamable_http',
]);
const localTypes = new Set(['stdio', 'local']);
const headerKeys = ['headers', 'http_headers', 'env_http_headers'];
const approvalKeys = ['autoApprove', 'alwaysAllow', 'always_allow', 'trust', 'default_tools_approval_mode'];

/** Where command and arguments of an entry are written. */
interface Site {
  owner: DocumentNode;
  command: DocumentProperty | undefined;
  args: DocumentProperty | undefined;
  argsName: string | null;
}

function siteOf(owner: DocumentNode, fields: EntryFields): Site {
  const command = propertyOf(owner, fields.command);
  if (fields.args === null) return { owner, command, args: undefined, argsName: null };
  // An older form nests both below the command.
  if (command?.value.kind === 'object')
    return siteOf(command.value, { command: 'path', args: 'args', env: fields.env });
  return { owner, command, args: propertyOf(owner, fields.args), argsName: fields.args };
}

interface Launching {
  base: Site;
  /** What this system's part replaces; null where there is none. */
  override: Site | null;
}

function launchingOf(entry: DocumentNode, fields: EntryFields, system: string): Launching {
  const base = siteOf(entry, fields);
  if (fields.overrides === undefined) return { base, override: null };
  const part = findValue(entry, [fields.overrides, system]);
  if (part?.kind !== 'object') return { base, override: null };
  const override = siteOf(part, fields);
  return { base, override: override.command === undefined && override.args === undefined ? null : override };
}

interface Written {
  command: string | null;
  args: readonly string[];
  hasArgs: boolean;
  /** False where something has another form than a command and a list of strings. */
  isSound: boolean;
}

function readSite(site: Site, base: Site = site): Written {
  const command = site.command ?? base.command;
  const args = site.args ?? base.args;
  if (site.argsName === null) {
    const strings = command === undefined ? [] : stringsOf(command.value);
    return { command: strings?.[0] ?? null, args: strings?.slice(1) ?? [], hasArgs: true, isSound: strings !== null };
  }
  const strings = args === undefined ? [] : stringsOf(args.value);
  return {
    command: stringOf(command?.value) ?? null,
    args: strings ?? [],
    hasArgs: args !== undefined,
    isSound: strings !== null && (command === undefined || command.value.kind === 'string'),
  };
}

/** Every entry of the maps. Throws `config-invalid` where a map itself is not of the documented form. */
export function readEntries(
  text: string,
  root: DocumentNode,
  maps: readonly EntryMap[],
  context: EntryContext,
): ConfiguredEntry[] {
  return maps.flatMap((map) => {
    const place = findValue(root, map.path);
    if (place === undefined) return [];
    const isEmpty =
      place.kind === 'other' && (place.value === null || place.value === undefined) && place.shared !== true;
    if (isEmpty) return [];
    if (place.kind !== (map.kind === 'list' ? 'list' : 'object'))
      throw new BelljarError('config-invalid', {
        file: context.file,
        at: placeOf(text, place.start),
        params: { detail: `"${map.path.join('.')}" is not ${map.kind === 'list' ? 'a list' : 'an object'}` },
      });
    const scope = map.scope === undefined ? context.scope : map.scope;
    if (map.kind === 'single') return [readEntry(text, map.name ?? '', place, map.path, { ...context, scope }, map)];
    const named =
      map.kind === 'map'
        ? place.properties.map(({ name, value }) => ({ name, value, step: name as string | number }))
        : place.items.map((value, step) => ({
            name: stringOf(findValue(value, ['name'])) ?? `#${(step + 1).toString()}`,
            value,
            step: step as string | number,
          }));
    return named
      .filter(({ value }) => (map.lenient !== true || value.kind === 'object') && map.skip?.(value) !== true)
      .map(({ name, value, step }) => readEntry(text, name, value, [...map.path, step], { ...context, scope }, map));
  });
}

function readEntry(
  text: string,
  name: string,
  value: DocumentNode,
  path: EntryPath,
  context: EntryContext,
  map: EntryMap,
): ConfiguredEntry {
  const { fields } = map;
  const launching = launchingOf(value, fields, context.system);
  const written = readSite(launching.override ?? launching.base, launching.base);
  const env = variablesOf(value, launching, fields, context.system);
  const reason = map.obstacle ?? formObstacle(value, launching, written, env !== null, context);
  return {
    client: context.client,
    scope: context.scope,
    name,
    file: context.file,
    path,
    text: sourceOf(text, value),
    range: { start: value.start, end: value.end },
    rest: restOf(value, fields, context.system),
    command: written.command === '' ? null : written.command,
    args: written.args,
    hasArgs: written.hasArgs,
    env: env ?? {},
    autoApprove: approvesAlone(value),
    headers: headerKeys.flatMap((key) => propertyOf(value, key)?.value.properties.map((header) => header.name) ?? []),
    exposed: exposedIn(value),
    ...(reason === null ? {} : { cannot: reason }),
  };
}

/** Where an entry that is reached over the network holds a secret itself; one that is only named by a variable is none. */
function exposedIn(entry: DocumentNode): string[] {
  const isWritten = (text: string): boolean => !/\$\{[^}]*\}|\$[A-Za-z_]|\{(?:env|file):/.test(text);
  const headers = ['headers', 'http_headers']
    .flatMap((key) => propertyOf(entry, key)?.value.properties ?? [])
    .filter(({ name, value }) => {
      const text = stringOf(value) ?? '';
      const line = `${name}: ${text}`;
      return text !== '' && isWritten(text) && maskArguments([line])[0] !== line;
    });
  const addresses = addressKeys.flatMap((key) => stringOf(propertyOf(entry, key)?.value) ?? []);
  const isOpen = addresses.some((text) => isWritten(text) && maskText(text) !== text);
  return [...headers.map(({ name }) => name), ...(isOpen ? ['its address'] : [])];
}

function approvesAlone(entry: DocumentNode): boolean {
  return approvalKeys.some((key) => {
    const value = propertyOf(entry, key)?.value;
    if (value === undefined) return false;
    if (value.kind === 'list') return value.items.length > 0;
    return value.value === true || value.value === 'approve' || value.value === 'auto';
  });
}

/** What an entry says besides its start. */
function restOf(entry: DocumentNode, fields: EntryFields, system: string): string {
  const { base, override } = launchingOf(entry, fields, system);
  const own = new Set<DocumentProperty | undefined>([base.command, base.args, override?.command, override?.args]);
  const keep = (node: DocumentNode): unknown =>
    node.kind === 'object'
      ? node.properties.filter((property) => !own.has(property)).map(({ name, value }) => [name, keep(value)])
      : plainValue(node);
  return JSON.stringify(keep(entry));
}

function formObstacle(
  entry: DocumentNode,
  launching: Launching,
  written: Written,
  hasSoundEnv: boolean,
  context: EntryContext,
): Obstacle | null {
  if (entry.kind !== 'object') return { reason: 'bad-entry' };
  if (context.clientManagedKeys.some((key) => propertyOf(entry, key) !== undefined))
    return { reason: 'client-managed' };
  const type = propertyOf(entry, 'type')?.value;
  const typeName = stringOf(type);
  const command = launching.override?.command ?? launching.base.command;
  const hasAddress = addressKeys.some((key) => {
    const value = propertyOf(entry, key)?.value;
    return value !== undefined && stringOf(value) !== '' && value.value !== null;
  });
  if (typeName !== undefined && remoteTypes.has(typeName)) return { reason: 'remote' };
  if (typeName !== undefined && context.builtInTypes.includes(typeName)) return { reason: 'client-managed' };
  const isBare = command === undefined || stringOf(command.value) === '';
  if (hasAddress && isBare) return { reason: 'remote' };
  if (type !== undefined && !(typeName !== undefined && localTypes.has(typeName))) return { reason: 'bad-entry' };
  // Both an address and a command: which of the two the client takes is not said anywhere.
  if (hasAddress && type === undefined) return { reason: 'bad-entry' };
  if (command === undefined) return { reason: 'no-command' };
  if (!written.isSound || !hasSoundEnv) return { reason: 'bad-entry' };
  if (written.command === null || written.command.trim() === '') return { reason: 'no-command' };
  if ([written.command, ...written.args].some((part) => part.includes('\0'))) return { reason: 'bad-entry' };
  if (isSandboxed(entry))
    return {
      reason: 'other-sandbox',
      sentence:
        'Its client is set to run it in a sandbox of its own (sandboxEnabled), and one inside the other may not start.',
      remedy: 'Leave it to that sandbox, or turn sandboxEnabled off and contain it here.',
    };
  return placeObstacle(entry, launching);
}

/** VS Code's own sandbox for one server. */
function isSandboxed(entry: DocumentNode): boolean {
  return propertyOf(entry, 'sandboxEnabled')?.value.value === true;
}

/** Text that an edit of this entry alone could not exchange. */
function placeObstacle(entry: DocumentNode, { base, override }: Launching): Obstacle | null {
  const values = [base, override].flatMap((site) => [site?.command?.value, site?.args?.value]);
  const parts = values.flatMap((value) => (value === undefined ? [] : [value, ...value.items]));
  if (entry.shared === true || parts.some((part) => part.shared === true))
    return {
      reason: 'bad-entry',
      sentence:
        'Its command or arguments are written with an anchor, an alias, a tag or as a block of text, which an edit would spoil.',
      remedy: 'Write command and arguments out as plain strings.',
    };
  if (entry.scattered === true)
    return {
      reason: 'bad-entry',
      sentence: 'Its settings are written as single keys with dots, which may stand apart in the file.',
      remedy: 'Write it as a table of its own.',
    };
  return null;
}

/** Where an entry's variables are written, the later counting over the earlier. */
function variableMaps(entry: DocumentNode, launching: Launching, fields: EntryFields, system: string): DocumentNode[] {
  const part = fields.overrides === undefined ? undefined : findValue(entry, [fields.overrides, system]);
  return [
    propertyOf(entry, fields.env)?.value,
    launching.base.owner === entry ? undefined : propertyOf(launching.base.owner, fields.env)?.value,
    part === undefined ? undefined : propertyOf(part, fields.env)?.value,
  ].filter((node) => node !== undefined);
}

/** Variables may be written as numbers or booleans where the format has them; null where one is neither. */
function variablesOf(
  entry: DocumentNode,
  launching: Launching,
  fields: EntryFields,
  system: string,
): Record<string, string> | null {
  const variables: [string, string][] = [];
  for (const node of variableMaps(entry, launching, fields, system)) {
    if (node.value === null && node.kind === 'other' && node.shared !== true) continue;
    if (node.kind !== 'object' || node.shared === true) return null;
    for (const { name, value } of node.properties) {
      // VS Code takes a variable away by null; others take numbers and booleans as they are written.
      if (value.kind === 'other' && value.value === null) continue;
      const isScalar = value.kind === 'string' || ['number', 'boolean', 'bigint'].includes(typeof value.value);
      if (!isScalar) return null;
      variables.push([name, String(value.value)]);
    }
  }
  return Object.fromEntries(variables);
}

/** The entry at a path; the caller has read it from the same text before. */
function entryAt(format: Format, text: string, file: string, path: EntryPath): DocumentNode {
  const entry = findValue(format.parse(text, file), path);
  if (entry === undefined) throw new BelljarError('config-changed');
  return entry;
}

/** Sets a site's command, and puts the launcher's arguments and the old command before its arguments. */
function wrapSite(
  format: Format,
  text: string,
  site: Site,
  launcher: string,
  id: string,
  inherited: Site | null,
): TextEdit[] {
  const prefix = wrapArguments(id);
  if (site.argsName === null) {
    const list = site.command?.value;
    if (list === undefined) return [];
    return [
      format.prepend(
        text,
        list,
        [launcher, ...prefix].map((part) => format.quote(part)),
      ),
    ];
  }
  const command = site.command ?? inherited?.command;
  if (command === undefined) return [];
  const list = site.args?.value;
  const moved = format.asItem(text, command.value, list);
  const added = [...prefix.map((part) => format.quote(part)), moved];
  const edits: TextEdit[] = [];
  if (site.command !== undefined) {
    const { start, end } = site.command.value;
    edits.push({
      offset: start,
      length: end - start,
      content: format.quote(launcher, sourceOf(text, site.command.value)),
    });
  }
  if (list !== undefined) {
    edits.push(format.prepend(text, list, added));
  } else if (site.command !== undefined) {
    const kept = inherited?.args?.value.items.map((item) => format.asItem(text, item, undefined)) ?? [];
    edits.push(format.addList(text, site.owner, site.command, site.argsName, [...added, ...kept]));
  }
  return edits;
}

export function wrapEntry(
  format: Format,
  fields: EntryFields,
  system: string,
  text: string,
  file: string,
  path: EntryPath,
  launcher: string,
  id: string,
): string {
  const { base, override } = launchingOf(entryAt(format, text, file, path), fields, system);
  const edits = base.command === undefined ? [] : wrapSite(format, text, base, launcher, id, null);
  if (override !== null) edits.push(...wrapSite(format, text, override, launcher, id, base));
  return applyEdits(text, edits);
}

function unwrapSite(format: Format, text: string, site: Site, base: Site | null, dropArgs: boolean): TextEdit[] {
  const count = wrapArguments('').length;
  const written = readSite(site, base ?? site);
  if (written.command === null || readWrapping({ command: written.command, args: written.args }) === null) return [];
  if (site.argsName === null)
    return site.command === undefined ? [] : [format.dropFirst(text, site.command, count + 1)];
  const list = site.args?.value;
  const original = list?.items[count];
  if (list === undefined || original === undefined || site.args === undefined) return [];
  const edits: TextEdit[] = [];
  if (site.command !== undefined) {
    const { start, end } = site.command.value;
    const source = sourceOf(text, original);
    edits.push({ offset: start, length: end - start, content: source });
  }
  if (list.items.length === count + 1 && dropArgs) edits.push(...format.remove(text, site.owner, site.args));
  else edits.push(format.dropFirst(text, site.args, count + 1));
  return edits;
}

export function unwrapEntry(
  format: Format,
  fields: EntryFields,
  system: string,
  text: string,
  file: string,
  path: EntryPath,
  dropArgs: boolean,
): string {
  const { base, override } = launchingOf(entryAt(format, text, file, path), fields, system);
  const edits = unwrapSite(format, text, base, null, dropArgs);
  if (override !== null) edits.push(...unwrapSite(format, text, override, base, false));
  if (edits.length === 0) throw new BelljarError('config-changed');
  return applyEdits(text, edits);
}

export function restoreEntry(format: Format, text: string, file: string, path: EntryPath, entryText: string): string {
  const entry = entryAt(format, text, file, path);
  return applyEdits(text, [{ offset: entry.start, length: entry.end - entry.start, content: entryText }]);
}

export function setLaunch(
  format: Format,
  fields: EntryFields,
  system: string,
  text: string,
  file: string,
  path: EntryPath,
  launch: { command: string; args: readonly string[] | null },
): string {
  const { base, override } = launchingOf(entryAt(format, text, file, path), fields, system);
  const site = override?.command === undefined ? base : override;
  if (site.command === undefined) throw new BelljarError('config-changed');
  const list = (launch.args ?? []).map((part) => format.quote(part));
  const { start, end } = site.command.value;
  if (site.argsName === null) {
    return applyEdits(text, [format.replaceList(text, site.command, [format.quote(launch.command), ...list])]);
  }
  const like = sourceOf(text, site.command.value);
  const edits: TextEdit[] = [{ offset: start, length: end - start, content: format.quote(launch.command, like) }];
  const { args } = site;
  if (args !== undefined && launch.args === null) {
    edits.push(...format.remove(text, site.owner, args));
  } else if (args !== undefined) {
    edits.push(format.replaceList(text, args, list));
  } else if (launch.args !== null) {
    edits.push(format.addList(text, site.owner, site.command, site.argsName, list));
  }
  return applyEdits(text, edits);
}

const hiddenKeys = /^(?:envs?|environment|env_http_headers|http_headers|headers|oauth|auth|userConfig|user_config)$/i;

/** An entry as it may be shown, laid out as it was: variables and headers without values, arguments without secrets. */
export function showEntry(
  format: Format,
  fields: EntryFields,
  text: string,
  file: string,
  path: EntryPath,
): { text: string; line: number } {
  const entry = entryAt(format, text, file, path);
  const edits: TextEdit[] = [];
  const show = (node: DocumentNode, shown: string): void => {
    if (shown !== node.value)
      edits.push({ offset: node.start, length: node.end - node.start, content: format.quote(shown) });
  };
  const walk = (node: DocumentNode, hidden: boolean): void => {
    if (node.kind === 'string') {
      show(node, hidden ? maskVariable(String(node.value)) : maskText(String(node.value)));
      return;
    }
    for (const { name, value } of node.properties) {
      const strings = name === fields.args || name === 'args' || value.kind === 'list' ? stringsOf(value) : null;
      if (strings === null || hidden) {
        walk(value, hidden || hiddenKeys.test(name));
        continue;
      }
      const shown = maskArguments(strings);
      value.items.forEach((item, index) => show(item, shown[index] ?? mask));
    }
    for (const item of node.items) walk(item, hidden);
    const isScalar = node.kind === 'other' && node.end > node.start;
    if (hidden && isScalar)
      edits.push({ offset: node.start, length: node.end - node.start, content: format.quote(mask) });
  };
  walk(entry, false);
  const start = showFrom(text, file, path, format, entry);
  const inside = edits.filter(({ offset }) => offset >= start && offset < entry.end);
  const shown = applyEdits(text.slice(0, entry.end), inside).slice(start);
  return { text: indentAt(text, start) + shown, line: placeOf(text, start).line };
}

/** From the entry's own key on, where it has one. */
function showFrom(text: string, file: string, path: EntryPath, format: Format, entry: DocumentNode): number {
  const parent = findValue(format.parse(text, file), path.slice(0, -1));
  const property = parent?.properties.find(({ value }) => value.start === entry.start);
  return Math.min(property?.start ?? entry.start, entry.start);
}

function stringAt(
  format: Format,
  fields: EntryFields,
  system: string,
  text: string,
  file: string,
  path: EntryPath,
  place: StringPlace,
): DocumentNode | 'twice' | 'written' {
  const entry = entryAt(format, text, file, path);
  const launching = launchingOf(entry, fields, system);
  const { base, override } = launching;
  let nodes: DocumentNode[];
  if ('variable' in place) {
    const maps = variableMaps(entry, launching, fields, system);
    nodes = maps.flatMap((map) =>
      map.properties.filter(({ name }) => name === place.variable).map(({ value }) => value),
    );
  } else {
    const site = override ?? base;
    const list = site.argsName === null ? (site.command ?? base.command) : (site.args ?? base.args);
    const node = list?.value.items[place.argument + (site.argsName === null ? 1 : 0)];
    nodes = node === undefined ? [] : [node];
  }
  const [node, another] = nodes;
  if (another !== undefined) return 'twice';
  return node?.kind !== 'string' || node.shared === true ? 'written' : node;
}

/** The source text of one string of an entry; what speaks against exchanging it where something does. */
export function writtenString(...where: Parameters<typeof stringAt>): { source: string } | 'twice' | 'written' {
  const node = stringAt(...where);
  return typeof node === 'string' ? node : { source: sourceOf(where[3], node) };
}

/** Exchanges one string of an entry: for the source text given, else for the value in the style that is there. */
export function exchangeString(value: string, source: string | null, ...where: Parameters<typeof stringAt>): string {
  const [format, , , text] = where;
  const node = stringAt(...where);
  if (typeof node === 'string') throw new BelljarError('config-changed');
  const content = source ?? format.quote(value, sourceOf(text, node));
  return applyEdits(text, [{ offset: node.start, length: node.end - node.start, content }]);
}
