/** Continue: a YAML list of entries with names, and one file a server in a workspace, YAML or JSON in Claude's form. */
import type { Client } from '../client.ts';
import { json } from '../formats/json.ts';
import { yaml } from '../formats/yaml.ts';
import { namedList, wrappedOrBare } from '../shapes.ts';

const list = namedList('mcpServers');

export const continueDev: Client = {
  id: 'continue',
  title: 'Continue',
  uptake: 'window-reload',
  placeholders: 'command-only-or-unknown',
  sources: [
    { at: '~/.continue/config.yaml', scope: 'user', format: yaml, maps: list },
    { at: '~/.continue/mcpServers/*.yaml', scope: 'profile', format: yaml, maps: list },
    { at: '~/.continue/mcpServers/*.json', scope: 'profile', format: json, maps: wrappedOrBare },
    { at: '.continue/mcpServers/*.yaml', scope: 'project', format: yaml, maps: list },
    { at: '.continue/mcpServers/*.json', scope: 'project', format: json, maps: wrappedOrBare },
  ],
};
