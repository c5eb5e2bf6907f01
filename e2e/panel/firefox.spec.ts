/**
 * The panel in the Firefox of this machine, over the built product: the servers, one that is contained, a refusal that arrives, and
 * the entry put back. Everything else is tried in Chromium alone.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { findFirefox, openFirefox } from './support/firefox.ts';
import { makeRealDesk } from './support/real-desk.ts';

test.setTimeout(180_000);

test('in Firefox: see servers, contain one, see it refused, put it back; the console stays empty', async () => {
  const program = findFirefox();
  test.skip(
    program === null,
    'there is no Firefox on PATH (FIREFOX_PATH names one; Debian: apt-get install firefox-esr)',
  );
  const real = makeRealDesk();
  const page = await openFirefox(program ?? '');
  try {
    const address = await real.panel();
    await page.goto(address);
    const live = `[...document.querySelectorAll('[role=status]')].some((one) => one.textContent.includes('Live'))`;
    await page.until(live);
    // Nothing was ever contained here: the page begins with the first minutes.
    await page.until(`[...document.querySelectorAll('h1, h2')].some((one) => one.textContent.includes('Welcome'))`);
    await page.press('nav a', 'Servers');
    const level = '[data-server="claude-desktop.reader"] [role=radio]';
    await page.press(level, 'Standard');
    await page.until(`document.querySelector('[role=dialog]')?.textContent.includes('belljar-launcher')`);
    // Seen, not yet done.
    expect(readFileSync(real.config, 'utf8')).toBe(real.original);
    await page.press('[role=dialog] button', 'Try it and contain');
    await page.until(`document.querySelector('[role=dialog]')?.textContent.includes('Written.')`);
    await page.press('[role=dialog] button', 'Done');
    expect(readFileSync(real.config, 'utf8')).toContain('belljar-launcher');

    const server = await real.start('reader');
    expect(await server.call(real.path('notes/today.txt'))).toBe('a note');
    expect(await server.call(real.path('other/plan.txt'))).toBe('EACCES');
    const refused = `[...document.querySelectorAll('[role=feed] article')].some((row) =>
      row.textContent.includes('plan.txt') && row.textContent.includes('Refused'))`;
    await page.until(refused);
    await server.close();

    await page.press(level, 'Off');
    await page.press('[role=dialog] button', 'Put it back');
    await page.until(`document.querySelector('[role=dialog]')?.textContent.includes('Put back.')`);
    expect(readFileSync(real.config, 'utf8')).toBe(real.original);
    expect(page.problems).toEqual([]);
  } finally {
    await page.close();
    await real.close();
  }
});
