/**
 * Clients that one file and a shared shape describe. From their makers' own documentation, looked at in November 2026:
 * Qwen Code (qwenlm.github.io/qwen-code-docs, "MCP servers", "Configuration"), Kimi (moonshotai.github.io/kimi-code,
 * "Model Context Protocol"), Mistral Vibe (docs.mistral.ai/vibe/code/cli/mcp-servers, "Configuration"), Grok Build
 * (docs.x.ai/build/features/mcp-servers, "Settings reference"), Crush (charmbracelet/crush, docs/config), Hermes
 * (hermes-agent.nousresearch.com, "MCP"), Augment (docs.augmentcode.com/cli/integrations), AnythingLLM (docs.anythingllm.com,
 * "MCP compatibility"; the folder above `plugins` is other tools' word), Qoder's command line (docs.qoder.com/cli/mcp-servers),
 * Factory Bridge (docs.factory.ai), Trae's project (volcengine.com/docs/86677/2137601). Of the rest one other tool speaks each.
 */
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
  managed?: readonly Template[];
  more?: Partial<Pick<Client, 'uptake' | 'asksAgain' | 'systems' | 'placeholders'>>;
}

function plain({
  id,
  title,
  user,
  project = [],
  managed = [],
  format = json,
  maps = mcpServers,
  more = {},
}: Plain): Client {
  const source = (at: Template, scope: FileSource['scope']): FileSource => ({ at, scope, format, maps });
  return {
    id,
    title,
    uptake: 'new-session',
    placeholders: 'command-only-or-unknown',
    ...more,
    sources: [
      ...user.map((at) => source(at, 'user')),
      ...project.map((at) => source(at, 'project')),
      ...managed.map((at) => source(at, 'managed')),
    ],
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
    // What `qwen mcp add` writes to by itself is the local file.
    project: ['.qwen/settings.json', '.qwen/settings.local.json', '.mcp.json'],
    managed: ['settings.json', 'system-defaults.json'].map((name) => ({
      linux: `/etc/qwen-code/${name}`,
      macos: `/Library/Application Support/QwenCode/${name}`,
      windows: `{machine}/qwen-code/${name}`,
    })),
    format: jsonWithComments,
    more: { asksAgain: true },
  }),
  plain({
    id: 'kimi',
    title: 'Kimi',
    user: ['{KIMI_CODE_HOME|~/.kimi-code}/mcp.json', '~/.kimi/mcp.json'],
    project: ['.kimi-code/mcp.json'],
  }),
  plain({
    id: 'mistral-vibe',
    title: 'Mistral Vibe',
    user: ['~/.vibe/config.toml'],
    // Looked for before the user's.
    project: ['.vibe/config.toml'],
    format: toml,
    maps: namedList('mcp_servers'),
  }),
  plain({
    id: 'factory-droid',
    title: 'Factory Droid',
    user: ['~/.factory/mcp.json', { macos: '{app}/Factory Bridge/mcp.json', windows: '{app}/Factory Bridge/mcp.json' }],
    project: ['.factory/mcp.json'],
  }),
  plain({
    id: 'grok-build',
    title: 'Grok Build',
    user: ['{GROK_HOME|~/.grok}/config.toml'],
    project: ['.grok/config.toml'],
    format: toml,
    maps: mcpServerTables,
    more: { placeholders: 'command-and-args' },
  }),
  // The form before its settings became a shell script, which is named as one that Belljar does not read.
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
      // The command line's own; the editor's stand in the file above.
      '~/.qoder/settings.json',
    ],
    project: ['.qoder/settings.local.json', '.mcp.json'],
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
    user: ['{HERMES_HOME|~/.hermes}/config.yaml'],
    format: yaml,
    maps: map('mcp_servers'),
  }),
  plain({ id: 'muse-code', title: 'Muse Code', user: ['{xdg}/muse/settings.json'], maps: map('mcp_servers') }),
  plain({ id: 'witsy', title: 'Witsy', user: ['{app}/Witsy/settings.json'], more: { uptake: 'quit-and-start' } }),
];
