import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import { findFolders, isOwnSocket, makeFolders, refuseRootInUserHome } from './folders.ts';

const uid = process.geteuid?.() ?? -1;
let home: string;
const user = (): { uid: number; homedir: string } => ({ uid, homedir: home });
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'belljar-paths-'));
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

function codeOf(act: () => void): unknown {
  try {
    act();
    return null;
  } catch (error) {
    return error instanceof BelljarError ? error.code : error;
  }
}

describe('findFolders', () => {
  it('follows the XDG rules, below the home of the user database', () => {
    expect(findFolders({}, user())).toEqual({
      home,
      config: join(home, '.config/belljar'),
      data: join(home, '.local/share/belljar'),
      state: join(home, '.local/state/belljar'),
      runtime: join(home, '.local/state/belljar/runtime'),
      socket: join(home, '.local/state/belljar/runtime/host.sock'),
      usual: true,
    });
  });

  it('takes overrides, and ignores values that are not absolute', () => {
    const folders = findFolders(
      { HOME: home, XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: 'relative', BELLJAR_STATE_DIR: '/s' },
      user(),
    );
    expect([folders.config, folders.data, folders.state, folders.usual]).toEqual([
      '/c/belljar',
      join(home, '.local/share/belljar'),
      '/s',
      false,
    ]);
  });

  it('never gives two sets of folders the same socket', () => {
    const runtime = join(home, 'run');
    mkdirSync(runtime, { mode: 0o700 });
    const usual = findFolders({ XDG_RUNTIME_DIR: runtime }, user());
    const other = findFolders({ XDG_RUNTIME_DIR: runtime, BELLJAR_STATE_DIR: join(home, 'elsewhere') }, user());
    const thrownAway = findFolders({ XDG_RUNTIME_DIR: runtime, HOME: join(home, 'other') }, user());
    expect(usual.socket).toBe(join(runtime, 'belljar/host.sock'));
    expect(new Set([usual.socket, other.socket, thrownAway.socket]).size).toBe(3);
  });

  it('does not use a runtime folder that others may write to, and does use its safe twin', () => {
    const runtime = join(home, 'run');
    mkdirSync(runtime);
    chmodSync(runtime, 0o777);
    expect(findFolders({ XDG_RUNTIME_DIR: runtime }, user()).runtime).toBe(join(home, '.local/state/belljar/runtime'));
    chmodSync(runtime, 0o700);
    expect(findFolders({ XDG_RUNTIME_DIR: runtime }, user()).runtime).toBe(join(runtime, 'belljar'));
  });

  it('keeps the socket short enough to bind, however deep the home is', () => {
    const folders = findFolders({ HOME: join(home, 'x'.repeat(120)) }, user());
    expect(Buffer.byteLength(folders.socket)).toBeLessThanOrEqual(103);
  });
});

describe('makeFolders', () => {
  it('makes all of them 0700, and closes its own that stand open for reading', () => {
    const folders = findFolders({}, user());
    mkdirSync(folders.state, { recursive: true, mode: 0o755 });
    makeFolders(folders);
    const made = [folders.config, folders.data, folders.state, join(folders.state, 'spool'), folders.runtime];
    expect(made.map(mode)).toEqual(['700', '700', '700', '700', '700']);
  });

  it.each(['config', 'data', 'state', 'runtime'] as const)('refuses a %s folder that others may write to', (which) => {
    const folders = findFolders({}, user());
    makeFolders(folders);
    chmodSync(folders[which], 0o777);
    expect(codeOf(() => makeFolders(folders))).toBe('unsafe-folder');
    expect(mode(folders[which])).toBe('777');
    chmodSync(folders[which], 0o700);
    expect(codeOf(() => makeFolders(folders))).toBeNull();
  });

  it('refuses a runtime folder that is a link, though a config folder may be one', () => {
    const folders = findFolders({}, user());
    mkdirSync(join(home, 'real'), { mode: 0o700 });
    mkdirSync(join(home, '.config'));
    symlinkSync(join(home, 'real'), folders.config);
    expect(codeOf(() => makeFolders(folders))).toBeNull();
    rmSync(folders.runtime, { recursive: true });
    symlinkSync(join(home, 'real'), folders.runtime);
    expect(codeOf(() => makeFolders(folders))).toBe('unsafe-folder');
  });

  it.runIf(uid === 0)("refuses another user's folder, and root in another user's home", async () => {
    const { chownSync } = await import('node:fs');
    const folders = findFolders({}, user());
    makeFolders(folders);
    chownSync(folders.runtime, 1001, 1001);
    expect(codeOf(() => makeFolders(folders))).toBe('unsafe-folder');
    chownSync(folders.runtime, 0, 0);
    expect(codeOf(() => makeFolders(folders))).toBeNull();
    chownSync(home, 1001, 1001);
    expect(codeOf(() => makeFolders(folders))).toBe('refused-root-in-user-home');
  });

  it('lets a user into his own home, and root into its own', () => {
    const folders = findFolders({}, user());
    expect(codeOf(() => refuseRootInUserHome(folders, 1001))).toBeNull();
    expect(codeOf(() => refuseRootInUserHome(folders, uid))).toBeNull();
  });
});

describe('isOwnSocket', () => {
  it('trusts a socket in a folder of its own, not one in a folder that others may write to', async () => {
    const folders = findFolders({}, user());
    makeFolders(folders);
    expect(isOwnSocket(folders)).toBe(false);
    const server = createServer().listen(folders.socket);
    await new Promise((resolve) => server.once('listening', resolve));
    expect(isOwnSocket(folders)).toBe(true);
    chmodSync(folders.runtime, 0o770);
    expect(isOwnSocket(folders)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
  });
});
