/** opencode, and Kilo that follows it: command and arguments in one list, JSON with comments, layers merged over each other. */
import type { Client } from '../client.ts';
import { jsonWithComments } from '../formats/json.ts';
import { mcpOneList } from '../shapes.ts';

const names = ['opencode.jsonc', 'opencode.json', 'config.json'];
const managed = ['opencode.jsonc', 'opencode.json'];

export const opencode: Client = {
  id: 'opencode',
  title: 'opencode',
  uptake: 'new-session',
  placeholders: 'command-and-args',
  sources: [
    ...['opencode.json', 'opencode.jsonc', 'config.json'].map(
      (name) => ({ at: `{xdg}/opencode/${name}`, scope: 'user', format: jsonWithComments, maps: mcpOneList }) as const,
    ),
    { at: '{OPENCODE_CONFIG|}', scope: 'user', format: jsonWithComments, maps: mcpOneList },
    ...names.map(
      (name) =>
        ({
          at: `{OPENCODE_CONFIG_DIR|~/.opencode}/${name}`,
          scope: 'user',
          format: jsonWithComments,
          maps: mcpOneList,
        }) as const,
    ),
    ...['opencode.json', 'opencode.jsonc', '.opencode/opencode.json', '.opencode/opencode.jsonc'].map(
      (at) => ({ at, scope: 'project', format: jsonWithComments, maps: mcpOneList }) as const,
    ),
    ...managed.map(
      (name) =>
        ({
          at: {
            linux: `/etc/opencode/${name}`,
            macos: `/Library/Application Support/opencode/${name}`,
            windows: `{machine}/opencode/${name}`,
          },
          scope: 'managed',
          format: jsonWithComments,
          maps: mcpOneList,
        }) as const,
    ),
  ],
};
