/** What speaks against a server, what became of a contained entry, the rollout with its progress and its stop, and the audit. */
import type { Page } from '@playwright/test';
import { BelljarError } from '#contract/errors.ts';
import { rolloutWords } from '#contract/sentences.ts';
import type { Desk } from './support/desk.ts';
import { emptyScene, rolloutScene } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  inputsOf,
  openPanel,
  openServer,
  openServers,
  picture,
  test,
} from './support/panel-test.ts';

async function openRollout(page: Page): Promise<void> {
  await page.getByRole('link', { name: rolloutWords.button }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: rolloutWords.title, exact: true })).toBeFocused();
}

const contained = (opened: Desk): unknown[] => inputsOf(opened, 'servers.contain');

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('looks', async ({ page, desk }) => {
    await openPanel(page, await desk(rolloutScene()));
    const card = (id: string) => page.locator(`[data-server="${id}"]`);
    await card('claude-desktop.setup').getByText('very high risk').click();
    await expect(card('claude-desktop.setup')).toContainText('It fetches text from the internet and runs it at once');
    await page.getByLabel('Search servers').fill('notes');
    await card('cursor.notes').getByText('few known risks').click();
    await expect(card('cursor.notes')).toContainText('this does not say that it is harmless');
    await page.getByLabel('Search servers').fill('');
    await expect(card('claude-desktop.containers')).toContainText('outside any sandbox of this session');
    await picture(page, 'risk-top');
    await openServer(page, 'cursor.notes');
    await expect(page.getByRole('main')).toContainText('Also stands');
    await openServers(page);
    await page.getByLabel('Search servers').fill('weather');
    await expect(card('cursor.weather')).toContainText('Now it starts');
    await expectLooks(page, 'risk-drift');
    await page.getByRole('link', { name: rolloutWords.button }).click();
    await expect(page.getByRole('heading', { name: rolloutWords.title, exact: true })).toBeFocused();
    await expect(page.getByRole('main')).toContainText('Riskiest first');
    await expect(page.getByRole('main')).toContainText('ways past Belljar');
    await expectLooks(page, 'rollout');
  });
});

test('the chosen ones are contained in order, by keys alone', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  await openRollout(page);
  const dialog = page.getByRole('main');
  await dialog.getByRole('checkbox', { name: 'Contain claude-code/git' }).focus();
  await page.keyboard.press('Space');
  await dialog.getByRole('button', { name: 'Try and contain 3 servers' }).focus();
  await page.keyboard.press('Enter');
  await expect(dialog).toContainText('3 servers are contained.');
  expect(contained(opened)).toEqual(
    [
      ['claude-desktop.setup', 'standard'],
      ['cursor.weather', 'strict'],
      ['cursor.notes', 'standard'],
    ].map(([id, level]) => ({ servers: [id], level, dryRun: false, check: true })),
  );
  // What is left, after it: the one that was taken out.
  await expect(dialog.getByRole('checkbox')).toHaveCount(1);
  await expect(dialog.getByRole('checkbox', { name: 'Contain claude-code/git' })).not.toBeChecked();
});

test('at the first one that does not work it stops, and says what was not touched', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  await openRollout(page);
  const failure = new BelljarError('check-failed', { params: { server: 'setup', sentence: 'It did not start.' } });
  opened.next('servers.contain', async () => ({
    results: [
      {
        id: 'claude-desktop.setup',
        changed: false,
        state: 'off',
        file: '/x',
        error: { code: failure.code, params: failure.params, message: 'It did not start.' },
      },
    ],
  }));
  await page.getByRole('button', { name: 'Try and contain 4 servers' }).click();
  const dialog = page.getByRole('main');
  await expect(dialog).toContainText('It did not start.');
  await expect(dialog).toContainText('3 after it were not touched.');
  await picture(page, 'rollout-stopped');
  expect(contained(opened)).toHaveLength(1);
});

test('it can be stopped between two', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  await openRollout(page);
  let finish: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    finish = resolve;
  });
  opened.next('servers.contain', async () => {
    await waiting;
    return { results: [{ id: 'claude-desktop.setup', changed: true, state: 'contained', file: '/x' }] };
  });
  await page.getByRole('button', { name: 'Try and contain 4 servers' }).click();
  await expect(page.getByText('1 of 4: trying it bare and contained')).toBeVisible();
  await picture(page, 'rollout-working');
  await page.getByRole('button', { name: rolloutWords.stop }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: rolloutWords.stopping })).toBeVisible();
  finish();
  await expect(page.getByRole('main')).toContainText('1 server is contained.');
  await expect(page.getByRole('main')).toContainText('3 were not touched.');
  expect(contained(opened)).toHaveLength(1);
});

test('an entry that its client removed can be forgotten', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  const card = page.locator('[data-server="cursor.gone"]');
  await page.getByLabel('Search servers').fill('gone');
  await expect(card).toContainText('is gone from the file');
  await expect(card).toContainText('npx -y gone-mcp');
  await card.getByRole('button', { name: 'Forget it' }).click();
  await expect(card).toHaveCount(0);
});

test('nothing to find: said, with what cannot be seen', async ({ page, desk }) => {
  const scene = rolloutScene();
  const first = scene.servers[0];
  await openPanel(
    page,
    await desk({ ...emptyScene(), servers: first === undefined ? [] : [{ ...first, sameAs: [] }] }),
  );
  await openRollout(page);
  await expect(page.getByRole('main')).toContainText('Nothing was found that runs past Belljar.');
  await expect(page.getByRole('main')).toContainText('What cannot be seen from here');
  await expect(page.getByRole('main')).toContainText('Every server that can be contained is contained.');
});

test('one alone is contained, and the list says what is left', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  await openRollout(page);
  await page.getByRole('button', { name: rolloutWords.oneOf('cursor/weather') }).click();
  await expect(page.getByRole('main')).toContainText('1 server is contained.');
  await expect(page.getByRole('checkbox', { name: 'Contain cursor/weather' })).toHaveCount(0);
  expect(contained(opened)).toEqual([{ servers: ['cursor.weather'], level: 'strict', dryRun: false, check: true }]);
});

test('both halves say for themselves what went wrong', async ({ page, desk, pageErrors }) => {
  forgiveFailedRequests(pageErrors);
  const opened = await desk(rolloutScene());
  opened.every('servers.audit', new BelljarError('internal'));
  const mend = opened.every('servers.rollout', new BelljarError('internal'));
  await openPanel(page, opened);
  await openRollout(page);
  await expect(page.getByRole('alert')).toHaveCount(2);
  await expectAccessible(page);
  mend();
  await page.getByRole('button', { name: rolloutWords.again }).click();
  await expect(page.getByRole('alert')).toHaveCount(1);
  await expect(page.getByRole('main')).toContainText('Riskiest first');
});

test('at 200 % zoom, with forced colours and without motion it can be used', async ({ page, desk }) => {
  await page.setViewportSize({ width: 640, height: 480 });
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await openPanel(page, await desk(rolloutScene()));
  await openRollout(page);
  expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(
    true,
  );
  await picture(page, 'rollout-small-forced');
});
