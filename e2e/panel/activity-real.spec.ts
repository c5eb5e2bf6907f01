/**
 * The activity view over the built product: real denials of a real contained server, and a host that is killed without a
 * word and started again while the server goes on.
 */
import { writeFileSync } from 'node:fs';
import { expect, expectAccessible, forgiveFailedRequests, picture } from './support/panel-test.ts';
import { test } from './support/real-test.ts';

test.setTimeout(120_000);

test('real denials, found again in the history; the host is killed, and nothing is lost', async ({
  page,
  real,
  pageErrors,
}) => {
  forgiveFailedRequests(pageErrors);
  await real.run('contain', 'claude-desktop/reader', '--no-check');
  const session = await real.start('reader');
  const key = real.path('.ssh/id_ed25519');
  expect(await session.call(key)).toContain('EACCES');

  await page.goto(await real.panel());
  await page.getByRole('link', { name: 'Activity', exact: true }).click();
  const row = (text: string) => page.getByRole('article').filter({ hasText: text });
  await expect(row('tried to read your SSH keys')).toHaveCount(1);
  await expect(page.getByText('This is where the history begins.')).toBeAttached();
  await expectAccessible(page);
  // The same from the history: in a group, and by a search on the command line.
  await page.getByRole('button', { name: 'By target' }).click();
  await expect(row('your SSH keys')).toHaveCount(1);
  await page.getByRole('button', { name: 'By target' }).click();
  expect(await real.run('events', '--text', 'ssh keys', '--json')).toContain(`"target":"${key}"`);

  await real.kill();
  await expect(page.getByRole('status').filter({ hasText: 'Host gone' })).toBeVisible();
  await picture(page, 'activity-real-gone');
  // Nobody listens; the server is refused all the same, and its launcher writes it down.
  const missed = Array.from({ length: 25 }, (_, index) => real.path(`other/missed-${String(index)}.txt`));
  for (const path of missed) {
    writeFileSync(path, 'not for the server');
    expect(await session.call(path)).toContain('EACCES');
  }

  // A killed host's panel is opened anew: another port, another key.
  await page.goto(await real.panel());
  await page.getByRole('link', { name: 'Activity', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  await page.getByLabel('Search the feed').fill('other/missed-');
  await expect(page.getByText(/^25 of /u)).toBeVisible();
  await expect(row('tried to read your SSH keys')).toHaveCount(0);
  await page.getByLabel('Search the feed').fill('your ssh keys');
  await expect(row(key)).toHaveCount(1);

  // From a denial to a rule: the next access goes through and stands there too.
  await page.getByLabel('Search the feed').fill('missed-3.txt');
  await row('missed-3.txt').first().hover();
  await row('missed-3.txt')
    .first()
    .getByRole('button', { name: /^Allow/u })
    .click();
  await page.getByRole('radio', { name: /^Always/u }).click();
  await page.getByRole('button', { name: 'Add this rule' }).click();
  await expect(page.getByText(/^Added; it/u)).toBeVisible();
  expect(await real.run('show', 'claude-desktop/reader')).toContain('missed-3.txt');
});
