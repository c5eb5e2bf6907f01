/**
 * The activity view in Chromium under load: frames while 500 events a second come in and somebody scrolls, a filter over
 * 100,000 rows, and what the page holds after 360,000 events. Over the real handler and feed with an engine in memory, so that
 * the page is measured and not the launcher.
 *
 * A frame counts from one animation frame to the next; a filter from the key that completes it to the frame that shows it,
 * without the pause that typing waits for (120 ms). Memory is the page's own heap after a collection.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from '@playwright/test';
import { openDesk } from '../e2e/panel/support/desk.ts';
import { createEventMaker, usualScene } from '../e2e/panel/support/fixtures.ts';
import { median, percentile, printFigures, printMachine, type Figure } from './support/figures.ts';

const figures: Figure[] = [];
printMachine();

const files = 'claude-desktop.filesystem';
const scrollSeconds = 20;
const typingMs = 120;
const desk = await openDesk(usualScene());
const event = createEventMaker();
let sent = 0;

/** Three in four are of targets that were seen, as in practice. */
function some(count: number, distinct: number): void {
  desk.emit(
    ...Array.from({ length: count }, () => {
      sent += 1;
      return event(`run-${(sent % 5).toString()}`, files, {
        target: `/home/mara/work/${(sent % distinct).toString()}/file`,
      });
    }),
  );
}

const browser = await chromium.launch({
  ...(process.env['CHROMIUM_PATH'] === undefined ? {} : { executablePath: process.env['CHROMIUM_PATH'] }),
  args: ['--no-sandbox', '--js-flags=--expose-gc'],
});

async function heapMebibytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 1_048_576;
}

async function totalRows(page: Page, count: number): Promise<void> {
  const words = count.toLocaleString('en');
  await page.waitForFunction(
    `document.querySelector('.pane-facts')?.textContent.includes(${JSON.stringify(words)})`,
    undefined,
    { timeout: 300_000 },
  );
}

try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, bypassCSP: true });
  await page.goto(desk.address());
  await page.getByRole('link', { name: 'Activity', exact: true }).click();
  await page.getByRole('article').first().waitFor();

  // Scrolled with the wheel while events come in at the pace of the clock.
  await page.evaluate(`
    globalThis.frames = [];
    let last = performance.now();
    const tick = (now) => { frames.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  `);
  some(20_000, 20_000);
  await totalRows(page, 20_000 + usualScene().events.length);
  const began = performance.now();
  const before = sent;
  const pump = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * 500) - (sent - before);
    if (due > 0) some(due, 30_000);
  }, 20);
  await page.mouse.move(700, 500);
  await page.evaluate('frames.length = 0');
  let down = true;
  for (let step = 0; performance.now() - began < scrollSeconds * 1000; step += 1) {
    await page.mouse.wheel(0, down ? 240 : -240);
    if (step % 60 === 59) down = !down;
    await sleep(16);
  }
  clearInterval(pump);
  const frames = (await page.evaluate('frames.splice(0)')) as number[];
  figures.push(
    { name: 'frame, 500 events/s while scrolling: p50', value: percentile(frames, 0.5), unit: 'ms', digits: 1 },
    {
      name: 'frame, 500 events/s while scrolling: p99',
      value: percentile(frames, 0.99),
      unit: 'ms',
      digits: 1,
      bound: 50,
    },
    { name: 'frames a second', value: frames.length / scrollSeconds, unit: '', digits: 0 },
  );

  // Full: as many rows as the page keeps, and more events than that.
  while (sent < 360_000) {
    some(5000, 100_000);
    await sleep(100);
  }
  await page.keyboard.press('Home');
  await page.mouse.move(5, 5);
  await page.evaluate(`document.querySelector('.feed-scroll').scrollTo({ top: 0 })`);
  await totalRows(page, 100_000);
  figures.push({
    name: 'heap after 360,000 events',
    value: await heapMebibytes(page),
    unit: 'MiB',
    digits: 0,
    bound: 150,
  });

  const search = page.getByLabel('Search the feed');
  await page.evaluate(`
    globalThis.shownAfter = null;
    const facts = document.querySelector('.pane-facts');
    let pressed = 0;
    document.addEventListener('input', () => { pressed = performance.now(); shownAfter = null; }, true);
    new MutationObserver(() => {
      const now = performance.now() - pressed;
      requestAnimationFrame(() => { shownAfter ??= now; });
    }).observe(facts, { subtree: true, characterData: true, childList: true });
  `);
  const filters: number[] = [];
  for (const text of ['777', 'mara 4242', 'tried file', 'zzzz', '99', 'work/123']) {
    await search.fill(text);
    await page.waitForFunction('shownAfter !== null', undefined, { timeout: 60_000 });
    filters.push(((await page.evaluate('shownAfter')) as number) - typingMs);
    await search.fill('');
    await page.waitForFunction('shownAfter !== null', undefined, { timeout: 60_000 });
  }
  figures.push(
    { name: 'filter over 100,000 rows: median', value: median(filters), unit: 'ms', digits: 1, bound: 60 },
    {
      name: 'filter over 100,000 rows: first, which makes the texts',
      value: filters[0] ?? Number.NaN,
      unit: 'ms',
      digits: 1,
    },
    { name: 'heap after the filters', value: await heapMebibytes(page), unit: 'MiB', digits: 0, bound: 150 },
  );
} finally {
  await browser.close();
  await desk.close();
}
console.log(
  `load after: ${loadavg()
    .map((one) => one.toFixed(2))
    .join(' ')}`,
);
printFigures(figures);
