/**
 * The panel in Chromium over the real host and the real launcher, with 300 servers: how soon a refusal is a row on the screen,
 * how soon a click is answered at rest, while 5,000 refusals arrive at once, during a million of them, and with 100,000
 * rows; and how soon a page that is opened then shows its servers, and how much script that takes.
 *
 * A click counts from the input event's own time to the end of the frame that shows its effect, a refusal from just
 * before the refused call to the frame in which the row stands.
 */
import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { chromium, type Page } from '@playwright/test';
import { makeArena, removeArena, type Arena } from '../e2e/confinement/support/arena.ts';
import { containedCommand } from '../e2e/confinement/support/start.ts';
import { projectRoot } from '../e2e/confinement/support/places.ts';
import { median, percentile, printFigures, printMachine, type Figure } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';

const asked = 200;
const clickBoundMs = 100;
const command = join(projectRoot, 'dist/cli/belljar.js');
const figures: Figure[] = [];
printMachine();
if (!existsSync(command)) throw new Error(`The command is not built: ${command}. Build it: npm run build`);

/** Runs in the page; strings, because page code is no part of this program's types. */
const inThePage = `
  globalThis.clickDelays = [];
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longTasks.push(entry.duration);
  }).observe({ type: 'longtask', buffered: false });
  globalThis.shownAt = {};
  globalThis.afterFrame = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = then;
    channel.port2.postMessage(0);
  });
  addEventListener('click', (event) => {
    const pressed = event.timeStamp;
    afterFrame(() => clickDelays.push(performance.now() - pressed));
  }, true);
  const feed = document.querySelector('.feed-body');
  new MutationObserver(() => {
    const found = [...feed.textContent.matchAll(/asked-(\\d+)\\.txt/g)].map((match) => match[1]);
    const fresh = found.filter((name) => !(name in shownAt));
    for (const name of fresh) shownAt[name] = null;
    if (fresh.length > 0) afterFrame(() => { for (const name of fresh) shownAt[name] = performance.timeOrigin + performance.now(); });
  }).observe(feed, { subtree: true, childList: true, characterData: true });
`;

interface Clicks {
  /** Milliseconds. */
  delays: number[];
  /** Longest time for which the page's own thread was not free; 0 when never longer than 50 ms. */
  longestTask: number;
}

/** Asked from outside: what the page itself would have to compile, its Content-Security-Policy refuses. */
async function until(page: Page, expression: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; (await page.evaluate(expression)) !== true; await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`Not true within a minute: ${expression}`);
  }
}

/** Presses Pause and Resume with a real pointer while `going` says so, at least `least` times. */
async function clicks(page: Page, least: number, going: () => boolean): Promise<Clicks> {
  const box = await page.getByRole('button', { name: /^(?:Pause|Resume)$/ }).boundingBox();
  if (box === null) throw new Error('There is no Pause button.');
  await page.evaluate('clickDelays.length = 0; longTasks.length = 0');
  let pressed = 0;
  while (pressed < least || going()) {
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    pressed += 1;
    await sleep(25);
  }
  if (pressed % 2 === 1) await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await until(page, `clickDelays.length >= ${pressed.toString()}`);
  return (await page.evaluate(
    '({ delays: clickDelays.splice(0), longestTask: Math.max(0, ...longTasks.splice(0)) })',
  )) as Clicks;
}

/** The slowest is only told: on a machine that a flood keeps busy it says more of the machine than of the page. */
function tellClicks(title: string, { delays, longestTask }: Clicks): void {
  figures.push(
    { name: `click ${title}, median of ${delays.length.toString()}`, value: median(delays), unit: 'ms', digits: 0 },
    { name: `click ${title}, p95`, value: percentile(delays, 0.95), unit: 'ms', bound: clickBoundMs, digits: 0 },
    { name: `click ${title}, slowest`, value: Math.max(...delays), unit: 'ms', digits: 0 },
    { name: `longest task of the page ${title}`, value: longestTask, unit: 'ms', bound: clickBoundMs, digits: 0 },
  );
}

const serverCount = 300;

/** Servers that nothing starts: only their entries are read. */
function writeServers(home: string): void {
  const file = join(home, '.config/Claude/claude_desktop_config.json');
  mkdirSync(join(home, '.config/Claude'), { recursive: true });
  const entries = Array.from({ length: serverCount }, (_, index) => [
    `server-${index.toString().padStart(3, '0')}`,
    { command: '/usr/bin/true', args: [`--number=${index.toString()}`] },
  ]);
  writeFileSync(file, JSON.stringify({ mcpServers: Object.fromEntries(entries) }, null, 2));
}

/** The address for one page: the first call starts the host, later ones find it. */
async function addressFrom(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const { redirectFile } = JSON.parse(line) as { redirectFile: string };
  return /url=([^"]+)"/.exec(readFileSync(redirectFile, 'utf8'))?.[1] ?? '';
}

/** From the start of the navigation to the end of the frame that shows the first server, in milliseconds. */
const whenServersShow = `
  new MutationObserver((_changes, observer) => {
    if (document.querySelector('.server-name') === null) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => { globalThis.serversShownAt = performance.now(); };
      channel.port2.postMessage(0);
    });
  }).observe(document, { subtree: true, childList: true });
`;

/** The scripts that the page needs before it shows its first view, compressed, in bytes. */
function firstViewScript(): number {
  const folder = join(projectRoot, 'dist/renderer');
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const scripts = [...page.matchAll(/<script[^>]*src="([^"]+)"/g)].map((match) => match[1] ?? '');
  return scripts.reduce((sum, script) => sum + gzipSync(readFileSync(join(folder, script))).byteLength, 0);
}

/** A run's file as a launcher writes it: `count` refusals of different files. */
function writeRun(spool: string, run: string, count: number): void {
  const at = new Date().toISOString();
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      v: 1,
      seq: index + 1,
      at,
      firstAt: at,
      run,
      server: 'attack.server',
      kind: 'file.read',
      target: `/${run}/${index.toString()}`,
      verdict: 'refused',
      by: 'predicted',
      errno: 'EACCES',
      count: 1,
      process: { pid: 1, exe: '/bin/true' },
    }),
  );
  writeFileSync(join(spool, `${run}.jsonl`), `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** One contained program that is refused `count` files of `names` different ones, and what it counted itself. */
function flood(arena: Arena, spool: string, name: string, count: number, names: number): Promise<number> {
  const folder = join(arena.outside, name);
  mkdirSync(folder);
  for (let index = 0; index < names; index += 1) writeFileSync(join(folder, `refused-${index.toString()}.txt`), '');
  const [launcher, args] = containedCommand(
    arena,
    benchProgram('refused-opens'),
    [folder, count.toString(), names.toString()],
    { spool, spoolLimit: 16 * 1024 * 1024 },
  );
  return new Promise((resolve, reject) => {
    const child = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    child.once('error', reject);
    child.once('close', () => {
      resolve(Number(said));
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'belljar-bench-'));
const home = join(folder, 'home');
mkdirSync(home);
const environment = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_RUNTIME_DIR: folder };
const spool = join(home, '.local/state/belljar/spool');
mkdirSync(spool, { recursive: true, mode: 0o700 });
writeServers(home);
const host = spawn(process.execPath, [command, 'panel', '--no-open', '--json'], {
  env: environment,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = new Promise((resolve) => host.once('close', resolve));
const chosen = process.env['CHROMIUM_PATH'];
const browser = await chromium.launch({
  ...(chosen === undefined || chosen === '' ? {} : { executablePath: chosen }),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const arena = makeArena();
try {
  const address = await addressFrom(host);
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.goto(address);
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  // Nothing was contained here yet, so the page begins elsewhere.
  await page.goto(`${new URL(address).origin}/#/servers`);
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.evaluate(inThePage);
  // The first clicks also warm the browser up.
  await clicks(page, 4, () => false);
  tellClicks('at rest', await clicks(page, 40, () => false));

  const refused = join(arena.outside, 'asked');
  mkdirSync(refused);
  for (let index = 0; index < asked; index += 1) writeFileSync(join(refused, `asked-${index.toString()}.txt`), '');
  const [launcher, args] = containedCommand(arena, benchProgram('ask-when-told'), [refused], { spool });
  const server = spawn(launcher, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const askedAt: number[] = [];
  createInterface({ input: server.stdout }).on('line', (said) => {
    askedAt.push(Number(said.split(' ').at(-1)));
  });
  await page.mouse.move(1, 1);
  await sleep(500);
  for (let turn = 0; turn < asked; turn += 1) {
    server.stdin.write('now\n');
    await sleep(20 + (turn % 7) * 9);
  }
  await sleep(1000);
  server.stdin.end();
  const shownAt = (await page.evaluate('globalThis.shownAt')) as Record<string, number | null>;
  const delays = askedAt.flatMap((at, index) => {
    const shown = shownAt[index.toString()];
    return typeof shown === 'number' ? [shown - at] : [];
  });
  figures.push(
    { name: 'denials that became a row, missing', value: asked - delays.length, unit: '', bound: 0, digits: 0 },
    { name: 'denial to a row, median', value: median(delays), unit: 'ms', digits: 0 },
    { name: 'denial to a row, p95', value: percentile(delays, 0.95), unit: 'ms', bound: 150, digits: 0 },
  );

  const during = async (title: string, name: string, count: number, names: number): Promise<number> => {
    let over = false;
    const counted = flood(arena, spool, name, count, names).finally(() => (over = true));
    tellClicks(title, await clicks(page, 20, () => !over));
    return counted;
  };
  await during('during 5,000 different denials', 'burst', 5_000, 5_000);
  // As many names as the launcher tells apart at once, so that each has its row.
  const names = 500;
  const million = await during('during a million denials', 'million', 1_000_000, names);
  const search = page.getByLabel('Search the feed');
  let wrong = 0;
  for (const name of [0, 7, names - 1]) {
    const target = `million/refused-${name.toString()}.txt`;
    await search.fill(target);
    const row = page.getByRole('article').filter({ hasText: target });
    await row
      .filter({ hasText: `×${(1_000_000 / names).toLocaleString('en')}` })
      .waitFor({ timeout: 10_000 })
      .catch(() => (wrong += 1));
  }
  await search.fill('');
  figures.push(
    { name: 'refused of a million', value: million, unit: '', digits: 0 },
    { name: 'rows of it with a wrong count, of 3', value: wrong, unit: '', bound: 0, digits: 0 },
  );
  await during('during 100,000 different denials', 'names', 100_000, 100_000);

  // No single launcher tells so many; these are the files that many runs leave.
  for (let run = 0; run < 20; run += 1) writeRun(spool, `many-${run.toString().padStart(2, '0')}`, 5_000);
  await page.getByText(/^100,000 rows/).waitFor({ timeout: 60_000 });
  await sleep(1000);
  tellClicks('with 100,000 rows', await clicks(page, 40, () => false));

  const shows: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const again = spawn(process.execPath, [command, 'panel', '--no-open', '--json'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const fresh = await addressFrom(again);
    again.kill('SIGTERM');
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    const opened = await context.newPage();
    // The key first, so that the page that is measured is the one of every other day.
    await opened.goto(fresh);
    await opened.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await opened.addInitScript(whenServersShow);
    await opened.goto(`${new URL(fresh).origin}/?measured#/servers`);
    await until(opened, 'globalThis.serversShownAt !== undefined');
    shows.push((await opened.evaluate('globalThis.serversShownAt')) as number);
    await context.close();
  }
  figures.push(
    {
      name: `first view, ${serverCount.toString()} servers and 100,000 events, median of ${shows.length.toString()}`,
      value: median(shows),
      unit: 'ms',
      bound: 600,
      digits: 0,
    },
    { name: 'first view, slowest', value: Math.max(...shows), unit: 'ms', digits: 0 },
    { name: 'script of the first view, gzip', value: firstViewScript() / 1024, unit: 'kB', bound: 350, digits: 0 },
  );
} finally {
  printFigures(figures);
  await browser.close();
  host.kill('SIGTERM');
  await ended;
  removeArena(arena);
  rmSync(folder, { recursive: true, force: true });
}
