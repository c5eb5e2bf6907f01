/**
 * A client is data: where its files are on each system, how entries stand in them, in which format, and who else has a say.
 * `createClient` makes the engine's adapter of it.
 */
import type { ConfiguredEntry } from '#domain/entry.ts';
import type { ClientAdapter, ClientFile, PlaceholderHabit } from '#engine/ports.ts';
import type { Uptake } from '#contract/words.ts';
import type { Obstacle } from '#domain/entry.ts';
import {
  exchangeString,
  restoreEntry,
  readEntries,
  setLaunch,
  showEntry,
  unwrapEntry,
  wrapEntry,
  writtenString,
  type EntryMap,
} from './entries.ts';
import type { DocumentNode, Format } from './formats/document.ts';
import type { CommandPolicy } from './command-policies.ts';
import type { System, Template } from './places.ts';

export type FileScope = 'user' | 'profile' | 'project' | 'plugin' | 'extension' | 'managed';

export interface FileSource {
  /** For `project`: below a project's folder. Otherwise a template; of a list, the first that is there counts. */
  at: Template | readonly Template[];
  scope: FileScope;
  format: Format;
  /** The maps of a file; of a file that holds none of them nothing is listed. */
  maps: readonly EntryMap[] | ((root: DocumentNode, file: string) => readonly EntryMap[]);
  /** Set where nothing in such a file can be contained. */
  obstacle?: Obstacle;
}

export interface Client {
  id: string;
  title: string;
  /** Where it exists; everywhere unless said. */
  systems?: readonly System[];
  uptake: Uptake;
  placeholders: PlaceholderHabit;
  sources: readonly FileSource[];
  /** Reads as `asksAgain`: an approval is bound to the definition, and a changed one is asked about again. */
  asksAgain?: true;
  /** The client runs `node` in itself unless the command is another one. */
  ownNode?: true;
  clientManagedKeys?: readonly string[];
  builtInTypes?: readonly string[];
  policies?: readonly CommandPolicy[];
}

const systemNames: Record<System, string> = { linux: 'linux', macos: 'darwin', windows: 'win32' };

const managedObstacle: Obstacle = {
  reason: 'client-managed',
  sentence: 'An administrator has set it up, in a file that only he may change.',
  remedy: 'Ask the administrator to put the launcher before its command.',
};

export function sourceOf(client: Client, file: ClientFile): FileSource {
  const source = client.sources[file.source];
  if (source === undefined) throw new Error(`no such source: ${client.id} ${file.source.toString()}`);
  return source;
}

function mapsOf(source: FileSource, root: DocumentNode, file: string): readonly EntryMap[] {
  return typeof source.maps === 'function' ? source.maps(root, file) : source.maps;
}

function sameStart(path: EntryMap['path'], whole: EntryMap['path']): boolean {
  return path.every((step, index) => step === whole[index]);
}

export function createClient(client: Client, system: System): ClientAdapter {
  const systemName = systemNames[system];

  /** How the entry at a path is written. */
  function fieldsAt(source: FileSource, text: string, file: string, path: EntryMap['path']): EntryMap['fields'] {
    const maps = mapsOf(source, source.format.parse(text, file), file);
    const map = maps
      .filter(
        (each) => sameStart(each.path, path) && path.length - each.path.length === (each.kind === 'single' ? 0 : 1),
      )
      .at(0);
    if (map === undefined) throw new Error(`no entry stands at ${path.join('.')}`);
    return map.fields;
  }

  return {
    id: client.id,
    title: client.title,
    uptake: client.uptake,
    placeholders: client.placeholders,
    asksAgain: client.asksAgain === true,
    ownNode: client.ownNode === true,
    async load(file) {
      const policies = (client.policies ?? []).flatMap(({ format }) => format ?? []);
      await Promise.all([sourceOf(client, file).format, ...policies].map((format) => format.load()));
    },
    parse(text, file, policyTexts) {
      const source = sourceOf(client, file);
      const root = source.format.parse(text, file.file);
      const entries = readEntries(text, root, mapsOf(source, root, file.file), {
        client: client.id,
        scope: file.scope,
        file: file.file,
        system: systemName,
        clientManagedKeys: client.clientManagedKeys ?? [],
        builtInTypes: client.builtInTypes ?? [],
      });
      const obstacle = file.obstacle ?? source.obstacle ?? (source.scope === 'managed' ? managedObstacle : undefined);
      const held = (entry: ConfiguredEntry): ConfiguredEntry =>
        obstacle === undefined || entry.cannot !== undefined ? entry : { ...entry, cannot: obstacle };
      return (client.policies ?? []).reduce<readonly ConfiguredEntry[]>(
        (list, policy) => policy.apply(list, policyTexts, root),
        entries.map(held),
      );
    },
    wrap(text, file, path, launcher, id) {
      const source = sourceOf(client, file);
      const fields = fieldsAt(source, text, file.file, path);
      return wrapEntry(source.format, fields, systemName, text, file.file, path, launcher, id);
    },
    unwrap(text, file, path, dropArgs) {
      const source = sourceOf(client, file);
      const fields = fieldsAt(source, text, file.file, path);
      return unwrapEntry(source.format, fields, systemName, text, file.file, path, dropArgs);
    },
    restore: (text, file, path, entryText) =>
      restoreEntry(sourceOf(client, file).format, text, file.file, path, entryText),
    setLaunch(text, file, path, launch) {
      const source = sourceOf(client, file);
      const fields = fieldsAt(source, text, file.file, path);
      return setLaunch(source.format, fields, systemName, text, file.file, path, launch);
    },
    written(text, file, path, place) {
      const source = sourceOf(client, file);
      const fields = fieldsAt(source, text, file.file, path);
      return writtenString(source.format, fields, systemName, text, file.file, path, place);
    },
    exchange(text, file, path, place, value, written) {
      const source = sourceOf(client, file);
      const fields = fieldsAt(source, text, file.file, path);
      return exchangeString(value, written, source.format, fields, systemName, text, file.file, path, place);
    },
    show(text, file, path) {
      const source = sourceOf(client, file);
      return showEntry(source.format, fieldsAt(source, text, file.file, path), text, file.file, path);
    },
  };
}
