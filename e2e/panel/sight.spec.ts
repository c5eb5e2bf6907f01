/**
 * The sight of files on the page over the built product: refused with its reason, given up after a second word, said on the card, taken
 * back by keys; each step is seen on disk too.
 */
import { readFileSync } from 'node:fs';
import {
  expect,
  expectAccessible,
  forgiveFailedRequests,
  openServer,
  openServers,
  picture,
} from './support/panel-test.ts';
import { test } from './support/real-test.ts';

test.setTimeout(90_000);

test('accesses to files are left unseen and seen again', async ({ page, real, pageErrors }) => {
  forgiveFailedRequests(pageErrors);
  const name = 'claude-desktop/reader';
  await real.run('contain', name, '--level', 'strict', '--no-check');
  const plan = (): string => readFileSync(real.path('.local/share/belljar/plans/claude-desktop.reader.plan'), 'utf8');
  await page.goto(await real.panel());
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  const card = page.locator('[data-server="claude-desktop.reader"]').getByText(/What it does to files is not seen/u);
  await openServer(page, 'claude-desktop.reader');
  const about = page.getByRole('main');
  const leave = about.getByRole('button', { name: /^Leave them unseen/u });
  const unseen = about.locator('.kept-back').getByText(/What it does to files is not seen/u);

  // Something is kept back in its folder: first refused, and nothing is changed.
  await leave.click();
  await about.getByRole('button', { name: /^Go on seeing them/u }).click();
  await leave.click();
  await about.getByRole('button', { name: /^Leave unseen/u }).click();
  await expect(about.getByText(/something is kept back inside of its folders/u)).toBeVisible();
  expect(plan()).toContain('record denials\n');
  await expect(unseen).toBeHidden();

  await real.run('grant', name, 'write', '**/*');
  await leave.click();
  await about.getByRole('button', { name: /^Leave unseen/u }).click();
  await expect(about.getByRole('button', { name: /^See them/u })).toBeVisible();
  await expect.poll(plan).toContain('record without-files\n');
  await expect(unseen).toBeVisible();
  await expectAccessible(page);
  await picture(page, 'sight');
  await openServers(page);
  await expect(card).toBeVisible();
  await openServer(page, 'claude-desktop.reader');

  await about.getByRole('button', { name: /^See them/u }).focus();
  await page.keyboard.press('Enter');
  await expect(leave).toBeVisible();
  await expect.poll(plan).toContain('record denials\n');
  await expect(unseen).toBeHidden();
});
