import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Folders } from '#platform/paths/folders.ts';
import { findFolders, makeFolders } from '#platform/paths/folders.ts';
import { removeService, startInBackground, unitText } from './background.ts';
import { createHost } from './host.ts';
import type { Door } from './socket-door.ts';
import { openSocketDoor } from './socket-door.ts';
import { createMemoryEngine } from './testing/memory-api.ts';

const quietLog = { info: () => undefined, warn: () => undefined, error: () => undefined, close: async () => undefined };
let home: string;
let folders: Folders;
let path: string | undefined;
let configHome: string | undefined;
let door: Door | null;

/** A systemctl that writes down what it was asked, and says what it is told to. */
function fakeSystemctl(state: string, enableExit: number): void {
  const script = `#!/bin/sh
echo "$@" >> ${home}/asked
case "$2" in
  is-system-running) echo ${state};;
  enable) exit ${enableExit};;
esac
`;
  writeFileSync(join(home, 'bin/systemctl'), script);
  chmodSync(join(home, 'bin/systemctl'), 0o755);
}

const asked = (): string[] => readFileSync(join(home, 'asked'), 'utf8').trim().split('\n');
const unit = (): string => join(home, 'config/systemd/user/belljar-host.service');

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'belljar-background-'));
  mkdirSync(join(home, 'bin'));
  [path, configHome] = [process.env['PATH'], process.env['XDG_CONFIG_HOME']];
  process.env['PATH'] = `${join(home, 'bin')}:${path ?? ''}`;
  process.env['XDG_CONFIG_HOME'] = join(home, 'config');
  folders = { ...findFolders({ HOME: home }), usual: true };
  makeFolders(folders);
  door = null;
});

afterEach(async () => {
  await door?.close();
  process.env['PATH'] = path;
  if (configHome === undefined) delete process.env['XDG_CONFIG_HOME'];
  else process.env['XDG_CONFIG_HOME'] = configHome;
  rmSync(home, { recursive: true, force: true });
});

/** Stands for the host that systemd would start. */
async function openHost(): Promise<void> {
  const host = createHost({
    engine: createMemoryEngine(),
    log: quietLog,
    runtimeFolder: folders.runtime,
    rendererFolder: home,
  });
  door = await openSocketDoor(folders.socket, host.handle);
}

describe('a host in the background', () => {
  it('is a service of the user where their systemd takes orders, and goes with an uninstall', async () => {
    fakeSystemctl('degraded', 0);
    const starting = startInBackground(folders, '/opt/belljar/belljar.js');
    await expect.poll(() => existsSync(unit())).toBe(true);
    await openHost();
    expect(await starting).toMatchObject({ kept: 'service', status: { pid: process.pid } });
    expect(asked()).toEqual([
      '--user is-system-running',
      '--user daemon-reload',
      '--user enable --now belljar-host.service',
    ]);
    expect(await removeService(folders)).toEqual([unit()]);
    expect(existsSync(unit())).toBe(false);
    expect(asked().slice(-2)).toEqual(['--user disable --now belljar-host.service', '--user daemon-reload']);
  });

  it.each([
    ['there is no systemd of the user', 'offline', 0],
    ['their systemd refuses the service', 'running', 1],
  ])('is a detached process where %s, and no service stays behind', async (_case, state, enableExit) => {
    fakeSystemctl(state, enableExit);
    // The program writes down its arguments and lives a moment, as a host would for long.
    const program = join(home, 'program.mjs');
    writeFileSync(
      program,
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(join(home, 'started'))}, process.argv[2]);`,
    );
    const starting = startInBackground(folders, program);
    await expect.poll(() => existsSync(join(home, 'started'))).toBe(true);
    await openHost();
    expect((await starting).kept).toBe('process');
    expect([readFileSync(join(home, 'started'), 'utf8'), existsSync(unit())]).toEqual(['host', false]);
    expect(await removeService(folders)).toEqual([]);
  });

  it('quotes what systemd would expand', () => {
    expect(unitText('/usr/bin/node', '/home/a b/100%/$x"\\/belljar.js').split('\n')).toContain(
      'ExecStart="/usr/bin/node" "/home/a b/100%%/$$x\\"\\\\/belljar.js" "host"',
    );
  });
});
