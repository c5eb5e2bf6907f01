/** A home with 200 servers in 40 files of all formats, as clients keep them; one of the files has a history of many projects. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const perFile = 5;
const names = (index: number): string[] =>
  Array.from({ length: perFile }, (_, at) => `server-${index.toString()}-${at.toString()}`);
const entry = { command: 'npx', args: ['-y', '@scope/some-server@1.2.3', '/srv/data'], env: { LEVEL: 'info' } };

function jsonOf(key: string, index: number, more: object = {}): string {
  return JSON.stringify({ ...more, [key]: Object.fromEntries(names(index).map((name) => [name, entry])) }, null, 2);
}
function tomlOf(index: number): string {
  return names(index)
    .map((name) => `# ${name}\n[mcp_servers.${name}]\ncommand = "npx"\nargs = ["-y", "some-server", "/srv/data"]\n`)
    .join('\n');
}
function yamlOf(index: number): string {
  const items = names(index).map(
    (name) => `  ${name}:\n    type: stdio\n    cmd: npx\n    args:\n      - -y\n      - some\n`,
  );
  return `extensions:\n${items.join('')}`;
}

export function makeClientHome(home: string, projects: number): void {
  const files: Record<string, (index: number) => string> = {
    '.config/Claude/claude_desktop_config.json': (index) => jsonOf('mcpServers', index),
    // As it grows after some months: histories of many projects.
    '.claude.json': (index) =>
      jsonOf('mcpServers', index, {
        projects: Object.fromEntries(
          Array.from({ length: projects }, (_, at) => [
            join(home, 'work', `project-${at.toString()}`),
            { history: Array.from({ length: 100 }, () => ({ display: 'x'.repeat(200) })), mcpServers: {} },
          ]),
        ),
      }),
    '.config/Code/User/mcp.json': (index) => `// Servers\n${jsonOf('servers', index)}`,
    '.cursor/mcp.json': (index) => jsonOf('mcpServers', index),
    '.codex/config.toml': tomlOf,
    '.config/devin/mcp_config.json': (index) => jsonOf('mcpServers', index),
    '.copilot/mcp-config.json': (index) => jsonOf('mcpServers', index),
    '.gemini/settings.json': (index) => jsonOf('mcpServers', index),
    '.config/zed/settings.json': (index) => `// Zed\n${jsonOf('context_servers', index)}`,
    '.config/goose/config.yaml': yamlOf,
  };
  for (let at = 0; at < 10; at += 1)
    files[`.config/Code/User/profiles/p${at.toString()}/mcp.json`] = (index) => jsonOf('servers', index);
  for (let at = 0; at < 20; at += 1)
    files[`work/project-${at.toString()}/${at % 2 === 0 ? '.mcp.json' : '.cursor/mcp.json'}`] = (index) =>
      jsonOf('mcpServers', index);
  for (const [index, [file, write]] of Object.entries(files).entries()) {
    mkdirSync(dirname(join(home, file)), { recursive: true });
    writeFileSync(join(home, file), write(index));
  }
}
