/** Questions on the page: put, answered, gone; by pointer and by keys; hostile links; never by a click meant for something else. */
import { BelljarError } from '#contract/errors.ts';
import { usualScene } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  forgiveFailedRequests,
  openPanel,
  openServer,
  picture,
  test,
} from './support/panel-test.ts';

const server = 'claude-desktop.filesystem';
const url =
  'https://accounts.example.com/authorize?client_id=belljar&state=9f2c&redirect_uri=http%3A%2F%2F127.0.0.1%3A3334%2Fcallback';
const about = { kind: 'link', url } as const;

test('open once: the card says who and where, the whole link one step away, and is gone when answered', async ({
  page,
  desk,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const asked = opened.ask({ server, run: 'run-1', about });
  const region = page.getByRole('region', { name: 'Questions' });
  const card = region.getByRole('listitem');
  await expect(card).toContainText('filesystem wants to open a page in your browser: accounts.example.com');
  await expect(card.getByRole('timer')).toHaveText(/^\d+ s left$/);
  await expect(card.getByText(url)).toBeHidden();
  await card.getByText('Whole link').click();
  await expect(card.getByText(url)).toBeVisible();
  await expectAccessible(page);
  await picture(page, 'question');
  await card.getByRole('button', { name: 'Open once' }).click();
  await expect(card).toBeHidden();
  await expect(page.getByRole('status').filter({ hasText: 'accounts.example.com: Allowed this time.' })).toBeVisible();
  expect(await asked).toEqual({ outcome: 'allowed', asked: true });
  expect(opened.opened).toEqual([url]);
  expect(opened.calls.filter(({ method }) => method === 'policies.grant')).toEqual([]);
});

for (const [name, outcome, rule] of [
  ['Always for this host', { outcome: 'allowed', asked: true }, 'link:accounts.example.com'],
  ['No', { outcome: 'refused', reason: 'no', asked: true }, null],
  ['Never for this host', { outcome: 'refused', reason: 'never', asked: true }, 'deny:link:accounts.example.com'],
] as const) {
  test(`${name}, by keys alone`, async ({ page, desk }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    const asked = opened.ask({ server, run: 'run-1', about });
    const button = page.getByRole('region', { name: 'Questions' }).getByRole('button', { name, exact: true });
    await expect(button).toBeEnabled();
    await button.focus();
    await page.keyboard.press('Enter');
    expect(await asked).toEqual(outcome);
    const answered = opened.calls.filter(({ method }) => method === 'questions.answer');
    expect(answered).toHaveLength(1);
    expect(opened.rules(server)).toEqual(rule === null ? [] : [rule]);
    await expect(button).toBeHidden();
  });
}

test('answered elsewhere, it goes; a reload shows what is still open; an answer that comes too late is said', async ({
  page,
  desk,
  pageErrors,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const first = opened.ask({ server, run: 'run-1', about });
  const second = opened.ask({ server, run: 'run-1', about: { kind: 'link', url: 'http://localhost:3000/' } });
  const cards = page.getByRole('region', { name: 'Questions' }).getByRole('listitem');
  await expect(cards).toHaveCount(2);
  await opened.answer('accounts.example.com', 'no');
  await expect(cards).toHaveCount(1);
  expect(await first).toMatchObject({ outcome: 'refused' });
  await page.reload();
  await expect(cards).toHaveCount(1);
  // A page of this machine is never allowed for good.
  await expect(cards.getByRole('button', { name: 'Always for this host' })).toHaveCount(0);

  opened.next('questions.answer', new BelljarError('no-such-question'));
  await cards.getByRole('button', { name: 'Open once' }).click();
  await expect(page.getByText('That question is no longer open')).toBeVisible();
  await expect(cards).toHaveCount(0);
  await opened.answer('localhost', 'no');
  expect(await second).toMatchObject({ outcome: 'refused' });
  forgiveFailedRequests(pageErrors);
});

test('a click that was meant for something else does not answer', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const asked = opened.ask({ server, run: 'run-1', about });
  const button = page.getByRole('button', { name: 'Open once' });
  await button.waitFor();
  await button.dispatchEvent('click');
  expect(opened.calls.filter(({ method }) => method === 'questions.answer')).toEqual([]);
  await button.click();
  expect(await asked).toEqual({ outcome: 'allowed', asked: true });
});

test('many questions and the longest link leave the page usable, narrow and dark too', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const servers = ['claude-desktop.filesystem', 'claude-desktop.browser'];
  for (const one of servers) {
    for (const index of [1, 2, 3]) {
      const host = `${`a${index.toString()}`.padEnd(60, 'x')}.${'very-long-name.'.repeat(8)}example`;
      void opened.ask({
        server: one,
        run: 'run-1',
        about: { kind: 'link', url: `https://${host}/${'q'.repeat(7000)}` },
      });
    }
  }
  const region = page.getByRole('region', { name: 'Questions' });
  await expect(region.getByText('3 more questions wait.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible();
  const overflows = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(overflows).toBe(false);
  await picture(page, 'questions-many');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 480, height: 900 });
  await region.getByText('Whole link').first().click();
  expect(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)).toBe(
    false,
  );
  await expectAccessible(page);
  await picture(page, 'questions-many-narrow-dark');
});

const hostile =
  `/home/mara/notes/\u202Etxt.exe <img src=x onerror=alert(1)> ${'very-long-name/'.repeat(260)}a.txt`.slice(0, 4095);

test('a refused file: what is asked, its scopes and what they change; until it stops', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const path = '/home/mara/notes/plan.txt';
  const asked = opened.ask({ server, run: 'run-1', about: { kind: 'file', path, access: 'write', folder: false } });
  const card = page.getByRole('region', { name: 'Questions' }).getByRole('listitem');
  await expect(card).toContainText(`filesystem wants to write the file ${path}`);
  await expect(card.getByRole('button')).toHaveText([
    'Keep waiting',
    'Allow once',
    'Until it stops',
    'Always',
    'No',
    'Never',
  ]);
  await card.getByText('What the answers change').click();
  await expect(card).toContainText(`Always adds to its policy: + write ${path}`);
  await expect(card).toContainText(`Never adds to its policy: + deny ${path}`);
  // By keys: the narrower one is chosen at first.
  await card.getByRole('radio', { name: 'this file' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(card.getByRole('radio', { name: 'its folder and all in it' })).toBeChecked();
  await expect(card).toContainText('Always adds to its policy: + write /home/mara/notes');
  await expectAccessible(page);
  await picture(page, 'ask-file');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'ask-file-dark');
  await card.getByRole('button', { name: 'Until it stops' }).click();
  expect(await asked).toEqual({ outcome: 'allowed', asked: true, until: 'stop', up: 1 });
  expect(opened.rules(server)).toEqual([]);
});

test('a refused host: always, for every host below its domain', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const about = { kind: 'host', host: 'api.example.com', port: 443, address: '93.184.216.34:443' } as const;
  const asked = opened.ask({ server, run: 'run-1', about });
  const card = page.getByRole('region', { name: 'Questions' }).getByRole('listitem');
  await expect(card).toContainText('filesystem wants to connect to api.example.com:443');
  await card.getByRole('radio', { name: 'every host below its domain' }).check();
  await card.getByRole('button', { name: 'Always', exact: true }).click();
  expect(await asked).toEqual({ outcome: 'allowed', asked: true });
  expect(opened.rules(server)).toEqual(['host:*.example.com:443']);
});

test('it is not in the way: focus stays where it was, and more time is one step away', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const focused = page.getByRole('radiogroup').first().getByRole('radio', { checked: true });
  await focused.focus();
  const asked = opened.ask({ server, run: 'run-1', about: { kind: 'local', port: 5432 } });
  const card = page.getByRole('region', { name: 'Questions' }).getByRole('listitem');
  await expect(card).toContainText('this port of your machine: localhost:5432');
  await expect(focused).toBeFocused();
  const before = Number.parseInt((await card.getByRole('timer').textContent()) ?? '', 10);
  expect(before).toBeLessThanOrEqual(12);
  await card.getByRole('button', { name: 'Keep waiting' }).click();
  await expect(card.getByRole('button', { name: 'Keep waiting' })).toHaveCount(0);
  await expect
    .poll(async () => Number.parseInt((await card.getByRole('timer').textContent()) ?? '', 10))
    .toBeGreaterThan(12);
  await card.getByRole('button', { name: 'No', exact: true }).click();
  expect(await asked).toEqual({ outcome: 'refused', reason: 'no', asked: true });
});

test('text that a server chose stays text, and the page stays usable', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const asked = opened.ask({
    server,
    run: 'run-1',
    about: { kind: 'file', path: hostile, access: 'read', folder: false },
  });
  const card = page.getByRole('region', { name: 'Questions' }).getByRole('listitem');
  await expect(card).toContainText('wants to read the file');
  await expect(card.locator('img')).toHaveCount(0);
  expect(await card.textContent()).not.toContain('\u202E');
  await card.getByText('What the answers change').click();
  await page.setViewportSize({ width: 480, height: 900 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)).toBe(
    false,
  );
  await picture(page, 'ask-hostile');
  await card.getByRole('button', { name: 'Never' }).click();
  expect(await asked).toEqual({ outcome: 'refused', reason: 'never', asked: true });
});

test('a page that is closed answers nothing', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const path = '/home/mara/notes/plan.txt';
  const asked = opened.ask({ server, run: 'run-1', about: { kind: 'file', path, access: 'read', folder: false } });
  await page.getByRole('region', { name: 'Questions' }).getByRole('listitem').waitFor();
  await page.close();
  expect(await asked).toEqual({ outcome: 'refused', reason: 'no-answer', asked: true });
  expect(opened.rules(server)).toEqual([]);
});

test('whether a server asks is one switch on its page', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await openServer(page, 'claude-desktop.filesystem');
  const ask = page.getByRole('switch', { name: 'Ask me when it is refused something' }).first();
  await expect(ask).not.toBeChecked();
  await ask.focus();
  await page.keyboard.press('Space');
  await expect(ask).toBeChecked();
  await expectAccessible(page);
  await picture(page, 'ask-switch');
  await ask.click();
  await expect(ask).not.toBeChecked();
});
