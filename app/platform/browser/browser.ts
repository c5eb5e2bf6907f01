/**
 * The user's browser, started by the host: the launcher cannot, its processes may gain no rights and inherit its limits.
 *
 * On a desktop `xdg-open` (macOS: `open`) gets the link as its only argument, no shell between. A host that runs as a service
 * knows no display; there the desktop's portal is asked over the session bus. Nothing is waited for longer than a moment:
 * some of these programs end when the browser does.
 *
 * Limit: the link stands in the arguments of the program that opens it, which this machine's users can read.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from '#engine/questions/ports.ts';

/** A program that still runs after this long has taken the link. */
const momentMs = 1_000;

function starts(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', detached: true, env: environment });
    const timer = setTimeout(() => resolve(true), momentMs);
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    child.once('close', () => clearTimeout(timer));
    child.unref();
  });
}

const portalCall = [
  '--user',
  'call',
  'org.freedesktop.portal.Desktop',
  '/org/freedesktop/portal/desktop',
  'org.freedesktop.portal.OpenURI',
  'OpenURI',
  // Parent window, link, options: none.
  'ssa{sv}',
  '',
] as const;

export function createBrowser(environment: NodeJS.ProcessEnv = process.env): Browser {
  const has = (name: string): boolean => (environment[name] ?? '') !== '';

  return {
    async open(url) {
      if (process.platform === 'darwin') return await starts('open', [url], environment);
      const isDesktop = has('DISPLAY') || has('WAYLAND_DISPLAY') || has('BROWSER');
      if (isDesktop && (await starts('xdg-open', [url], environment))) return true;
      const runtime = environment['XDG_RUNTIME_DIR'] ?? '';
      const hasBus = has('DBUS_SESSION_BUS_ADDRESS') || (runtime !== '' && existsSync(join(runtime, 'bus')));
      return hasBus && (await starts('busctl', [...portalCall, url, '0'], environment));
    },
  };
}
