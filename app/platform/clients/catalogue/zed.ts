/**
 * Zed: `context_servers` inside the editor's whole settings, JSON with comments. An older form nests path and arguments under
 * `command`. Entries without a command belong to extensions, which compute it.
 */
import type { Client } from '../client.ts';
import { usualFields, type EntryMap } from '../entries.ts';
import { jsonWithComments } from '../formats/json.ts';
import { propertyOf, type DocumentNode } from '../formats/document.ts';

const ofExtension = {
  reason: 'client-managed',
  sentence: 'An extension of Zed computes its command; the settings hold none.',
  remedy: 'Configure the server as a custom one instead of through the extension.',
} as const;

function contextServers(root: DocumentNode): readonly EntryMap[] {
  const map = propertyOf(root, 'context_servers')?.value;
  if (map === undefined) return [];
  const isOfExtension = (entry: DocumentNode): boolean =>
    propertyOf(entry, 'command') === undefined &&
    propertyOf(entry, 'url') === undefined &&
    propertyOf(entry, 'settings') !== undefined;
  return [
    { path: ['context_servers'], kind: 'map', fields: usualFields, skip: isOfExtension },
    ...map.properties
      .filter(({ value }) => isOfExtension(value))
      .map(({ name }): EntryMap => ({
        path: ['context_servers', name],
        kind: 'single',
        fields: usualFields,
        name,
        obstacle: ofExtension,
      })),
  ];
}

export const zed: Client = {
  id: 'zed',
  title: 'Zed',
  uptake: 'automatic',
  placeholders: 'none',
  sources: [
    {
      at: { linux: '{xdg}/zed/settings.json', macos: '{xdg}/zed/settings.json', windows: '{app}/Zed/settings.json' },
      scope: 'user',
      format: jsonWithComments,
      maps: contextServers,
    },
    {
      at: { linux: '{FLATPAK_XDG_CONFIG_HOME|~/.var/app/dev.zed.Zed/config}/zed/settings.json' },
      scope: 'user',
      format: jsonWithComments,
      maps: contextServers,
      obstacle: {
        reason: 'other-sandbox',
        sentence: 'Zed itself runs inside a Flatpak, and its servers with it.',
        remedy: 'Use another package of Zed to have each server contained on its own.',
      },
    },
    { at: '.zed/settings.json', scope: 'project', format: jsonWithComments, maps: contextServers },
  ],
};
