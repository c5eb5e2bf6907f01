/** The machine view: what is enforced, tried, sound and written down; every state of it, in both themes, by keys alone. */
import { BelljarError } from '#contract/errors.ts';
import { machineWords } from '#contract/sentences.ts';
import { emptyScene, machineScene, makeMachine } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  inputsOf,
  openPanel,
  picture,
  test,
} from './support/panel-test.ts';

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('looks', async ({ page, desk }) => {
    await openPanel(page, await desk(machineScene()));
    await page.getByRole('link', { name: 'Machine' }).click();
    await expect(page.getByRole('heading', { name: machineWords.title })).toBeFocused();
    await expect(page.getByText(machineWords.doctorResult(2))).toBeVisible();
    await expectLooks(page, 'machine-untried', [1024, 1440]);
    await page.getByRole('button', { name: machineWords.tryNow }).click();
    await expect(page.getByText(machineWords.selftestResult(3, 0))).toBeVisible();
    await picture(page, 'machine');
    await page.getByText('sound or repaired').click();
    await page.getByRole('checkbox', { name: machineWords.logAll(3) }).check();
    await expect(page.getByText('door-open')).toBeVisible();
    await page.getByRole('heading', { name: machineWords.log }).scrollIntoViewIfNeeded();
    await expectLooks(page, 'machine-log', [1024, 1440]);
  });
});

test('repairs by keys alone, and says what it repaired', async ({ page, desk }) => {
  const opened = await desk(machineScene());
  await openPanel(page, opened);
  await page.getByRole('link', { name: 'Machine' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: machineWords.repair(1) }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText(machineWords.doctorResult(1))).toBeVisible();
  expect(inputsOf(opened, 'machine.doctor')).toEqual([{ repair: false }, { repair: true }]);
  await expect(page.getByRole('button', { name: machineWords.repair(1) })).toHaveCount(0);
});

test('a path is copied whole', async ({ page, desk, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openPanel(page, await desk(machineScene()));
  await page.goto(`${page.url().split('#')[0] ?? ''}#/machine`);
  // The page itself may not read the clipboard, so it is told what is written there.
  await page.evaluate(`
    globalThis.copied = [];
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => { copied.push(text); return write(text); };
  `);
  await page.getByRole('button', { name: machineWords.copy('Launcher') }).click();
  await expect(page.getByText('Copied')).toBeAttached();
  expect(await page.evaluate('globalThis.copied')).toEqual(['/home/mara/.local/share/belljar/bin/belljar-launcher']);
});

test('each part says for itself what went wrong, and the others stand', async ({ page, desk, pageErrors }) => {
  forgiveFailedRequests(pageErrors);
  const opened = await desk(machineScene());
  opened.every('machine.doctor', new BelljarError('internal'));
  opened.every('log.tail', new BelljarError('internal'));
  await openPanel(page, opened);
  await page.getByRole('link', { name: 'Machine' }).click();
  await expect(page.getByRole('alert')).toHaveCount(2);
  await expect(page.getByText('/home/mara/.local/state/belljar', { exact: true })).toBeVisible();
  await picture(page, 'machine-failed');
  await expectAccessible(page);
});

test('an empty log, nothing tried, and no launcher are said', async ({ page, desk }) => {
  const probeError = 'The launcher is not in its place.';
  await openPanel(page, await desk({ ...emptyScene(), machine: makeMachine({ probe: null, probeError }) }));
  await page.getByRole('link', { name: 'Machine' }).click();
  await expect(page.getByRole('main').getByText(probeError)).toBeVisible();
  await expect(page.getByText(machineWords.selftestWhy)).toBeVisible();
  await expect(page.getByText(machineWords.logEmpty)).toBeVisible();
  await page.getByRole('button', { name: machineWords.tryNow }).click();
  await expect(page.getByText(machineWords.selftestResult(0, 0))).toBeVisible();
});

test('a log that is overfull, and hostile, stays in its place', async ({ page, desk }) => {
  const scene = machineScene();
  const line = {
    at: '2026-01-31T12:34:56.789Z',
    level: 'error' as const,
    code: `bad\u202e<img src=x>${'x'.repeat(150)}`,
  };
  scene.log = Array.from({ length: 500 }, (_, index) => ({
    ...line,
    facts: [`error: ${String(index)} ${'y'.repeat(2000)}`],
  }));
  await openPanel(page, await desk(scene));
  await page.getByRole('link', { name: 'Machine' }).click();
  await expect(page.getByRole('list', { name: machineWords.log }).getByRole('listitem')).toHaveCount(500);
  expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(
    true,
  );
  expect(await page.locator('.machine-view img').count()).toBe(0);
  await picture(page, 'machine-overfull');
});

test('at 200 % zoom, with forced colours and without motion it can be used', async ({ page, desk }) => {
  await page.setViewportSize({ width: 640, height: 480 });
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await openPanel(page, await desk(machineScene()));
  await page.getByRole('link', { name: 'Machine' }).click();
  await expect(page.getByText(machineWords.doctorResult(2))).toBeVisible();
  expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(
    true,
  );
  await picture(page, 'machine-small-forced');
});

test('how long events are kept is changed, and only to what can be', async ({ page, desk }) => {
  const opened = await desk(machineScene());
  await openPanel(page, opened);
  await page.getByRole('link', { name: 'Machine' }).click();
  const days = page.getByRole('textbox', { name: machineWords.keepDays });
  const save = page.getByRole('button', { name: machineWords.keep, exact: true });
  await expect(save).toBeDisabled();
  await days.fill('0');
  await expect(save).toBeDisabled();
  await days.fill('30');
  await days.press('Enter');
  await expect(save).toBeDisabled();
  await expect(days).toHaveValue('30');
  expect(opened.calls.filter(({ method }) => method === 'storage.set')).toMatchObject([{ input: { keepDays: 30 } }]);
});

test('before the history is made anew, what that loses is said', async ({ page, desk }) => {
  const opened = await desk(machineScene());
  await openPanel(page, opened);
  await page.getByRole('link', { name: 'Machine' }).click();
  const button = page.getByRole('button', { name: machineWords.rebuildButton });
  await button.click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Nothing brings them back.');
  await picture(page, 'machine-rebuild');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: machineWords.cancel }).click();
  await expect(button).toBeFocused();
  expect(inputsOf(opened, 'storage.rebuild')).toEqual([]);
  await button.click();
  await dialog.getByRole('button', { name: machineWords.rebuild, exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await expect.poll(() => inputsOf(opened, 'storage.rebuild')).toEqual([{}]);
});

test('without motion, work of unknown length does not look like a part of it', async ({ page, desk }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const opened = await desk(machineScene());
  opened.next('machine.selftest', () => new Promise(() => undefined));
  await openPanel(page, opened);
  await page.getByRole('link', { name: 'Machine' }).click();
  await page.getByRole('button', { name: machineWords.tryNow }).click();
  const track = page.locator('.progress-track').first();
  await expect(track).toBeVisible();
  const [line, whole] = await track.evaluate((element) => [
    Number.parseFloat(getComputedStyle(element, '::after').width),
    element.clientWidth,
  ]);
  expect(line).toBe(whole);
});
