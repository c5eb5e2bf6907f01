/**
 * GitHub Copilot outside of Visual Studio Code: the command line, which passes on PATH alone, and the plugins of JetBrains
 * and Eclipse, which follow VS Code's form. Where JetBrains' lies is what its users say (microsoft/copilot-intellij-feedback issues
 * 672 and 701). Eclipse's is asked for and not built in the releases that were looked at (microsoft/copilot-for-eclipse issue
 * 127); until it is, the plugin keeps servers in its preferences, which Belljar does not see.
 */
import type { Client } from '../client.ts';
import { serverCommandLists } from '../command-policies.ts';
import { json, jsonWithComments } from '../formats/json.ts';
import { mcpServers, servers } from '../shapes.ts';
import { copilotManaged } from './vscode.ts';

const policies = [serverCommandLists('GitHub Copilot', [copilotManaged])];

export const copilotCli: Client = {
  id: 'copilot-cli',
  title: 'Copilot CLI',
  uptake: 'new-session',
  placeholders: 'command-only-or-unknown',
  sources: [
    { at: '{COPILOT_HOME|~/.copilot}/mcp-config.json', scope: 'user', format: json, maps: mcpServers },
    { at: '.mcp.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.github/mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
  policies,
};

export const copilotPlugins: readonly Client[] = [
  { id: 'copilot-jetbrains', title: 'Copilot in JetBrains', folder: 'intellij' },
  { id: 'copilot-eclipse', title: 'Copilot in Eclipse', folder: 'eclipse' },
].map(({ id, title, folder }): Client => ({
  id,
  title,
  uptake: 'automatic',
  placeholders: 'command-only-or-unknown',
  sources: [
    {
      at: {
        linux: `{xdg}/github-copilot/${folder}/mcp.json`,
        macos: `{xdg}/github-copilot/${folder}/mcp.json`,
        windows: `{local}/github-copilot/${folder}/mcp.json`,
      },
      scope: 'user',
      format: jsonWithComments,
      maps: servers,
    },
  ],
  policies,
}));
