/**
 * The desktop program in Electron: that its window shows the host's panel, that the page has a browser page's rights and no more,
 * and that it leads nowhere else. Each refusal has its allowed twin. HOME and the XDG folders are thrown away.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { _electron, expect, test } from '@playwright/test';
import type { ElectronApplication, Page } from '@playwright/test';

const root = resolve(import.meta.dirname, '../..');
const origin = 'belljar-app://panel';

let home: string;
let application: ElectronApplication;
let page: Page;

test.beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'belljar-electron-'));
  const claude = join(home, '.config/Claude');
  mkdirSync(claude, { recursive: true });
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  writeFileSync(
    join(claude, 'claude_desktop_config.json'),
    JSON.stringify({ mcpServers: { files: { command: 'node', args: ['server.js'] } } }),
  );
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('XDG_'),
    ),
  );
  application = await _electron.launch({
    executablePath: process.env['ELECTRON_PATH'] ?? '',
    args: [root],
    env: { ...environment, HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), BELLJAR_NODE: process.execPath },
  });
  page = await application.firstWindow();
});

test.afterEach(async () => {
  await application.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

test('the window shows the panel that the host serves, and its servers', async () => {
  await expect(page).toHaveURL(new RegExp(`^${origin}/`));
  await expect(page.getByText('files').first()).toBeVisible();
});

test('the page has no Node, no preload, no shared context', async () => {
  const found = await page.evaluate(() =>
    ['require', 'process', 'module', 'Buffer', 'electron', '__dirname'].filter((name) => name in window),
  );
  expect(found).toEqual([]);
  // A sandboxed page's own process has no file system to look at, whatever its script asks for.
  const asked = await page.evaluate("import('node:fs').then(() => 'imported', () => 'refused')");
  expect(asked).toBe('refused');
});

test('no inline script and no eval run in it; its own script does', async () => {
  await expect(page.getByRole('navigation').first()).toBeVisible();
  const outcome = await page.evaluate(() => {
    const script = document.createElement('script');
    try {
      script.textContent = 'window.inlineRan = true';
      document.head.append(script);
    } catch {
      // Trusted types refuse it before the policy does.
    }
    return 'inlineRan' in window;
  });
  expect(outcome).toBe(false);
});

for (const address of ['https://example.com/', 'file:///etc/passwd', 'belljar-app://elsewhere/', 'about:blank']) {
  test(`it does not leave for ${address}`, async () => {
    await page.evaluate((to) => {
      window.location.href = to;
    }, address);
    await page.evaluate((to) => window.open(to), address.startsWith('https:') ? 'file:///etc/passwd' : address);
    await expect(page).toHaveURL(new RegExp(`^${origin}/`));
    expect(application.windows()).toHaveLength(1);
  });
}

test('it reaches nobody but its host: a listener on this machine hears nothing', async () => {
  let heard = 0;
  const listener = createServer((_request, response) => {
    heard += 1;
    response.end();
  });
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const outcome = await page.evaluate(async (url) => {
    const refused = await fetch(url).then(
      () => 'reached',
      () => 'refused',
    );
    const twin = await fetch('/').then(({ status }) => status);
    return { refused, twin };
  }, `http://127.0.0.1:${port.toString()}/`);
  listener.close();
  expect(outcome).toEqual({ refused: 'refused', twin: 200 });
  expect(heard).toBe(0);
});

test('it has none of the rights that pages ask people for', async () => {
  const states = await page.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'clipboard-read', 'microphone', 'camera'] as const;
    return await Promise.all(
      names.map(async (name) => (await navigator.permissions.query({ name: name as PermissionName })).state),
    );
  });
  expect(new Set(states)).not.toContain('granted');
});

test('the feed streams, and ends at the host when the page is loaded again', async () => {
  const first = await page.evaluate(async () => {
    const response = await fetch('/events');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value);
  });
  expect(first).toContain('"hello"');
  await page.reload();
  await expect(page.getByText('files').first()).toBeVisible();
});

test('a second start shows the first one’s window', async () => {
  const second = await _electron
    .launch({
      executablePath: process.env['ELECTRON_PATH'] ?? '',
      args: [root, 'belljar://open/machine'],
      env: { ...(process.env as Record<string, string>), HOME: home, XDG_RUNTIME_DIR: join(home, 'run') },
    })
    .catch(() => null);
  await second?.close().catch(() => undefined);
  await expect(page).toHaveURL(`${origin}/#/machine`);
});
