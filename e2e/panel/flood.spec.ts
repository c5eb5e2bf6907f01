/**
 * The page under load: nothing is lost, counts are exact, every click and key is answered, and only what is seen exists
 * as elements, while 5,000 refusals arrive at once, during a flood that goes on, and with 100,000 rows in the feed.
 *
 * No clock decides here; how soon a click is answered and a refusal is a row is measured by `npm run bench -- panel`.
 */
import type { Page } from '@playwright/test';
import { createEventMaker, usualScene } from './support/fixtures.ts';
import { expect, openPanel, picture, test } from './support/panel-test.ts';

const files = 'claude-desktop.filesystem';
/** Rows that stand there before anything of a spec comes. */
const before = usualScene().events.length;

/** Rows as elements: those on the screen and a few around it, never as many as there are events. */
async function expectFewElements(page: Page): Promise<void> {
  const rows = page.getByRole('article');
  await expect(rows.first()).toBeVisible();
  expect(await rows.count()).toBeLessThan(60);
}

/** Presses Pause or Resume, and sees that the page did it before it is pressed again. */
async function press(page: Page, name: 'Pause' | 'Resume'): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  await expect(page.getByRole('button', { name: name === 'Pause' ? 'Resume' : 'Pause', exact: true })).toBeVisible();
}

test('5,000 refusals at once: every one is a row, and clicks are answered meanwhile', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  opened.emit(
    ...Array.from({ length: 5_000 }, (_, index) => event('run-f', files, { target: `/flood/${String(index)}/` })),
  );
  for (let turn = 0; turn < 10; turn += 1) {
    await press(page, 'Pause');
    await press(page, 'Resume');
  }
  await expect(page.getByText(`${(before + 5_000).toLocaleString('en')} rows`)).toBeVisible();
  // Newest first, in the order in which they came.
  const rows = page.getByRole('article');
  for (const place of [0, 1, 2]) await expect(rows.nth(place)).toContainText(`/flood/${String(4_999 - place)}/`);
  await expectFewElements(page);
  const search = page.getByLabel('Search the feed');
  for (const [text, found] of [
    ['/flood/', '5,000'],
    ['/flood/4', '1,111'],
    ['/flood/0/', '1'],
  ] as const) {
    await search.fill(text);
    await expect(page.getByText(`${found} of ${(before + 5_000).toLocaleString('en')} rows`)).toBeVisible();
  }
});

test('5,000 refusals while paused: they wait, none is lost, and the list stands still', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const first = page.getByRole('article').first();
  await press(page, 'Pause');
  const shown = await first.textContent();
  const event = createEventMaker();
  opened.emit(
    ...Array.from({ length: 5_000 }, (_, index) => event('run-f', files, { target: `/flood/${String(index)}/` })),
  );
  await expect(page.getByRole('button', { name: 'Paused · 5,000 rows waiting' })).toBeVisible();
  expect(await first.textContent()).toBe(shown);
  await press(page, 'Resume');
  await expect(first).toContainText('/flood/4999/');
  await expectFewElements(page);
});

test('a flood that goes on: clicks and keys are answered, counts are exact', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  let sent = 0;
  const flood = setInterval(() => {
    const batch = Array.from({ length: 200 }, () => {
      sent += 1;
      return event('run-f', files, { target: `/flood/${String(sent % 3_000)}/end`, count: 2 });
    });
    opened.emit(...batch);
  }, 50);
  const search = page.getByLabel('Search the feed');
  try {
    for (let turn = 0; turn < 12; turn += 1) {
      await press(page, 'Pause');
      await press(page, 'Resume');
      await search.fill(turn % 2 === 0 ? 'flood/12' : '');
      await expect(search).toHaveValue(turn % 2 === 0 ? 'flood/12' : '');
    }
    // Each of the 3,000 targets has come at least once.
    await expect.poll(() => sent).toBeGreaterThan(3_000);
  } finally {
    clearInterval(flood);
  }
  await page.getByLabel('Server', { exact: true }).selectOption('claude-desktop/filesystem');
  await search.fill('/flood/');
  await expect(page.getByText(/^3,000 of 3,0\d\d rows/u)).toBeVisible();
  await expectFewElements(page);
  // Every occurrence is counted: ask for some rows' counts.
  for (const target of [0, 7, 2_999]) {
    const times = Array.from({ length: sent }, (_, index) => index + 1).filter((n) => n % 3_000 === target).length * 2;
    const path = `/flood/${String(target)}/end`;
    await search.fill(path);
    const row = page.getByRole('article').filter({ has: page.getByText(path, { exact: true }) });
    await expect(row).toContainText(`×${times.toLocaleString('en')}`);
  }
});

test('100,000 rows: scrolling, filtering and clicking go on, the oldest leave', async ({ page, desk }) => {
  test.setTimeout(120_000);
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  for (let start = 0; start < 101_000; start += 5_000) {
    const size = Math.min(5_000, 101_000 - start);
    opened.emit(
      ...Array.from({ length: size }, (_, index) =>
        event('run-m', files, { target: `/many/${String(start + index)}/` }),
      ),
    );
    // The host keeps 20,000 lines for a reader that is behind; a flood that outruns it would end in a snapshot.
    await expect(
      page.getByText(new RegExp(`${Math.min(start + size + before, 100_000).toLocaleString('en')} rows`, 'u')),
    ).toBeVisible({ timeout: 30_000 });
  }
  await expect(page.getByText('older ones are under Activity')).toBeVisible();
  // The longest that the head says: nothing of it is pushed out, and Pause is there.
  const size = page.viewportSize() ?? { width: 1280, height: 860 };
  for (const width of [1024, 1280, 1440]) {
    await page.setViewportSize({ ...size, width });
    const head = page.locator('.pane-feed .pane-head');
    expect(await head.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    const [pane, pause] = [await head.boundingBox(), await page.getByRole('button', { name: 'Pause' }).boundingBox()];
    expect((pause?.x ?? 0) + (pause?.width ?? 0)).toBeLessThanOrEqual((pane?.x ?? 0) + (pane?.width ?? 0));
    await picture(page, `flood-head-${String(width)}`);
  }
  await page.setViewportSize(size);
  // The number stands still from here on, so the newest row says when all have come.
  await expect(page.getByRole('article').first()).toContainText('/many/100999/');
  // The pointer away from the rows, which hold still under it.
  await page.mouse.move(1, 1);
  const feed = page.getByRole('feed');
  for (const share of [0.2, 0.9, 0.5, 1]) {
    await feed.evaluate((element, part) => {
      element.scrollTop = element.scrollHeight * part;
    }, share);
    // What stands there is what belongs there: the newest is 100,999, and each row before it is one less.
    const place = share === 1 ? 99_999 : Math.ceil(100_000 * share) + 2;
    await expect(page.getByText(`/many/${String(100_999 - place)}/`)).toBeVisible();
    await expectFewElements(page);
  }
  await feed.evaluate((element) => {
    element.scrollTop = 0;
  });
  await expect(page.getByText('/many/100999/')).toBeVisible();

  await page.getByLabel('Search the feed').fill('many/99');
  await expect(page.getByText('1,100 of 100,000 rows')).toBeVisible();
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.getByText('100,000 rows', { exact: false }).first()).toBeVisible();
  for (let turn = 0; turn < 5; turn += 1) {
    opened.emit(event('run-m', files, { target: `/later/${String(turn)}/` }));
    await press(page, 'Pause');
    await press(page, 'Resume');
  }
  await expect(page.getByRole('article').first()).toContainText('/later/4/');
});
