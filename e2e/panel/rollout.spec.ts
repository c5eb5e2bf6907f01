/** What speaks against a server, what became of a contained entry, the rollout with its progress and its stop, and the audit. */
import { BelljarError } from '#contract/errors.ts';
import { emptyScene, rolloutScene } from './support/fixtures.ts';
import { expect, expectAccessible, openPanel, picture, test } from './support/panel-test.ts';

const contained = (calls: { method: string; input: unknown }[]): unknown[] =>
  calls.filter(({ method }) => method === 'servers.contain').map(({ input }) => input);

for (const colorScheme of ['light', 'dark'] as const) {
  for (const viewport of [
    { width: 1024, height: 768 },
    { width: 1600, height: 1000 },
  ]) {
    test.describe(`${colorScheme} at ${String(viewport.width)} px`, () => {
      test.use({ colorScheme, viewport });
      const name = (state: string): string => `${state}-${colorScheme}-${String(viewport.width)}`;

      test('looks', async ({ page, desk }) => {
        await openPanel(page, await desk(rolloutScene()));
        const card = (id: string) => page.locator(`[data-server="${id}"]`);
        await card('claude-desktop.setup').getByText('very high risk').click();
        await expect(card('claude-desktop.setup')).toContainText(
          'It fetches text from the internet and runs it at once',
        );
        await card('cursor.notes').getByText('few known risks').click();
        await expect(card('cursor.notes')).toContainText('this does not say that it is harmless');
        await expect(card('claude-desktop.containers')).toContainText('outside any sandbox of this session');
        await card('cursor.notes').getByRole('button', { name: 'Rules, runs and file' }).click();
        await expect(card('cursor.notes')).toContainText('Also stands');
        await picture(page, name('risk-top'));
        await card('cursor.weather').scrollIntoViewIfNeeded();
        await expect(card('cursor.weather')).toContainText('Now it starts');
        await picture(page, name('risk-drift'));
        await expectAccessible(page);
        await page.getByRole('button', { name: 'Roll out …' }).click();
        await expect(page.getByRole('dialog')).toContainText('Riskiest first');
        await picture(page, name('rollout'));
        await expectAccessible(page);
        await page.getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('button', { name: 'Audit' }).click();
        await expect(page.getByRole('dialog')).toContainText('ways past Belljar');
        await picture(page, name('audit'));
        await expectAccessible(page);
      });
    });
  }
}

test('the chosen ones are contained in order, by keys alone', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  await page.getByRole('button', { name: 'Roll out …' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox', { name: 'Contain claude-code/git' }).focus();
  await page.keyboard.press('Space');
  await dialog.getByRole('button', { name: 'Try and contain 3 servers' }).focus();
  await page.keyboard.press('Enter');
  await expect(dialog).toContainText('3 servers are contained.');
  expect(contained(opened.calls)).toEqual(
    [
      ['claude-desktop.setup', 'standard'],
      ['cursor.weather', 'strict'],
      ['cursor.notes', 'standard'],
    ].map(([id, level]) => ({ servers: [id], level, dryRun: false, check: true })),
  );
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Roll out …' }).click();
  await expect(dialog.getByRole('checkbox')).toHaveCount(1);
});

test('at the first one that does not work it stops, and says what was not touched', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  await page.getByRole('button', { name: 'Roll out …' }).click();
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
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('It did not start.');
  await expect(dialog).toContainText('3 after it were not touched.');
  await picture(page, 'rollout-stopped');
  expect(contained(opened.calls)).toHaveLength(1);
});

test('it can be stopped between two', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  await page.getByRole('button', { name: 'Roll out …' }).click();
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
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'It stops after this one' })).toBeVisible();
  finish();
  await expect(page.getByRole('dialog')).toContainText('1 server is contained.');
  await expect(page.getByRole('dialog')).toContainText('3 were not touched.');
  expect(contained(opened.calls)).toHaveLength(1);
});

test('an entry that its client removed can be forgotten', async ({ page, desk }) => {
  const opened = await desk(rolloutScene());
  await openPanel(page, opened);
  const card = page.locator('[data-server="cursor.gone"]');
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
  await page.getByRole('button', { name: 'Audit' }).click();
  await expect(page.getByRole('dialog')).toContainText('Nothing was found that runs past Belljar.');
  await expect(page.getByRole('dialog')).toContainText('What cannot be seen from here');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Roll out …' }).click();
  await expect(page.getByRole('dialog')).toContainText('Every server that can be contained is contained.');
});
