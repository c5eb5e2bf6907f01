/**
 * Over the built product, by keys alone: the first minutes, a refused access allowed, a path completed by the host, and
 * everything put back byte for byte.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { grantWords } from '#contract/sentences.ts';
import {
  expect,
  expectAccessible,
  forgiveFailedRequests,
  openServer,
  openServers,
  picture,
} from './support/panel-test.ts';
import { test } from './support/real-test.ts';

test.setTimeout(120_000);

/** Goes to it as somebody without a pointer does, and presses it. */
async function press(page: Page, name: string | RegExp, within = page.locator('body')): Promise<void> {
  const button = within.getByRole('button', { name });
  await expect(button).toBeEnabled({ timeout: 60_000 });
  await button.focus();
  await expect(button).toBeFocused();
  await page.keyboard.press('Enter');
}

test('first run, contain, allow and release by keys alone', async ({ page, real, pageErrors }) => {
  await page.goto(await real.panel());
  await expect(page.getByText('3 servers in 1 client.')).toBeVisible();
  await press(page, 'Try the 2 riskiest contained');
  // The needy one reads what it may not read contained: it is only watched, until somebody decides.
  await press(page, /^See what would change$/u);
  await expect(page.getByLabel('What becomes of needy')).toHaveValue('watch');
  await expect(page.getByLabel('What becomes of reader')).toHaveValue('standard');
  expect(readFileSync(real.config, 'utf8')).toBe(real.original);
  await picture(page, 'real-first-apply');
  await expectAccessible(page);
  await press(page, 'Contain 2 servers');
  await expect(page.getByText('1 contained, 1 watched, 1 cannot be contained.')).toBeVisible({ timeout: 60_000 });
  expect(readFileSync(real.config, 'utf8')).toContain('belljar-launcher');
  await picture(page, 'real-first-done');

  const server = await real.start('reader');
  expect(await server.call(real.path('notes/today.txt'))).toBe('a note');
  const plan = real.path('other/plan.txt');
  expect(await server.call(plan)).toBe('EACCES');
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  const reader = page.locator('[data-server="claude-desktop.reader"]');
  await expect(reader.getByText('It runs contained.')).toBeVisible();

  // The path is completed by the host, from its own listing of the folder, and the rule holds at once.
  await reader.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'reader' })).toBeFocused();
  const form = page.getByRole('form', { name: 'Allow or forbid something' });
  const field = form.getByRole('combobox', { name: 'File or folder' });
  await field.focus();
  await page.keyboard.type(real.path('other/pl'));
  await expect(form.getByRole('listbox').getByRole('option')).toHaveText([plan]);
  await expect(form.getByRole('status').filter({ hasText: grantWords.found(1, false) })).toBeAttached();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(field).toHaveValue(plan);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Added; it holds now.')).toBeVisible();
  await expect.poll(() => server.call(plan)).toBe('a plan');
  expect(await server.call(real.path('other/settings.json'))).toBe('EACCES');
  const enforced = page.getByRole('region', { name: 'Runs', exact: true });
  await expect(enforced).toContainText('enforced:');
  await expect(enforced).toContainText('landlock.files');
  await picture(page, 'real-server-page');
  await expectAccessible(page);
  await server.close();

  const what = page.getByRole('form', { name: 'What would happen if it tried …' });
  await what.getByRole('combobox', { name: 'Path, host or program' }).fill(real.path('.ssh/id_ed25519'));
  await page.keyboard.press('Enter');
  await expect(what).toContainText('As the rules stand, this is refused');
  await openServer(page, 'claude-desktop.needy');
  await expect(page.getByText('It is only watched. Whatever it does, nothing is blocked.')).toBeVisible();
  await openServers(page);

  await press(page, 'Put everything back');
  const dialog = page.getByRole('dialog');
  await press(page, 'Put everything back', dialog);
  await expect(dialog).toContainText('2 entries are put back.');
  expect(readFileSync(real.config, 'utf8')).toBe(real.original);
  await press(page, 'Done', dialog);
  forgiveFailedRequests(pageErrors);
});
