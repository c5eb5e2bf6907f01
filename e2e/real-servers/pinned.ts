/** Real servers pinned by the whole engine in a throw-away home: for the test of them and for their measurement. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Pin } from '#contract/pin.ts';
import { ordinaryPath } from '../confinement/support/start.ts';
import { makeWorld, type World } from '../launched/support/world.ts';
import type { Launch } from './session.ts';

export interface PinnedServer {
  world: World;
  /** What the client starts now. */
  entry: Launch;
  pin: Pin;
  /** A client's environment in which no registry answers and nothing was ever fetched. */
  env: Record<string, string>;
}

/** The caller closes the world. */
export async function pinServer(launch: Launch): Promise<PinnedServer> {
  const world = makeWorld();
  try {
    const file = world.configure({ pinned: { command: launch.command, args: [...launch.args] } });
    const server = 'claude-desktop/pinned';
    const { results } = await world.api['servers.contain']({
      servers: [server],
      level: 'standard',
      dryRun: false,
      check: false,
    });
    if (results[0]?.error !== undefined) throw new Error(results[0].error.message);
    const { pin } = await world.api['pins.pin']({
      server,
      update: false,
      dryRun: false,
      withScripts: false,
      hosts: [],
    });
    if (pin === null) throw new Error('It was not pinned.');
    const entry = (JSON.parse(readFileSync(file, 'utf8')) as { mcpServers: { pinned: Launch } }).mcpServers.pinned;
    return {
      world,
      entry,
      pin,
      env: {
        PATH: `${dirname(process.execPath)}:${ordinaryPath}`,
        HOME: world.home,
        LANG: 'C.UTF-8',
        TZ: 'UTC',
        HTTPS_PROXY: 'http://127.0.0.1:9',
        npm_config_registry: 'http://127.0.0.1:9/',
        UV_DEFAULT_INDEX: 'http://127.0.0.1:9/simple',
      },
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}
