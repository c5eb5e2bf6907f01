/**
 * The composition, with a stand-in for Electron that keeps what it was given and can play the system: ready, a second start, a
 * click. Everything else is real, the host behind its socket too.
 */
import type { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { desktopOrigin } from '#contract/desktop.ts';
import { BelljarError } from '#contract/errors.ts';
import type { Host } from '#host/host.ts';
import { createHost } from '#host/host.ts';
import type { MemoryEngine } from '#host/testing/memory-api.ts';
import { createMemoryEngine, makeEvent } from '#host/testing/memory-api.ts';

const fake = vi.hoisted(() => ({
  lock: true,
  packaged: false,
  schemes: [] as unknown[],
  windows: [] as {
    options: Record<string, unknown>;
    loaded: string[];
    focused: boolean;
    emit: (name: string) => void;
  }[],
  trays: [] as { tip: string; labels: string[] }[],
  notices: [] as { title: string; body: string; click: () => void }[],
  errors: [] as string[],
  quits: 0,
  trayFails: false,
  handle: undefined as undefined | ((request: Request) => Promise<Response>),
  guarded: 0,
  makeSession: undefined as unknown as () => object,
  userData: '',
  paths: new Map<string, string>(),
  atLogin: false,
  app: undefined as unknown as EventEmitter,
  place: undefined as undefined | (() => Promise<{ socket: string; pid: number }>),
}));

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events');
  class BrowserWindow extends Emitter {
    loaded: string[] = [];
    focused = false;
    options: Record<string, unknown>;
    constructor(options: Record<string, unknown>) {
      super();
      this.options = options;
      fake.windows.push(this as unknown as (typeof fake.windows)[number]);
    }
    loadURL(url: string): Promise<void> {
      this.loaded.push(url);
      return Promise.resolve();
    }
    show(): void {}
    focus(): void {
      this.focused = true;
    }
    restore(): void {}
    maximize(): void {}
    isMinimized = (): boolean => false;
    isMaximized = (): boolean => false;
    isFocused = (): boolean => this.focused;
    getNormalBounds = (): object => ({ x: 0, y: 0, width: 900, height: 700 });
  }
  class Tray extends Emitter {
    tip = '';
    labels: string[] = [];
    constructor() {
      super();
      if (fake.trayFails) throw new Error('no tray here');
      fake.trays.push(this);
    }
    setToolTip(tip: string): void {
      this.tip = tip;
    }
    setContextMenu(menu: { label?: string }[]): void {
      this.labels = menu.flatMap(({ label }) => label ?? []);
    }
  }
  class Notification extends Emitter {
    static isSupported = (): boolean => true;
    constructor({ title, body }: { title: string; body: string }) {
      super();
      fake.notices.push({ title, body, click: () => this.emit('click') });
    }
    show(): void {}
  }
  const app = Object.assign(new Emitter(), {
    name: 'Belljar',
    isPackaged: false,
    enableSandbox: () => undefined,
    requestSingleInstanceLock: () => fake.lock,
    quit: () => {
      fake.quits += 1;
    },
    getAppPath: () => '/src',
    getPath: (name: string) => fake.paths.get(name) ?? fake.userData,
    setPath: (name: string, place: string) => void fake.paths.set(name, place),
    whenReady: () => Promise.resolve(),
    setAsDefaultProtocolClient: () => true,
    getLoginItemSettings: () => ({ openAtLogin: false, wasOpenedAtLogin: fake.atLogin }),
    setLoginItemSettings: () => undefined,
  });
  fake.app = app;
  fake.makeSession = () =>
    new Proxy({} as Record<string, unknown>, {
      get: (_target, name) => {
        fake.guarded += 1;
        return name === 'webRequest' ? { onBeforeRequest: () => undefined } : () => undefined;
      },
    });
  const session = { defaultSession: fake.makeSession() };
  return {
    app,
    session,
    BrowserWindow,
    Tray,
    Notification,
    Menu: { buildFromTemplate: (template: unknown) => template, setApplicationMenu: () => undefined },
    dialog: { showErrorBox: (title: string, text: string) => fake.errors.push(`${title} ${text}`) },
    nativeTheme: { shouldUseDarkColors: true },
    screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
    shell: { openExternal: () => Promise.resolve() },
    protocol: {
      registerSchemesAsPrivileged: (schemes: unknown[]) => fake.schemes.push(...schemes),
      handle: (_scheme: string, handler: typeof fake.handle) => {
        fake.handle = handler;
      },
    },
  };
});

vi.mock('#host/desktop/find-host.ts', async (original) => ({
  ...(await original<object>()),
  findHost: () => fake.place?.() ?? Promise.reject(new Error('no host')),
}));

let place = '';
let engine: MemoryEngine;
let host: Host;
const argv = process.argv;

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'belljar-main-'));
  mkdirSync(join(place, 'renderer'));
  writeFileSync(join(place, 'renderer/index.html'), '<!doctype html><title>Belljar</title>');
  engine = createMemoryEngine();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined, close: async () => undefined };
  host = createHost({ engine, log, runtimeFolder: place, rendererFolder: join(place, 'renderer') });
  const socket = join(place, 'host.sock');
  await host.openSocket(socket, join(place, 'link'));
  Object.assign(fake, {
    lock: true,
    schemes: [],
    windows: [],
    trays: [],
    notices: [],
    errors: [],
    quits: 0,
    trayFails: false,
    handle: undefined,
    guarded: 0,
    userData: place,
    place: async () => ({ socket, pid: 1 }),
  });
});

afterEach(async () => {
  end();
  process.argv = argv;
  await host.close();
  rmSync(place, { recursive: true, force: true });
});

/** The system ends the program: what it holds goes with it. */
function end(): void {
  fake.app.emit('before-quit');
  fake.app.removeAllListeners();
}

async function start(...args: string[]): Promise<void> {
  process.argv = ['electron', '/src', ...args];
  vi.resetModules();
  await import('./main.ts');
}

describe('the desktop program', () => {
  it('shows the panel in a page with a browser page’s rights', async () => {
    await start();
    await expect.poll(() => fake.windows.map(({ loaded }) => loaded)).toEqual([[`${desktopOrigin}/`]]);
    expect(fake.windows[0]?.options['webPreferences']).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    });
    expect(fake.windows[0]?.options['webPreferences']).not.toHaveProperty('preload');
    expect(fake.schemes).toEqual([
      {
        scheme: 'belljar-app',
        privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
      },
    ]);
    const { guarded } = fake;
    expect(guarded).toBeGreaterThan(5);
    const { session } = await import('electron');
    fake.app.emit('session-created', session.defaultSession);
    expect(fake.guarded).toBe(guarded);
    // Its twin: a session that comes to be later has as many questions put to the same tables.
    fake.app.emit('session-created', fake.makeSession());
    expect(fake.guarded).toBe(2 * guarded);
    const page = await fake.handle?.(new Request(`${desktopOrigin}/`));
    expect(await page?.text()).toContain('<title>Belljar</title>');
  });

  it('says the state in the tray, and follows it', async () => {
    await start();
    await expect.poll(() => fake.trays[0]?.labels[0]).toBe('0 contained, 0 watched, 2 left as they are');
    expect(fake.trays[0]?.labels).toContain('Open Belljar');
    await host.close();
    await expect.poll(() => fake.trays[0]?.labels[0]).toContain('does not answer');
  });

  it('notifies of a serious denial once, and a click leads to its server', async () => {
    await start('--hidden');
    await expect.poll(() => fake.trays[0]?.labels[0]).toContain('left as they are');
    expect(fake.windows).toEqual([]);
    for (let seq = 1; seq <= 3; seq += 1) engine.emit(makeEvent(seq, { known: 'ssh-keys', by: 'kernel' }));
    await expect.poll(() => fake.notices.length).toBe(1);
    expect(fake.notices[0]).toMatchObject({
      title: 'claude-desktop/files was refused',
      body: 'It tried to reach your SSH keys.',
    });
    fake.notices[0]?.click();
    expect(fake.windows[0]?.loaded.at(-1)).toBe(`${desktopOrigin}/#/servers/claude-desktop.files`);
    expect(fake.notices).toHaveLength(1);
  });

  it('keeps Chromium’s files in a folder of their own', async () => {
    await start();
    expect(fake.paths.get('userData')).toBe(join(fake.userData, 'belljar-desktop'));
  });

  it('shows no window when macOS opened it at login, which hands no argument on', async () => {
    const { platform } = process;
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    fake.atLogin = true;
    try {
      await start();
      await expect.poll(() => fake.trays.length).toBe(1);
      expect(fake.windows).toEqual([]);
    } finally {
      fake.atLogin = false;
      Object.defineProperty(process, 'platform', { value: platform });
    }
  });

  it('is one program: a second start leads where its link says, and ends', async () => {
    await start();
    await expect.poll(() => fake.windows.length).toBe(1);
    fake.app.emit('second-instance', {}, ['electron', '/src', 'belljar://open/machine']);
    expect(fake.windows[0]?.loaded.at(-1)).toBe(`${desktopOrigin}/#/machine`);
    fake.app.emit('second-instance', {}, ['electron', '/src', 'belljar://open/release/all']);
    expect(fake.windows[0]?.loaded).toHaveLength(2);
    fake.lock = false;
    await start();
    expect([fake.quits, fake.windows.length]).toEqual([1, 1]);
  });

  it('says why it cannot start when there is no host, and ends', async () => {
    fake.place = () => Promise.reject(new BelljarError('host-unreachable', { cause: new Error('no node here') }));
    await start();
    await expect.poll(() => fake.quits).toBe(1);
    expect(fake.errors[0]).toContain('no node here');
    expect(fake.windows).toEqual([]);
  });

  it('ends with its window where there is no tray, and stays where there is one', async () => {
    await start();
    await expect.poll(() => fake.trays.length).toBe(1);
    fake.app.emit('window-all-closed');
    expect(fake.quits).toBe(0);
    end();
    fake.trayFails = true;
    await start();
    await expect.poll(() => fake.windows.length).toBe(2);
    fake.app.emit('window-all-closed');
    expect(fake.quits).toBe(1);
  });
});
