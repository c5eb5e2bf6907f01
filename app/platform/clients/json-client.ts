/**
 * A client whose servers stand in strict JSON files: the shared part of the adapters. What differs (where the files are on
 * each system, which maps hold entries, who else has a say) is data.
 */
import { join } from 'node:path';
import type { Node } from 'jsonc-parser';
import type { ConfiguredEntry } from '#domain/entry.ts';
import type { ClientAdapter, Places } from '#engine/ports.ts';
import {
  maskJsonEntry,
  readJsonEntries,
  restoreJsonEntry,
  setJsonLaunch,
  unwrapJsonEntry,
  wrapJsonEntry,
  type JsonMap,
} from './json-entries.ts';
import { parseJson, placeOf, findValue } from './json-text.ts';

export type PathsBySystem = Record<Places['system'], (places: Places) => readonly string[]>;

export interface JsonClient extends Pick<ClientAdapter, 'id' | 'title' | 'uptake' | 'placeholders'> {
  userFiles: PathsBySystem;
  managedFiles?: (places: Places) => readonly string[];
  policyFiles?: (places: Places) => readonly string[];
  maps: (root: Node) => readonly JsonMap[];
  clientManagedKeys?: readonly string[];
  refine?: (entries: readonly ConfiguredEntry[], policyTexts: readonly string[]) => readonly ConfiguredEntry[];
}

/** A system-wide folder; in tests below a root of their own. */
export function managedFolder(places: Places, folders: Record<Places['system'], string>): string {
  const folder = folders[places.system];
  return places.systemRoot === '' ? folder : join(places.systemRoot, folder);
}

export function createJsonClient(client: JsonClient): ClientAdapter {
  return {
    id: client.id,
    title: client.title,
    uptake: client.uptake,
    placeholders: client.placeholders,
    files: (places) => [
      ...client.userFiles[places.system](places).map((file) => ({ file, managed: false })),
      ...(client.managedFiles?.(places) ?? []).map((file) => ({ file, managed: true })),
    ],
    policyFiles: (places) => client.policyFiles?.(places) ?? [],
    parse(text, file, policyTexts) {
      const root = parseJson(text, file.file);
      const maps = file.managed ? [{ path: ['mcpServers'], scope: 'managed' }] : client.maps(root);
      const entries = readJsonEntries(text, root, maps, {
        client: client.id,
        file: file.file,
        ...(client.clientManagedKeys === undefined ? {} : { clientManagedKeys: client.clientManagedKeys }),
      });
      if (file.managed)
        return entries.map((entry) => ({ ...entry, cannot: { reason: 'client-managed', sentence: managedSentence } }));
      return client.refine?.(entries, policyTexts) ?? entries;
    },
    wrap: wrapJsonEntry,
    unwrap: unwrapJsonEntry,
    restore: restoreJsonEntry,
    setLaunch: setJsonLaunch,
    maskEntry: maskJsonEntry,
    lineOf(text, path) {
      const node = findValue(parseJson(text, ''), path);
      return node === undefined ? 1 : placeOf(text, node.offset).line;
    },
  };
}

const managedSentence = 'An administrator has set it up, in a file that only he may change.';
