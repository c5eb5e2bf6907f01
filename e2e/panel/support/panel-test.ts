/**
 * `test` for the panel: a desk, a page that fails the spec on any console error, warning about the
 * Content-Security-Policy, uncaught error, or request that leaves the page's own origin, and the accessibility check.
 */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test as base } from '@playwright/test';
import type { Desk } from './desk.ts';
import { openDesk } from './desk.ts';
import type { Scene } from './fixtures.ts';

export { expect };

interface Fixtures {
  /** What goes wrong in the page; a spec that expects some takes them out. */
  pageErrors: string[];
  desk: (scene: Scene) => Promise<Desk>;
}

/** Pages whose spec is over: what the end of their host then does to them is not their fault. */
const over = new WeakSet<Page>();
/** Errors of specs that expect failed requests, whenever the browser comes to tell of them. */
const forgiving = new WeakSet<string[]>();

export const test = base.extend<Fixtures>({
  pageErrors: [
    async ({ page }, use) => {
      const errors: string[] = [];
      const note = (error: string): void => {
        if (!over.has(page)) errors.push(error);
      };
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => {
        note(`uncaught: ${error.message}`);
      });
      page.on('request', (request) => {
        const { hostname, protocol } = new URL(request.url());
        if (protocol !== 'file:' && hostname !== '127.0.0.1') note(`request to ${request.url()}`);
      });
      // Chromium reports violations of the policy in the console too, but not all of them with a warning.
      await page.addInitScript(
        `document.addEventListener('securitypolicyviolation', (violation) => {
          console.error('policy violation: ' + violation.violatedDirective + ' ' + violation.blockedURI);
        });`,
      );
      await use(errors);
      const failedRequest = 'console: Failed to load resource';
      expect(errors.filter((error) => !(forgiving.has(errors) && error.startsWith(failedRequest)))).toEqual([]);
    },
    { auto: true },
  ],
  desk: async ({ page }, use) => {
    const desks: Desk[] = [];
    await use(async (scene) => {
      const desk = await openDesk(scene);
      desks.push(desk);
      return desk;
    });
    over.add(page);
    for (const desk of desks) await desk.close();
  },
});

/** What the page asked of the host by this method, oldest first. */
export function inputsOf({ calls }: Pick<Desk, 'calls'>, wanted: string): unknown[] {
  return calls.filter(({ method }) => method === wanted).map(({ input }) => input);
}

/** Opens the panel as a browser does that was handed the address, and waits until it is live. */
export async function openPanel(page: Page, desk: Desk): Promise<void> {
  await page.goto(desk.address());
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
}

/** Goes to the page of one server, and waits until it says what the server can reach. */
export async function openServer(page: Page, id: string): Promise<void> {
  await page.evaluate((hash) => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
  }, `#/servers/${id}`);
  await expect(page.getByRole('heading', { name: 'What it can reach' })).toBeVisible();
}

/** Goes back to the list of servers. */
export async function openServers(page: Page): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Views' })
    .getByRole('link', { name: /^Servers/u })
    .click();
  await expect(page.getByRole('heading', { name: 'Servers', exact: true })).toBeVisible();
}

/**
 * Presses "Try now" where it is still there: the page tries by itself too, and takes the button away when that went well.
 * Look and press are one step, so that nothing comes between them. What follows is waited for as long as the page's own
 * longest pause, with a little to spare.
 */
export async function tryNow(page: Page): Promise<void> {
  await page.evaluate(
    `[...document.querySelectorAll('button')].find((b) => b.textContent.trim() === 'Try now')?.click()`,
  );
}

/** What the browser itself says of requests that were answered with an error, or not at all, is no fault in this spec. */
export function forgiveFailedRequests(pageErrors: string[]): void {
  forgiving.add(pageErrors);
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** All of axe's rules for WCAG 2.2 A and AA and its best practices, also the one that it leaves out by itself; none may fail. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource);
  const result = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (options: unknown) => Promise<AxeResult> } };
    return await axe.run({ resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } });
  });
  expect(
    result.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary ?? ''}`),
    })),
  ).toEqual([]);
}

/**
 * What a view looks like, held to axe's rules: both themes in each width, one after the other on the same page. Afterwards the
 * page is as it was.
 */
export async function expectLooks(page: Page, name: string, widths: readonly number[] = [1024, 1600]): Promise<void> {
  const size = page.viewportSize();
  if (size === null) throw new Error('a page without a size');
  for (const width of widths) {
    await page.setViewportSize({ ...size, width });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      // Colours on their way from one theme to the other are neither.
      await page.evaluate(`Promise.allSettled(
        document.getAnimations().filter((one) => one instanceof CSSTransition).map(({ finished }) => finished),
      )`);
      await picture(page, `${name}-${colorScheme}-${String(width)}`);
      await expectAccessible(page);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(size);
}

/** A picture for people to look at, under test-results/panel, with BELLJAR_TEST_PICTURES=1: otherwise nobody would. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['BELLJAR_TEST_PICTURES'] !== '1') return;
  await page.screenshot({ path: `test-results/panel/${name}.png`, animations: 'disabled' });
}
