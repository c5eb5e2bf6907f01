/** What is kept back inside granted folders: seen, allowed again, and allowed from a denial; what waits for a restart. */
import { createEventMaker, usualScene } from './support/fixtures.ts';
import { expect, expectLooks, openPanel, openServer, picture, test } from './support/panel-test.ts';

const files = 'claude-desktop.filesystem';

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 1400 } });

  test('what is kept back stands with its reason, by keys too, and is allowed again with one press', async ({
    page,
    desk,
  }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    await openServer(page, 'claude-desktop.filesystem');
    await expect(page.getByText('Something in it is kept back.')).toBeVisible();
    const summary = page.getByText('Kept back in these folders: files with secrets');
    await summary.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByText('Such files hold passwords and keys of a project.')).toBeVisible();
    await expect(page.getByText('Git starts programs that are named there')).toBeVisible();
    await page.mouse.move(1, 1);
    await expectLooks(page, 'areas');
    await page.getByRole('button', { name: 'Allow: **/.git/hooks' }).click();
    await expect(page.getByText('It is no longer kept back.')).toBeVisible();
    expect(opened.calls.findLast(({ method }) => method === 'policies.grant')?.input).toEqual({
      server: files,
      verb: 'write',
      what: '**/.git/hooks',
    });
    await expect(page.getByRole('button', { name: 'Allow: **/.git/hooks' })).toBeHidden();
    await page.getByRole('button', { name: 'Take back: Change even **/.git/hooks' }).click();
    await expect(page.getByRole('button', { name: 'Allow: **/.git/hooks' })).toBeVisible();
  });

  test('from a denial: this file, or all that are called so; not its folder, which would not help', async ({
    page,
    desk,
  }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    const event = createEventMaker();
    opened.emit(
      event('run-new', files, { target: '/home/mara/Documents/app/.env', known: 'environment-file', by: 'broker' }),
    );
    const row = page.getByRole('article').filter({ hasText: 'app/.env' });
    await expect(row).toContainText('tried to read a file with the secrets of a project');
    await row.getByRole('button', { name: /^Allow/u }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('radiogroup', { name: 'Rule to add' }).getByRole('radio')).toHaveCount(2);
    await expect(dialog.getByRole('radio', { name: /all that are called so/u })).toBeVisible();
    await dialog.getByRole('radio', { name: /^Always.*It holds at once\./u }).click();
    await picture(page, 'areas-grant');
    await dialog.getByRole('button', { name: 'Add this rule' }).click();
    await expect(dialog.getByText('Added; it holds now.')).toBeVisible();
    expect(opened.calls.findLast(({ method }) => method === 'policies.grant')?.input).toEqual({
      server: files,
      verb: 'read',
      what: '/home/mara/Documents/app/.env',
    });
  });
});

test('what waits for a restart is said on the page', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  opened.emit(event('run-new', files, { kind: 'exec', target: '/srv/tool' }));
  const row = page.getByRole('article').filter({ hasText: '/srv/tool' });
  await row.getByRole('button', { name: /^Allow/u }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /^Always.*It takes effect after a restart of the server\./u }).click();
  await dialog.getByRole('button', { name: 'Add this rule' }).click();
  await expect(dialog.getByText('Added; it takes effect after a restart.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await openServer(page, 'claude-desktop.filesystem');
  await expect(page.getByText('Holds after a restart: exec /srv/tool')).toBeVisible();
});
