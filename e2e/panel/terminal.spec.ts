/**
 * The terminal in the page, over the built product: a real shell in the sandbox of a real server. What is typed, shown, refused and
 * granted; a page that is loaded again; the way out for who has only keys; and that hostile output does nothing outside of it.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { terminalWords } from '#contract/sentences.ts';
import { expect, expectAccessible, expectLooks, forgiveFailedRequests, picture } from './support/panel-test.ts';
import type { RealDesk } from './support/real-desk.ts';
import { test } from './support/real-test.ts';

test.setTimeout(90_000);

const screen = (page: Page) => page.locator('.xterm-rows');

/** Contains the reader, opens its terminal by keys alone, and waits for the prompt. */
async function openTerminal(page: Page, real: RealDesk): Promise<void> {
  await real.run('contain', 'claude-desktop/reader', '--no-check');
  await page.goto(await real.panel());
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  await page.goto(`${new URL(page.url()).origin}/#/servers/claude-desktop.reader`);
  await page.getByRole('button', { name: terminalWords.open('reader') }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: terminalWords.input })).toBeFocused();
  await expect(screen(page)).toContainText(/[$#]/u);
}

async function run(page: Page, command: string, answer: RegExp | string): Promise<void> {
  await page.keyboard.type(`${command}\r`);
  await expect(screen(page)).toContainText(answer, { timeout: 60_000 });
}

test.describe('looks', () => {
  test.use({ viewport: { width: 1280, height: 800 } });

  test('shows what the server may and may not, the refusal beside it, and takes up what is granted', async ({
    page,
    real,
  }) => {
    await openTerminal(page, real);
    await run(page, `cat ${real.path('notes/today.txt')}`, 'a note');
    await run(page, `cat ${real.path('other/plan.txt')}`, 'Permission denied');
    expect(readFileSync(real.path('other/plan.txt'), 'utf8')).toBe('a plan');
    const refused = page.getByRole('region', { name: terminalWords.refused });
    await expect(refused).toContainText(real.path('other/plan.txt'), { timeout: 30_000 });
    await run(page, "printf '\\033[31mred \\033[1;32mgreen \\033[38;2;90;90;255mblue\\033[0m\\n'", 'red green blue');
    await expectLooks(page, 'terminal', [1280]);
    await refused.getByRole('button', { name: /Allow … .*plan\.txt/u }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Add this rule' }).click();
    await expect(page.getByRole('dialog')).toContainText('Added; it holds now.');
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
    await page.getByRole('textbox', { name: terminalWords.input }).focus();
    await expect(async () => {
      await page.keyboard.type(`cat ${real.path('other/plan.txt')}\r`);
      await expect(screen(page)).toContainText('a plan', { timeout: 2_000 });
    }).toPass({ timeout: 30_000 });
  });
});

test('a page that is loaded again goes on where it was; what it showed is typed nothing', async ({ page, real }) => {
  await openTerminal(page, real);
  // Queries that an emulator answers: shown again, they must not be answered again.
  await run(
    page,
    "stty raw -echo min 0 time 10; printf '\\033[6n\\033[c'; cat > /dev/null; stty sane; echo kept-$((40+2))",
    'kept-42',
  );
  await run(page, 'clear; echo begin-$((1+1))', 'begin-2');
  await page.reload();
  await expect(screen(page)).toContainText('begin-2');
  await run(page, 'echo after-$((40+3))', 'after-43');
  const text = await screen(page).innerText();
  expect(text).not.toMatch(/\[\?1;2c|\d+;\d+R/u);
});

test('by keys alone: in, out, closed; every key inside goes to the shell', async ({ page, real }) => {
  await openTerminal(page, real);
  // A terminal throws away what was typed before an interrupt and not read yet, so each step is seen before the next.
  await page.keyboard.type("echo wa''its; sleep 1000");
  await page.keyboard.press('Enter');
  await expect(screen(page)).toContainText('waits');
  await page.keyboard.press('Control+c');
  await expect(screen(page)).toContainText(/\^C\s*[$#]/u);
  await run(page, 'echo status-$?', 'status-130');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('textbox', { name: terminalWords.input })).toBeFocused();
  await page.keyboard.press('Control+Shift+L');
  await expect(page.getByRole('button', { name: terminalWords.close })).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: terminalWords.screenReader })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.xterm-accessibility')).toBeAttached();
  await expectAccessible(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: terminalWords.input })).toHaveCount(0);
  expect(await page.evaluate('document.adoptedStyleSheets.length')).toBe(0);
});

test('what was left open is one link away on its server’s page, and goes on', async ({ page, real }) => {
  await openTerminal(page, real);
  await run(page, 'kept=here; echo set-$((1+1))', 'set-2');
  await page.goto(`${new URL(page.url()).origin}/#/servers/claude-desktop.reader`);
  const open = page.getByRole('navigation', { name: terminalWords.openOnes('reader') });
  await open.getByRole('link', { name: terminalWords.backTo(1, 1) }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: terminalWords.input })).toBeFocused();
  await run(page, 'echo still-$kept', 'still-here');
  await run(page, `cat ${real.path('other/plan.txt')}`, 'Permission denied');
  await expect(page.getByRole('log', { name: terminalWords.refused })).toHaveText(/^\d+ refused in this terminal\.$/u);
});

test('a new size reaches the shell', async ({ page, real }) => {
  await page.setViewportSize({ width: 1400, height: 900 });
  await openTerminal(page, real);
  await page.keyboard.type('stty size\r');
  await expect(screen(page)).toContainText(/\d+ \d+/u);
  const sizeOf = async (): Promise<string> => /(\d+) (\d+)/u.exec(await screen(page).innerText())?.[0] ?? '';
  const before = await sizeOf();
  await page.setViewportSize({ width: 1000, height: 700 });
  await expect(async () => {
    await page.keyboard.type('clear; stty size\r');
    await expect.poll(sizeOf, { timeout: 1_500 }).not.toBe(before);
  }).toPass({ timeout: 20_000 });
});

test('hostile output has no effect outside of its screen', async ({ page, real, context }) => {
  const opened: string[] = [];
  page.on('dialog', (dialog) => {
    opened.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on('page', (other) => opened.push(`page ${other.url()}`));
  await openTerminal(page, real);
  // The page itself may not read the clipboard, so it is told what is written there.
  await page.evaluate('globalThis.copied = []; navigator.clipboard.writeText = async (text) => void copied.push(text)');
  const title = await page.title();
  const address = page.url();
  const osc = (text: string): string => `\\033]${text}\\007`;
  const hostile = [
    osc('0;owned'),
    osc('2;owned'),
    osc('52;c;c3RvbGVu'),
    osc('8;;https://example.com/'),
    'click-me',
    osc('8;;'),
    osc('10;#ff0000'),
    osc('11;#ff0000'),
    osc('1337;File=inline=1:AAAA'),
    osc('777;notify;a;b'),
    '\\033[3;100;100t\\033[8;1;1t\\033[21t\\033[2t',
    '<img src=x onerror=alert(1)>',
  ].join('');
  await run(page, `printf '${hostile}\\n'; echo shown-$((1+1))`, 'shown-2');
  await expect(screen(page)).toContainText('<img src=x onerror=alert(1)>');
  // Where it stands, as a person would: the screen lies above its own rows.
  const box = await page.getByText('click-me').last().boundingBox();
  if (box === null) throw new Error('It is not shown.');
  await page.mouse.click(box.x + 10, box.y + box.height / 2);
  await page.keyboard.down('Control');
  await page.mouse.click(box.x + 10, box.y + box.height / 2);
  await page.keyboard.up('Control');
  expect(await page.title()).toBe(title);
  expect(page.url()).toBe(address);
  expect(await page.evaluate('globalThis.copied')).toEqual([]);
  expect(await page.locator('.terminal-view img, .terminal-view a[href^="https"]').count()).toBe(0);
  expect(opened).toEqual([]);
  // The shell was answered nothing that it would run.
  expect(await screen(page).innerText()).not.toContain('not found');
});

test('a line of ten million characters, and a flood, leave the page in use', async ({ page, real }) => {
  test.slow();
  await openTerminal(page, real);
  await run(page, "head -c 10000000 /dev/zero | tr '\\0' 'x'; echo; echo line-$((1+1))", 'line-2');
  await page.keyboard.type('yes\r');
  await expect(screen(page)).toContainText(/y{8}/u);
  // In the middle of it.
  await page.getByRole('link', { name: 'Servers' }).click();
  await expect(page.getByRole('heading', { name: 'Servers', exact: true })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('textbox', { name: terminalWords.input })).toBeFocused();
  await page.keyboard.press('Control+c');
  await run(page, 'clear; echo done-$((1+1))', 'done-2');
});

test('an end, a page elsewhere and a host that is gone are said', async ({ page, real, pageErrors, context }) => {
  forgiveFailedRequests(pageErrors);
  await openTerminal(page, real);
  const other = await context.newPage();
  await other.goto(await real.panel());
  await expect(other.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  await other.goto(page.url());
  await expect(page.getByText(terminalWords.taken)).toBeVisible();
  await other.close();
  await page.reload();
  await expect(screen(page)).toContainText(/[$#]/u);
  await page.keyboard.type('exit 3\r');
  await expect(page.getByText(terminalWords.ended({ cause: 'exit', code: 3, signal: null, at: '' }))).toBeVisible();
  await expectAccessible(page);
  const before = page.url();
  await page.getByRole('button', { name: terminalWords.again }).click();
  await expect(page).not.toHaveURL(before);
  await expect(screen(page)).toContainText(/[$#]/u);
  await real.kill();
  await expect(page.getByText(terminalWords.broken)).toBeVisible();
  await picture(page, 'terminal-host-gone');
  await expectAccessible(page);
});

test('at 200 % zoom, with forced colours and without motion it can be used', async ({ page, real }) => {
  await page.setViewportSize({ width: 640, height: 480 });
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await openTerminal(page, real);
  await run(page, 'echo small-$((1+1))', 'small-2');
  expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(
    true,
  );
  await picture(page, 'terminal-small-forced');
});
