/** The first minutes: shown when nothing was ever contained; found, tried, applied; every end is told as it is. */
import { BelljarError } from '#contract/errors.ts';
import { rolloutWords } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { checkOf } from './support/desk.ts';
import { emptyScene, makeServer, usualScene, type Scene } from './support/fixtures.ts';
import { expect, expectLooks, forgiveFailedRequests, openPanel, test } from './support/panel-test.ts';

const risk = (score: number): Server['risk'] => ({ score, grade: 'high', reasons: [] });

function firstScene(): Scene {
  return {
    ...usualScene(),
    events: [],
    servers: [
      makeServer('claude-desktop', 'alpha', { risk: risk(90) }),
      makeServer('claude-desktop', 'beta', { risk: risk(80) }),
      makeServer('cursor', 'gamma', { risk: risk(70) }),
      makeServer('cursor', 'delta', { risk: risk(10) }),
      makeServer('claude-code', 'far', { command: null, args: [], state: 'cannot', reason: 'remote', risk: null }),
    ],
  };
}

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('three decisions from nothing to contained', async ({ page, desk }) => {
    const opened = await desk(firstScene());
    await openPanel(page, opened);
    await expect(page.getByText('5 servers in 3 clients.')).toBeVisible();
    expect(page.url()).toContain('#/welcome');
    await expectLooks(page, 'first-found', [1024]);
    opened.next('servers.check', async () =>
      checkOf(makeServer('claude-desktop', 'alpha'), {
        verdict: 'does-not-start',
        sentence: 'It does not start contained.',
        same: false,
      }),
    );
    await page.getByRole('button', { name: 'Try the 3 riskiest contained' }).click();
    await expect(page.getByRole('button', { name: 'See what would change', exact: true })).toBeVisible();
    await expect(page.getByText('It does not start contained.')).toBeVisible();
    expect(opened.calls.filter(({ method }) => method === 'servers.check')).toHaveLength(3);
    await expectLooks(page, 'first-tried', [1024]);
    // Nothing is written by a try.
    expect(opened.calls.some(({ method }) => method === 'servers.contain')).toBe(false);

    await page.getByRole('button', { name: 'See what would change', exact: true }).click();
    await expect(page.getByLabel('What becomes of alpha')).toHaveValue('watch');
    await expect(page.getByLabel('What becomes of beta')).toHaveValue('standard');
    await page.getByLabel('What becomes of delta').selectOption('Leave it as it is');
    await expect(page.getByRole('button', { name: 'Contain 3 servers' })).toBeVisible();
    await page.locator('summary', { hasText: 'What changes' }).first().click();
    await expect(page.getByText('belljar-launcher').first()).toBeVisible();
    await expectLooks(page, 'first-apply', [1024]);
    await page.getByRole('button', { name: 'Contain 3 servers' }).click();
    await expect(page.getByText('2 contained, 1 watched, 1 left as it is, 1 cannot be contained.')).toBeVisible();
    await expectLooks(page, 'first-done', [1024]);
    const written = opened.calls
      .filter(({ method }) => method === 'servers.contain')
      .map(({ input }) => input as { servers: string[]; level: string; dryRun: boolean; check: boolean })
      .filter(({ dryRun }) => !dryRun);
    // What was tried and worked is not tried a second time.
    expect(written.map(({ servers, level, check }) => [servers[0], level, check])).toEqual([
      ['claude-desktop.alpha', 'watch', false],
      ['claude-desktop.beta', 'standard', false],
      ['cursor.gamma', 'standard', false],
    ]);

    await page.getByRole('button', { name: 'Put everything back' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Put everything back' }).click();
    await expect(dialog.getByText('3 entries are put back.')).toBeVisible();
  });
});

test('the demo is one click away, and the list another', async ({ page, desk }) => {
  await openPanel(page, await desk(firstScene()));
  await page.getByRole('button', { name: 'Show me what that means' }).click();
  await expect(page.getByRole('table')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Show the list instead' }).click();
  await expect(page.getByRole('heading', { name: 'alpha' })).toBeVisible();
  await page.getByRole('link', { name: 'Contain them in a minute' }).click();
  await expect(page.getByRole('heading', { name: 'Welcome' })).toBeFocused();
});

test('it is not shown where something was decided before, or a view was chosen', async ({ page, desk }) => {
  const opened = await desk(firstScene());
  opened.next('history.list', async () => ({
    entries: [
      {
        id: '0123456789abcdef',
        at: '2026-03-01T12:00:00.000Z',
        door: 'command-line',
        action: 'release',
        server: 'claude-desktop.alpha',
        file: null,
        summary: 'put back',
        changes: [],
        undoes: null,
        undone: false,
      },
    ],
  }));
  await openPanel(page, opened);
  await expect(page.getByRole('heading', { name: 'alpha' })).toBeVisible();
  await page.goto(`${opened.origin}/#/servers`);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'alpha' })).toBeVisible();
});

test('one that fails to be written is told of, and the sentence stays true', async ({ page, desk, pageErrors }) => {
  const opened = await desk(firstScene());
  await openPanel(page, opened);
  await page.getByRole('button', { name: 'Try the 3 riskiest contained' }).click();
  await page.getByRole('button', { name: /change$/u }).click();
  await expect(page.getByRole('button', { name: 'Contain 4 servers' })).toBeVisible();
  opened.next('servers.contain', new BelljarError('config-read-only', { params: { detail: 'read-only' } }));
  await page.getByRole('button', { name: 'Contain 4 servers' }).click();
  await expect(page.getByText('3 contained, 1 left as it is, 1 cannot be contained.')).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('The file cannot be written');
  forgiveFailedRequests(pageErrors);
});

test('without any server the address of the first minutes says so, and offers what there is', async ({
  page,
  desk,
}) => {
  const opened = await desk(emptyScene());
  await openPanel(page, opened);
  await page.goto(`${opened.origin}/#/welcome`);
  await expect(page.getByRole('heading', { name: 'No MCP servers found' })).toBeVisible();
  await expect(page.getByText(rolloutWords.nothing)).toHaveCount(0);
  await expect(page.getByText('0 servers')).toHaveCount(0);
  await expectLooks(page, 'first-none', [1024]);
  await page.getByRole('button', { name: 'Show me' }).click();
  await expect(page.getByRole('table')).toBeVisible();
});

test('the current step is seen with forced colours', async ({ page, desk }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await openPanel(page, await desk(firstScene()));
  const steps = page.getByRole('list', { name: 'Steps' }).getByRole('listitem');
  await expect(steps).toHaveCount(3);
  const grounds = await steps.evaluateAll((items) =>
    items.map((item) => getComputedStyle(item.querySelector('.first-step-number') ?? item).backgroundColor),
  );
  // Forced colours draw every ground in the page's own, but this one.
  const ofPage = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(grounds[0]).not.toBe(ofPage);
  expect(grounds[1]).toBe(grounds[2]);
  expect(grounds[0]).not.toBe(grounds[1]);
});
