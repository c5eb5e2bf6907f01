/** Cursor: `~/.cursor/mcp.json` on every system, `mcpServers`. Asks for approval again when a server's definition changes. */
import { join } from 'node:path';
import type { Places } from '#engine/ports.ts';
import { createJsonClient } from './json-client.ts';

const files = (places: Places): string[] => [join(places.home, '.cursor', 'mcp.json')];

export const cursor = createJsonClient({
  id: 'cursor',
  title: 'Cursor',
  uptake: 'window-reload',
  // Documented for command and arguments alike.
  placeholders: 'command-and-args',
  userFiles: { linux: files, macos: files, windows: files },
  maps: () => [{ path: ['mcpServers'], scope: 'user' }],
});
