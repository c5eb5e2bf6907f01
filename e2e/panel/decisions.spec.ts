/**
 * Resource limits, the way back and the history on the page over the built product, in a throw-away home: each step is seen
 * on the screen and on disk, by pointer and by keys.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, expectLooks, forgiveFailedRequests, openServer } from './support/panel-test.ts';
import type { RealDesk } from './support/real-desk.ts';
import { test } from './support/real-test.ts';

test.setTimeout(90_000);

async function open(page: Page, desk: RealDesk): Promise<void> {
  await desk.run('contain', 'claude-desktop/reader', '--no-check');
  await page.goto(await desk.panel());
  await expect(page.getByRole('heading', { name: 'reader' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
}

/** The server's page, and the part of it that tells what was decided. */
const card = (page: Page) => page.getByRole('main');
const decided = (page: Page) => card(page).getByRole('region', { name: 'What was decided' });
const offer = (page: Page) => page.getByRole('status', { name: 'The last change' });

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('limits are changed, offered back, undone, and told', async ({ page, real, pageErrors }) => {
    forgiveFailedRequests(pageErrors);
    await open(page, real);
    const plan = real.path('.local/share/belljar/plans/claude-desktop.reader.plan');
    const before = readFileSync(plan, 'utf8');
    // What was decided elsewhere before the page came is not offered.
    await expect(offer(page)).toBeEmpty();

    await openServer(page, 'claude-desktop.reader');
    await expect(card(page).getByText('4 GiB', { exact: true })).toBeVisible();
    await card(page)
      .getByRole('button', { name: /^Change .* Resource limits/u })
      .click();
    const form = page.getByRole('form', { name: /Resource limits, reader/u });
    await expect(form.getByLabel('memory')).toBeFocused();
    await form.getByLabel('memory').fill('a lot');
    await page.keyboard.press('Enter');
    await expect(form.getByText(/"a lot" is not what memory is written as/u)).toBeVisible();
    await form.scrollIntoViewIfNeeded();
    await expectLooks(page, 'resources-form', [1024]);
    await form.getByLabel('memory').fill('1G');
    await form.getByLabel('processes and threads').fill('300');
    await page.keyboard.press('Enter');

    await expect(card(page).getByRole('button', { name: /^Change .* Resource limits/u })).toBeFocused();
    await expect(card(page).getByText('1 GiB', { exact: true })).toBeVisible();
    expect(readFileSync(plan, 'utf8')).toContain('limit memory 1073741824\nlimit processes 300\n');
    await expect(offer(page)).toContainText('set memory 1 GiB, processes and threads 300');
    const told = decided(page).getByRole('listitem').filter({ hasText: 'set memory 1 GiB' });
    await told.locator('summary').first().click();
    await expect(told).toContainText('memory: as the level has it → 1 GiB');
    await told.scrollIntoViewIfNeeded();
    await expectLooks(page, 'decisions', [1024]);

    // By keys alone.
    await offer(page).getByRole('button', { name: /^Undo/u }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => readFileSync(plan, 'utf8')).toBe(before);
    await expect(offer(page)).toContainText('took back: set memory 1 GiB');
    await expect(card(page).getByText('4 GiB', { exact: true })).toBeVisible();
    await expect(told.first()).toBeVisible();

    // The undo, undone; and the offer goes when it is dismissed.
    await offer(page).getByRole('button', { name: /^Undo/u }).click();
    await expect.poll(() => readFileSync(plan, 'utf8')).toContain('limit memory 1073741824\n');
    await expect(offer(page)).toContainText('did again: set memory 1 GiB');
    await offer(page)
      .getByRole('button', { name: /^Dismiss/u })
      .click();
    await expect(offer(page)).toBeEmpty();
  });
});

test('what a newer decision changed again is not undone, and says so', async ({ page, real, pageErrors }) => {
  forgiveFailedRequests(pageErrors);
  await open(page, real);
  await real.run('grant', 'claude-desktop/reader', 'read', '/srv/data');
  await openServer(page, 'claude-desktop.reader');
  const granted = decided(page).getByRole('listitem').filter({ hasText: 'granted read /srv/data' });
  await expect(granted).toBeVisible();
  await card(page).getByRole('button', { name: 'Take back: Read /srv/data' }).click();
  await expect(offer(page)).toContainText('took back read /srv/data');
  await granted.getByRole('button', { name: /^Undo/u }).click();
  await expect(page.getByText(/A newer decision changed the same again/u)).toBeVisible();
  await offer(page).getByRole('button', { name: /^Undo/u }).click();
  await expect(card(page).getByRole('button', { name: 'Take back: Read /srv/data' })).toBeVisible();
});
