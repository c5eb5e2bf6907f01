/**
 * Codex (command line, editor extension and desktop program share one file): TOML, which refuses keys it does not know.
 * Profiles stand beside it, a trusted project has its own; an administrator's file below /etc only he may change.
 */
import type { Client, FileSource } from '../client.ts';
import { codexRequirements } from '../command-policies.ts';
import { json } from '../formats/json.ts';
import { toml } from '../formats/toml.ts';
import type { Template } from '../places.ts';
import { mcpServerTables, wrappedOrBare } from '../shapes.ts';

const managed = (name: string): Template => ({
  linux: `/etc/codex/${name}`,
  macos: `/etc/codex/${name}`,
  windows: `{machine}/OpenAI/Codex/${name}`,
});

const pluginFolders = ['*', '*/*', '*/*/*', '*/*/*/*'];

export const codex: Client = {
  id: 'codex',
  title: 'Codex',
  uptake: 'new-session',
  // Nothing is replaced in it.
  placeholders: 'none',
  sources: [
    { at: '{CODEX_HOME|~/.codex}/config.toml', scope: 'user', format: toml, maps: mcpServerTables },
    { at: '{CODEX_HOME|~/.codex}/*.config.toml', scope: 'profile', format: toml, maps: mcpServerTables },
    { at: '.codex/config.toml', scope: 'project', format: toml, maps: mcpServerTables },
    ...pluginFolders.map((folder): FileSource => ({
      at: `{CODEX_HOME|~/.codex}/plugins/${folder}/.mcp.json`,
      scope: 'plugin',
      format: json,
      maps: wrappedOrBare,
    })),
    { at: managed('config.toml'), scope: 'managed', format: toml, maps: mcpServerTables },
    { at: managed('managed_config.toml'), scope: 'managed', format: toml, maps: mcpServerTables },
  ],
  policies: [codexRequirements([managed('requirements.toml')])],
};
