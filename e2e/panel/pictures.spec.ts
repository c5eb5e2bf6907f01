/** @pictures Every view as people see it, for people to look at (`npm run pictures`). Nothing is compared. */
import { writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { terminalWords } from '#contract/sentences.ts';
import { emptyScene, fullScene, hostileScene, makeServer, usualScene, type Scene } from './support/fixtures.ts';
import { expect, openPanel, test } from './support/panel-test.ts';

const sizes = [
  { width: 1024, height: 768 },
  { width: 1440, height: 900 },
];

function firstScene(): Scene {
  const usual = usualScene();
  return {
    ...usual,
    events: [],
    servers: usual.servers.map((server) =>
      server.state === 'cannot'
        ? server
        : makeServer(server.client as 'cursor', server.name, { command: server.command, args: server.args }),
    ),
  };
}

async function go(page: Page, hash: string): Promise<void> {
  await page.evaluate((next) => {
    location.hash = next;
  }, hash);
  await expect(page.locator('#view-title')).toBeVisible();
}

for (const look of ['light', 'dark', 'forced', 'zoom'] as const) {
  const own = look === 'zoom' ? [{ width: 512, height: 700 }] : look === 'forced' ? sizes.slice(1) : sizes;
  for (const viewport of own) {
    const end = `${look}-${String(viewport.width)}.png`;
    test.describe(`@pictures ${look} ${String(viewport.width)}`, () => {
      test.use({
        viewport,
        colorScheme: look === 'dark' ? 'dark' : 'light',
        forcedColors: look === 'forced' ? 'active' : 'none',
      });
      const take = async (page: Page, name: string): Promise<void> => {
        await page.mouse.move(1, 1);
        await page.screenshot({
          path: `test-results/pictures/${name}-${end}`,
          animations: 'disabled',
          fullPage: look === 'zoom',
        });
      };

      test('servers and the page of one', async ({ page, desk }) => {
        await openPanel(page, await desk(usualScene()));
        await take(page, 'servers');
        await page.getByRole('checkbox', { name: 'Choose filesystem' }).check();
        await page.getByRole('checkbox', { name: 'Choose memory' }).check();
        await take(page, 'servers-chosen');
        await page.getByRole('button', { name: /^Shortcuts/u }).click();
        await take(page, 'keys');
        await page.keyboard.press('Escape');
        for (const id of ['claude-desktop.filesystem', 'claude-code.git', 'claude-desktop.browser', 'cursor.weather']) {
          await go(page, `#/servers/${id}`);
          await expect(page.getByRole('heading', { name: 'What it can reach' })).toBeVisible();
          await take(page, `server-${id.split('.').at(-1) ?? ''}`);
        }
        await go(page, '#/servers/claude-desktop.filesystem');
        await page.getByRole('button', { name: 'As a table' }).click();
        await page.getByLabel('File or folder').fill('/home/mara/');
        await expect(page.getByRole('listbox').getByRole('option').first()).toBeVisible();
        await take(page, 'server-table');
      });

      test('questions, a terminal, and a denial that is allowed', async ({ page, desk }) => {
        const server = 'claude-desktop.filesystem';
        const opened = await desk(usualScene());
        await openPanel(page, opened);
        const path = '/home/mara/notes/plan.txt';
        const asked = [
          opened.ask({ server, run: 'run-1', about: { kind: 'file', path, access: 'write', folder: false } }),
          opened.ask({ server, run: 'run-1', about: { kind: 'host', host: 'api.example.com', port: 443 } }),
        ];
        const cards = page.getByRole('region', { name: 'Questions' }).getByRole('listitem');
        await expect(cards).toHaveCount(2);
        await expect(cards.first().getByRole('button', { name: 'Allow once' })).toBeEnabled();
        await take(page, 'ask');
        await cards.first().getByText('What the answers change').click();
        await take(page, 'ask-open');
        for (const target of [path, 'api.example.com:443']) await opened.answer(target, 'no');
        await Promise.all(asked);
        await go(page, `#/servers/${server}`);
        await page.getByRole('button', { name: terminalWords.open('filesystem') }).click();
        await expect(page.getByRole('textbox', { name: terminalWords.input })).toBeFocused();
        await page.keyboard.type('ls');
        await take(page, 'terminal');
        await go(page, '#/activity');
        await page
          .getByRole('article')
          .filter({ hasText: '.bashrc' })
          .getByRole('button', { name: /^Allow/u })
          .click();
        await expect(page.getByRole('radiogroup', { name: 'For how long' })).toBeVisible();
        await take(page, 'allow');
      });

      test('the first minutes', async ({ page, desk }) => {
        await openPanel(page, await desk(firstScene()));
        await expect(page.getByRole('heading', { name: 'Welcome' })).toBeVisible();
        await expect(page.getByRole('button', { name: /^Try the/u })).toBeVisible();
        await take(page, 'welcome-found');
        await page.getByRole('button', { name: /^Try the/u }).click();
        await expect(page.getByRole('button', { name: 'See what would change', exact: true })).toBeVisible();
        await take(page, 'welcome-try');
        await page.getByRole('button', { name: 'See what would change', exact: true }).click();
        await expect(page.getByRole('button', { name: /^Contain \d/u })).toBeVisible();
        await take(page, 'welcome-apply');
        await page.getByRole('button', { name: /^Contain \d/u }).click();
        await expect(page.getByText(/\d contained/u).first()).toBeVisible();
        await take(page, 'welcome-done');
      });

      test('other views, empty, full and hostile', async ({ page, desk }) => {
        await openPanel(page, await desk(emptyScene()));
        await take(page, 'empty');
        await openPanel(page, await desk(fullScene(300)));
        await take(page, 'full');
        for (const view of ['activity', 'rollout', 'machine']) {
          await go(page, `#/${view}`);
          await take(page, view);
        }
        await openPanel(page, await desk(hostileScene()));
        await take(page, 'hostile');
        await go(page, '#/servers/cursor.hostile');
        await expect(page.getByRole('heading', { name: 'What it can reach' })).toBeVisible();
        await take(page, 'hostile-server');
      });
    });
  }
}

/** Those of the documentation, in docs/pictures: `npm run pictures -- --docs`. */
for (const look of ['light', 'dark'] as const) {
  test.describe(`@pictures @docs ${look}`, () => {
    test.skip(
      process.env['BELLJAR_PICTURES'] !== 'docs',
      'they are in the repository, and made anew when that is asked for',
    );
    test.use({ viewport: { width: 1200, height: 720 }, colorScheme: look });

    test('the servers and what one may reach', async ({ page, desk }) => {
      const take = async (name: string): Promise<void> => {
        await page.mouse.move(1, 1);
        // WebP is a third of PNG's size, which a repository keeps for ever; Playwright itself does not write it.
        const session = await page.context().newCDPSession(page);
        const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 90 });
        writeFileSync(`docs/pictures/${name}-${look}.webp`, Buffer.from(data, 'base64'));
      };
      await openPanel(page, await desk(usualScene()));
      await take('servers');
      await go(page, '#/servers/claude-desktop.filesystem');
      await expect(page.getByRole('heading', { name: 'What it can reach' })).toBeVisible();
      await take('server');
    });
  });
}
