/** The maps of entries that several clients share. */
import { oneListFields, usualFields, type EntryMap } from './entries.ts';
import { findValue, propertyOf, type DocumentNode } from './formats/document.ts';

/** Most clients: `mcpServers: { name: { command, args, env } }`. */
export const mcpServers: readonly EntryMap[] = [{ path: ['mcpServers'], kind: 'map', fields: usualFields }];

/** VS Code and those that follow it: the same under `servers`. */
export const servers: readonly EntryMap[] = [{ path: ['servers'], kind: 'map', fields: usualFields }];

/** opencode: under `mcp`, command and arguments in one list. */
export const mcpOneList: readonly EntryMap[] = [{ path: ['mcp'], kind: 'map', fields: oneListFields }];

/** Codex: tables `[mcp_servers.<name>]`. */
export const mcpServerTables: readonly EntryMap[] = [{ path: ['mcp_servers'], kind: 'map', fields: usualFields }];

/** A list of entries that carry their name. */
export function namedList(key: string): readonly EntryMap[] {
  return [{ path: [key], kind: 'list', fields: usualFields }];
}

/** `mcpServers`, or the map itself as the whole file: both are read from files of plugins and of JetBrains. */
export function wrappedOrBare(root: DocumentNode): readonly EntryMap[] {
  if (propertyOf(root, 'mcpServers') !== undefined) return mcpServers;
  if (propertyOf(root, 'mcp_servers') !== undefined) return mcpServerTables;
  const looksBare = root.properties.some(
    ({ value }) => findValue(value, ['command']) !== undefined || findValue(value, ['url']) !== undefined,
  );
  return looksBare ? [{ path: [], kind: 'map', fields: usualFields, lenient: true }] : [];
}

/** The settings of VS Code and its relatives, from before they had a file of their own: `mcp.servers`, flat or nested. */
export function legacySettings(root: DocumentNode): readonly EntryMap[] {
  const paths = [['mcp', 'servers'], ['mcp.servers'], ['settings', 'mcp', 'servers'], ['settings', 'mcp.servers']];
  return paths
    .filter((path) => findValue(root, path)?.kind === 'object')
    .map((path) => ({ path, kind: 'map', fields: usualFields }));
}
