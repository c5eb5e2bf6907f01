/**
 * Cline, and Roo Code and Kilo Code that came from it. Before 4.0 each editor that hosted Cline had a file of its own. Kilo Code
 * follows opencode's form by now (kilo.ai/docs/automate/mcp/using-in-kilo-code, November 2026) and reads its older files too.
 * That Cline has a file in a project rests on one mention; its documentation names none.
 */
import type { Client, FileSource } from '../client.ts';
import { json, jsonWithComments } from '../formats/json.ts';
import { mcpOneList, mcpServers } from '../shapes.ts';

const editors = ['Code', 'Code - Insiders', 'VSCodium', 'Cursor', 'Windsurf', 'Devin', 'Kiro', 'Antigravity', 'Trae'];

function ofEditors(rest: string): FileSource[] {
  return editors.map((editor) => ({
    at: `{app}/${editor}/User/globalStorage/${rest}`,
    scope: 'user',
    format: json,
    maps: mcpServers,
  }));
}

export const cline: Client = {
  id: 'cline',
  title: 'Cline',
  uptake: 'automatic',
  placeholders: 'command-only-or-unknown',
  sources: [
    {
      at: '{CLINE_DATA_DIR|~/.cline/data}/settings/cline_mcp_settings.json',
      scope: 'user',
      format: json,
      maps: mcpServers,
    },
    { at: '{CLINE_MCP_SETTINGS_PATH|}', scope: 'user', format: json, maps: mcpServers },
    { at: '{CLINE_DIR|}/data/settings/cline_mcp_settings.json', scope: 'user', format: json, maps: mcpServers },
    { at: '~/.cline/mcp.json', scope: 'user', format: json, maps: mcpServers },
    ...ofEditors('saoudrizwan.claude-dev/settings/cline_mcp_settings.json'),
    { at: '.cline/mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
};

export const rooCode: Client = {
  id: 'roo-code',
  title: 'Roo Code',
  uptake: 'automatic',
  placeholders: 'command-only-or-unknown',
  sources: [
    ...ofEditors('rooveterinaryinc.roo-cline/settings/mcp_settings.json'),
    { at: '.roo/mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
};

export const kiloCode: Client = {
  id: 'kilo-code',
  title: 'Kilo Code',
  uptake: 'new-session',
  placeholders: 'command-only-or-unknown',
  sources: [
    ...['kilo.jsonc', 'kilo.json'].map((name): FileSource => ({
      at: `~/.config/kilo/${name}`,
      scope: 'user',
      format: jsonWithComments,
      maps: mcpOneList,
    })),
    { at: '~/.kilocode/cli/global/settings/mcp_settings.json', scope: 'user', format: json, maps: mcpServers },
    ...ofEditors('kilocode.kilo-code/settings/mcp_settings.json'),
    ...['kilo.jsonc', 'kilo.json', '.kilo/kilo.jsonc', '.kilo/kilo.json'].map((at): FileSource => ({
      at,
      scope: 'project',
      format: jsonWithComments,
      maps: mcpOneList,
    })),
    { at: '.kilocode/mcp.json', scope: 'project', format: json, maps: mcpServers },
  ],
};
