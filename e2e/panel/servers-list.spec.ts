/** The list of servers: found, ordered and grouped, gone through by keys, many at once; and what ticks itself afterwards. */
import type { Page } from '@playwright/test';
import { BelljarError } from '#contract/errors.ts';
import { agoIso, fullScene, makeRun, makeServer, usualScene } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  openPanel,
  picture,
  test,
} from './support/panel-test.ts';

const names = (page: Page) => page.locator('.server-name');
const rows = (page: Page) => page.locator('[data-server]');

test('is searched, ordered, and grouped by client or by what runs', async ({ page, desk }) => {
  await openPanel(page, await desk(usualScene()));
  await expect(page.getByRole('heading', { name: 'Claude Desktop 3' })).toBeVisible();
  await page.getByLabel('Search servers').fill('uvx atlas');
  await expect(names(page)).toHaveText(['git']);
  await page.getByLabel('Search servers').fill('no such thing');
  await expect(page.getByText('6 servers are hidden by the search.')).toBeVisible();
  await page.getByRole('button', { name: 'Show all servers' }).click();
  await page.getByLabel('Group by').selectOption('By what runs');
  await expect(page.getByRole('heading', { name: 'Packages from npm 3' })).toBeVisible();
  await page.getByLabel('Group by').selectOption('By client');
  await page.getByLabel('Search servers').fill('claude-desktop');
  await page.getByLabel('Order', { exact: true }).selectOption('By name');
  await expect(names(page)).toHaveText(['browser', 'filesystem', 'memory']);
  await page.getByLabel('Order', { exact: true }).selectOption('What needs you first');
  await expect(names(page)).toHaveText(['memory', 'browser', 'filesystem']);
  await page.getByLabel('Order', { exact: true }).selectOption('Most refused first');
  await expect(names(page).first()).toHaveText('filesystem');
  // How it is looked at stays while another view is shown.
  await names(page).first().getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeFocused();
  expect(page.url()).toContain('#/servers/claude-desktop.filesystem');
  await page.goBack();
  await expect(page.getByLabel('Search servers')).toHaveValue('claude-desktop');
});

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('many at once: what changes first, then one after the other, one that fails told of', async ({
    page,
    desk,
    pageErrors,
  }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    await page.getByRole('checkbox', { name: 'Choose browser' }).check();
    await page.getByLabel('Search servers').fill('git');
    await page.getByRole('checkbox', { name: 'Choose git' }).check();
    await page.getByLabel('Search servers').fill('');
    await expect(page.getByText('2 servers chosen', { exact: true })).toBeVisible();
    await expectLooks(page, 'chosen', [1024]);
    await page.getByRole('button', { name: /^Strict for 2 servers/u }).click();
    const dialog = page.getByRole('dialog', { name: 'Contain: strict' });
    await expect(dialog.getByText('Only Belljar’s own rules change; no file is written.')).toBeVisible();
    await dialog.locator('summary', { hasText: 'What changes' }).click();
    await expect(dialog.getByText('belljar-launcher')).toBeVisible();
    await expectLooks(page, 'chosen-dialog', [1024]);
    const changes = (): unknown[] =>
      opened.calls
        .filter(({ method }) => method === 'servers.contain' || method === 'servers.level')
        .map(({ input }) => input)
        .filter((input) => (input as { dryRun?: boolean }).dryRun !== true);
    expect(changes()).toEqual([]);
    opened.next('servers.level', new BelljarError('refused-by-organisation'));
    await dialog.getByRole('button', { name: 'Do it for 2 servers' }).click();
    await expect(dialog.getByText('1 server is changed, 1 could not be.')).toBeVisible();
    await expect(dialog.getByText('Your organisation does not allow this.')).toBeVisible();
    expect(changes()).toEqual([
      { servers: ['claude-desktop.browser'], level: 'strict', dryRun: false, check: true },
      { server: 'claude-code.git', level: 'strict' },
    ]);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Choose none' }).click();
    await expect(page.getByText('2 servers chosen', { exact: true })).toHaveCount(0);
    forgiveFailedRequests(pageErrors);
  });
});

test('a chosen server that is gone is no longer chosen', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await page.getByRole('checkbox', { name: 'Choose browser' }).check();
  const memory = opened.servers.get('claude-desktop.memory');
  if (memory === undefined) throw new Error('no memory');
  opened.servers.delete('claude-desktop.browser');
  opened.change({ ...memory });
  await expect(page.getByText('1 server chosen')).toHaveCount(0);
});

test('by keys alone: search, move, choose, open, come back, set a level; and a list of the keys', async ({
  page,
  desk,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(dialog).toContainText('Move through the servers');
  await expectAccessible(page);
  // Keys of the page are not heard through a dialog.
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  await page.keyboard.press('/');
  await expect(page.getByLabel('Search servers')).toBeFocused();
  await page.keyboard.type('claude-desktop g?');
  await expect(dialog).toHaveCount(0);
  await page.getByLabel('Search servers').fill('claude-desktop');
  await expect(rows(page)).toHaveCount(3);
  await rows(page).first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows(page).nth(1)).toBeFocused();
  await expect(rows(page).nth(1)).toHaveAccessibleName('memory');
  await page.keyboard.press('End');
  await expect(rows(page).nth(2)).toBeFocused();
  await page.keyboard.press('Space');
  await expect(page.getByRole('checkbox', { name: 'Choose browser' })).toBeChecked();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('checkbox', { name: 'Choose browser' })).not.toBeChecked();
  await page.keyboard.press('3');
  await expect(page.getByRole('dialog', { name: 'Contain browser: standard' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(rows(page).nth(2)).toBeFocused();

  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'browser' })).toBeFocused();
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page.getByRole('heading', { name: 'Servers', exact: true })).toBeFocused();
  expect(opened.calls.some(({ method }) => method === 'servers.contain')).toBe(false);
});

test('300 servers: only what is seen exists, and keys reach every one of them', async ({ page, desk }) => {
  await openPanel(page, await desk(fullScene(300, 1_000)));
  await expect(rows(page).first()).toBeVisible();
  expect(await rows(page).count()).toBeLessThan(30);
  await rows(page).first().focus();
  await page.keyboard.press('End');
  const focused = page.locator('[data-server]:focus');
  await expect(focused).toHaveAttribute('data-server', 'cursor.server-300');
  await expect(focused).toBeInViewport();
  await page.keyboard.press('ArrowUp');
  await expect(focused).toHaveAttribute('data-server', 'cursor.server-299');
  await page.keyboard.press('Home');
  await expect(focused).toHaveAttribute('data-server', 'claude-desktop.server-01');
  await expect(focused).toBeInViewport();
  expect(await rows(page).count()).toBeLessThan(30);
});

test('from written to running contained: a list that ticks itself', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const row = page.locator('[data-server="claude-desktop.browser"]');
  await row.getByRole('radio', { name: 'Standard' }).click();
  await page.getByRole('button', { name: 'Try it and contain' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(row.getByText('Until it runs behind its walls')).toBeVisible();
  await expect(row.getByRole('listitem').filter({ hasText: 'Its first contained run has begun.' })).toContainText(
    'waiting',
  );
  const server = opened.servers.get('claude-desktop.browser');
  if (server === undefined) throw new Error('no browser');
  opened.change({ ...server, liveRuns: 1, lastRun: makeRun(server.id, { startedAt: agoIso(-1) }) });
  await expect(row.getByText('It runs contained.')).toBeVisible();
  await row.getByRole('button', { name: /^Hide this/u }).click();
  await expect(row.getByText('It runs contained.')).toHaveCount(0);
});

test('at 200 % zoom everything is there, one below the other', async ({ page, desk }) => {
  await page.setViewportSize({ width: 512, height: 700 });
  const scene = usualScene();
  scene.servers.push(makeServer('cursor', 'x'.repeat(200), { id: 'cursor.wide', handle: 'cursor/wide' }));
  await openPanel(page, await desk(scene));
  const wide = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await wide()).toBe(0);
  await expectAccessible(page);
  await page.getByRole('heading', { name: 'filesystem' }).getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'What it can reach' })).toBeVisible();
  expect(await wide()).toBe(0);
  await picture(page, 'server-zoomed');
  await expectAccessible(page);
});
