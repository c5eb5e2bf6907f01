import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBrowser } from './browser.ts';

const url = 'https://accounts.example.com/authorize?state=x&y=$(touch%20pwned)';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belljar-browser-'));
  mkdirSync(join(folder, 'bin'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program that writes down how it was started. */
function stage(name: string, rest = 'exit 0'): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "${name}" "$@" >> "${folder}/log"\n${rest}\n`);
  chmodSync(path, 0o755);
}

function started(): string[] {
  try {
    return readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

const environment = (more: Record<string, string>): NodeJS.ProcessEnv => ({
  PATH: `${folder}/bin:/usr/bin:/bin`,
  ...more,
});
const bus = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' };

describe.skipIf(process.platform !== 'linux')('opening a link', () => {
  it.each(['DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER'])(
    'with %s: xdg-open, and the link is its only argument',
    async (name) => {
      stage('xdg-open');
      stage('busctl');
      expect(await createBrowser(environment({ [name]: 'x', ...bus })).open(url)).toBe(true);
      expect(started()).toEqual(['xdg-open', url]);
    },
  );

  it('without a display: the portal of the desktop, and never a browser of the terminal', async () => {
    stage('xdg-open');
    stage('busctl');
    expect(await createBrowser(environment(bus)).open(url)).toBe(true);
    expect(started()).toEqual([
      ...['busctl', '--user', 'call', 'org.freedesktop.portal.Desktop', '/org/freedesktop/portal/desktop'],
      ...['org.freedesktop.portal.OpenURI', 'OpenURI', 'ssa{sv}', '', url, '0'],
    ]);
  });

  it('when xdg-open cannot, the portal is asked; when neither can, it says so', async () => {
    stage('xdg-open', 'exit 3');
    stage('busctl', 'exit 1');
    expect(await createBrowser(environment({ DISPLAY: ':0', ...bus })).open(url)).toBe(false);
    expect(started().filter((line) => line === 'xdg-open' || line === 'busctl')).toEqual(['xdg-open', 'busctl']);
  });

  it('with no desktop at all nothing is started', async () => {
    stage('xdg-open');
    stage('busctl');
    expect(await createBrowser(environment({})).open(url)).toBe(false);
    expect(started()).toEqual([]);
  });

  it('a browser that stays open was started; a program that is not there was not', async () => {
    stage('xdg-open', 'exec sleep 4');
    expect(await createBrowser(environment({ DISPLAY: ':0' })).open(url)).toBe(true);
    rmSync(join(folder, 'bin'), { recursive: true });
    expect(await createBrowser({ PATH: join(folder, 'bin'), DISPLAY: ':0' }).open(url)).toBe(false);
  });
});
