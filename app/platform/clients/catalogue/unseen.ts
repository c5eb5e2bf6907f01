/** Programs that keep servers where no file could be edited, or where an edit would not last; named when a sign of them is there. */
import type { UnseenClient } from '../locate.ts';

const configureElsewhere =
  'Configure its servers in a client that keeps them in a file, or in a Claude Desktop configuration it can import.';

export const unseen: readonly UnseenClient[] = [
  {
    title: 'Cherry Studio',
    sign: '{app}/CherryStudio',
    sentence: 'Cherry Studio keeps its servers in a database of its own, which Belljar neither reads nor changes.',
    remedy: configureElsewhere,
  },
  {
    title: 'Raycast',
    sign: { macos: '{app}/com.raycast.macos' },
    sentence: 'Raycast keeps its servers in its own store, which Belljar neither reads nor changes.',
    remedy: configureElsewhere,
  },
  {
    title: 'Dyad',
    sign: '{app}/dyad',
    sentence: 'Dyad keeps its servers in a database of its own, which Belljar neither reads nor changes.',
    remedy: configureElsewhere,
  },
  {
    title: 'JetBrains AI Assistant before 2025.3',
    sign: '{app}/JetBrains/*/options/llm.mcpServers.xml',
    sentence: 'This version keeps its servers in XML that it writes over on exit, so a change would not last.',
    remedy: 'Update it, or move the servers to ~/.ai/mcp/mcp.json.',
  },
  {
    title: 'Crush',
    sign: '~/.config/crush/crushrc',
    sentence: 'Crush makes its servers by a shell script, which Belljar neither runs nor changes.',
    remedy: 'Keep them in crush.json, which it reads too.',
  },
  {
    title: 'Warp Drive',
    sign: { linux: '{data}/warp-terminal', macos: '{app}/dev.warp.Warp-Stable', windows: '{local}/warp/Warp' },
    sentence: 'Servers that were added in the settings of Warp are kept in its cloud and not on this machine.',
    remedy: 'Configure them in ~/.warp/.mcp.json instead.',
  },
];
