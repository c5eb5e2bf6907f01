import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { linkOfArguments, routeOfLink } from './deep-links.ts';
import { autostartText, linuxLoginItem } from './login-item.ts';
import { menuTemplate } from './menu.ts';
import { placesOfParts } from './parts.ts';
import { placeOf, readWindowState, writeWindowState } from './window-state.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp();
});
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'belljar-main-'));
  cleanUps.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('links', () => {
  it.each([
    ['belljar://open/servers', '/servers'],
    ['belljar://open/servers/', '/servers'],
    ['belljar://open/servers/cursor.files', '/servers/cursor.files'],
    ['belljar://open/activity', '/activity'],
    ['belljar://open/machine', '/machine'],
  ])('%s leads to %s', (link, route) => {
    expect(routeOfLink(link)).toBe(route);
  });

  it.each([
    'belljar://open/',
    'belljar://open/terminal/cursor.files',
    'belljar://open/servers/cursor.files/release',
    'belljar://open/servers/..%2fmachine',
    'belljar://open/servers/UPPER',
    'belljar://open/machine/x',
    'belljar://open/servers?then=release',
    'belljar://open/servers#/machine',
    'belljar://release/all',
    'belljar://user@open/servers',
    'belljar-app://panel/',
    'https://example.com/',
    `belljar://open/servers/${'a'.repeat(300)}`,
    'nonsense',
    '',
  ])('%s leads nowhere', (link) => {
    expect(routeOfLink(link)).toBeNull();
  });

  it('is found among the arguments of a second start', () => {
    expect(linkOfArguments(['/usr/bin/belljar-desktop', '--hidden', 'belljar://open/servers'])).toBe(
      'belljar://open/servers',
    );
    expect(linkOfArguments(['belljar', '--open=belljar://open/servers'])).toBeNull();
  });
});

describe('opening with the session', () => {
  it('is a file of the autostart folder that is ours to the byte', () => {
    const home = folder();
    const item = linuxLoginItem({}, home, '/opt/Belljar/belljar-desktop');
    const file = join(home, '.config/autostart/belljar.desktop');
    expect(item.read()).toBe(false);
    item.write(true);
    expect(item.read()).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain('Exec="/opt/Belljar/belljar-desktop" --hidden\n');
    writeFileSync(file, `${readFileSync(file, 'utf8')}Hidden=true\n`);
    expect(item.read()).toBe(false);
    item.write(false);
    expect(existsSync(file)).toBe(false);
    item.write(false);
  });

  it('follows XDG_CONFIG_HOME where that is a path', () => {
    const home = folder();
    linuxLoginItem({ XDG_CONFIG_HOME: join(home, 'c') }, home, '/x').write(true);
    expect(existsSync(join(home, 'c/autostart/belljar.desktop'))).toBe(true);
    linuxLoginItem({ XDG_CONFIG_HOME: 'relative' }, home, '/x').write(true);
    expect(existsSync(join(home, '.config/autostart/belljar.desktop'))).toBe(true);
  });

  it('quotes what the specification reserves', () => {
    expect(autostartText('/a b/$x"%f`\\y')).toContain('Exec="/a b/\\\\$x\\\\"%%f\\\\`\\\\\\\\y" --hidden');
  });
});

describe('the window', () => {
  const display = { x: 0, y: 0, width: 1920, height: 1080 };

  it('opens where it was', () => {
    const file = join(folder(), 'window.json');
    expect(readWindowState(file)).toBeNull();
    const state = { v: 1 as const, bounds: { x: 10, y: 20, width: 900, height: 700 }, maximised: false };
    writeWindowState(file, state);
    expect(readWindowState(file)).toEqual(state);
    expect(placeOf(state, [display])).toEqual(state.bounds);
  });

  it.each([
    '',
    '{',
    '{"v":2}',
    '{"v":1,"bounds":{"x":0,"y":0,"width":1e9,"height":1},"maximised":false}',
    'x'.repeat(5000),
  ])('forgets a file that holds %.20s', (text) => {
    const file = join(folder(), 'window.json');
    writeFileSync(file, text);
    expect(readWindowState(file)).toBeNull();
  });

  it('has the usual size where its display is gone, and never less than the smallest', () => {
    const away = { v: 1 as const, bounds: { x: 5000, y: 0, width: 900, height: 700 }, maximised: false };
    expect(placeOf(away, [display])).toEqual({ width: 1280, height: 860 });
    expect(placeOf({ ...away, bounds: { ...away.bounds, x: 0, y: -500 } }, [display])).not.toHaveProperty('x');
    const tiny = { ...away, bounds: { x: 0, y: 0, width: 200, height: 100 } };
    expect(placeOf(tiny, [display])).toEqual({ x: 0, y: 0, width: 640, height: 480 });
  });

  it('does not mind a folder that cannot be written', () => {
    const file = '/proc/none/window.json';
    writeWindowState(file, {
      v: 1,
      bounds: { x: 0, y: 0, width: 1, height: 1 },
      maximised: true,
    });
    expect(existsSync(file)).toBe(false);
  });
});

describe('parts', () => {
  it('lie beside the installed program, where the environment has no say', () => {
    const env = { BELLJAR_NODE: '/tmp/evil' };
    expect(placesOfParts('/opt/Belljar/resources', '/x', 'linux', env)).toMatchObject({
      node: '/opt/Belljar/resources/node/bin/node',
      program: '/opt/Belljar/resources/belljar/dist/cli/belljar.js',
    });
    expect(placesOfParts('C:/r', '/x', 'win32', env).node).toBe(join('C:/r', 'node/node.exe'));
  });

  it('start again what is in front of the program, not past it', () => {
    const { execPath } = process;
    process.execPath = '/opt/Belljar/belljar-desktop.bin';
    try {
      expect(placesOfParts('/opt/Belljar/resources', '/x', 'linux', {}).startedAs).toBe('/opt/Belljar/belljar-desktop');
      // The terminal that it was started from is an AppImage: not this program.
      const inherited = { APPIMAGE: '/home/mara/Terminal.AppImage', APPDIR: '/tmp/.mount_term' };
      const asInstalled = placesOfParts('/opt/Belljar/resources', '/x', 'linux', inherited).startedAs;
      expect(asInstalled).toBe('/opt/Belljar/belljar-desktop');
      const image = { APPIMAGE: '/home/mara/Belljar.AppImage', APPDIR: '/opt/Belljar' };
      expect(placesOfParts('/tmp/.mount/resources', '/x', 'linux', image).startedAs).toBe(image.APPIMAGE);
    } finally {
      process.execPath = execPath;
    }
  });

  it('have an icon for the tray of each system', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const { trayIcon } = placesOfParts(null, resolve(import.meta.dirname, '..'), platform, {});
      expect(existsSync(trayIcon), trayIcon).toBe(true);
    }
  });

  it('lie in the checkout, with the Node that npm start names', () => {
    expect(placesOfParts(null, '/src', 'linux', { BELLJAR_NODE: '/n' })).toMatchObject({
      node: '/n',
      program: '/src/dist/cli/belljar.js',
    });
  });
});

describe('menus', () => {
  it('lead to every view by a shortcut', () => {
    const gone: string[] = [];
    const template = menuTemplate('linux', 'Belljar', (route) => gone.push(route));
    const view = template.find(({ label }) => label === '&View')?.submenu as {
      accelerator?: string;
      click?: () => void;
    }[];
    for (const item of view) if (item.accelerator !== undefined) item.click?.();
    expect(gone).toEqual(['/servers', '/activity', '/rollout', '/machine']);
    expect(menuTemplate('darwin', 'Belljar', () => undefined)[0]).toMatchObject({ role: 'appMenu' });
  });
});
