/**
 * Kiro and Amazon Q Developer. Amazon Q keeps approvals by a hash of the definition, and takes no comments
 * (aws/amazon-q-developer-cli issue 2082).
 */
import type { Client } from '../client.ts';
import { usualFields } from '../entries.ts';
import { json } from '../formats/json.ts';
import { mcpServers } from '../shapes.ts';

export const kiro: Client = {
  id: 'kiro',
  title: 'Kiro',
  uptake: 'automatic',
  placeholders: 'command-only-or-unknown',
  sources: [
    {
      at: '{KIRO_HOME|~/.kiro}/settings/mcp.json',
      scope: 'user',
      format: json,
      maps: [...mcpServers, { path: ['powers', 'mcpServers'], kind: 'map', fields: usualFields, scope: 'powers' }],
    },
    { at: '{KIRO_HOME|~/.kiro}/agents/*.json', scope: 'profile', format: json, maps: mcpServers },
    { at: '{KIRO_HOME|~/.kiro}/powers/installed/*/mcp.json', scope: 'extension', format: json, maps: mcpServers },
    { at: '.kiro/settings/mcp.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.kiro/agents/*.json', scope: 'project', format: json, maps: mcpServers },
  ],
};

export const amazonQ: Client = {
  id: 'amazon-q',
  title: 'Amazon Q Developer',
  uptake: 'new-session',
  placeholders: 'command-only-or-unknown',
  asksAgain: true,
  sources: [
    { at: '~/.aws/amazonq/default.json', scope: 'user', format: json, maps: mcpServers },
    { at: '~/.aws/amazonq/mcp.json', scope: 'user', format: json, maps: mcpServers },
    { at: '~/.aws/amazonq/agents/*.json', scope: 'profile', format: json, maps: mcpServers },
    { at: '~/.aws/amazonq/cli-agents/*.json', scope: 'profile', format: json, maps: mcpServers },
    { at: '.amazonq/default.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.amazonq/mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
};
