/** Cursor: `~/.cursor/mcp.json` on every system. Asks for approval again when a server's definition changes. */
import type { Client, FileSource } from '../client.ts';
import { json } from '../formats/json.ts';
import { mcpServers, wrappedOrBare } from '../shapes.ts';

const pluginFolders = ['cache/*', 'cache/*/*', 'cache/*/*/*', 'local/*', 'local/*/*'];

export const cursor: Client = {
  id: 'cursor',
  title: 'Cursor',
  uptake: 'window-reload',
  // Documented for command and arguments alike.
  placeholders: 'command-and-args',
  asksAgain: true,
  sources: [
    { at: '~/.cursor/mcp.json', scope: 'user', format: json, maps: mcpServers },
    { at: '.cursor/mcp.json', scope: 'project', format: json, maps: mcpServers },
    { at: '.mcp.json', scope: 'project', format: json, maps: mcpServers },
    ...pluginFolders.flatMap((folder) =>
      ['mcp.json', '.mcp.json'].map((name): FileSource => ({
        at: `~/.cursor/plugins/${folder}/${name}`,
        scope: 'plugin',
        format: json,
        maps: wrappedOrBare,
      })),
    ),
  ],
};
