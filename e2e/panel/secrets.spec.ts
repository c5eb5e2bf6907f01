/** Secrets in the list and on a server's page: what was found, moved out of the client's file, put back, and what goes wrong. */
import { BelljarError } from '#contract/errors.ts';
import { makeServer, someSecrets, usualScene, type Scene } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  inputsOf,
  openPanel,
  openServer,
  picture,
  test,
} from './support/panel-test.ts';

const id = 'claude-desktop.notes';

function scene(secrets = someSecrets, off = false): Scene {
  const usual = usualScene();
  const env = secrets.filter(({ place }) => place === 'variable').map(({ name }) => name);
  const state = off ? ({ level: 'off', state: 'off' } as const) : ({ level: 'standard', state: 'contained' } as const);
  usual.servers = [makeServer('claude-desktop', 'notes', { ...state, env, secrets }), ...usual.servers];
  return usual;
}

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 900 } });

  test('found, moved, put back', async ({ page, desk }) => {
    const opened = await desk(scene());
    await openPanel(page, opened);
    const card = page.locator(`[data-server="${id}"]`);
    await expect(card).toContainText('2 values in the client’s file look like secrets.');
    await openServer(page, id);
    const main = page.getByRole('main');
    const items = main.locator('.secrets li');
    await expect(items).toHaveText([
      /^GITHUB_TOKENIn the client’s file: a GitHub token\.$/u,
      /^DB_PASSWORDIn the client’s file: its name says so\.$/u,
      /^--api-key.*It cannot be moved: it is an argument.*Arguments can be read by every program of this machine\.$/u,
      /^STRIPE_SECRET_KEYIn Belljar’s store; this server alone gets it, as the variable STRIPE_SECRET_KEY\.$/u,
      /^SIGNING_KEYIn Belljar’s store; this server alone gets it, as a file that SIGNING_KEY_FILE names\.$/u,
      /^OLD_TOKEN.*no longer asks for it/u,
      /^LOST_TOKEN.*the server does not start\. Write the value into the file, in place of kept-by-belljar:LOST_TOKEN\.$/u,
    ]);
    await expectLooks(page, 'secrets-found');

    await card.getByRole('button', { name: 'Move to Belljar’s store' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByText('Moved out of the client’s file: GITHUB_TOKEN, DB_PASSWORD.')).toBeVisible();
    await expect(card.getByRole('button', { name: 'Move to Belljar’s store' })).toHaveCount(0);
    await expect(main.locator('[data-secret="moved"]')).toHaveCount(4);
    await expect(main).toContainText('4 secrets are in Belljar’s store.');
    expect(inputsOf(opened, 'secrets.move')).toEqual([{ server: id, names: 'all', as: 'variable', dryRun: false }]);
    await expectLooks(page, 'secrets-moved');

    await main.getByRole('button', { name: 'Put back into the client’s file' }).click();
    await expect(main.locator('[data-secret="moved"]')).toHaveCount(0);
    await expect(card).toContainText('4 values in the client’s file look like secrets.');
  });
});

test('none, and off', async ({ page, desk }) => {
  const shown = scene(someSecrets.slice(0, 1), true);
  shown.servers.push(makeServer('cursor', 'plain', { level: 'standard', state: 'contained' }));
  await openPanel(page, await desk(shown));
  const off = page.getByRole('main');
  await openServer(page, id);
  await expect(off.getByRole('button', { name: /Move to/u })).toHaveCount(0);
  await expect(off).toContainText(
    'Contain it first: only Belljar’s launcher can give a server what its file no longer holds.',
  );
  await openServer(page, 'cursor.plain');
  await expect(off).toContainText('Nothing in its variables and arguments looks like a secret.');
  await expectAccessible(page);
});

test('what went wrong stays until it is understood', async ({ page, desk, pageErrors }) => {
  const opened = await desk(scene());
  let fail: (error: BelljarError) => void = () => undefined;
  opened.next(
    'secrets.move',
    () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      }),
  );
  await openPanel(page, opened);
  await openServer(page, id);
  const card = page.locator(`[data-server="${id}"]`);
  await card.getByRole('button', { name: 'Move to Belljar’s store' }).focus();
  await page.keyboard.press('Enter');
  await expect(card.getByRole('status')).toHaveText('Moving them out of the client’s file …');
  await expect(card.locator('.server-pin-place')).toBeFocused();
  fail(
    new BelljarError('config-read-only', {
      file: '/home/mara/config.json',
      params: { detail: 'no one may write to it' },
    }),
  );
  await expect(card.getByRole('alert')).toContainText('The file cannot be written: no one may write to it.');
  await picture(page, 'secrets-failed-light');
  await expectAccessible(page);
  await card.getByRole('button', { name: 'Understood' }).click();
  await expect(card.getByRole('alert')).toHaveCount(0);
  await expect(card).toContainText('2 values in the client’s file look like secrets.');
  forgiveFailedRequests(pageErrors);
});
