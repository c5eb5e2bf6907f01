/**
 * The desktop program: a window on the host's panel, a tray, notifications. It holds no state of the product and decides nothing
 * about servers: it finds or starts the host, hands the page's requests on, and refuses the page everything else.
 *
 * The page is a browser page: sandboxed, isolated, without Node, without a preload, at an origin of its own that no website and
 * no link can reach. Nothing is reachable only through the tray, which some desktops do not show.
 */
import type { IncomingMessage } from 'node:http';
import type { Session } from 'electron';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  app,
  BrowserWindow,
  dialog,
  Menu,
  nativeTheme,
  Notification,
  protocol,
  screen,
  session,
  shell,
  Tray,
} from 'electron';
import description from '../package.json' with { type: 'json' };
import type { DesktopNews } from '#contract/desktop.ts';
import { desktopOrigin, desktopScheme } from '#contract/desktop.ts';
import { desktopWords, toErrorBody } from '#contract/sentences.ts';
import { createHostFinder, findHost, runBelljar } from '#host/desktop/find-host.ts';
import { followHost } from '#host/desktop/follow.ts';
import { askHost, createForward } from '#host/desktop/forward.ts';
import { createNative } from '#host/desktop/native-calls.ts';
import { linkOfArguments, linkScheme, routeOfLink } from './deep-links.ts';
import type { Refused } from './guards.ts';
import { guardContents, guardSession, refusals } from './guards.ts';
import type { LoginItem } from './login-item.ts';
import { hiddenArgument, linuxLoginItem } from './login-item.ts';
import { menuTemplate } from './menu.ts';
import { placesOfParts } from './parts.ts';
import { placeOf, readWindowState, smallest, writeWindowState } from './window-state.ts';

const { version } = description;

function log(what: string, detail: string): void {
  process.stderr.write(`belljar: ${what}: ${JSON.stringify(detail.slice(0, 300))}\n`);
}

const refused: Refused = (what, detail) => log(`${what} refused: ${refusals[what]}`, detail);

function run(): void {
  const parts = placesOfParts(
    app.isPackaged ? process.resourcesPath : null,
    app.getAppPath(),
    process.platform,
    process.env,
  );
  const host = createHostFinder(() => findHost(runBelljar(parts.node, parts.program), version));
  const stopping = new AbortController();
  let window: BrowserWindow | null = null;
  let tray: Tray | null = null;
  const shown = new Set<Notification>();

  function openOutside(address: string): void {
    void shell.openExternal(address).catch((error: unknown) => log('the browser did not open', String(error)));
  }

  function go(route: string): void {
    const page = showWindow();
    void page.loadURL(`${desktopOrigin}/#${route}`);
  }

  function showWindow(route = ''): BrowserWindow {
    if (window !== null) {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      return window;
    }
    const file = join(app.getPath('userData'), 'window.json');
    const state = readWindowState(file);
    const made = new BrowserWindow({
      ...placeOf(
        state,
        screen.getAllDisplays().map((display) => display.workArea),
      ),
      minWidth: smallest.width,
      minHeight: smallest.height,
      title: 'Belljar',
      show: false,
      backgroundColor: nativeTheme.shouldUseDarkColors ? '#16181d' : '#ffffff',
      webPreferences: {
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        safeDialogs: true,
        spellcheck: false,
      },
    });
    if (state?.maximised === true) made.maximize();
    made.once('ready-to-show', () => made.show());
    made.on('close', () => {
      writeWindowState(file, { v: 1, bounds: made.getNormalBounds(), maximised: made.isMaximized() });
    });
    made.on('closed', () => {
      window = null;
    });
    void made.loadURL(`${desktopOrigin}/${route === '' ? '' : `#${route}`}`);
    window = made;
    return made;
  }

  function drawTray(lines: readonly string[]): void {
    tray?.setToolTip(`Belljar: ${lines.join('. ')}`);
    tray?.setContextMenu(
      Menu.buildFromTemplate([
        ...lines.map((label) => ({ label, enabled: false })),
        { type: 'separator' as const },
        { label: desktopWords.open, click: () => void showWindow() },
        { label: desktopWords.quit, click: () => app.quit() },
      ]),
    );
  }

  function makeTray(): void {
    try {
      tray = new Tray(parts.trayIcon);
      tray.on('click', () => void showWindow());
      drawTray([desktopWords.hostGone]);
    } catch (error) {
      log('no tray', String(error));
    }
  }

  function notify({ title, body, route }: Extract<DesktopNews, { type: 'notice' }>): void {
    if (window?.isFocused() === true || !Notification.isSupported()) return;
    const notification = new Notification({ title, body });
    // Kept until it is over: one that is collected as garbage can no longer be clicked.
    shown.add(notification);
    notification.on('click', () => go(route));
    notification.on('close', () => shown.delete(notification));
    notification.show();
  }

  function onNews(news: DesktopNews | null): void {
    if (news === null) {
      host.lost();
      drawTray([desktopWords.hostGone]);
    } else if (news.type === 'state') drawTray(news.lines);
    else if (news.type === 'notice') notify(news);
  }

  const openNews = async (): Promise<IncomingMessage> =>
    await askHost((await host.place()).socket, version, { method: 'GET', path: '/desktop' });

  const systemLoginItem: LoginItem = {
    read: () => app.getLoginItemSettings({ args: [hiddenArgument] }).openAtLogin,
    write: (on) => app.setLoginItemSettings({ openAtLogin: on, args: [hiddenArgument] }),
  };
  // macOS hands no argument on, and says it itself.
  const atLogin = (): boolean =>
    process.argv.includes(hiddenArgument) ||
    (process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin);
  const loginItem =
    process.platform === 'linux' ? linuxLoginItem(process.env, homedir(), parts.startedAs) : systemLoginItem;

  function openLink(link: string | null): void {
    const route = link === null ? null : routeOfLink(link);
    if (route === null) showWindow();
    else go(route);
  }

  app.on('second-instance', (_event, args) => openLink(linkOfArguments(args)));
  app.on('open-url', (event, link) => {
    event.preventDefault();
    void app.whenReady().then(() => openLink(link));
  });
  app.on('activate', () => void showWindow());
  // The tray keeps it running where there is one; without, closing the window ends the program. The host stays.
  app.on('window-all-closed', () => {
    if (tray === null && process.platform !== 'darwin') app.quit();
  });
  app.on('before-quit', () => stopping.abort());
  app.on('web-contents-created', (_event, contents) => guardContents(contents, openOutside, refused));
  // The session of the page is also among those that are told of, or was there before; each is guarded once.
  const guarded = new WeakSet<Session>();
  const guardOnce = (made: Session): void => {
    if (guarded.has(made)) return;
    guarded.add(made);
    guardSession(made, refused);
  };
  app.on('session-created', guardOnce);

  void app.whenReady().then(async () => {
    guardOnce(session.defaultSession);
    app.setAsDefaultProtocolClient(linkScheme);
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform, app.name, go)));
    const native = createNative({
      'desktop.status': async () => ({ openAtLogin: loginItem.read() }),
      'desktop.openAtLogin': async ({ on }) => {
        loginItem.write(on);
        return { openAtLogin: loginItem.read() };
      },
      'desktop.choose': async ({ kind, from }) => {
        const options = {
          properties: [
            kind === 'folder' ? ('openDirectory' as const) : ('openFile' as const),
            'showHiddenFiles' as const,
          ],
          ...(from === undefined ? {} : { defaultPath: from }),
        };
        const { canceled, filePaths } = await dialog.showOpenDialog(showWindow(), options);
        return { path: canceled ? null : (filePaths[0] ?? null) };
      },
    });
    protocol.handle(
      desktopScheme,
      createForward({ socketPath: async () => (await host.place()).socket, version, native }),
    );
    try {
      await host.place();
    } catch (error) {
      // The page is served by the host: without one there is nothing to show it in.
      const { message, remedy } = toErrorBody(error);
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
      dialog.showErrorBox(desktopWords.noHost, [message, cause, remedy ?? ''].filter((line) => line !== '').join('\n'));
      app.quit();
      return;
    }
    makeTray();
    void followHost(openNews, onNews, stopping.signal);
    const link = linkOfArguments(process.argv);
    if (link !== null) openLink(link);
    else if (!atLogin()) showWindow();
  });
}

app.enableSandbox();
// Chromium's own files, beside Belljar's and not among them: a folder of the bare name is where policies are.
app.setPath('userData', join(app.getPath('appData'), 'belljar-desktop'));
protocol.registerSchemesAsPrivileged([
  { scheme: desktopScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
]);
if (app.requestSingleInstanceLock()) run();
else app.quit();
