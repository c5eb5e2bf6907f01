/**
 * Resource limits, the way back and the history on the page over the built product, in a throw-away home: each step is seen
 * on the screen and on disk, by pointer and by keys.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import type { RealDesk } from './support/real-desk.ts';
import { expect, expectAccessible, forgiveFailedRequests, picture } from './support/panel-test.ts';
import { test } from './support/real-test.ts';

test.setTimeout(90_000);

async function open(page: Page, desk: RealDesk): Promise<void> {
  await desk.run('contain', 'claude-desktop/reader', '--no-check');
  await page.goto(await desk.panel());
  await expect(page.getByRole('heading', { name: 'reader' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
}

/** What stands behind the server's card, once it is opened. */
const card = (page: Page) => page.locator('[id="about-claude-desktop.reader"]');
const offer = (page: Page) => page.getByRole('status', { name: 'The last change' });

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, viewport: { width: 1024, height: 768 } });

    test('limits are changed, offered back, undone, and told', async ({ page, real, pageErrors }) => {
      forgiveFailedRequests(pageErrors);
      await open(page, real);
      const plan = real.path('.local/share/belljar/plans/claude-desktop.reader.plan');
      const before = readFileSync(plan, 'utf8');
      // What was decided elsewhere before the page came is not offered.
      await expect(offer(page)).toBeEmpty();

      await page.getByRole('button', { name: 'Rules, runs and file of reader' }).click();
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
      await picture(page, `resources-form-${colorScheme}`);
      await expectAccessible(page);
      await form.getByLabel('memory').fill('1G');
      await form.getByLabel('processes and threads').fill('300');
      await page.keyboard.press('Enter');

      await expect(card(page).getByRole('button', { name: /^Change .* Resource limits/u })).toBeFocused();
      await expect(card(page).getByText('1 GiB', { exact: true })).toBeVisible();
      expect(readFileSync(plan, 'utf8')).toContain('limit memory 1073741824\nlimit processes 300\n');
      await expect(offer(page)).toContainText('set memory 1 GiB, processes and threads 300');
      const told = card(page).getByRole('listitem').filter({ hasText: 'set memory 1 GiB' });
      await told.locator('summary').first().click();
      await expect(told).toContainText('memory: as the level has it → 1 GiB');
      await told.scrollIntoViewIfNeeded();
      await picture(page, `decisions-${colorScheme}`);
      await expectAccessible(page);

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
}

test('what a newer decision changed again is not undone, and says so', async ({ page, real, pageErrors }) => {
  forgiveFailedRequests(pageErrors);
  await open(page, real);
  await real.run('grant', 'claude-desktop/reader', 'read', '/srv/data');
  await page.getByRole('button', { name: 'Rules, runs and file of reader' }).click();
  const granted = card(page).getByRole('listitem').filter({ hasText: 'granted read /srv/data' });
  await expect(granted).toBeVisible();
  await card(page).getByRole('button', { name: 'Take back: Read /srv/data' }).click();
  await expect(offer(page)).toContainText('took back read /srv/data');
  await granted.getByRole('button', { name: /^Undo/u }).click();
  await expect(page.getByText(/A newer decision changed the same again/u)).toBeVisible();
  await offer(page).getByRole('button', { name: /^Undo/u }).click();
  await expect(card(page).getByRole('button', { name: 'Take back: Read /srv/data' })).toBeVisible();
});
