/**
 * The built product in a throw-away home: Claude Desktop's file with real servers, `belljar panel` serving the page,
 * and the official client that starts an entry exactly as it stands in the file.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { methods } from '#contract/methods.ts';

const root = resolve(import.meta.dirname, '../../..');
export const program = join(root, 'dist/cli/belljar.js');
const readerServer = join(root, 'e2e/cli/support/reader-server.js');

/** Ends with an error when a file is not readable at its start, as many servers do with their settings. */
const needyServer = `import { readFileSync } from 'node:fs';
try {
  readFileSync(process.env.HOME + '/other/settings.json');
} catch (error) {
  process.stderr.write(error.code + '\\n');
  process.exit(3);
}
await import('./reader-server.js');
`;

interface Entry {
  command: string;
  args: string[];
}

export interface Session {
  /** What a tool (`read` where none is named) answers for this path. */
  call: (path: string, tool?: string) => Promise<string>;
  close: () => Promise<void>;
}

export interface RealDesk {
  path: (...parts: string[]) => string;
  config: string;
  /** What the file held at the beginning. */
  original: string;
  /** Starts `belljar panel`; the answer is the address for one page. */
  panel: () => Promise<string>;
  /** Starts an entry as its client would; `roots` are the folders that the client says are open. */
  start: (name: string, roots?: readonly string[]) => Promise<Session>;
  /** Runs the command and answers its standard output. */
  run: (...args: string[]) => Promise<string>;
  /** Kills the host without a word. */
  kill: () => Promise<void>;
  close: () => Promise<void>;
}

/** `more`: further entries of the client's file, by name. */
export function makeRealDesk(more: (path: RealDesk['path']) => Record<string, Entry> = () => ({})): RealDesk {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-panel-real-')));
  const path = (...parts: string[]): string => join(home, ...parts);
  for (const folder of ['servers', 'notes', 'other', '.ssh', '.config/Claude', 'runtime']) {
    mkdirSync(path(folder), { recursive: true, mode: 0o700 });
  }
  writeFileSync(path('servers/reader-server.js'), readFileSync(readerServer));
  writeFileSync(path('servers/needy-server.js'), needyServer);
  writeFileSync(path('servers/package.json'), '{"type":"module"}');
  writeFileSync(path('notes/today.txt'), 'a note');
  writeFileSync(path('other/plan.txt'), 'a plan');
  writeFileSync(path('other/settings.json'), '{}');
  writeFileSync(path('.ssh/id_ed25519'), 'a decoy key');
  const config = path('.config/Claude/claude_desktop_config.json');
  const node = JSON.stringify(process.execPath);
  const original = `{
   "globalShortcut": "",
  "mcpServers": {
    "reader": {"command": ${node},   "args": [${JSON.stringify(path('servers/reader-server.js'))}, ${JSON.stringify(path('notes'))}],
      "env": { "READER_TOKEN": "decoy-token-value" } },
    "needy": { "command": ${node}, "args": [${JSON.stringify(path('servers/needy-server.js'))}] },
${Object.entries(more(path))
  .map(([name, entry]) => `    ${JSON.stringify(name)}: ${JSON.stringify(entry)},\n`)
  .join('')}    "boxed": { "command": "docker", "args": ["run", "-i", "--rm", "some/server"] }
  }, "preferences": {"menuBarEnabled": true}
}
`;
  writeFileSync(config, original, { mode: 0o600 });
  const environment = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    XDG_RUNTIME_DIR: path('runtime'),
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  };
  const hosts: ChildProcess[] = [];
  const sessions: Session[] = [];

  async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await over;
  }

  return {
    path,
    config,
    original,
    async panel() {
      const child = spawn(process.execPath, [program, 'panel', '--no-open', '--json'], {
        env: environment,
        cwd: home,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      hosts.push(child);
      const line = await new Promise<string>((done, fail) => {
        createInterface({ input: child.stdout }).once('line', done);
        child.once('exit', (code) => {
          fail(new Error(`belljar panel ended with ${String(code)}`));
        });
      });
      const { redirectFile } = methods['host.panel'].output.parse(JSON.parse(line));
      const address = /url=([^"]+)"/u.exec(readFileSync(redirectFile, 'utf8'))?.[1];
      if (address === undefined) throw new Error(`no address in ${redirectFile}`);
      return address;
    },
    async run(...args) {
      const child = spawn(process.execPath, [program, ...args], {
        env: environment,
        cwd: home,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      const code = await new Promise((done) => child.once('close', done));
      if (code !== 0) throw new Error(`belljar ${args.join(' ')} ended with ${String(code)}`);
      return out;
    },
    async start(name, roots = []) {
      const document = JSON.parse(readFileSync(config, 'utf8')) as { mcpServers: Record<string, Entry> };
      const entry = document.mcpServers[name];
      if (entry === undefined) throw new Error(`no entry ${name}`);
      const client = new Client(
        { name: 'test-client', version: '1.0.0' },
        { capabilities: roots.length === 0 ? {} : { roots: {} } },
      );
      if (roots.length > 0) {
        client.setRequestHandler(ListRootsRequestSchema, () => ({
          roots: roots.map((folder) => ({ uri: pathToFileURL(folder).href })),
        }));
      }
      await client.connect(
        new StdioClientTransport({
          command: entry.command,
          args: entry.args,
          env: { PATH: environment.PATH, HOME: home },
          cwd: home,
          stderr: 'ignore',
        }),
      );
      const session: Session = {
        call: async (file, tool = 'read') => {
          const answer = await client.callTool({ name: tool, arguments: { path: file } });
          return (answer.content as { text: string }[])[0]?.text ?? '';
        },
        close: () => client.close(),
      };
      sessions.push(session);
      return session;
    },
    async kill() {
      for (const host of hosts.splice(0)) await ended(host, 'SIGKILL');
    },
    async close() {
      for (const session of sessions) await session.close();
      for (const host of hosts.splice(0)) await ended(host, 'SIGTERM');
      rmSync(home, { recursive: true, force: true });
    },
  };
}
