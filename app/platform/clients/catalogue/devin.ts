/** Devin Desktop, formerly Windsurf: the new place first, the old ones are still read. Its command line has its own files. */
import type { Client } from '../client.ts';
import { json, jsonWithComments } from '../formats/json.ts';
import { mcpServers } from '../shapes.ts';

export const devin: Client = {
  id: 'devin',
  title: 'Devin (Windsurf)',
  uptake: 'window-reload',
  placeholders: 'command-only-or-unknown',
  sources: [
    {
      at: {
        linux: '{xdg}/devin/mcp_config.json',
        macos: '{xdg}/devin/mcp_config.json',
        windows: '{app}/devin/mcp_config.json',
      },
      scope: 'user',
      format: json,
      maps: mcpServers,
    },
    { at: '~/.codeium/windsurf/mcp_config.json', scope: 'user', format: json, maps: mcpServers },
    { at: '~/.codeium/mcp_config.json', scope: 'user', format: json, maps: mcpServers },
    {
      at: { linux: '{xdg}/devin/config.json', macos: '{xdg}/devin/config.json', windows: '{app}/devin/config.json' },
      scope: 'user',
      format: jsonWithComments,
      maps: mcpServers,
    },
    { at: '.devin/mcp_config.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.devin/config.json', scope: 'project', format: jsonWithComments, maps: mcpServers },
    { at: '.devin/config.local.json', scope: 'project', format: jsonWithComments, maps: mcpServers },
    { at: '.windsurf/mcp.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
};
