/**
 * Claude Desktop: `claude_desktop_config.json`, strict JSON, `mcpServers`. The program reads it once at its start, keeps it
 * in memory and writes it back from there, so a change made while it runs may be lost; that then shows as drift. Entries
 * with `extensionId` are its own.
 */
import { join } from 'node:path';
import type { Places } from '#engine/ports.ts';
import { createJsonClient, type PathsBySystem } from './json-client.ts';

const file: PathsBySystem = {
  linux: (places: Places) => [join(places.xdgConfig, 'Claude', 'claude_desktop_config.json')],
  macos: (places: Places) => [
    join(places.home, 'Library', 'Application Support', 'Claude', 'claude_desktop_config.json'),
  ],
  windows: () => [],
};

export const claudeDesktop = createJsonClient({
  id: 'claude-desktop',
  title: 'Claude Desktop',
  uptake: 'quit-and-start',
  // The program replaces nothing but ${PATH} in a variable: what looks like a placeholder is meant as it stands.
  placeholders: 'none',
  userFiles: file,
  maps: () => [{ path: ['mcpServers'], scope: 'user' }],
  clientManagedKeys: ['extensionId'],
});
