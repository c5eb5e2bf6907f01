/** Clients that one file and a shared shape describe. */
import type { Client, FileSource } from '../client.ts';
import { usualFields } from '../entries.ts';
import { json, jsonWithComments } from '../formats/json.ts';
import { toml } from '../formats/toml.ts';
import { yaml } from '../formats/yaml.ts';
import type { Template } from '../places.ts';
import { mcpServers, mcpServerTables, namedList } from '../shapes.ts';

interface Plain {
  id: string;
  title: string;
  user: readonly Template[];
  project?: readonly string[];
  format?: FileSource['format'];
  maps?: FileSource['maps'];
  more?: Partial<Pick<Client, 'uptake' | 'asksAgain' | 'systems'>>;
}

function plain({ id, title, user, project = [], format = json, maps = mcpServers, more = {} }: Plain): Client {
  const source = (at: Template, scope: FileSource['scope']): FileSource => ({ at, scope, format, maps });
  return {
    id,
    title,
    uptake: 'new-session',
    placeholders: 'command-only-or-unknown',
    ...more,
    sources: [...user.map((at) => source(at, 'user')), ...project.map((at) => source(at, 'project'))],
  };
}

/** Below `~/.config` everywhere but on Windows. */
const config = (rest: string): Template => ({
  linux: `{xdg}/${rest}`,
  macos: `{xdg}/${rest}`,
  windows: `{app}/${rest}`,
});

const map = (...path: string[]): FileSource['maps'] => [{ path, kind: 'map', fields: usualFields }];

export const lmStudio = plain({
  id: 'lm-studio',
  title: 'LM Studio',
  user: ['~/.lmstudio/mcp.json', '~/.cache/lm-studio/mcp.json'],
  more: { uptake: 'quit-and-start' },
});

export const others: readonly Client[] = [
  plain({ id: 'warp', title: 'Warp', user: ['~/.warp/.mcp.json'], project: ['.warp/.mcp.json'] }),
  plain({
    id: 'jan',
    title: 'Jan',
    user: ['{data}/Jan/data/mcp_config.json'],
    more: { uptake: 'quit-and-start' },
  }),
  plain({ id: '5ire', title: '5ire', user: ['{app}/5ire/mcp.json'], more: { uptake: 'quit-and-start' } }),
  plain({
    id: 'boltai',
    title: 'BoltAI',
    user: ['~/.boltai/mcp.json'],
    more: { uptake: 'quit-and-start', systems: ['macos'] },
  }),
  plain({
    id: 'amp',
    title: 'Amp',
    user: [config('amp/settings.json')],
    format: jsonWithComments,
    maps: map('amp.mcpServers'),
  }),
  plain({ id: 'trae', title: 'Trae', user: ['{app}/Trae/User/mcp.json'], project: ['.trae/mcp.json'] }),
  plain({
    id: 'qwen-code',
    title: 'Qwen Code',
    user: ['~/.qwen/settings.json'],
    project: ['.qwen/settings.json', '.mcp.json'],
    format: jsonWithComments,
    more: { asksAgain: true },
  }),
  plain({ id: 'kimi', title: 'Kimi', user: ['~/.kimi-code/mcp.json', '~/.kimi/mcp.json'] }),
  plain({
    id: 'mistral-vibe',
    title: 'Mistral Vibe',
    user: ['~/.vibe/config.toml'],
    format: toml,
    maps: namedList('mcp_servers'),
  }),
  plain({ id: 'factory-droid', title: 'Factory Droid', user: ['~/.factory/mcp.json'], project: ['.factory/mcp.json'] }),
  plain({ id: 'grok-build', title: 'Grok Build', user: ['~/.grok/config.toml'], format: toml, maps: mcpServerTables }),
  plain({
    id: 'crush',
    title: 'Crush',
    user: ['{xdg}/crush/crush.json'],
    project: ['crush.json', '.crush.json'],
    maps: map('mcp'),
  }),
  plain({
    id: 'qoder',
    title: 'Qoder',
    user: [
      {
        linux: '~/.qoder/mcp.json',
        macos: '~/.qoder/mcp.json',
        windows: '{app}/Qoder/SharedClientCache/mcp.json',
      },
    ],
  }),
  plain({
    id: 'anythingllm',
    title: 'AnythingLLM',
    user: ['{app}/anythingllm-desktop/storage/plugins/anythingllm_mcp_servers.json'],
    more: { uptake: 'quit-and-start' },
  }),
  plain({ id: 'augment', title: 'Augment', user: ['~/.augment/settings.json'], format: jsonWithComments }),
  plain({
    id: 'hermes',
    title: 'Hermes',
    user: ['~/.hermes/config.yaml'],
    format: yaml,
    maps: map('mcp_servers'),
  }),
  plain({ id: 'muse-code', title: 'Muse Code', user: ['{xdg}/muse/settings.json'], maps: map('mcp_servers') }),
  plain({ id: 'witsy', title: 'Witsy', user: ['{app}/Witsy/settings.json'], more: { uptake: 'quit-and-start' } }),
];
