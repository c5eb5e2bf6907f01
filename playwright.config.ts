/**
 * The panel's tests in Chromium: the page that dist/renderer holds, served by the real host. Needs `npm run build`.
 * `CHROMIUM_PATH` names the browser; without it Playwright's own is used.
 */
import { defineConfig } from '@playwright/test';

const chromium = process.env['CHROMIUM_PATH'];
/** Chromium's own sandbox refuses to run as root, as on build machines; everywhere else it stays on. */
const asRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: 'e2e/panel',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results/playwright',
  timeout: 60_000,
  // A fact is waited for, however long the page's own pauses (ten seconds) and the rest of the machine let it wait.
  expect: { timeout: 15_000 },
  // Pictures for people are no test: `npm run pictures`.
  ...(process.env['BELLJAR_PICTURES'] === undefined ? { grepInvert: /@pictures/ } : { grep: /@pictures/ }),
  // Each spec has a desk and a page of its own.
  fullyParallel: true,
  workers: '100%',
  forbidOnly: true,
  retries: 0,
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 860 },
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(chromium === undefined || chromium === '' ? {} : { executablePath: chromium }),
      args: asRoot ? ['--no-sandbox'] : [],
    },
  },
});
