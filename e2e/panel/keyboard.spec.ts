/** The page without a pointer: every step is reached and left by keys alone, and focus goes back to where it came from. */
import { createEventMaker, fullScene, usualScene } from './support/fixtures.ts';
import { expect, openPanel, test } from './support/panel-test.ts';

test('contain a server by keys alone; arrow keys never choose', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const level = page.getByRole('radiogroup', { name: 'Level of browser' });
  // One tab stop a group: the level of now.
  for (let steps = 0; steps < 60; steps += 1) {
    await page.keyboard.press('Tab');
    if (
      await level.getByRole('radio', { checked: true }).evaluate((radio) => radio === radio.ownerDocument.activeElement)
    )
      break;
  }
  await expect(level.getByRole('radio', { name: 'Off' })).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(level.getByRole('radio', { name: 'Standard' })).toBeFocused();
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Off');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(level.getByRole('radio', { name: 'Standard' })).toHaveAccessibleDescription(/^Keeps working as usual/u);

  await page.keyboard.press('Space');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Try it and contain' })).toBeVisible();
  // Focus stays inside while the dialog is open. At its edge stand guards that nobody sees, which hand the focus on a
  // moment later; anything else outside never has it.
  const whereFocusIs = async (): Promise<string> =>
    await dialog.evaluate((element) => {
      const active = element.ownerDocument.activeElement;
      if (active === null || element.contains(active)) return active === null ? 'nowhere' : 'inside';
      return active.hasAttribute('data-base-ui-focus-guard') ? 'guard' : `outside: ${active.outerHTML.slice(0, 200)}`;
    });
  await expect.poll(whereFocusIs).toBe('inside');
  for (let steps = 0; steps < 12; steps += 1) {
    await page.keyboard.press('Tab');
    expect(await whereFocusIs()).toMatch(/^(?:inside|guard)$/u);
    await expect.poll(whereFocusIs).toBe('inside');
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(level.getByRole('radio', { name: 'Standard' })).toBeFocused();

  await page.keyboard.press('Space');
  // The dialog takes the focus itself first.
  await expect(dialog.getByRole('button', { name: 'Try it and contain' })).toBeVisible();
  await expect.poll(whereFocusIs).toBe('inside');
  for (const name of ['Try it and contain', 'Done']) {
    const button = dialog.getByRole('button', { name });
    await button.focus();
    await expect(button).toBeFocused();
    await page.keyboard.press('Enter');
  }
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Standard');
});

test('the feed is one tab stop; rows are moved through, opened and allowed by keys', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const rows = page.getByRole('article');
  await rows.first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(1)).toBeFocused();
  await expect(rows.nth(1)).toContainText('your SSH keys');
  await expect(rows.nth(1)).toHaveAttribute('aria-posinset', '2');
  await expect(rows.nth(1)).toHaveAttribute('aria-setsize', '14');

  // While rows are used, they stay; what comes waits.
  const event = createEventMaker();
  opened.emit(event('run-k', 'claude-desktop.filesystem', { target: '/k/1' }));
  await expect(page.getByRole('button', { name: '1 row waiting' })).toBeVisible();
  await expect(rows.nth(1)).toBeFocused();

  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toContainText('As the rules stand');
  await page.keyboard.press('Escape');
  // The list went on meanwhile; the focus is on the same row, wherever it stands now.
  const keys = rows.filter({ hasText: 'your SSH keys' });
  await expect(keys).toBeFocused();
  await expect(keys).toHaveAttribute('aria-posinset', '3');
  await page.keyboard.press('Tab');
  await expect(keys.getByRole('button', { name: /^Allow/u })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog').getByRole('radiogroup', { name: 'Rule to add' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(keys.getByRole('button', { name: /^Allow/u })).toBeFocused();

  await keys.focus();
  await page.keyboard.press('End');
  await expect(rows.last()).toBeFocused();
  await expect(rows.last()).toContainText('git started, watch');
  await page.keyboard.press('Home');
  await expect(rows.first()).toBeFocused();
});

test('keys reach every row of a very full feed, and the focus is not lost when rows move', async ({ page, desk }) => {
  const opened = await desk(fullScene(12, 10_000));
  await openPanel(page, opened);
  await page.getByRole('article').first().focus();
  await page.keyboard.press('End');
  const focused = page.locator('article:focus');
  await expect(focused).toHaveAttribute('aria-posinset', '10000');
  await page.keyboard.press('PageUp');
  await expect(focused).not.toHaveAttribute('aria-posinset', '10000');
  await page.keyboard.press('Home');
  await expect(focused).toHaveAttribute('aria-posinset', '1');
});

test('links go past the navigation to the view, and past the servers to the feed', async ({ page, desk }) => {
  await openPanel(page, await desk(usualScene()));
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the view' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Servers', exact: true })).toBeFocused();
  await page.reload();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the live feed' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Live feed' })).toBeFocused();
});
