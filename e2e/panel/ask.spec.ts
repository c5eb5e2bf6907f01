/**
 * Ask over the built product: the page, the real host, the real launcher, and a contained server that the official client
 * uses. Each answer is seen in what the server gets, and on disk.
 */
import { writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { personRules } from '../cli/support/person-rules.ts';
import { expect, forgiveFailedRequests, picture } from './support/panel-test.ts';
import type { RealDesk } from './support/real-desk.ts';
import { test } from './support/real-test.ts';

test.setTimeout(120_000);

async function openAsking(page: Page, real: RealDesk): Promise<void> {
  await real.run('contain', 'claude-desktop/reader', '--no-check');
  await real.run('grant', 'claude-desktop/reader', 'permission', 'ask-access');
  await page.goto(await real.panel());
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
}

const card = (page: Page) => page.getByRole('region', { name: 'Questions' }).getByRole('listitem');

async function press(page: Page, name: string): Promise<void> {
  await card(page).getByRole('button', { name, exact: true }).click();
  await expect(card(page)).toHaveCount(0);
}

const rules = (real: RealDesk): string[] => personRules(real.path(), 'claude-desktop.reader');

test('allowed once, asked again; until it stops; always is a rule that holds at once; never is one too', async ({
  page,
  real,
}) => {
  await openAsking(page, real);
  const server = await real.start('reader');
  const plan = real.path('other/plan.txt');
  expect(await server.call(real.path('notes/today.txt'))).toBe('a note');
  const once = server.call(plan);
  await expect(card(page)).toContainText(`reader wants to read the file ${plan}`);
  await picture(page, 'ask-real');
  await press(page, 'Allow once');
  expect(await once).toBe('a plan');
  // Secrets are refused without a question.
  expect(await server.call(real.path('.ssh/id_ed25519'))).toBe('EACCES');
  const again = server.call(plan);
  await press(page, 'Until it stops');
  expect(await again).toBe('a plan');
  expect(await server.call(plan)).toBe('a plan');
  expect(rules(real)).toEqual(['permission ask-access']);
  // No rule, and shown all the same, for as long as it holds.
  const listed = new RegExp(`Allowed until it stops[^]*read +${plan}`);
  expect(await real.run('show', 'claude-desktop/reader')).toMatch(listed);
  await server.close();
  await expect.poll(() => real.run('show', 'claude-desktop/reader')).not.toMatch(listed);

  const next = await real.start('reader');
  const always = next.call(plan);
  await press(page, 'Always');
  expect(await always).toBe('a plan');
  expect(await next.call(plan)).toBe('a plan');
  expect(rules(real)).toEqual(['permission ask-access', `read ${plan}`]);
  const settings = real.path('other/settings.json');
  const never = next.call(settings);
  await press(page, 'Never');
  expect(await never).toBe('EACCES');
  expect(rules(real)).toContain(`deny ${settings}`);
  expect(await next.call(settings)).toBe('EACCES');
  await next.close();
  const shown = await real.run('show', 'claude-desktop/reader');
  expect(shown).toContain(plan);
});

test('nobody answers, the page is closed, or the host is killed: refused, and no rule', async ({
  page,
  real,
  pageErrors,
}) => {
  await openAsking(page, real);
  const server = await real.start('reader');
  const unanswered = server.call(real.path('other/plan.txt'));
  await card(page).waitFor();
  expect(await unanswered).toBe('EACCES');
  await expect(card(page)).toHaveCount(0);
  const killed = server.call(real.path('other/settings.json'));
  await card(page).waitFor();
  await real.kill();
  expect(await killed).toBe('EACCES');
  forgiveFailedRequests(pageErrors);
  await page.goto(await real.panel());
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  writeFileSync(real.path('other/third.txt'), 'a third');
  const closed = server.call(real.path('other/third.txt'));
  await card(page).waitFor();
  await page.close();
  expect(await closed).toBe('EACCES');
  expect(rules(real)).toEqual(['permission ask-access']);
});
