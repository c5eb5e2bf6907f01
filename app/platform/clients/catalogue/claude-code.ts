/**
 * Claude Code: `~/.claude.json` (or below `$CLAUDE_CONFIG_DIR`; a `.config.json` in the configuration folder wins), strict
 * JSON that several of its processes write all the time. `mcpServers` at the top are the user's; those of one project
 * (`projects.<folder>.mcpServers`, the default of `claude mcp add`) are listed and contained alike. `.mcp.json` in a project
 * is read by several clients; it is listed here. Plugins carry servers of their own.
 *
 * An administrator's file `managed-mcp.json` has exclusive control where it exists.
 *
 * The file grows with its histories: 4.5 MB and 238 MB were reported (anthropics/claude-code issues 7261 and 5653). What is
 * larger than `configMaxBytes` is told as a problem and left alone.
 */
import type { Client, FileSource } from '../client.ts';
import { serverCommandLists } from '../command-policies.ts';
import { usualFields, type EntryMap } from '../entries.ts';
import { findValue, propertyOf, type DocumentNode } from '../formats/document.ts';
import { json } from '../formats/json.ts';
import type { Template } from '../places.ts';
import { mcpServers, wrappedOrBare } from '../shapes.ts';

const managed = (name: string): Template => ({
  linux: `/etc/claude-code/${name}`,
  macos: `/Library/Application Support/ClaudeCode/${name}`,
  windows: `{programs}/ClaudeCode/${name}`,
});

/** Servers of one project, kept under the project's folder. */
function userAndLocal(suffix: string): (root: DocumentNode) => readonly EntryMap[] {
  return (root) => [
    ...mcpServers,
    ...(propertyOf(root, 'projects')?.value.properties ?? [])
      .filter(({ value }) => findValue(value, ['mcpServers']) !== undefined)
      .map(({ name }): EntryMap => ({
        path: ['projects', name, 'mcpServers'],
        kind: 'map',
        fields: usualFields,
        scope: `local:${name}${suffix}`,
      })),
  ];
}

/** Servers that a plugin's own description holds. */
function ofPlugin(root: DocumentNode): readonly EntryMap[] {
  return findValue(root, ['mcpServers'])?.kind === 'object' ? mcpServers : [];
}

const pluginFolders = ['cache/*', 'cache/*/*', 'cache/*/*/*', 'repos/*', 'repos/*/*', 'marketplaces/*/plugins/*'];

export const claudeCode: Client = {
  id: 'claude-code',
  title: 'Claude Code',
  uptake: 'new-session',
  placeholders: 'command-and-args',
  sources: [
    {
      at: ['{CLAUDE_CONFIG_DIR|~/.claude}/.config.json', '{CLAUDE_CONFIG_DIR|~}/.claude.json'],
      scope: 'user',
      format: json,
      maps: userAndLocal(''),
    },
    {
      at: '~/.claude-*/.claude.json',
      scope: 'profile',
      format: json,
      maps: (root, file) => userAndLocal(`@${file}`)(root),
    },
    { at: '.mcp.json', scope: 'project', format: json, maps: wrappedOrBare },
    ...pluginFolders.flatMap((folder): FileSource[] => [
      {
        at: `{CLAUDE_CONFIG_DIR|~/.claude}/plugins/${folder}/.mcp.json`,
        scope: 'plugin',
        format: json,
        maps: wrappedOrBare,
      },
      {
        at: `{CLAUDE_CONFIG_DIR|~/.claude}/plugins/${folder}/.claude-plugin/plugin.json`,
        scope: 'plugin',
        format: json,
        maps: ofPlugin,
      },
    ]),
    { at: managed('managed-mcp.json'), scope: 'managed', format: json, maps: mcpServers },
  ],
  policies: [
    serverCommandLists('Claude Code', [
      managed('managed-settings.json'),
      '{CLAUDE_CONFIG_DIR|~/.claude}/settings.json',
    ]),
  ],
};
