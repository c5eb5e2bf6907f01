/**
 * From a denial to what is granted until the server stops, or always, with what changes shown first: in all looks over an engine
 * in memory, and over the built product with a real server.
 */
import { readFileSync } from 'node:fs';
import { serverPageWords } from '#contract/sentences.ts';
import { expect, expectAccessible, openPanel, openServer, picture, test } from './support/panel-test.ts';
import { createEventMaker, usualScene } from './support/fixtures.ts';
import { test as realTest } from './support/real-test.ts';

const files = 'claude-desktop.filesystem';
const target = '/home/mara/Music/list.m3u';

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1024, 1440]) {
    test.describe(`${colorScheme} ${width.toString()}`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });

      test('by keys alone: looked at, allowed until it stops, listed on the server’s page, taken back', async ({
        page,
        desk,
      }) => {
        const opened = await desk(usualScene());
        await openPanel(page, opened);
        opened.emit(createEventMaker()('run-new', files, { target }));
        const row = page.getByRole('article').filter({ hasText: 'list.m3u' });
        await row.getByRole('button', { name: /^Allow/u }).focus();
        await page.keyboard.press('Enter');
        const dialog = page.getByRole('dialog');
        const holds = dialog.getByRole('radiogroup', { name: 'For how long' });
        await expect(holds.getByRole('radio', { name: /^Until it stops/u })).toBeChecked();
        const change = dialog.getByRole('figure', { name: 'What it is granted until it stops' });
        await expect(change.locator('ins')).toHaveText(`+read ${target}`);
        await picture(page, `until-stop-${colorScheme}-${width.toString()}`);
        await expectAccessible(page);
        await holds.getByRole('radio', { name: /^Until it stops/u }).focus();
        await page.keyboard.press('ArrowDown');
        await expect(holds.getByRole('radio', { name: /^Always/u })).toBeChecked();
        await expect(dialog.getByRole('figure', { name: 'What changes in the policy' })).toBeVisible();
        await picture(page, `until-stop-always-${colorScheme}-${width.toString()}`);
        await page.keyboard.press('ArrowUp');
        await dialog.getByRole('button', { name: 'Allow until it stops' }).focus();
        await page.keyboard.press('Enter');
        await expect(dialog).toContainText('Allowed until it stops; it holds now.');
        expect(opened.calls.findLast(({ method }) => method === 'policies.grant')?.input).toEqual({
          server: files,
          verb: 'read',
          what: target,
          until: 'stop',
        });
        expect(opened.rules(files)).toEqual([]);
        await dialog.getByRole('button', { name: 'Done' }).click();
        await openServer(page, files);
        const list = page.getByRole('region', { name: 'Allowed until it stops' });
        await expect(list.getByRole('listitem')).toContainText(target);
        await list.scrollIntoViewIfNeeded();
        await picture(page, `until-stop-list-${colorScheme}-${width.toString()}`);
        await expectAccessible(page);
        await list.getByRole('button', { name: `Take back: Read ${target}` }).focus();
        await page.keyboard.press('Enter');
        await expect(list).toHaveCount(0);
        await expect(page.getByText('It is refused again from the next try on.', { exact: false })).toBeVisible();
      });
    });
  }
}

test('the same from the timeline of a server’s page; what cannot be says why, and always is offered', async ({
  page,
  desk,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  opened.emit(
    event('run-new', files, { target }),
    event('run-new', files, { kind: 'exec', target: '/usr/bin/gcc', known: undefined }),
  );
  await openServer(page, files);
  const timeline = page.getByRole('list', { name: serverPageWords.timeline });
  await timeline.getByRole('button', { name: 'Allow /usr/bin/gcc' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: /^Until it stops/u })).toBeDisabled();
  await expect(dialog).toContainText('This is fixed when a server starts, so a running one cannot be given it.');
  await expect(dialog.getByRole('radio', { name: /^Always/u })).toBeChecked();
  await expect(dialog).toContainText('It takes effect after a restart of the server.');
  await picture(page, 'until-stop-cannot');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(opened.rules(files)).toEqual([]);
  await timeline.getByRole('button', { name: `Allow ${target}` }).click();
  await expect(dialog.getByRole('radio', { name: /^Until it stops/u })).toBeChecked();
});

test('is legible in forced colours', async ({ page, desk }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  opened.emit(createEventMaker()('run-new', files, { target }));
  await page
    .getByRole('article')
    .filter({ hasText: 'list.m3u' })
    .getByRole('button', { name: /^Allow/u })
    .click();
  await expect(page.getByRole('radio', { name: /^Until it stops/u })).toBeChecked();
  await picture(page, 'until-stop-forced');
});

realTest(
  'a real server: refused, allowed until it stops, works; started again, it is refused again',
  async ({ page, real }) => {
    await real.run('contain', 'claude-desktop/reader', '--no-check');
    const policy = (): string => readFileSync(real.path('.config/belljar/policies/claude-desktop.reader.json'), 'utf8');
    const before = policy();
    await page.goto(await real.panel());
    await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
    await page.getByRole('link', { name: 'Servers', exact: true }).click();
    const plan = real.path('other/plan.txt');
    const server = await real.start('reader');
    expect(await server.call(plan)).toBe('EACCES');
    const row = page.getByRole('article').filter({ hasText: 'plan.txt' });
    await row.getByRole('button', { name: /^Allow/u }).click();
    const dialog = page.getByRole('dialog');
    const change = dialog.getByRole('figure', { name: 'What it is granted until it stops' });
    await expect(change.locator('ins')).toHaveText(`+read ${plan}`);
    // Shown, and nothing is granted yet.
    expect(await server.call(plan)).toBe('EACCES');
    await dialog.getByRole('button', { name: 'Allow until it stops' }).click();
    await expect(dialog).toContainText('Allowed until it stops; it holds now.');
    await dialog.getByRole('button', { name: 'Done' }).click();
    await expect.poll(() => server.call(plan)).toBe('a plan');
    expect(await server.call(real.path('other/settings.json'))).toBe('EACCES');
    expect(policy()).toBe(before);
    await openServer(page, 'claude-desktop.reader');
    const list = page.getByRole('region', { name: 'Allowed until it stops' });
    await expect(list).toContainText(plan);
    await server.close();
    await expect(list).toHaveCount(0);

    const again = await real.start('reader');
    expect(await again.call(plan)).toBe('EACCES');
    // Taken back before it stops, too.
    await page
      .getByRole('button', { name: `Allow ${plan}` })
      .first()
      .click();
    await dialog.getByRole('button', { name: 'Allow until it stops' }).click();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await expect.poll(() => again.call(plan)).toBe('a plan');
    await list.getByRole('button', { name: `Take back: Read ${plan}` }).click();
    await expect.poll(() => again.call(plan)).toBe('EACCES');
    expect(policy()).toBe(before);
    await again.close();
  },
);
