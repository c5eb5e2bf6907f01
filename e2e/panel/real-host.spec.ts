/**
 * The page over the built product: `belljar panel`, the real engine, the real launcher, real servers started by the
 * official client, in a throw-away home. Each step is seen on the screen and on disk.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { provision } from '../real-servers/provision.ts';
import {
  expect,
  expectAccessible,
  forgiveFailedRequests,
  openServer,
  openServers,
  picture,
} from './support/panel-test.ts';
import type { RealDesk } from './support/real-desk.ts';
import { makeRealDesk } from './support/real-desk.ts';
import { test } from './support/real-test.ts';

test.setTimeout(90_000);

async function open(page: Page, desk: RealDesk): Promise<void> {
  await page.goto(await desk.panel());
  // Nothing was ever contained here: the page begins with the first minutes.
  await expect(page.getByRole('heading', { name: 'Welcome' })).toBeVisible();
  await openServers(page);
  await expect(page.getByRole('heading', { name: 'reader' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
}

const levelOf = (page: Page, name: string) => page.getByRole('radiogroup', { name: `Level of ${name}` });

/** Contains a server through the page; true when the check was done. */
async function contain(page: Page, name: string, options: { anyway?: boolean } = {}): Promise<void> {
  await levelOf(page, name).getByRole('radio', { name: 'Standard' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('What changes in the file')).toContainText('belljar-launcher');
  await dialog.getByRole('button', { name: 'Try it and contain' }).click();
  if (options.anyway === true)
    await dialog.getByRole('button', { name: 'Contain it anyway' }).click({ timeout: 60_000 });
  await expect(dialog.getByText(/^Written\./u)).toBeVisible({ timeout: 60_000 });
  await dialog.getByRole('button', { name: 'Done' }).click();
}

test('from a config file to a contained server, its denials, a grant, and back byte for byte', async ({
  page,
  real,
}) => {
  await open(page, real);
  await expect(page.getByText('decoy-token-value')).toHaveCount(0);
  await expect(page.getByText(/Docker daemon starts outside any sandbox/u)).toBeVisible();

  await levelOf(page, 'reader').getByRole('radio', { name: 'Standard' }).click();
  const dialog = page.getByRole('dialog');
  const diff = dialog.getByLabel('What changes in the file');
  await expect(diff).toContainText(real.config);
  await expect(diff).toContainText('belljar-launcher');
  await expect(diff).not.toContainText('decoy-token-value');
  await expect(dialog).toContainText('Quit Claude Desktop completely (also from the tray) and start it again.');
  await picture(page, 'real-contain');
  // Seen, not yet done.
  expect(readFileSync(real.config, 'utf8')).toBe(real.original);
  await dialog.getByRole('button', { name: 'Try it and contain' }).click();
  await expect(dialog.getByText(/^Written\./u)).toBeVisible({ timeout: 60_000 });
  await picture(page, 'real-contained');
  await dialog.getByRole('button', { name: 'Done' }).click();
  const written = JSON.parse(readFileSync(real.config, 'utf8')) as { mcpServers: Record<string, { args: string[] }> };
  expect(written.mcpServers['reader']?.args.slice(0, 3)).toEqual(['run', 'claude-desktop.reader', '--']);
  await expect(levelOf(page, 'reader').getByRole('radio', { checked: true })).toHaveText('Standard');

  // The client uses it as before; what is not its own is refused by the kernel, and stands on the page.
  const plan = real.path('other/plan.txt');
  const server = await real.start('reader');
  expect(await server.call(real.path('notes/today.txt'))).toBe('a note');
  expect(await server.call(plan)).toBe('EACCES');
  const row = page.getByRole('article').filter({ hasText: 'plan.txt' });
  await expect(row).toContainText('reader tried to read');
  expect(await server.call(real.path('.ssh/id_ed25519'))).toBe('EACCES');
  await expect(page.getByRole('article').filter({ hasText: 'your SSH keys' })).toBeVisible();
  await expect(page.getByText('1 run', { exact: false }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: /refused in the last hour by reader/u })).toBeVisible();
  await picture(page, 'real-denials');
  await expectAccessible(page);

  await row.click({ position: { x: 160, y: 20 } });
  await expect(dialog).toContainText('As the rules stand, this is refused');
  await picture(page, 'real-why');
  await dialog.getByRole('button', { name: 'Allow …' }).click();
  await dialog.getByRole('radio', { name: /^Always/u }).click();
  await dialog.getByRole('button', { name: 'Add this rule' }).click();
  await expect(dialog).toContainText('Added');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await server.close();
  const again = await real.start('reader');
  expect(await again.call(plan)).toBe('a plan');
  expect(await again.call(real.path('.ssh/id_ed25519'))).toBe('EACCES');
  await again.close();

  // A client that closes a server is no breakage, whatever was refused just before.
  await expect(page.getByText(/reader ended after/u).first()).toBeVisible();
  await expect(page.getByRole('region', { name: 'Servers that broke' }).getByRole('listitem')).toHaveCount(0);

  await openServer(page, 'claude-desktop.reader');
  await expect(page.getByRole('button', { name: `Take back: Read ${plan}` })).toBeVisible();
  await picture(page, 'real-rules');
  await page.getByRole('button', { name: `Take back: Read ${plan}` }).click();
  await expect(page.getByRole('button', { name: `Take back: Read ${plan}` })).toHaveCount(0);
  await openServers(page);

  await page.getByRole('button', { name: 'Put everything back' }).click();
  await expect(dialog).toContainText('1 entry gets its original text again.');
  await dialog.getByRole('button', { name: 'Put everything back' }).click();
  await expect(dialog).toContainText('1 entry is put back.');
  await dialog.getByRole('button', { name: 'Done' }).click();
  expect(readFileSync(real.config, 'utf8')).toBe(real.original);
  await expect(levelOf(page, 'reader').getByRole('radio', { checked: true })).toHaveText('Off');
});

test('the filesystem server: contained, refused by the kernel, seen, and back byte for byte', async ({ page }) => {
  test.setTimeout(300_000);
  const servers = await provision();
  const real = makeRealDesk((path) => ({
    filesystem: { command: servers.node, args: [servers.script('server-filesystem'), path('notes')] },
  }));
  try {
    await open(page, real);
    await real.run('contain', 'filesystem');
    await expect(levelOf(page, 'filesystem').getByRole('radio', { checked: true })).toHaveText('Standard');
    // The client says that another folder is open: the server's own check agrees to it, the kernel does not.
    const roots = [real.path('notes'), real.path('other')];
    const server = await real.start('filesystem', roots);
    await expect.poll(() => server.call('', 'list_allowed_directories')).toContain(real.path('other'));
    expect(await server.call(real.path('notes/today.txt'), 'read_text_file')).toBe('a note');
    expect(await server.call(real.path('other/plan.txt'), 'read_text_file')).toContain('EACCES');
    const row = page.getByRole('article').filter({ hasText: 'plan.txt' });
    await expect(row).toContainText('filesystem tried to read');
    await expect(row).toContainText('EACCES');
    const told = await real.run('events', '--json', '--verdict', 'refused');
    expect(told).toContain(real.path('other/plan.txt'));
    await picture(page, 'real-filesystem');
    await server.close();
    await real.run('release', '--all');
    await expect(levelOf(page, 'filesystem').getByRole('radio', { checked: true })).toHaveText('Off');
    expect(readFileSync(real.config, 'utf8')).toBe(real.original);
  } finally {
    await page.close();
    await real.close();
  }
});

test('a flood of a real server: every refusal is counted', async ({ page, real }) => {
  await open(page, real);
  await real.run('contain', 'reader', '--no-check');
  const server = await real.start('reader');
  const plan = real.path('other/plan.txt');
  for (let turn = 0; turn < 200; turn += 1) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.call(plan)));
    expect(new Set(answers)).toEqual(new Set(['EACCES']));
  }
  const row = page.getByRole('article').filter({ hasText: 'plan.txt' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('×2,000');
  await expect(page.getByRole('button', { name: '2,000 refused in the last hour by reader' })).toBeVisible();
});

test('a server that needs more: the check says so, the breakage is a card, allowing it repairs it', async ({
  page,
  real,
  pageErrors,
}) => {
  await open(page, real);
  await contain(page, 'needy', { anyway: true });
  await expect(real.start('needy')).rejects.toThrow();
  const card = page.getByRole('region', { name: 'Servers that broke' }).getByRole('listitem');
  await expect(card).toContainText('needy ended');
  await expect(card).toContainText('exit code 3');
  await expect(card).toContainText('settings.json');
  await picture(page, 'real-breakage');
  await card.getByRole('button', { name: 'Allow and retry' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(real.path('other/settings.json'));
  await dialog.getByRole('button', { name: 'Add this rule' }).click();
  await expect(dialog).toContainText('Added');
  await dialog.getByRole('button', { name: 'Done' }).click();
  const server = await real.start('needy');
  expect(await server.call(real.path('other/plan.txt'))).toBe('EACCES');
  await server.close();

  await card.getByRole('button', { name: 'Put it back' }).click();
  await dialog.getByRole('button', { name: 'Put it back' }).click();
  await expect(dialog).toContainText('Put back.');
  expect(readFileSync(real.config, 'utf8')).toBe(real.original);
  forgiveFailedRequests(pageErrors);
});

test('the demo shows what got through, free and contained', async ({ page, real }) => {
  await open(page, real);
  await page.getByRole('button', { name: 'Demo' }).click();
  const table = page.getByRole('table');
  await expect(table).toBeVisible({ timeout: 60_000 });
  await expect(table.getByRole('row')).not.toHaveCount(1);
  await expect(table.getByText('got through').first()).toBeVisible();
  await expect(table.getByText('stopped').first()).toBeVisible();
  await picture(page, 'real-demo');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  // It was not this home's servers that ran: nothing broke here.
  await expect(page.getByRole('region', { name: 'Servers that broke' }).getByRole('listitem')).toHaveCount(0);
});

test('a host that is killed: the page says so, and a new one needs a new key', async ({ page, real, pageErrors }) => {
  await open(page, real);
  await real.kill();
  await expect(page.getByText('The Belljar host does not answer.')).toBeVisible();
  const address = await real.panel();
  await page.goto(address);
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  // Nothing was contained yet, so it begins where people begin.
  await page.getByRole('link', { name: 'Show the list instead' }).click();
  await expect(page.locator('[data-server="claude-desktop.reader"]')).toBeVisible();
  forgiveFailedRequests(pageErrors);
});
