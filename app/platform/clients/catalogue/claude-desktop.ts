/**
 * Claude Desktop: `claude_desktop_config.json`, strict JSON. The program reads it once at its start, keeps it in memory and
 * writes it back from there, so a change made while it runs may be lost; that then shows as drift. Entries with `extensionId`
 * are its own.
 *
 * Extensions (MCPB) are folders with a `manifest.json`; an update replaces the folder and with it a containment, which then
 * shows as drift. The real folder of the Windows store package is a virtual one below `Packages`.
 */
import type { Client, FileSource } from '../client.ts';
import { usualFields } from '../entries.ts';
import { findValue, stringOf, type DocumentNode } from '../formats/document.ts';
import { json } from '../formats/json.ts';
import { mcpServers } from '../shapes.ts';

const folders = [
  { linux: '{xdg}/Claude', macos: '{app}/Claude', windows: '{app}/Claude' },
  { windows: '{local}/Packages/Claude_*/LocalCache/Roaming/Claude' },
  { macos: '{app}/Claude-3p', windows: '{local}/Claude-3p', linux: '{xdg}/Claude-3p' },
];

function below(folder: (typeof folders)[number], rest: string): FileSource['at'] {
  return Object.fromEntries(Object.entries(folder).map(([system, path]) => [system, `${path}/${rest}`]));
}

/** What an extension starts; of the type `uv` the program itself makes the command. */
function ofManifest(root: DocumentNode): ReturnType<Extract<FileSource['maps'], (...args: never) => unknown>> {
  const path = ['server', 'mcp_config'];
  const name = stringOf(findValue(root, ['name'])) ?? 'extension';
  if (findValue(root, ['server']) === undefined) return [];
  if (findValue(root, path) === undefined)
    return [
      {
        path: ['server'],
        kind: 'single',
        fields: usualFields,
        name,
        obstacle: {
          reason: 'client-managed',
          sentence: 'The extension leaves it to Claude Desktop how it is started; its manifest holds no command.',
          remedy: 'Turn the extension off, and configure its server in claude_desktop_config.json.',
        },
      },
    ];
  return [{ path, kind: 'single', fields: { ...usualFields, overrides: 'platform_overrides' }, name }];
}

export const claudeDesktop: Client = {
  id: 'claude-desktop',
  title: 'Claude Desktop',
  uptake: 'quit-and-start',
  // The program replaces nothing but ${PATH} in a variable: what looks like a placeholder is meant as it stands. In manifests
  // it replaces ${__dirname} and the like in command and arguments alike.
  placeholders: 'none',
  ownNode: true,
  clientManagedKeys: ['extensionId'],
  sources: [
    ...folders.map((folder): FileSource => ({
      at: below(folder, 'claude_desktop_config.json'),
      scope: 'user',
      format: json,
      maps: mcpServers,
    })),
    ...folders.map((folder): FileSource => ({
      at: below(folder, 'Claude Extensions/*/manifest.json'),
      scope: 'extension',
      format: json,
      maps: ofManifest,
    })),
  ],
};
