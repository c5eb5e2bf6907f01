/** Visual Studio, on Windows alone: VS Code's form, in the home folder and in several places of a solution. */
import type { Client } from '../client.ts';
import { jsonWithComments } from '../formats/json.ts';
import { servers } from '../shapes.ts';

export const visualStudio: Client = {
  id: 'visual-studio',
  title: 'Visual Studio',
  systems: ['windows'],
  uptake: 'automatic',
  placeholders: 'command-only-or-unknown',
  sources: [
    { at: '~/.mcp.json', scope: 'user', format: jsonWithComments, maps: servers },
    ...['.vs/mcp.json', '.mcp.json', '.vscode/mcp.json', '.cursor/mcp.json'].map(
      (at) => ({ at, scope: 'project', format: jsonWithComments, maps: servers }) as const,
    ),
  ],
};
