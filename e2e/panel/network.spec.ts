/** The network of a server on the page: not limited yet, limited to what was seen, and open again; from a denial to a host. */
import { BelljarError } from '#contract/errors.ts';
import { eventReasons, limitWords } from '#contract/sentences.ts';
import { networkScene, usualScene } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  openPanel,
  openServer,
  openServers,
  picture,
  test,
} from './support/panel-test.ts';

const id = 'cursor.github';
const limitOfGithub = { name: `${limitWords.button} ${limitWords.title} github` };

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 900 } });

  test('the card and the dialog', async ({ page, desk }) => {
    await openPanel(page, await desk(networkScene()));
    await expect(page.getByText('Network not limited yet: 4 hosts seen')).toBeVisible();
    await expectLooks(page, 'network-card');
    await openServer(page, id);
    await page.getByRole('button', limitOfGithub).click();
    await expect(page.getByRole('dialog').getByText('network hosts')).toBeVisible();
    await expectLooks(page, 'network-limit');
  });
});

test('limited to what was seen, in one click more than none; and open again', async ({ page, desk }) => {
  const opened = await desk(networkScene());
  await openPanel(page, opened);
  await openServer(page, id);
  await page.getByRole('button', limitOfGithub).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('group', { name: 'github.com' }).getByRole('checkbox')).toHaveCount(4);
  await expect(dialog.getByRole('checkbox', { name: /^api\.github\.com:443 used 128 times, last / })).toBeChecked();
  await expect(
    dialog.getByRole('checkbox', { name: /^telemetry\.example\.net:443 refused 5 times/ }),
  ).not.toBeChecked();
  await expect(dialog.getByRole('figure', { name: limitWords.policy })).toContainText('host 203.0.113.7:8443');
  // Nothing is written before the person says so.
  const writes = (): unknown[] =>
    opened.calls
      .filter(({ method }) => method === 'policies.limit')
      .map(({ input }) => input)
      .filter((input) => !(input as { dryRun: boolean }).dryRun);
  expect(writes()).toEqual([]);

  await dialog.getByRole('button', { name: 'Limit to 4 hosts' }).click();
  await expect(dialog.getByText(limitWords.done.hosts)).toBeVisible();
  await expect(dialog.getByText(limitWords.restart)).toBeVisible();
  expect(writes()).toEqual([
    {
      server: id,
      hosts: ['api.github.com:443', 'github.com:443', 'uploads.github.com:443', '203.0.113.7:8443'],
      dryRun: false,
    },
  ]);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('Network: 4 hosts')).toBeVisible();

  await page.getByRole('button', { name: `${limitWords.change} ${limitWords.title} github` }).click();
  await expect(dialog.getByText(limitWords.same)).toBeVisible();
  await expect(dialog.getByRole('checkbox', { name: /^api\.github\.com:443 granted, used 128 times/ })).toBeChecked();
  await dialog.getByRole('button', { name: limitWords.open }).click();
  await expect(dialog.getByText(limitWords.done.open)).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('Network not limited yet: 4 hosts seen')).toBeVisible();
});

test('every choice shows what the policy would become, and a wide one takes the narrow ones along', async ({
  page,
  desk,
}) => {
  const opened = await desk(networkScene());
  await openPanel(page, opened);
  await openServer(page, id);
  await page.getByRole('button', limitOfGithub).click();
  const dialog = page.getByRole('dialog');
  const diff = dialog.getByRole('figure', { name: limitWords.policy });
  await dialog.getByRole('checkbox', { name: /^203\.0\.113\.7/ }).uncheck();
  await expect(diff).not.toContainText('203.0.113.7');
  await dialog.getByRole('checkbox', { name: `*.github.com:443 ${limitWords.below('github.com')}` }).check();
  await expect(diff).toContainText('host *.github.com:443');
  await expect(diff).not.toContainText('host api.github.com:443');
  await expect(dialog.getByRole('checkbox', { name: /^api\.github\.com:443/ })).toBeDisabled();
  // Everything below a name is not the name itself.
  await expect(dialog.getByRole('checkbox', { name: /^github\.com:443/ })).toBeEnabled();
  await dialog.getByRole('button', { name: 'Limit to 2 hosts' }).click();
  await expect(dialog.getByText(limitWords.done.hosts)).toBeVisible();
  expect(opened.calls.findLast(({ method }) => method === 'policies.limit')?.input).toEqual({
    server: id,
    hosts: ['github.com:443', '*.github.com:443'],
    dryRun: false,
  });
});

test('by keys alone, and to nothing', async ({ page, desk }) => {
  await openPanel(page, await desk(networkScene()));
  await openServer(page, id);
  await page.getByRole('button', limitOfGithub).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  for (const name of [/^api\.github/, /^github/, /^uploads/, /^203/]) {
    await dialog.getByRole('checkbox', { name }).focus();
    await page.keyboard.press('Space');
    await expect(dialog.getByRole('checkbox', { name })).not.toBeChecked();
  }
  const confirm = dialog.getByRole('button', { name: limitWords.confirm(0) });
  await expect(confirm).toBeEnabled();
  await confirm.focus();
  await page.keyboard.press('Enter');
  await expect(dialog.getByText(limitWords.done.none)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('Network: none')).toBeVisible();
  await openServers(page);
  await expect(page.getByText('Network: none')).toHaveCount(2);
});

test('a refusal of the host is shown, and the choice is kept', async ({ page, desk, pageErrors }) => {
  const opened = await desk(networkScene());
  await openPanel(page, opened);
  await openServer(page, id);
  await page.getByRole('button', limitOfGithub).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Limit to 4 hosts' })).toBeEnabled();
  opened.next('policies.limit', new BelljarError('disk-full'));
  await dialog.getByRole('button', { name: 'Limit to 4 hosts' }).click();
  await expect(dialog.getByRole('alert')).toContainText('There is no space left on the disk');
  await dialog.getByRole('button', { name: 'Limit to 4 hosts' }).click();
  await expect(dialog.getByText(limitWords.done.hosts)).toBeVisible();
  forgiveFailedRequests(pageErrors);
});

test('strict names its network, watch only what it saw, off nothing', async ({ page, desk }) => {
  const scene = usualScene();
  const [first, second, third] = scene.servers;
  if (first === undefined || second === undefined || third === undefined) throw new Error('too few servers');
  scene.servers = [
    { ...first, level: 'strict', network: { mode: 'hosts', hostsSeen: 3, hostsNamed: 1 } },
    { ...second, level: 'watch', state: 'watched', network: { mode: 'open', hostsSeen: 2, hostsNamed: 0 } },
    { ...third, level: 'off', state: 'off', network: null },
  ];
  await openPanel(page, await desk(scene));
  await expect(page.getByText('Network: 1 host', { exact: true })).toBeVisible();
  await expect(page.getByText('Network: 2 hosts seen')).toBeVisible();
  const limits = page.getByRole('button', { name: new RegExp(limitWords.title) });
  for (const [server, buttons] of [
    [first, 1],
    [second, 0],
    [third, 0],
  ] as const) {
    await openServer(page, server.id);
    await expect(limits).toHaveCount(buttons);
  }
});

test('from a refused host to a rule for it, or for its domain', async ({ page, desk }) => {
  const opened = await desk(networkScene());
  await openPanel(page, opened);
  const row = page.getByRole('article').filter({ hasText: 'telemetry.example.net' });
  await row.getByRole('button', { name: /^Allow/ }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: /Look up and connect to this host/ })).toBeChecked();
  await dialog.getByRole('radio', { name: /Connect to every name below example\.net/ }).click();
  await dialog.getByRole('radio', { name: /^Always/u }).click();
  await picture(page, 'network-grant');
  await dialog.getByRole('button', { name: 'Add this rule' }).click();
  await expect(dialog.getByText('host:*.example.net:443')).toBeVisible();
  expect(opened.calls.findLast(({ method }) => method === 'policies.grant')?.input).toEqual({
    server: id,
    verb: 'host',
    what: '*.example.net:443',
  });
});

test('a row names the host; its details tell the address and why', async ({ page, desk }) => {
  await openPanel(page, await desk(networkScene()));
  const row = page.getByRole('article').filter({ hasText: 'hidden.example.net:443' });
  await expect(row).toContainText('tried to connect to');
  await row.click({ position: { x: 200, y: 20 } });
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(eventReasons['other-name'] ?? '?')).toBeVisible();
  await expect(dialog.getByText('140.82.121.6:443')).toBeVisible();
  await picture(page, 'network-details');
  await expectAccessible(page);
});
