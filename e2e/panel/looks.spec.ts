/** Every state of the page, light and dark, narrow and wide: pictures for people, and axe's answer for each. */
import { BelljarError } from '#contract/errors.ts';
import {
  createEventMaker,
  emptyScene,
  endFields,
  fullScene,
  home,
  hostileScene,
  startFields,
  troubledScene,
  usualScene,
} from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  openPanel,
  openServer,
  picture,
  test,
  tryNow,
} from './support/panel-test.ts';

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('an ordinary day', async ({ page, desk }) => {
    await openPanel(page, await desk(usualScene()));
    await expect(page.getByRole('article')).not.toHaveCount(0);
    await page.mouse.move(1, 1);
    await expectLooks(page, 'usual');
  });

  test('trouble: a broken server, files that cannot be read', async ({ page, desk }) => {
    const scene = troubledScene();
    const event = createEventMaker();
    const id = 'claude-desktop.browser';
    scene.events.push(
      event('run-b', id, startFields()),
      event('run-b', id, { target: `${home}/.mozilla/firefox/profiles.ini`, known: 'browser-profile' }),
      event('run-b', id, {
        ...endFields({
          justBefore: [
            { at: new Date().toISOString(), kind: 'file.read', target: `${home}/.mozilla/firefox/profiles.ini` },
          ],
        }),
      }),
    );
    await openPanel(page, await desk(scene));
    await expect(page.getByRole('button', { name: 'Allow and retry' })).toBeVisible();
    await expectLooks(page, 'trouble');
  });

  test('no servers', async ({ page, desk }) => {
    await openPanel(page, await desk(emptyScene()));
    await expect(page.getByText('No MCP servers found')).toBeVisible();
    await expectLooks(page, 'empty');
    await page.getByRole('button', { name: 'Show me' }).click();
    await expect(page.getByRole('table')).toBeVisible();
    await expectLooks(page, 'demo');
  });

  test('very full', async ({ page, desk }) => {
    await openPanel(page, await desk(fullScene()));
    await expect(page.getByText('10,000 rows')).toBeVisible();
    await expectLooks(page, 'full');
  });

  test('hostile text', async ({ page, desk }) => {
    await openPanel(page, await desk(hostileScene()));
    await expect(page.getByRole('article').first()).toBeVisible();
    await expectLooks(page, 'hostile');
  });

  test('dialogs', async ({ page, desk }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    const browser = page.getByRole('radiogroup', { name: 'Level of browser' });
    await browser.getByRole('radio', { name: 'Standard' }).click();
    await expect(page.getByRole('dialog').getByText('belljar-launcher')).toBeVisible();
    await expectLooks(page, 'contain');
    await page.keyboard.press('Escape');
    await page
      .getByRole('article')
      .filter({ hasText: 'your SSH keys' })
      .getByRole('button', { name: /^Allow/u })
      .click();
    await expect(page.getByRole('dialog').getByText('Rule to add')).toBeVisible();
    await expectLooks(page, 'grant');
    await page.keyboard.press('Escape');
    await page
      .getByRole('article')
      .filter({ hasText: 'your SSH keys' })
      .click({ position: { x: 200, y: 20 } });
    await expect(page.getByRole('dialog').getByText('As the rules stand')).toBeVisible();
    await expectLooks(page, 'details');
  });

  test('host gone, and nobody let in', async ({ page, context, desk, pageErrors }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    await openServer(page, 'claude-desktop.filesystem');
    await expect(page.getByText('What no sandbox removes')).toBeVisible();
    await opened.stop();
    await expect(page.getByText('The Belljar host does not answer.')).toBeVisible();
    await expectLooks(page, 'gone');
    await opened.startAgain();
    await tryNow(page);
    await expect(page.getByText('The Belljar host does not answer.')).toBeHidden();
    await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
    forgiveFailedRequests(pageErrors);

    const other = await context.newPage();
    await other.goto(opened.origin);
    await expect(other.getByText('belljar panel')).toBeVisible();
    await expectLooks(other, 'unauthorized');
  });
});

test.describe('forced colours', () => {
  test.use({ forcedColors: 'active' });
  test('keep every state and border visible', async ({ page, desk }) => {
    await openPanel(page, await desk(usualScene()));
    await picture(page, 'usual-forced-colors');
    await expectAccessible(page);
  });
});

test('a list that cannot be had says why, and comes when it can', async ({ page, desk, pageErrors }) => {
  const opened = await desk(usualScene());
  const file = `${home}/.config/belljar/policies/x.json`;
  const repair = opened.every('servers.list', new BelljarError('newer-format', { file }));
  await page.goto(opened.address());
  await expect(page.getByText('The file was written by a newer Belljar and is left alone.').first()).toBeVisible();
  await picture(page, 'list-failed');
  repair();
  await tryNow(page);
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible();
  forgiveFailedRequests(pageErrors);
});
