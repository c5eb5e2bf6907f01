/**
 * The page walked by real keys only, Tab by Tab, as somebody without a pointer does: nothing here focuses an element or changes
 * the address by a script. Where a control goes with what it did, the focus goes on from there.
 */
import type { Locator, Page } from '@playwright/test';
import { sightWords } from '#contract/sentences.ts';
import { createEventMaker, fullScene, makeServer, usualScene } from './support/fixtures.ts';
import { expect, expectAccessible, inputsOf, openPanel, test } from './support/panel-test.ts';

const tabsMost = 120;

const hasFocus = (element: Locator): Promise<boolean> =>
  element.evaluateAll((found) => found.some((one) => one === one.ownerDocument.activeElement));

/** Goes there by Tab, and says in how many steps. */
async function tabTo(page: Page, element: Locator, key = 'Tab'): Promise<number> {
  await expect(element).toBeVisible();
  for (let steps = 0; steps < tabsMost; steps += 1) {
    if (await hasFocus(element)) return steps;
    await page.keyboard.press(key);
  }
  throw new Error(`Not reached by ${key}: ${element.toString()}`);
}

async function press(page: Page, name: string | RegExp, within: Locator = page.locator('body')): Promise<number> {
  const button = within.getByRole('button', { name });
  await expect(button).toBeEnabled();
  const steps = await tabTo(page, button);
  await page.keyboard.press('Enter');
  return steps;
}

test('the first run, by Tab and Enter alone', async ({ page, desk }) => {
  const opened = await desk({
    ...usualScene(),
    events: [],
    servers: [makeServer('claude-desktop', 'alpha'), makeServer('cursor', 'beta')],
  });
  await openPanel(page, opened);
  const lead = page.locator('.first-lead');
  await press(page, /^Try the 2 riskiest contained$/u);
  await expect(lead).toBeFocused();
  const seen = await press(page, 'See what would change');
  // From the lead it is a short way; from the top of the page it would be past the navigation.
  expect(seen).toBeLessThan(6);
  await expect(lead).toBeFocused();
  const choice = page.getByLabel('What becomes of beta');
  await tabTo(page, choice);
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('button', { name: /^Contain 2 servers$/u })).toBeVisible();
  await expect(choice).toBeFocused();
  await press(page, 'Contain 2 servers');
  await expect(page.getByText(/^2 contained/u)).toBeVisible();
  await expect(lead).toBeFocused();
  await tabTo(page, page.getByRole('link', { name: 'To the servers' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Servers', exact: true })).toBeFocused();
});

test('from a denial to a rule, by Tab and Enter alone', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await tabTo(page, page.getByRole('link', { name: 'Skip to the live feed' }));
  await page.keyboard.press('Enter');
  const row = page.getByRole('article', { name: /Refused: .*your SSH keys/u });
  await tabTo(page, page.getByRole('article').first());
  for (let steps = 0; steps < 14 && !(await hasFocus(row)); steps += 1) await page.keyboard.press('ArrowDown');
  await expect(row).toBeFocused();
  await expect(row.getByRole('button', { name: 'Details' })).toHaveAccessibleDescription(/your SSH keys/u);
  const allow = row.getByRole('button', { name: /^Allow/u });
  await tabTo(page, allow);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  const always = dialog.getByRole('radio', { name: /^Always/u });
  await tabTo(page, dialog.getByRole('radio', { name: /^Until it stops/u }));
  await page.keyboard.press('ArrowDown');
  await expect(always).toBeFocused();
  await press(page, 'Add this rule', dialog);
  await expect(dialog).toContainText('Added');
  await press(page, 'Done', dialog);
  await expect(dialog).toHaveCount(0);
  await expect(allow).toBeFocused();
  const granted = inputsOf(opened, 'policies.grant') as { dryRun?: boolean }[];
  expect(granted.filter(({ dryRun }) => dryRun !== true)).toHaveLength(1);
});

test('a question is a step away, and its answer does not lose the place', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const row = page.locator('[data-server][tabindex="0"]');
  await tabTo(page, row);
  await expect(row).toHaveAccessibleDescription(/, 1 of \d+$/u);
  const server = 'claude-desktop.filesystem';
  const one = opened.ask({ server, run: 'run-1', about: { kind: 'link', url: 'https://one.example.com/' } });
  const cards = page.getByRole('region', { name: 'Questions' }).getByRole('listitem');
  await expect(cards).toHaveCount(1);
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await expect(cards.first()).toBeFocused();
  await expectAccessible(page);
  await press(page, 'Open once', cards.first());
  expect(await one).toEqual({ outcome: 'allowed', asked: true });
  await expect(cards).toHaveCount(0);
  await expect(row).toBeFocused();
});

test('rows that wait can be reached and shown by keys, and there is a way back from deep in the list', async ({
  page,
  desk,
}) => {
  const opened = await desk(fullScene(3, 2_000));
  await openPanel(page, opened);
  await tabTo(page, page.getByRole('link', { name: 'Skip to the live feed' }));
  await page.keyboard.press('Enter');
  const rows = page.getByRole('article');
  await tabTo(page, rows.first());
  const event = createEventMaker();
  opened.emit(event('run-k', 'claude-desktop.filesystem', { target: '/k/1' }));
  const waiting = page.getByRole('button', { name: '1 row waiting' });
  await tabTo(page, waiting, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(waiting).toHaveCount(0);
  const feed = page.getByRole('feed');
  await expect(feed).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.locator('article:focus')).toHaveCount(1);
  await page.keyboard.press('End');
  const back = page.getByRole('button', { name: 'Jump to now' });
  await tabTo(page, back, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(back).toHaveCount(0);
  await expect(feed).toBeFocused();
  expect(await feed.evaluate((element) => element.scrollTop)).toBe(0);
});

test('giving something up on a server’s page and thinking better of it keeps the place', async ({ page, desk }) => {
  await openPanel(page, await desk(usualScene()));
  const row = page.locator('[data-server="claude-desktop.filesystem"]');
  const active = page.locator('[data-server][tabindex="0"]');
  await tabTo(page, active);
  for (let steps = 0; steps < 20 && !(await hasFocus(row)); steps += 1) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'What it can reach' })).toBeVisible();
  const card = page.getByRole('region', { name: sightWords.title });
  await press(page, new RegExp(`^${sightWords.leave}`, 'u'), card);
  const cancel = card.getByRole('button', { name: new RegExp(`^${sightWords.cancel}`, 'u') });
  await expect(cancel).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(card).toBeFocused();
});

test('the first view says what comes in', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  for (const name of ['1', '2', '3']) {
    opened.emit(event('run-k', 'claude-desktop.filesystem', { target: `/k/${name}` }));
  }
  await expect(page.getByRole('log', { name: 'What came in' })).toHaveText(/^3 new events, /u);
});
