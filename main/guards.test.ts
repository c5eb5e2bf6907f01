import { EventEmitter } from 'node:events';
import type { Session, WebContents } from 'electron';
import { describe, expect, it } from 'vitest';
import { desktopOrigin } from '#contract/desktop.ts';
import { guardContents, guardSession, mayDownload, mayGoTo, mayHave, mayRequest, outsideAddress } from './guards.ts';

const home = `${desktopOrigin}/`;
const strangers = [
  'https://panel/',
  'belljar-app://panel.example.com/',
  'belljar-app://elsewhere/',
  'belljar-app://panel@elsewhere/',
  'belljar-app:panel',
  'belljar://open/servers',
  'http://localhost:1234/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'about:blank',
  'chrome://settings',
  'data:text/html,x',
  'not an address',
  '',
];

describe('decisions', () => {
  it('the page may go to itself', () => {
    expect(mayGoTo(`${home}#/servers`).allowed).toBe(true);
  });
  it.each(strangers)('and nowhere else: %s', (address) => {
    expect(mayGoTo(address)).toMatchObject({ allowed: false, reason: expect.stringContaining('one page') as string });
  });

  it('the page may ask its host, and read what it made itself', () => {
    for (const address of [`${home}rpc/x`, 'data:image/png;base64,AA', `blob:${desktopOrigin}/1-2`]) {
      expect(mayRequest(address).allowed, address).toBe(true);
    }
  });
  it.each(
    strangers.filter((address) => !address.startsWith('data:')).concat('blob:https://example.com/1', 'wss://a.b'),
  )('and request nothing else: %s', (address) => {
    expect(mayRequest(address).allowed).toBe(false);
  });

  it('a button may write to the clipboard; nobody may read it', () => {
    expect(mayHave('clipboard-sanitized-write', home).allowed).toBe(true);
    expect(mayHave('clipboard-read', home).allowed).toBe(false);
    expect(mayHave('clipboard-sanitized-write', 'https://example.com/').allowed).toBe(false);
  });
  it.each(['media', 'geolocation', 'notifications', 'openExternal', 'fileSystem', 'hid', 'constructor', 'toString'])(
    'the page does not get %s',
    (permission) => {
      expect(mayHave(permission, home).allowed).toBe(false);
    },
  );

  it('a link out of the page opens in the browser only as https', () => {
    expect(outsideAddress('https://example.com/a b')).toBe('https://example.com/a%20b');
    for (const address of [
      'http://example.com/',
      'file:///etc/passwd',
      'https://a:b@example.com/',
      'smb://x/y',
      home,
    ]) {
      expect(outsideAddress(address), address).toBeNull();
    }
  });

  it('the page may save what it made itself', () => {
    expect(mayDownload(`blob:${desktopOrigin}/1`).allowed).toBe(true);
    for (const address of [home, 'blob:https://example.com/1', 'https://example.com/x.exe', 'data:text/plain,x']) {
      expect(mayDownload(address).allowed, address).toBe(false);
    }
  });
});

/** Holds what was registered, as Electron's session does, so that a test can be Electron and ask. */
function fakeSession() {
  const handlers: Record<string, (...args: never[]) => unknown> = {};
  const events = new EventEmitter();
  const keep = (name: string) => (handler: (...args: never[]) => unknown) => {
    handlers[name] = handler;
  };
  const session = Object.assign(events, {
    setPermissionRequestHandler: keep('request'),
    setPermissionCheckHandler: keep('check'),
    setDevicePermissionHandler: keep('device'),
    setDisplayMediaRequestHandler: keep('display'),
    setSpellCheckerEnabled: () => undefined,
    webRequest: { onBeforeRequest: keep('before') },
  });
  return { session: session as unknown as Session, handlers, events };
}

describe('where Electron asks', () => {
  it('permissions, devices, screens and requests go through the tables', () => {
    const { session, handlers } = fakeSession();
    const refused: string[] = [];
    guardSession(session, (what, detail) => refused.push(`${what} ${detail}`));
    const answers: unknown[] = [];
    const answer = (value: unknown): unknown => answers.push(value);
    const call = (name: string, ...args: unknown[]): unknown =>
      (handlers[name] as (...args: unknown[]) => unknown)(...args);
    call('request', null, 'media', answer, { requestingUrl: home });
    call('request', null, 'clipboard-sanitized-write', answer, { requestingUrl: home });
    call('display', {}, answer);
    call('before', { url: 'https://example.com/' }, answer);
    call('before', { url: home }, answer);
    expect(answers).toEqual([false, true, null, { cancel: true }, { cancel: false }]);
    expect(call('check', null, 'hid', desktopOrigin)).toBe(false);
    expect(call('check', null, 'clipboard-sanitized-write', desktopOrigin)).toBe(true);
    expect(call('device', {})).toBe(false);
    expect(refused).toEqual(['permission media', 'request https://example.com/']);
  });

  it('a download that is not the page’s own is stopped', () => {
    const { session, events } = fakeSession();
    guardSession(session, () => undefined);
    const stopped: string[] = [];
    const download = (url: string): void => {
      events.emit('will-download', { preventDefault: () => stopped.push(url) }, { getURL: () => url });
    };
    download('https://example.com/x');
    download(`blob:${desktopOrigin}/1`);
    expect(stopped).toEqual(['https://example.com/x']);
  });

  it('no page leaves, opens a window or embeds another; an https link opens in the browser', () => {
    const events = new EventEmitter();
    let windowOpen: (details: { url: string }) => unknown = () => undefined;
    const contents = Object.assign(events, {
      setWindowOpenHandler: (handler: typeof windowOpen) => {
        windowOpen = handler;
      },
    });
    const opened: string[] = [];
    const refused: string[] = [];
    guardContents(
      contents as unknown as WebContents,
      (address) => opened.push(address),
      (what) => refused.push(what),
    );
    const stopped: string[] = [];
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect']) {
      for (const url of ['https://example.com/', `${home}#/machine`]) {
        events.emit(name, { url, preventDefault: () => stopped.push(`${name} ${url}`) });
      }
    }
    events.emit('will-attach-webview', { preventDefault: () => stopped.push('webview') });
    expect(stopped).toEqual([
      'will-navigate https://example.com/',
      'will-frame-navigate https://example.com/',
      'will-redirect https://example.com/',
      'webview',
    ]);
    expect(windowOpen({ url: 'https://example.com/' })).toEqual({ action: 'deny' });
    expect(windowOpen({ url: 'file:///etc/passwd' })).toEqual({ action: 'deny' });
    expect(opened).toEqual(['https://example.com/']);
    expect(refused).toEqual(['navigation', 'navigation', 'navigation', 'webview', 'window']);
  });
});
