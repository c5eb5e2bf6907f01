/** What servers and config files choose cannot pass for something else, run, reach out, or hide the page. */
import {
  createEventMaker,
  endFields,
  hostileName,
  hostileScene,
  hostileTarget,
  mixedName,
  startFields,
} from './support/fixtures.ts';
import { expect, openPanel, openServer, picture, test } from './support/panel-test.ts';

const hidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/u;

test('no hidden character reaches the page, no mark-up comes alive', async ({ page, desk }) => {
  const opened = await desk(hostileScene());
  await openPanel(page, opened);
  await expect(page.getByRole('article').first()).toBeVisible();
  // The list and the feed, then the page of the server, and a rule that is typed with such a name.
  const texts = [(await page.evaluate('document.body.innerText')) as string];
  await picture(page, 'hostile-list');
  await openServer(page, 'cursor.hostile');
  await page.getByLabel('File or folder').fill('/home/mara/');
  await expect(page.getByRole('listbox').getByRole('option').first()).toBeVisible();
  texts.push((await page.evaluate('document.body.innerText')) as string);
  const text = texts.join('\n');
  expect(text).not.toMatch(hidden);
  expect(text).toContain('U+202E');
  expect(text).toContain('<script>alert(1)</script>');
  // Names for screen readers are calm too.
  const labels = (await page.evaluate(
    `[...document.querySelectorAll('[aria-label],[title],option,[role=option]')].map((e) => (e.getAttribute('aria-label') ?? '') + (e.getAttribute('title') ?? '') + e.textContent)`,
  )) as string[];
  expect(labels.join('')).not.toMatch(hidden);
  expect(await page.evaluate('document.querySelectorAll("img, b, script:not([src])").length')).toBe(0);
  await picture(page, 'hostile-open');
});

test('very long names are cut in the middle, the whole is one step away, nothing grows wider than the page', async ({
  page,
  desk,
}) => {
  const opened = await desk(hostileScene());
  await openPanel(page, opened);
  const wide = (await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )) as number;
  expect(wide).toBe(0);
  const row = page.getByRole('article').filter({ hasText: 'file.txt' });
  await expect(row).toContainText('…');
  await row.click({ position: { x: 120, y: 20 } });
  const whole = page.getByLabel('The whole target');
  await expect(whole).toContainText(`/very/${'long-folder-name/'.repeat(220)}file.txt`);
  await page.keyboard.press('Escape');
});

test('a name that is not whole cannot be granted', async ({ page, desk }) => {
  const opened = await desk(hostileScene());
  await openPanel(page, opened);
  const row = page.getByRole('article').filter({ hasText: 'img src=x' });
  await row.getByRole('button', { name: /^Allow/u }).click();
  await expect(page.getByRole('dialog')).toContainText('Its full name is not known here');
  await expect(page.getByRole('button', { name: 'Add this rule' })).toHaveCount(0);
});

test('a choice among what was refused just before holds no hidden character either', async ({ page, desk }) => {
  const scene = hostileScene();
  const event = createEventMaker();
  const refused = (target: string) => ({ at: new Date().toISOString(), kind: 'file.read' as const, target });
  scene.events.push(
    event('run-b', 'cursor.hostile', startFields()),
    event('run-b', 'cursor.hostile', {
      ...endFields({ justBefore: [refused('/tmp/\u202Ehs.niam\u001B[31m'), refused(hostileTarget)] }),
    }),
  );
  const opened = await desk(scene);
  await openPanel(page, opened);
  await page.getByRole('button', { name: 'Allow and retry' }).click();
  const choices = page.getByLabel('Refused just before').locator('option');
  await expect(choices).toHaveCount(2);
  for (const text of await choices.allTextContents()) {
    expect(text).not.toMatch(hidden);
    expect(text).toContain('U+202E');
  }
});

test('a name with letters of two alphabets says so, to eyes and to screen readers; an encoded host stays as it is', async ({
  page,
  desk,
}) => {
  await openPanel(page, await desk(hostileScene()));
  const words = 'mixed letters: Latin, Cyrillic';
  const named = page.getByRole('heading', { name: `${mixedName} (${words})` });
  await expect(named.locator('.hostile-mixed')).toHaveAttribute('title', words);
  await expect(named.locator('.hostile-mixed')).toHaveCSS('border-top-style', 'dashed');
  const row = page.getByRole('article').filter({ hasText: '/key' });
  // The server's name and the folder in the path.
  await expect(row.locator('.hostile-mixed')).toHaveCount(2);
  await expect(page.getByLabel('Server', { exact: true }).locator('option', { hasText: words })).toHaveCount(1);
  await expect(page.getByRole('article').filter({ hasText: 'xn--80ak6aa92e.com' })).toHaveCount(1);
  await picture(page, 'hostile-mixed');
});

test('a hostile name can be filtered by, and its grant goes out byte for byte', async ({ page, desk }) => {
  const opened = await desk(hostileScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  const target = '/tmp/\u202Ehs.niam';
  opened.emit(event('run-x', 'cursor.hostile', { target }));
  await page.getByLabel('Search the feed').fill(hostileName.slice(1, 8));
  await page
    .getByRole('article')
    .filter({ hasText: /tried to read .*hs\.niam/u })
    .getByRole('button', { name: /^Allow/u })
    .click();
  await expect(page.getByRole('dialog')).toContainText('U+202E');
  await page.getByRole('button', { name: 'Add this rule' }).click();
  await expect(page.getByRole('dialog')).toContainText('Added');
  expect(opened.calls.findLast(({ method }) => method === 'policies.grant')?.input).toMatchObject({ what: target });
});

test('the page says nothing to anyone but its host, and may not be framed', async ({ page, desk }) => {
  const opened = await desk(hostileScene());
  const response = await page.goto(opened.address());
  const policy = response?.headers()['content-security-policy'] ?? '';
  for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]) {
    expect(policy).toContain(rule);
  }
  expect(policy).not.toContain('unsafe');
  await expect(page.getByRole('heading', { name: 'Belljar' })).toBeVisible();
  expect(await page.evaluate('[...document.querySelectorAll("style")].length')).toBe(0);
});
