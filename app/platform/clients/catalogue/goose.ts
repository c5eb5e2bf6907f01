/**
 * Goose: YAML, `extensions.<id>` with `cmd` and `envs`. Where the file is on macOS and Windows differs between sources, so
 * every place is looked at. Program and command line write the file anew, without its comments.
 */
import type { Client, FileSource } from '../client.ts';
import { gooseAllowlist } from '../command-policies.ts';
import type { EntryMap } from '../entries.ts';
import { yaml } from '../formats/yaml.ts';

const maps: readonly EntryMap[] = [
  { path: ['extensions'], kind: 'map', fields: { command: 'cmd', args: 'args', env: 'envs' } },
];
const source = (at: FileSource['at']): FileSource => ({ at, scope: 'user', format: yaml, maps });

export const goose: Client = {
  id: 'goose',
  title: 'Goose',
  uptake: 'new-session',
  placeholders: 'none',
  builtInTypes: ['builtin', 'platform', 'frontend', 'inline_python'],
  sources: [
    source({
      linux: '{xdg}/goose/config.yaml',
      macos: '{xdg}/goose/config.yaml',
      windows: '{app}/Block/goose/config/config.yaml',
    }),
    source({ macos: '{app}/Block/goose/config.yaml', windows: '~/.config/goose/config.yaml' }),
    source('{GOOSE_PATH_ROOT|}/config/config.yaml'),
  ],
  policies: [gooseAllowlist],
};
