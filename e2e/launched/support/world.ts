/**
 * A throw-away home with the whole engine over it, as the host composes it, and the real launcher. Nothing of the person
 * who runs the tests is looked at: HOME points here, and every variable that leads back there is taken away.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '#contract/event.ts';
import type { Api } from '#contract/methods.ts';
import { composeEngine } from '#host/compose.ts';
import type { HostLog } from '#host/log.ts';
import type { Folders } from '#platform/paths/folders.ts';
import { findFolders, makeFolders } from '#platform/paths/folders.ts';

export interface World {
  home: string;
  folders: Folders;
  api: Api;
  subscribe: (listener: (event: Event) => void) => Promise<() => void>;
  warnings: string[];
  /** Writes a Claude Desktop config with these servers. */
  configure(servers: Record<string, { command: string; args?: string[]; env?: Record<string, string> }>): string;
  close(): Promise<void>;
}

export function makeWorld(): World {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-world-')));
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) {
    if (/^(?:XDG_|BELLJAR_|CLAUDE_|npm_|NPM_CONFIG_|UV_)/.test(name)) delete process.env[name];
  }
  process.env['HOME'] = home;
  const folders = findFolders(process.env);
  makeFolders(folders);
  const warnings: string[] = [];
  const log: HostLog = {
    info: () => undefined,
    warn: (code) => warnings.push(code),
    error: (code) => warnings.push(code),
    close: () => Promise.resolve(),
  };
  const engine = composeEngine(folders, log);
  return {
    home,
    folders,
    // The engine's own methods only; those of the host are not asked here.
    api: engine.api as unknown as Api,
    subscribe: (listener) => engine.subscribe(listener),
    warnings,
    configure(servers) {
      const folder = join(home, '.config', 'Claude');
      mkdirSync(folder, { recursive: true });
      const file = join(folder, 'claude_desktop_config.json');
      writeFileSync(file, `${JSON.stringify({ mcpServers: servers }, null, 2)}\n`);
      return file;
    },
    async close() {
      await engine.close();
      rmSync(home, { recursive: true, force: true });
      for (const name of Object.keys(process.env)) {
        if (!(name in before)) delete process.env[name];
      }
      Object.assign(process.env, before);
    },
  };
}
