/**
 * Gemini CLI, whose servers stand in its large settings file, with comments (google-gemini/gemini-cli pull request 422), and
 * Antigravity, which took its place for individuals. `.agents/mcp_config.json` is what tools that install into it write
 * (cua.ai/docs, the crate agent-config).
 */
import type { Client } from '../client.ts';
import { json, jsonWithComments } from '../formats/json.ts';
import { legacySettings, mcpServers } from '../shapes.ts';

const system = (name: string): Record<'linux' | 'macos' | 'windows', string> => ({
  linux: `/etc/gemini-cli/${name}`,
  macos: `/Library/Application Support/GeminiCli/${name}`,
  windows: `{machine}/gemini-cli/${name}`,
});

export const geminiCli: Client = {
  id: 'gemini-cli',
  title: 'Gemini CLI',
  uptake: 'new-session',
  placeholders: 'command-and-args',
  sources: [
    {
      at: '{GEMINI_CLI_HOME|~}/.gemini/settings.json',
      scope: 'user',
      format: jsonWithComments,
      maps: mcpServers,
    },
    { at: '.gemini/settings.json', scope: 'project', format: jsonWithComments, maps: mcpServers },
    {
      at: '{GEMINI_CLI_HOME|~}/.gemini/extensions/*/gemini-extension.json',
      scope: 'extension',
      format: jsonWithComments,
      maps: mcpServers,
    },
    { at: system('settings.json'), scope: 'managed', format: jsonWithComments, maps: mcpServers },
    { at: system('system-defaults.json'), scope: 'managed', format: jsonWithComments, maps: mcpServers },
  ],
};

export const antigravity: Client = {
  id: 'antigravity',
  title: 'Antigravity',
  uptake: 'window-reload',
  placeholders: 'command-only-or-unknown',
  sources: [
    // A syntax error here keeps the program from starting.
    { at: '~/.gemini/config/mcp_config.json', scope: 'user', format: json, maps: mcpServers },
    { at: '~/.gemini/antigravity/mcp_config.json', scope: 'user', format: json, maps: mcpServers },
    { at: '~/.gemini/antigravity-cli/mcp_config.json', scope: 'user', format: json, maps: mcpServers },
    { at: '.agents/mcp_config.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.agent/mcp_config.json', scope: 'project', format: json, maps: mcpServers },
    { at: '{app}/Antigravity/User/settings.json', scope: 'user', format: jsonWithComments, maps: legacySettings },
    { at: '{app}/Antigravity IDE/User/settings.json', scope: 'user', format: jsonWithComments, maps: legacySettings },
  ],
};
