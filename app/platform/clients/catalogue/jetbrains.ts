/** AI Assistant and Junie of the JetBrains programs: JSON files since 2025.3. The XML from before is written over on exit. */
import type { Client } from '../client.ts';
import { json } from '../formats/json.ts';
import { mcpServers, wrappedOrBare } from '../shapes.ts';

export const jetbrainsAi: Client = {
  id: 'jetbrains-ai',
  title: 'JetBrains AI Assistant',
  uptake: 'window-reload',
  placeholders: 'command-only-or-unknown',
  sources: [
    { at: '~/.ai/mcp/mcp.json', scope: 'user', format: json, maps: wrappedOrBare },
    { at: '.ai/mcp/mcp.json', scope: 'project', format: json, maps: wrappedOrBare },
  ],
};

export const junie: Client = {
  id: 'junie',
  title: 'Junie',
  uptake: 'new-session',
  placeholders: 'command-only-or-unknown',
  sources: [
    { at: '~/.junie/mcp/mcp.json', scope: 'user', format: json, maps: mcpServers },
    { at: '.junie/mcp/mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
};

export const air: Client = {
  id: 'jetbrains-air',
  title: 'JetBrains Air',
  uptake: 'new-session',
  placeholders: 'command-only-or-unknown',
  sources: [
    { at: '.air/mcp.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
};
