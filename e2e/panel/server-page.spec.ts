/** The page of one server: what it can reach and why, rules that are typed, what would happen if, a try, and what goes wrong. */
import { BelljarError } from '#contract/errors.ts';
import { ruleTableWords, serverPageWords } from '#contract/sentences.ts';
import type { Desk } from './support/desk.ts';
import { home, usualScene } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  inputsOf,
  openPanel,
  openServer,
  test,
} from './support/panel-test.ts';

const files = 'claude-desktop.filesystem';
const grants = (opened: Desk): unknown[] => inputsOf(opened, 'policies.grant');

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 900 } });

  test('a map, the same as a table, and a rule that is typed and taken back', async ({ page, desk }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    await openServer(page, files);
    const lane = page.getByRole('region', { name: 'Files', exact: true });
    await expect(lane.getByRole('listitem').filter({ hasText: `${home}/Documents` })).toContainText(
      'from its own arguments',
    );
    await expect(page.getByRole('region', { name: 'Outside' })).toContainText('Everything else of yours');
    await expect(page.getByRole('region', { name: 'What no sandbox removes' })).toContainText(
      `It can change, encrypt or delete what lies in ${home}/Documents.`,
    );
    await expect(page.getByRole('region', { name: 'What happened' })).toContainText('tried to read your SSH keys');
    await expectLooks(page, 'server-page', [1024, 1440]);

    const form = page.getByRole('form', { name: 'Allow or forbid something' });
    const field = form.getByRole('combobox', { name: 'File or folder' });
    await field.fill(`${home}/D`);
    await expect(form.getByRole('listbox').getByRole('option')).toHaveText([
      `${home}/Documents/`,
      `${home}/Downloads/`,
    ]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect(form.getByRole('listbox').getByRole('option', { selected: true })).toHaveText(`${home}/Downloads/`);
    await expectLooks(page, 'server-page-typed', [1024, 1440]);
    await page.keyboard.press('Enter');
    await expect(field).toHaveValue(`${home}/Downloads/`);
    expect(grants(opened)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Added; it holds now.')).toBeVisible();
    expect(grants(opened)).toEqual([{ server: files, verb: 'read', what: `${home}/Downloads` }]);
    const added = lane.getByRole('listitem').filter({ hasText: 'Downloads' });
    await expect(added).toContainText('from you');

    await page.getByRole('button', { name: 'As a table' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Downloads' });
    await expect(row).toContainText('from you');
    await expectLooks(page, 'server-page-table', [1024, 1440]);
    await row.getByRole('button', { name: `Take back: Read ${home}/Downloads` }).click();
    await expect(row).toHaveCount(0);
  });
});

test('what is no rule is said before it is asked for; what may not be granted says so', async ({
  page,
  desk,
  pageErrors,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await openServer(page, files);
  const form = page.getByRole('form', { name: 'Allow or forbid something' });
  await form.getByLabel('What it may').selectOption('Connect to');
  const field = form.getByRole('combobox', { name: /^Host/u });
  await field.fill('https://api.github.com/repos');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('alert')).toContainText('without https://');
  await field.fill('api.github.com:https');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('alert')).toHaveText('A port is a number from 1 to 65535.');
  await field.fill('api github com');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('alert')).toContainText('Type a host’s name');
  expect(grants(opened)).toEqual([]);
  await field.fill('API.github.com');
  await page.keyboard.press('Enter');
  await expect(page.getByText(/^Added;/u)).toBeVisible();
  expect(grants(opened)).toEqual([{ server: files, verb: 'host', what: 'api.github.com:443' }]);
  opened.next('policies.grant', new BelljarError('grant-too-wide', { params: { what: home } }));
  await form.getByLabel('What it may').selectOption('Read');
  await form.getByRole('combobox', { name: 'File or folder' }).fill(home);
  await form.getByRole('button', { name: 'Add this rule' }).click();
  await expect(form.getByRole('alert')).toContainText('is too much to grant');
  forgiveFailedRequests(pageErrors);
});

test('what would happen if: the host’s own answer, nothing changed', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await openServer(page, files);
  const form = page.getByRole('form', { name: 'What would happen if it tried …' });
  await form.getByRole('combobox', { name: 'Path, host or program' }).fill('/etc/shadow');
  await form.getByRole('button', { name: 'Say' }).click();
  await expect(form).toContainText('As the rules stand, this is refused; no rule allows it.');
  await expect(form).toContainText('belljar grant claude-desktop/filesystem read /etc/shadow');
  expect(opened.calls.findLast(({ method }) => method === 'policies.explain')?.input).toEqual({
    server: files,
    what: '/etc/shadow',
    access: 'read',
  });
  expect(grants(opened)).toEqual([]);
  // Names are told below the home and the server's folders only, and the page says so.
  await form.getByRole('combobox', { name: 'Path, host or program' }).fill('/etc/');
  await expect(form).toContainText('Names are listed below your home');
});

test('tried again, its file looked at, put back', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await openServer(page, files);
  await page.getByRole('button', { name: 'Check again' }).click();
  await expect(page.getByText('It works contained and answers exactly as before.')).toBeVisible();
  await page.getByRole('button', { name: 'What stands in its file' }).click();
  await expect(page.getByLabel('What changes in the file')).toContainText('belljar-launcher');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Put it back' }).click();
  const dialog = page.getByRole('dialog', { name: 'Put filesystem back' });
  await dialog.getByRole('button', { name: 'Put it back' }).click();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('It runs as its client starts it: it can reach everything that you can.')).toBeVisible();
  await expect(page.getByText('Nothing stands around it: it can do whatever you can do.')).toBeVisible();
});

test('a check that is stopped leaves nothing behind', async ({ page, desk, pageErrors }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await openServer(page, files);
  opened.next('servers.check', () => new Promise(() => undefined));
  await page.getByRole('button', { name: 'Check again' }).click();
  await expect(page.getByText('Trying it, once as it is and once contained …')).toBeVisible();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(page.getByText('Trying it, once as it is and once contained …')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Check again' })).toBeEnabled();
  forgiveFailedRequests(pageErrors);
});

test('what cannot be had says why and is asked for again; a server that is gone says so', async ({
  page,
  desk,
  pageErrors,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const repair = opened.every('servers.show', new BelljarError('policy-invalid', { params: { detail: 'line 3' } }));
  await openServer(page, files);
  await expect(page.getByRole('alert').first()).toContainText('The stored policy is not valid: line 3.');
  await expectAccessible(page);
  repair();
  await page.getByRole('button', { name: 'Ask again' }).click();
  await expect(page.getByRole('region', { name: 'Inside the glass' })).toBeVisible();
  const memory = opened.servers.get('claude-desktop.memory');
  if (memory === undefined) throw new Error('no memory');
  opened.servers.delete(files);
  opened.change({ ...memory });
  await expect(page.getByText('There is no such server any more.')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'All servers' }).click();
  await expect(page.getByRole('heading', { name: 'memory' })).toBeVisible();
  forgiveFailedRequests(pageErrors);
});

test('its address opens it, and what is no address opens the list', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await page.goto(`${opened.origin}/#/servers/${files}`);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Inside the glass' })).toBeVisible();
  for (const hash of ['#/nowhere', '#/servers/../../etc', '#/servers/<img src=x>']) {
    await page.evaluate((next) => {
      location.hash = next;
    }, hash);
    await expect(page.getByRole('heading', { name: 'Servers', exact: true })).toBeVisible();
    expect(page.url()).toBe(`${opened.origin}/#/servers`);
  }
});

test('every rule of its own can be seen, and all of what happened is one step away', async ({ page, desk }) => {
  const scene = usualScene();
  const opened = await desk({
    ...scene,
    grants: new Map([[files, Array.from({ length: 230 }, (_, at) => `/srv/data/${String(at)}/end`)]]),
  });
  await openPanel(page, opened);
  await openServer(page, files);
  await page.getByRole('button', { name: 'As a table' }).click();
  const last = page.getByRole('row').filter({ hasText: `${home}/Documents` });
  await expect(last).toHaveCount(0);
  const all = page.getByRole('button', { name: /^Show all 2\d\d rules$/u });
  await all.click();
  await expect(last).toHaveCount(1);
  // It stays under the finger, with the way back.
  await page.getByRole('button', { name: ruleTableWords.fewer(200) }).click();
  await expect(last).toHaveCount(0);
  await expect(all).toBeFocused();

  await page.getByRole('link', { name: serverPageWords.wholeTimeline }).click();
  await expect(page).toHaveURL(/#\/activity\?server=claude-desktop\.filesystem$/u);
  await expect(page.getByLabel('Server', { exact: true })).toHaveValue(files);
});
