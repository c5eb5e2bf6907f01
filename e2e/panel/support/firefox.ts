/**
 * The Firefox that people have, over WebDriver BiDi, the W3C's own protocol, which it speaks by itself. Playwright's Firefox is a
 * patched build of its own, and Playwright's BiDi asks released ones for commands that they do not know
 * (emulation.setMediaFeaturesOverride); so the few commands that a walk through the panel needs are spoken here.
 *
 * Input is given by real pointer events at the place where an element is seen, as a person does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from '@playwright/test';
import WebSocket from 'ws';
import { z } from 'zod';

const names = ['firefox', 'firefox-esr'];
const startMs = 60_000;
const commandMs = 30_000;

const answerSchema = z.looseObject({
  type: z.enum(['success', 'error', 'event']),
  id: z.number().nullable().optional(),
  method: z.string().optional(),
  message: z.string().optional(),
  result: z.unknown().optional(),
  params: z.unknown().optional(),
});
const treeSchema = z.looseObject({ contexts: z.array(z.looseObject({ context: z.string() })).min(1) });
const evaluatedSchema = z.looseObject({ type: z.string(), result: z.looseObject({ value: z.unknown() }).optional() });
const entrySchema = z.looseObject({ level: z.string(), type: z.string(), text: z.string().nullable() });

/** `FIREFOX_PATH`, or one on PATH; null where there is none. */
export function findFirefox(): string | null {
  const named = process.env['FIREFOX_PATH'];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places =
    named === undefined || named === ''
      ? folders.flatMap((folder) => names.map((name) => join(folder, name)))
      : [named];
  return (
    places.find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }) ?? null
  );
}

export interface FirefoxPage {
  readonly version: string;
  /** Errors and warnings of the console, uncaught errors, and violations of the page's policy. */
  readonly problems: readonly string[];
  goto: (url: string) => Promise<void>;
  /** Waits until the expression is true in the page. */
  until: (expression: string) => Promise<void>;
  /** Presses the only element that fits and is seen: a selector, and how its accessible name or text begins. */
  press: (selector: string, name: string) => Promise<void>;
  close: () => Promise<void>;
}

/** In the page: what fits, is seen, and is called so. */
const find = (selector: string, name: string): string => `
  [...document.querySelectorAll(${JSON.stringify(selector)})].filter((element) =>
    (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().startsWith(${JSON.stringify(name)}) &&
    element.getClientRects().length > 0)`;

export async function openFirefox(program: string): Promise<FirefoxPage> {
  const home = mkdtempSync(join(tmpdir(), 'belljar-firefox-'));
  const profile = join(home, 'profile');
  mkdirSync(profile);
  const child = spawn(
    program,
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank'],
    { env: { PATH: process.env['PATH'], HOME: home, LANG: 'en_GB.UTF-8' }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const gone = once(child, 'exit');
  // Whatever goes wrong, no browser outlives the specs.
  process.once('exit', () => child.kill('SIGKILL'));
  const address = await new Promise<string>((resolve, reject) => {
    const said: string[] = [];
    const fail = (): void => {
      reject(new Error(`Firefox said nothing of WebDriver BiDi:\n${said.join('\n')}`));
    };
    const timer = setTimeout(fail, startMs);
    child.once('exit', fail);
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      const found = /WebDriver BiDi listening on (ws:\S+)/u.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  const socket = new WebSocket(`${address}/session`);
  await once(socket, 'open');

  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  const problems: string[] = [];
  socket.on('message', (data: Buffer) => {
    const answer = answerSchema.parse(JSON.parse(data.toString()));
    if (answer.type === 'event') {
      if (answer.method !== 'log.entryAdded') return;
      const { level, type, text } = entrySchema.parse(answer.params);
      if (level === 'error' || level === 'warn') problems.push(`${type} ${level}: ${text ?? ''}`);
      return;
    }
    const call = waiting.get(answer.id ?? -1);
    waiting.delete(answer.id ?? -1);
    if (answer.type === 'success') call?.resolve(answer.result);
    else call?.reject(new Error(answer.message ?? 'no reason'));
  });
  let asked = 0;
  async function send(method: string, params: object): Promise<unknown> {
    asked += 1;
    const id = asked;
    const answered = new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      setTimeout(() => {
        if (waiting.delete(id)) reject(new Error(`${method} was not answered`));
      }, commandMs).unref();
    });
    socket.send(JSON.stringify({ id, method, params }));
    return await answered;
  }

  const session = z
    .looseObject({ capabilities: z.looseObject({ browserVersion: z.string() }) })
    .parse(await send('session.new', { capabilities: {} }));
  const context = treeSchema.parse(await send('browsingContext.getTree', {})).contexts[0]?.context ?? '';
  await send('session.subscribe', { events: ['log.entryAdded'] });
  await send('browsingContext.setViewport', { context, viewport: { width: 1280, height: 860 } });
  await send('script.addPreloadScript', {
    functionDeclaration: `() => document.addEventListener('securitypolicyviolation', (violation) => {
      console.error('policy violation: ' + violation.violatedDirective + ' ' + violation.blockedURI);
    })`,
  });

  async function evaluate(expression: string): Promise<unknown> {
    const answer = evaluatedSchema.parse(
      await send('script.evaluate', { expression, target: { context }, awaitPromise: true }),
    );
    if (answer.type !== 'success') throw new Error(`${expression} failed in the page: ${JSON.stringify(answer)}`);
    return answer.result?.value;
  }

  async function until(expression: string): Promise<void> {
    await expect.poll(() => evaluate(`Boolean(${expression})`), { message: expression, timeout: 60_000 }).toBe(true);
  }

  return {
    version: session.capabilities.browserVersion,
    problems,
    until,
    async goto(url) {
      await send('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    async press(selector, name) {
      const found = find(selector, name);
      await until(
        `(${found}).length === 1 && !(${found})[0].matches(':disabled, [aria-disabled="true"], [data-disabled]')`,
      );
      const place = String(
        await evaluate(`(() => {
          const [element] = ${found};
          element.scrollIntoView({ block: 'center', behavior: 'instant' });
          const { left, top, width, height } = element.getBoundingClientRect();
          return Math.round(left + width / 2) + ' ' + Math.round(top + height / 2);
        })()`),
      );
      const [x, y] = place.split(' ').map(Number);
      await send('input.performActions', {
        context,
        actions: [
          {
            type: 'pointer',
            id: 'mouse',
            actions: [
              { type: 'pointerMove', x, y },
              { type: 'pointerDown', button: 0 },
              { type: 'pointerUp', button: 0 },
            ],
          },
        ],
      });
    },
    async close() {
      await send('browser.close', {}).catch(() => undefined);
      socket.close();
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(timer);
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
