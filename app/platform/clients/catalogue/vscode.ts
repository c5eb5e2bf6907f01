/**
 * Visual Studio Code: `mcp.json` of the user, of each profile and of a workspace, JSON with comments. Before, the servers
 * stood in the settings; both are read. Servers that an extension registers by itself stand in no file.
 *
 * A dev container's servers run inside it. `sandboxEnabled` is the program's own sandbox; two of them in each other work on
 * Linux, and on macOS the inner one fails.
 */
import type { Client, FileSource } from '../client.ts';
import { serverCommandLists } from '../command-policies.ts';
import { usualFields } from '../entries.ts';
import { jsonWithComments } from '../formats/json.ts';
import type { Template } from '../places.ts';
import { legacySettings, servers } from '../shapes.ts';

/** GitHub Copilot's, which the Copilot command line reads too. */
export const copilotManaged: Template = {
  linux: '/etc/github-copilot/managed-settings.json',
  macos: '/Library/Application Support/GitHubCopilot/managed-settings.json',
  windows: '{programs}/GitHubCopilot/managed-settings.json',
};

const editions = ['{VSCODE_PORTABLE|}/user-data', '{app}/Code', '{app}/Code - Insiders', '{app}/VSCodium'];
const flatpaks = ['~/.var/app/com.visualstudio.code/config/Code', '~/.var/app/com.vscodium.codium/config/VSCodium'];

function ofEdition(folder: string): FileSource[] {
  const source = (rest: string, scope: FileSource['scope'], maps: FileSource['maps']): FileSource => ({
    at: `${folder}/User/${rest}`,
    scope,
    format: jsonWithComments,
    maps,
    ...(folder.includes('.var/app')
      ? {
          obstacle: {
            reason: 'other-sandbox' as const,
            sentence: 'Visual Studio Code itself runs inside a Flatpak, and its servers with it.',
            remedy: 'Use the package of your distribution to have each server contained on its own.',
          },
        }
      : {}),
  });
  return [
    source('mcp.json', 'user', servers),
    source('profiles/*/mcp.json', 'profile', servers),
    source('settings.json', 'user', legacySettings),
    source('profiles/*/settings.json', 'profile', legacySettings),
  ];
}

const ordered = [...editions.slice(1), ...editions.slice(0, 1), ...flatpaks];

export const vscode: Client = {
  id: 'vscode',
  title: 'VS Code',
  uptake: 'automatic',
  placeholders: 'command-and-args',
  asksAgain: true,
  sources: [
    ...ordered.flatMap(ofEdition),
    { at: '~/.vscode-server/data/User/mcp.json', scope: 'user', format: jsonWithComments, maps: servers },
    { at: '~/.vscode/mcp.json', scope: 'user', format: jsonWithComments, maps: servers },
    { at: '.vscode/mcp.json', scope: 'project', format: jsonWithComments, maps: servers },
    { at: '.vscode/settings.json', scope: 'project', format: jsonWithComments, maps: legacySettings },
    { at: '*.code-workspace', scope: 'project', format: jsonWithComments, maps: legacySettings },
    {
      at: '.mcp.json',
      scope: 'project',
      format: jsonWithComments,
      maps: [{ path: ['mcpServers'], kind: 'map', fields: usualFields }, ...servers],
    },
    {
      at: ['.devcontainer/devcontainer.json', '.devcontainer.json'],
      scope: 'project',
      format: jsonWithComments,
      maps: [{ path: ['customizations', 'vscode', 'mcp', 'servers'], kind: 'map', fields: usualFields }],
      obstacle: {
        reason: 'docker',
        sentence: 'It runs inside the development container, which the container engine starts.',
        remedy: 'Restrict the container, or configure the server for the user instead.',
      },
    },
  ],
  policies: [serverCommandLists('GitHub Copilot', [copilotManaged])],
};
