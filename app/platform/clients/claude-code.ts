/**
 * Claude Code: `~/.claude.json` (or below `$CLAUDE_CONFIG_DIR`; a `.config.json` in the configuration folder wins), strict
 * JSON that several of its processes write all the time. `mcpServers` at the top are the user's; those of one project
 * (`projects.<folder>.mcpServers`, the default of `claude mcp add`) are listed and contained alike.
 *
 * An administrator's file `managed-mcp.json` has exclusive control where it exists. His lists may also name the exact
 * command of a server: wrapping would turn an allowed one into one that is not, and slip a denied one past the list, so
 * such an entry is left alone.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from 'jsonc-parser';
import type { ConfiguredEntry } from '#domain/entry.ts';
import { readWrapping } from '#domain/wrapping.ts';
import type { Places } from '#engine/ports.ts';
import { createJsonClient, managedFolder } from './json-client.ts';
import type { JsonMap } from './json-entries.ts';
import { propertiesOf, propertyOf } from './json-text.ts';

function configFolder(places: Places): string {
  return places.environment['CLAUDE_CONFIG_DIR'] ?? join(places.home, '.claude');
}

function userFile(places: Places): string {
  const preferred = join(configFolder(places), '.config.json');
  if (existsSync(preferred)) return preferred;
  return join(places.environment['CLAUDE_CONFIG_DIR'] ?? places.home, '.claude.json');
}

const files = (places: Places): string[] => [userFile(places)];

const managedFolders = {
  linux: '/etc/claude-code',
  macos: '/Library/Application Support/ClaudeCode',
  windows: 'C:\\Program Files\\ClaudeCode',
};

interface CommandLists {
  /** Null where commands are not restricted. */
  allowed: string[][] | null;
  denied: string[][];
}

/** The exact commands that settings allow and deny. A file that cannot be read decides nothing: the client says so itself. */
export function readCommandLists(texts: readonly string[]): CommandLists {
  const lists: CommandLists = { allowed: null, denied: [] };
  for (const text of texts) {
    let settings: unknown;
    try {
      settings = JSON.parse(text);
    } catch {
      continue;
    }
    const allowed = commandsOf(settings, 'allowedMcpServers');
    if (allowed.length > 0) lists.allowed = [...(lists.allowed ?? []), ...allowed];
    lists.denied.push(...commandsOf(settings, 'deniedMcpServers'));
  }
  return lists;
}

function commandsOf(settings: unknown, key: string): string[][] {
  const list: unknown = isRecord(settings) ? settings[key] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const command: unknown = isRecord(item) ? item['serverCommand'] : undefined;
    return Array.isArray(command) && command.every((part) => typeof part === 'string') ? [command] : [];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const allowSentence =
  'Claude Code is set to start only servers whose exact command is on a list, and a contained server has another command. Whoever keeps the list has to add it.';
const denySentence =
  'Claude Code is set to refuse this exact command, and containing the server would slip it past that list.';

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}

function applyLists(entries: readonly ConfiguredEntry[], lists: CommandLists): ConfiguredEntry[] {
  return entries.map((entry) => {
    if (entry.cannot !== undefined || entry.command === null) return entry;
    const launch = { command: entry.command, args: entry.args };
    const written = [launch.command, ...launch.args];
    const inner = readWrapping(launch)?.launch ?? launch;
    if (lists.denied.some((denied) => isSame(denied, [inner.command, ...inner.args])))
      return { ...entry, cannot: { reason: 'client-managed', sentence: denySentence } };
    // Someone may have put the contained command itself on the list.
    if (lists.allowed !== null && !(inner !== launch && lists.allowed.some((allowed) => isSame(allowed, written))))
      return { ...entry, cannot: { reason: 'client-managed', sentence: allowSentence } };
    return entry;
  });
}

/** Servers of one project, kept under the project's folder. */
function projectMaps(root: Node): JsonMap[] {
  const projects = propertyOf(root, 'projects')?.value;
  if (projects === undefined) return [];
  return propertiesOf(projects)
    .filter(({ value }) => propertyOf(value, 'mcpServers') !== undefined)
    .map(({ name }) => ({ path: ['projects', name, 'mcpServers'], scope: `local:${name}` }));
}

export const claudeCode = createJsonClient({
  id: 'claude-code',
  title: 'Claude Code',
  uptake: 'new-session',
  placeholders: 'command-and-args',
  userFiles: { linux: files, macos: files, windows: files },
  managedFiles: (places) => [join(managedFolder(places, managedFolders), 'managed-mcp.json')],
  policyFiles: (places) => [
    join(managedFolder(places, managedFolders), 'managed-settings.json'),
    join(configFolder(places), 'settings.json'),
  ],
  maps: (root) => [{ path: ['mcpServers'], scope: 'user' }, ...projectMaps(root)],
  refine: (entries, policyTexts) => applyLists(entries, readCommandLists(policyTexts)),
});
