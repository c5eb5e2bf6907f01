/** Starts an entry exactly as it stands in a client's file, through the official SDK, as the client would. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Home } from './product.ts';
import { later } from './product.ts';

export interface Entry {
  command: string;
  args: string[];
  env?: Record<string, string>;
}

export function readEntry(file: string, name: string): Entry {
  const document = JSON.parse(readFileSync(file, 'utf8')) as { mcpServers: Record<string, Entry> };
  const entry = document.mcpServers[name];
  if (entry === undefined) throw new Error(`no entry ${name}`);
  return entry;
}

export interface Connection {
  call(tool: string, input: Record<string, string>): Promise<string>;
  tools(): Promise<string[]>;
  close(): Promise<void>;
}

/** `roots`: folders that the client says are open, which servers may take as theirs. */
export async function startEntry(home: Home, entry: Entry, roots: readonly string[] = []): Promise<Connection> {
  const transport = new StdioClientTransport({
    command: entry.command,
    args: entry.args,
    env: { PATH: home.environment['PATH'] ?? '', HOME: home.path, ...entry.env },
    cwd: home.path,
    stderr: 'pipe',
  });
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    { capabilities: roots.length === 0 ? {} : { roots: {} } },
  );
  if (roots.length > 0) {
    client.setRequestHandler(ListRootsRequestSchema, () => ({
      roots: roots.map((folder) => ({ uri: pathToFileURL(folder).href })),
    }));
  }
  later(() => client.close());
  await client.connect(transport);
  return {
    async call(tool, input) {
      const answer = await client.callTool({ name: tool, arguments: input });
      return (answer.content as { text: string }[])[0]?.text ?? '';
    },
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    close: () => client.close(),
  };
}
