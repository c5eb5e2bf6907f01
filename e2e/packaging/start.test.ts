/** What starts the desktop program on Linux: with Chromium's sandbox, or the panel in the browser, and never without. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
let folder: string;

function program(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-start-'));
  copyFileSync(join(root, 'packaging/start.sh'), join(folder, 'belljar-desktop'));
  chmodSync(join(folder, 'belljar-desktop'), 0o755);
  program(join(folder, 'belljar-desktop.bin'), 'echo "window $*"');
  program(join(folder, 'resources/node/bin/node'), 'echo "browser ${1##*/} $2"');
  program(join(folder, 'tools/id'), 'echo "${ID_SAYS:-1000}"');
  program(join(folder, 'tools/unshare'), 'exit "${NAMESPACES:-0}"');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function start(args: string[], env: NodeJS.ProcessEnv = {}): { out: string; err: string } {
  mkdirSync(join(folder, 'links'), { recursive: true });
  const link = join(folder, 'links/belljar-desktop');
  symlinkSync(join(folder, 'belljar-desktop'), link);
  const result = spawnSync(link, args, {
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'tools')}:${process.env['PATH'] ?? ''}`, ...env },
  });
  return { out: result.stdout.trim(), err: result.stderr.trim() };
}

describe('the start on Linux', () => {
  it('is the window, where a person may have namespaces', () => {
    expect(start(['belljar://open/servers'])).toEqual({ out: 'window belljar://open/servers', err: '' });
  });

  it.each([
    ...['--no-sandbox', '-no-sandbox', '--no-sandbox=1', '--no-zygote-sandbox', '-no-zygote-sandbox'],
    ...['--disable-setuid-sandbox', '--disable-namespace-sandbox', '-disable-gpu-sandbox=1'],
  ])('is the browser when %s was asked for', (word) => {
    const { out, err } = start(['--enable-sandbox', word]);
    expect(out).toBe('browser belljar.js panel');
    expect(err).toContain(word);
  });

  it('is the window without what would take its sandbox away, where a variable asks for that', () => {
    program(join(folder, 'belljar-desktop.bin'), 'echo "window ${ELECTRON_DISABLE_SANDBOX-none}"');
    expect(start([], { ELECTRON_DISABLE_SANDBOX: '1' }).out).toBe('window none');
  });

  it('is the browser for root, and where the system gives no namespaces', () => {
    expect(start([], { ID_SAYS: '0' }).out).toBe('browser belljar.js panel');
    rmSync(join(folder, 'links'), { recursive: true });
    const refused = start([], { NAMESPACES: '1' });
    expect(refused.out).toBe('browser belljar.js panel');
    expect(refused.err).toContain('no sandbox here');
  });

  it('is the window, where only the package’s own profile gives it namespaces', () => {
    const asked = join(folder, 'asked');
    program(join(folder, 'tools/aa-exec'), `echo "$*" > ${asked}; exit "\${PROFILE:-0}"`);
    expect(start([], { NAMESPACES: '1' }).out).toBe('window');
    expect(readFileSync(asked, 'utf8').trim()).toBe('-p belljar-desktop -- unshare --user --map-root-user true');
    rmSync(join(folder, 'links'), { recursive: true });
    expect(start([], { NAMESPACES: '1', PROFILE: '1' }).out).toBe('browser belljar.js panel');
  });

  it('takes no helper for one that is not set up: not root’s, or without its bit', () => {
    program(join(folder, 'chrome-sandbox'), 'exit 0');
    expect(start([], { NAMESPACES: '1' }).out).toBe('browser belljar.js panel');
  });
});
