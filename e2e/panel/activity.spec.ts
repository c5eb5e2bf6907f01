/**
 * The activity view over an engine in memory: filters in the address, time, groups, muting and its way back, exports,
 * history below the live rows, every state of the page; readable in both schemes, and calm whatever servers write.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { BelljarError } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import { groupsMax } from '#contract/event-search.ts';
import { activityWords } from '#contract/sentences.ts';
import type { Desk } from './support/desk.ts';
import { agoIso, createEventMaker, emptyScene, hostileScene, usualScene } from './support/fixtures.ts';
import { expect, expectLooks, forgiveFailedRequests, openPanel, picture, test } from './support/panel-test.ts';

const files = 'claude-desktop.filesystem';

async function openActivity(page: Page, desk: Desk): Promise<void> {
  await openPanel(page, desk);
  await page.getByRole('link', { name: 'Activity', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Activity', exact: true })).toBeFocused();
}

const feed = (page: Page) => page.getByRole('feed');
const rows = (page: Page) => feed(page).getByRole('article');
const row = (page: Page, text: string) => rows(page).filter({ hasText: text });

/** More than the page asks for at first: what is older is history. */
function oldEvents(count: number, from = 90_000): Event[] {
  const event = createEventMaker();
  return Array.from({ length: count }, (_, index) =>
    event('run-old', files, { target: `/old/${String(index)}/end`, at: agoIso(from - index) }),
  );
}

test('is accessible: rows, groups, and the dialogs', async ({ page, desk }) => {
  await openActivity(page, await desk(usualScene()));
  await expect(rows(page).first()).toBeVisible();
  await expect(page.getByText('This is where the history begins.')).toBeAttached();
  await expectLooks(page, 'activity', [1280]);
  await page.getByRole('button', { name: 'By target' }).click();
  await expect(page.getByRole('feed', { name: 'Activity by target, newest first' })).toBeVisible();
  await expectLooks(page, 'activity-groups', [1280]);
  await page.getByRole('button', { name: 'By target' }).click();
  await rows(page).first().hover();
  await rows(page).first().getByRole('button', { name: 'Mute this' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectLooks(page, 'activity-mute', [1280]);
  await page.getByRole('button', { name: 'Mute', exact: true }).click();
  await page.getByRole('button', { name: 'Muted (1)' }).click();
  await expect(page.getByRole('dialog')).toContainText('filesystem');
  await expectLooks(page, 'activity-muted', [1280]);
});

test('the filter stands in the address: kept when the page is loaded again, back goes back', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  const event = createEventMaker();
  opened.emit(event('run-n', files, { target: '/needle/here' }), event('run-n', files, { target: '/hay/there' }));
  await openActivity(page, opened);
  await page.getByLabel('Search the feed').fill('needle');
  await page.getByLabel('Verdict').selectOption('refused');
  await page.getByLabel('Time', { exact: true }).selectOption('1h');
  await expect(page).toHaveURL(/#\/activity\?verdict=refused&range=1h&text=needle$/u);
  await expect(rows(page)).toHaveCount(1);
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByLabel('Search the feed')).toHaveValue('needle');
  await expect(page.getByLabel('Time', { exact: true })).toHaveValue('1h');
  // One filter for every view that shows the feed, and all of it is seen there.
  await page.getByRole('link', { name: /^Servers/u }).click();
  await expect(page.getByLabel('Search the feed')).toHaveValue('needle');
  await expect(page.getByLabel('Time', { exact: true })).toHaveValue('1h');
  await expect(rows(page)).toHaveCount(1);
  await page.goBack();
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page).toHaveURL(/#\/activity$/u);
  await page.getByRole('link', { name: /^Servers/u }).click();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Activity', exact: true })).toBeVisible();
});

test('what is older than the page asked for comes from the history, to where it begins', async ({ page, desk }) => {
  const scene = usualScene();
  const opened = await desk({ ...scene, events: [...oldEvents(12_000), ...scene.events] });
  await openActivity(page, opened);
  await expect(page.getByText(/^10,000 rows/u)).toBeVisible();
  await rows(page).first().focus();
  await page.keyboard.press('End');
  await expect(page.getByText(/^10,000 rows, [\d,]+ earlier/u)).toBeVisible();
  await expect(async () => {
    await page.keyboard.press('End');
    // Rows that come meanwhile move the end away again: both are there at once, or it is gone to once more.
    await expect(page.getByText('This is where the history begins.')).toBeInViewport({ timeout: 500 });
    await expect(row(page, '/old/0/end')).toBeVisible({ timeout: 500 });
  }).toPass();
  const shown = scene.events.length + 12_000 - 10_000;
  await expect(page.getByText(`10,000 rows, ${shown.toLocaleString('en')} earlier`)).toBeVisible();
  await picture(page, 'activity-history');
  // A search finds what only the history has.
  await page.getByLabel('Search the feed').fill('old/7/end');
  await expect(row(page, '/old/7/end')).toHaveCount(1);
});

test('noise is muted, said, and shown again; exports have it all the same', async ({ page, desk }) => {
  const opened = await desk(emptyScene());
  await openActivity(page, opened);
  const event = createEventMaker();
  opened.emit(
    event('run-n', files, { target: '/noise/a' }),
    event('run-n', files, { target: '/noise/b' }),
    event('run-n', files, { target: '=cmd|calc' }),
  );
  await expect(rows(page)).toHaveCount(3);
  await row(page, '/noise/a').hover();
  await row(page, '/noise/a').getByRole('button', { name: 'Mute this' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /Everything in this folder/u }).click();
  await dialog.getByRole('button', { name: 'Mute', exact: true }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByText(/2 muted/u)).toBeVisible();
  opened.emit(event('run-n', files, { target: '/noise/c' }), event('run-n', files, { target: '/other' }));
  await expect(rows(page)).toHaveCount(2);

  for (const [name, ending, found] of [
    ['JSONL', 'jsonl', '"target":"/noise/c"'],
    ['CSV', 'csv', `"'=cmd|calc"`],
  ] as const) {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe(`belljar-events.${ending}`);
    const text = readFileSync(await file.path(), 'utf8');
    expect(text).toContain(found);
    expect(text.trim().split('\n')).toHaveLength(ending === 'csv' ? 6 : 5);
  }

  await page.getByRole('button', { name: 'Muted (1)' }).click();
  await dialog.getByLabel(/Show it meanwhile/u).check();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await expect(rows(page)).toHaveCount(5);
  await page.getByRole('button', { name: 'Muted (1)' }).click();
  await dialog.getByLabel(/Show it meanwhile/u).uncheck();
  await dialog.getByRole('button', { name: 'Show again' }).click();
  await expect(dialog).toContainText('Nothing is muted.');
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await expect(rows(page)).toHaveCount(5);
});

test('groups count by target over all runs', async ({ page, desk }) => {
  const opened = await desk(emptyScene());
  const event = createEventMaker();
  opened.emit(
    event('run-1', files, { target: '/a', count: 4 }),
    event('run-2', files, { target: '/a', count: 3 }),
    event('run-2', files, { target: '/b' }),
  );
  await openActivity(page, opened);
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole('button', { name: 'By target' }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(row(page, '/a')).toContainText('×7');
});

test('more groups than one answer holds: that it is not all is said', async ({ page, desk }) => {
  const opened = await desk(emptyScene());
  const event = createEventMaker();
  opened.emit(
    ...Array.from({ length: groupsMax + 1 }, (_, at) => event('run-g', files, { target: `/g/${String(at)}/` })),
  );
  await openActivity(page, opened);
  await page.getByRole('button', { name: 'By target' }).click();
  await expect(page.getByText('500 groups')).toBeVisible();
  await rows(page).first().focus();
  await page.keyboard.press('End');
  await expect(page.getByText(activityWords.groupsCut(groupsMax))).toBeVisible();
  await page.getByLabel('Search the feed').fill('/g/7/');
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByText(activityWords.groupsCut(groupsMax))).toHaveCount(0);
});

test('what is muted is said beside the servers too, with the way to it', async ({ page, desk }) => {
  const opened = await desk({ ...usualScene(), events: [] });
  await openPanel(page, opened);
  const event = createEventMaker();
  opened.emit(event('run-n', files, { target: '/noise/a' }), event('run-n', files, { target: '/noise/b' }));
  await page.getByRole('link', { name: 'Activity', exact: true }).click();
  await row(page, '/noise/a').hover();
  await row(page, '/noise/a').getByRole('button', { name: 'Mute this' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /Everything in this folder/u }).click();
  await dialog.getByRole('button', { name: 'Mute', exact: true }).click();
  await page.getByRole('link', { name: /^Servers/u }).click();
  await expect(page.getByRole('heading', { name: activityWords.allMuted })).toBeVisible();
  await expect(page.getByText('Quiet so far')).toHaveCount(0);
  await expect(page.getByText('0 of 2 rows, 2 muted')).toBeVisible();
  await picture(page, 'all-muted');
  await page.getByRole('button', { name: activityWords.showMuted('2') }).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('button', { name: 'Muted (1)' }).click();
  await dialog.getByLabel(/Show it meanwhile/u).uncheck();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  opened.emit(event('run-n', files, { target: '/other' }));
  await expect(page.getByText('1 of 3 rows, 2 muted')).toBeVisible();
  await page.getByRole('button', { name: 'Muted (1)' }).click();
  await dialog.getByRole('button', { name: 'Show again' }).click();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await expect(rows(page)).toHaveCount(3);
  await expect(page.getByRole('button', { name: /^Muted/u })).toHaveCount(0);
});

for (const [view, width] of [
  ['Servers', 1024],
  ['Activity', 1024],
  ['Activity', 1440],
] as const) {
  test(`no chosen filter is cut: ${view} at ${String(width)}`, async ({ page, desk }) => {
    await page.setViewportSize({ width, height: 768 });
    await openPanel(page, await desk(usualScene()));
    await page.getByRole('link', { name: new RegExp(`^${view}`, 'u') }).click();
    await page.getByLabel('Server', { exact: true }).selectOption('claude-desktop/filesystem');
    await page.getByLabel('Kind', { exact: true }).selectOption({ index: 2 });
    await page.getByLabel('Time', { exact: true }).selectOption({ index: 1 });
    await expect(page.getByRole('button', { name: 'Clear' })).toBeVisible();
    // A select never scrolls: how wide it would be with nothing but what is chosen says whether that is cut.
    const cut = await page.evaluate(`[...document.querySelectorAll('.filters select')].flatMap((select) => {
      const alone = select.cloneNode();
      alone.append(select.selectedOptions[0].cloneNode(true));
      for (const [name, value] of [['position', 'absolute'], ['width', 'max-content'], ['min-width', '0'], ['max-width', 'none']]) {
        alone.style.setProperty(name, value, 'important');
      }
      select.parentElement.append(alone);
      const wanted = alone.getBoundingClientRect().width;
      alone.remove();
      const has = select.getBoundingClientRect().width;
      return has + 1 < wanted ? [select.value + ' ' + has + ' of ' + wanted] : [];
    })`);
    expect(cut).toEqual([]);
    await picture(page, `filters-${view}-${String(width)}`);
  });
}

test('at 1024 what was refused can be read whole beside the servers', async ({ page, desk }) => {
  await page.setViewportSize({ width: 1024, height: 768 });
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  opened.emit(
    event('run-whole', files, {
      kind: 'net.connect',
      target: '169.254.169.254:80',
      known: 'metadata-service',
      count: 12_345,
    }),
  );
  const found = row(page, "the cloud's metadata service").first();
  await expect(found).toContainText('×12,345');
  const cut = await found.evaluate((element) =>
    [...element.querySelectorAll('.row-server, .row-phrase, strong, .row-program')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map(({ textContent }) => textContent),
  );
  expect(cut).toEqual([]);
});

test('at 200 % zoom what is said at the foot leaves the page to be seen', async ({ page, desk, pageErrors }) => {
  forgiveFailedRequests(pageErrors);
  await page.setViewportSize({ width: 640, height: 430 });
  const opened = await desk(emptyScene());
  await openActivity(page, opened);
  const event = createEventMaker();
  opened.emit(...Array.from({ length: 4 }, (_, at) => event('run-n', files, { target: `/noise/${String(at)}` })));
  await expect(rows(page)).toHaveCount(4);
  // Each refusal of the host is a notice, and stays for a while.
  opened.every('events.mute', new BelljarError('internal'));
  for (let turn = 0; turn < 4; turn += 1) {
    await rows(page).first().hover();
    await rows(page).first().getByRole('button', { name: 'Mute this' }).click();
    await page.getByRole('button', { name: 'Mute', exact: true }).click();
  }
  await expect(page.locator('.notice')).toHaveCount(4);
  const share = await page.locator('.desk-foot').evaluate((foot) => foot.getBoundingClientRect().height / innerHeight);
  expect(share).toBeLessThanOrEqual(0.45);
  await picture(page, 'foot-zoomed');
  // What gets the focus stands above it.
  for (let turn = 0; turn < 12; turn += 1) {
    await page.keyboard.press('Tab');
    const covered = await page.evaluate(`(() => {
      const foot = document.querySelector('.desk-foot');
      const at = document.activeElement;
      if (at === document.body || foot.contains(at)) return false;
      return at.getBoundingClientRect().top >= foot.getBoundingClientRect().top;
    })()`);
    expect(covered).toBe(false);
  }
});

test('what is pressed is seen, with forced colours too', async ({ page, desk }) => {
  await openActivity(page, await desk(usualScene()));
  const looks = (name: string): Promise<string> =>
    page
      .getByRole('button', { name, exact: true })
      .evaluate((button) => getComputedStyle(button).backgroundColor + getComputedStyle(button).borderTopColor);
  for (const forcedColors of ['none', 'active'] as const) {
    await page.emulateMedia({ forcedColors, reducedMotion: 'reduce' });
    const released = await looks('By target');
    await page.getByRole('button', { name: 'By target' }).click();
    await page.mouse.move(1, 1);
    await expect.poll(() => looks('By target')).not.toBe(released);
    await picture(page, `pressed-${forcedColors}`);
    await page.getByRole('button', { name: 'By target' }).click();
    await page.mouse.move(1, 1);
    await expect.poll(() => looks('By target')).toBe(released);
  }
});

test('paused, nothing is lost; and back to now', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openActivity(page, opened);
  await expect(rows(page).first()).toBeVisible();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const event = createEventMaker();
  opened.emit(...Array.from({ length: 700 }, (_, at) => event('run-p', files, { target: `/p/${String(at)}/` })));
  await expect(page.getByRole('button', { name: 'Paused · 700 rows waiting' })).toBeVisible();
  await page.getByRole('button', { name: 'Paused · 700 rows waiting' }).click();
  await expect(rows(page).first()).toContainText('/p/699/');
  await page.getByLabel('Search the feed').fill('/p/');
  await expect(page.getByText(/^700 of /u)).toBeVisible();
});

test('what comes is said to those who cannot see it, in one sentence for many', async ({ page, desk }) => {
  const opened = await desk(emptyScene());
  await openActivity(page, opened);
  const event = createEventMaker();
  opened.emit(...Array.from({ length: 300 }, (_, at) => event('run-p', files, { target: `/p/${String(at)}/` })));
  await expect(page.getByRole('log', { name: 'What came in' })).toHaveText('300 new events, 300 refused.');
});

test('each state says what it is: nothing yet, a history that cannot be read, one that lags', async ({
  page,
  desk,
  pageErrors,
}) => {
  forgiveFailedRequests(pageErrors);
  const opened = await desk(emptyScene());
  const better = opened.every(
    'events.search',
    new BelljarError('history-unavailable', { params: { detail: 'it is a link' } }),
  );
  await openActivity(page, opened);
  await expect(page.getByText('The history of events cannot be read: it is a link.')).toBeVisible();
  await picture(page, 'activity-failed');
  // The live feed does not need it.
  opened.emit(createEventMaker()('run-1', files, { target: '/live' }));
  await expect(row(page, '/live')).toBeVisible();
  better();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('This is where the history begins.')).toBeVisible();
  opened.next('events.search', async () => ({ events: [], next: null, muted: 0, behind: 'disk-full' }));
  await page.getByLabel('Search the feed').fill('nothing like it');
  await expect(page.getByText('The newest events are not in it: there is no space left on the disk.')).toBeVisible();
});

test('nothing yet', async ({ page, desk }) => {
  await openActivity(page, await desk(emptyScene()));
  await expect(page.getByText('Nothing to see yet')).toBeVisible();
  await picture(page, 'activity-empty');
});

test('the host goes and comes back: rows stay, and what happened meanwhile is there', async ({
  page,
  desk,
  pageErrors,
}) => {
  forgiveFailedRequests(pageErrors);
  const opened = await desk(usualScene());
  await openActivity(page, opened);
  await expect(rows(page).first()).toBeVisible();
  await opened.stop();
  await expect(page.getByRole('status').filter({ hasText: 'Host gone' })).toBeVisible();
  await expect(rows(page).first()).toBeVisible();
  await picture(page, 'activity-gone');
  const event = createEventMaker();
  // More than a snapshot holds, written while nobody listened.
  opened.emit(
    ...Array.from({ length: 12_000 }, (_, at) => event('run-m', files, { target: `/meanwhile/${String(at)}/` })),
  );
  await opened.startAgain();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible({ timeout: 30_000 });
  await page.getByLabel('Search the feed').fill('/meanwhile/');
  await expect(page.getByText(/^12,000 of /u)).toBeVisible();
});

test('what servers write stays text, here too', async ({ page, desk }) => {
  const opened = await desk(hostileScene());
  await openActivity(page, opened);
  const event = createEventMaker();
  opened.emit(event('run-h', files, { target: `/\u202E\u001b[2J<img src=x onerror=alert(1)>${'long'.repeat(1000)}` }));
  await expect(rows(page).first()).toContainText('U+202E');
  const hidden = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/u;
  const look = async (): Promise<void> => {
    expect((await page.evaluate('document.body.innerText')) as string).not.toMatch(hidden);
    expect(await page.evaluate('document.querySelectorAll("img, b, script:not([src])").length')).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
  };
  await look();
  await page.getByRole('button', { name: 'By target' }).click();
  await expect(rows(page).first()).toBeVisible();
  await look();
  await rows(page).first().hover();
  await rows(page).first().getByRole('button', { name: 'Mute this' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look();
  await picture(page, 'activity-hostile');
});
