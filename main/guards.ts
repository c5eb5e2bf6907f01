/**
 * What the page may not do, each with its reason. Everything is refused that is not in a table here: a permission, an address
 * to go to, a new window, a request, a download, a frame of another program.
 *
 * Decisions are pure; `guardSession` and `guardContents` put them where Electron asks. An address is parsed, and what is opened
 * is what was parsed.
 */
import type { Session, WebContents } from 'electron';
import { desktopOrigin } from '#contract/desktop.ts';

export interface Verdict {
  allowed: boolean;
  reason: string;
}

/** The only permissions that are given, to the panel's own page. Chromium's other ones are refused without a list of them. */
const permissions: ReadonlyMap<string, string> = new Map([
  ['clipboard-sanitized-write', 'A person copies a path or a command with a button.'],
]);

/** Kinds of request whose refusal deserves its own words; every other one is refused as not ours. */
export const refusals = {
  permission: 'The panel needs no such permission.',
  navigation: 'The panel is one page; it leads nowhere else.',
  window: 'The panel opens no windows.',
  request: 'The panel talks to its host and to nobody else.',
  download: 'The panel saves files only through the dialog of the system, as what it made itself.',
  webview: 'The panel embeds no other page.',
  device: 'The panel uses no devices.',
} as const;

function isOwn(address: string): boolean {
  try {
    const url = new URL(address);
    return url.origin === desktopOrigin || `${url.protocol}//${url.host}` === desktopOrigin;
  } catch {
    return false;
  }
}

export function mayHave(permission: string, origin: string): Verdict {
  const reason = permissions.get(permission);
  return reason !== undefined && isOwn(origin)
    ? { allowed: true, reason }
    : { allowed: false, reason: refusals.permission };
}

export function mayGoTo(address: string): Verdict {
  return isOwn(address)
    ? { allowed: true, reason: 'It is the panel itself.' }
    : { allowed: false, reason: refusals.navigation };
}

/** Chromium's own tools and what the page made itself have no host; nothing else may leave. */
export function mayRequest(address: string): Verdict {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(address)?.[1] ?? '';
  if (isOwn(address) || scheme === 'devtools') return { allowed: true, reason: 'It is ours.' };
  if (scheme === 'data' || (scheme === 'blob' && isOwn(address.slice('blob:'.length)))) {
    return { allowed: true, reason: 'The page made it itself.' };
  }
  return { allowed: false, reason: refusals.request };
}

/** The page a person may be sent to in their browser: https, without credentials. Answers what to open, or null. */
export function outsideAddress(address: string): string | null {
  try {
    const url = new URL(address);
    return url.protocol === 'https:' && url.username === '' && url.password === '' ? url.href : null;
  } catch {
    return null;
  }
}

/** Files the page itself made (an export) are the only downloads. */
export function mayDownload(address: string): Verdict {
  return address.startsWith('blob:') && isOwn(address.slice('blob:'.length))
    ? { allowed: true, reason: 'The page made it itself, and the system asks where it goes.' }
    : { allowed: false, reason: refusals.download };
}

/** `detail` is the page's own text. */
export type Refused = (what: keyof typeof refusals, detail: string) => void;

export function guardSession(session: Session, refused: Refused): void {
  session.setPermissionRequestHandler((_contents, permission, answer, details) => {
    const { allowed } = mayHave(permission, details.requestingUrl);
    if (!allowed) refused('permission', permission);
    answer(allowed);
  });
  session.setPermissionCheckHandler((_contents, permission, origin) => mayHave(permission, origin).allowed);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer(null));
  session.setSpellCheckerEnabled(false);
  session.webRequest.onBeforeRequest(({ url }, answer) => {
    const { allowed } = mayRequest(url);
    if (!allowed) refused('request', url);
    answer({ cancel: !allowed });
  });
  session.on('will-download', (event, item) => {
    if (mayDownload(item.getURL()).allowed) return;
    refused('download', item.getURL());
    event.preventDefault();
  });
}

/** For every page that ever comes to be, whoever made it. */
export function guardContents(contents: WebContents, open: (address: string) => void, refused: Refused): void {
  const stay = (event: { preventDefault: () => void; url: string }): void => {
    if (mayGoTo(event.url).allowed) return;
    refused('navigation', event.url);
    event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-attach-webview', (event) => {
    refused('webview', '');
    event.preventDefault();
  });
  contents.setWindowOpenHandler(({ url }) => {
    const outside = outsideAddress(url);
    if (outside === null) refused('window', url);
    else open(outside);
    return { action: 'deny' };
  });
}
