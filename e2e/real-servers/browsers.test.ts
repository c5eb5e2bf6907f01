/**
 * Browser automation: chrome-devtools-mcp as it is, and Playwright's library in a program of ours, with an installed Chromium
 * and a page that this test serves. Chromium makes its own sandbox with the permission nested-sandbox; it starts without
 * one where it is told to, and Belljar's walls are then all there are. Chromium refuses its sandbox to root.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuleVerb } from '#contract/words.ts';
import { isSandboxCall } from '#contract/words.ts';
import { leftOut } from '../confinement/support/skip.ts';
import { run } from '../confinement/support/start.ts';
import { brief } from '../confinement/support/technique.ts';
import { chromiumRules, findChromium } from './chromium.ts';
import { clientEnvironment, contain, makeWorkplace, refusals, type Workplace } from './contain.ts';
import { provision, type RealServers } from './provision.ts';
import { callTool, talk } from './session.ts';

const isRoot = process.getuid?.() === 0;
const title = 'A page of this machine';
const permission = { verb: 'permission', what: 'nested-sandbox' } as const;

let servers: RealServers;
let chromium: string;
let site: Server;
let port: string;
let visits = 0;

beforeAll(async () => {
  servers = await provision();
  chromium = findChromium();
  site = createServer((request, response) => {
    if (request.url === '/') visits += 1;
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<!doctype html><title>${title}</title><h1>Hello</h1>`);
  });
  await new Promise<void>((resolve) => {
    site.listen(0, '127.0.0.1', resolve);
  });
  port = (site.address() as AddressInfo).port.toString();
}, 600_000);

afterAll(() => {
  site.close();
});

/** The granted port, the folder of a Chromium that lies elsewhere, and what a test adds. */
function rules(...more: readonly { verb: RuleVerb; what: string }[]): { verb: RuleVerb; what: string }[] {
  return [{ verb: 'local', what: port }, ...chromiumRules(chromium), ...more];
}

interface Place {
  workplace: Workplace;
  home: string;
}

async function inPlace<T>(play: (place: Place) => Promise<T>): Promise<T> {
  // Chromium makes a socket in a folder of the run's own.
  const workplace = makeWorkplace('/tmp');
  try {
    const home = join(workplace.folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    return await play({ workplace, home });
  } finally {
    workplace.remove();
  }
}

/** Playwright in a program of ours: one line of JSON with what the page said, and whether its process has namespaces. */
const program = `
const { chromium } = require(process.argv[2]);
const { readFileSync, readdirSync, readlinkSync } = require('node:fs');
(async () => {
  const [, , , executablePath, url, sandbox] = process.argv;
  const browser = await chromium.launch({ executablePath, chromiumSandbox: sandbox === 'yes', headless: true });
  const page = await browser.newPage();
  await page.goto(url);
  const shot = await page.screenshot();
  const spaces = (pid) => Object.fromEntries(['user', 'pid', 'net'].map((kind) => [kind, readlinkSync('/proc/' + pid + '/ns/' + kind)]));
  const pages = readdirSync('/proc').flatMap((name) => {
    try { return /^\\d+$/.test(name) && readFileSync('/proc/' + name + '/cmdline', 'utf8').includes('--type=renderer') ? [spaces(name)] : []; } catch { return []; }
  });
  const apart = (kind) => pages.length > 0 && pages.every((page) => page[kind] !== spaces('self')[kind]);
  console.log(JSON.stringify({ title: await page.title(), shot: shot.subarray(1, 4).toString(), user: apart('user'), pid: apart('pid'), net: apart('net') }));
  await browser.close();
})().catch((error) => { console.log(JSON.stringify({ error: String(error) })); process.exitCode = 1; });
`;

async function playwright({ workplace, home }: Place, sandbox: boolean, granted: readonly (typeof permission)[]) {
  const script = join(workplace.project, 'visit.cjs');
  writeFileSync(script, program);
  const library = join(servers.folder, 'node_modules/playwright-core');
  const launch = contain(
    workplace,
    {
      command: 'node',
      args: [script, library, chromium, `http://127.0.0.1:${port}/`, sandbox ? 'yes' : 'no'],
    },
    { home, rules: rules({ verb: 'exec', what: library }, ...granted) },
  );
  const finished = await run(launch.command, launch.args, {
    env: clientEnvironment(home, servers.node),
    cwd: workplace.project,
    timeoutMs: 50_000,
  });
  const said: unknown = JSON.parse(finished.stdout === '' ? 'null' : finished.stdout);
  return { said, stderr: finished.stderr, refused: refusals(workplace) };
}

async function devtools({ workplace, home }: Place, granted: readonly (typeof permission)[]) {
  const launch = contain(
    workplace,
    {
      command: 'node',
      args: [
        join(servers.folder, 'node_modules/chrome-devtools-mcp/build/src/bin/chrome-devtools-mcp.js'),
        '--headless',
        '--isolated',
        '--no-usage-statistics',
        '--executablePath',
        chromium,
      ],
    },
    { home, rules: rules(...granted) },
  );
  const said = await talk(
    launch,
    [
      callTool('new_page', { url: `http://127.0.0.1:${port}/` }),
      callTool('take_screenshot', { pageId: 2 }),
      callTool('evaluate_script', { pageId: 2, function: '() => document.title' }),
    ],
    { env: clientEnvironment(home, servers.node), cwd: workplace.project, timeoutMs: 50_000 },
  );
  return { ...said, refused: refusals(workplace) };
}

const sandboxCalls = (refused: ReturnType<typeof refusals>): string[] =>
  refused
    .filter(({ kind, target }) => isSandboxCall(kind, target))
    .map(({ target, errno = '' }) => `${target} ${errno}`);

const notForRoot = isRoot ? 'Chromium refuses its own sandbox to root' : null;

describe("with Chromium's own sandbox, as an ordinary user", leftOut(notForRoot), () => {
  test('chrome-devtools-mcp opens a page, takes its title and a picture', { timeout: 120_000 }, async () => {
    const before = visits;
    const { answers, refused, stderr } = await inPlace((place) => devtools(place, [permission]));
    expect(answers, `${stderr}\n${brief(refused).join('\n')}`).toHaveLength(4);
    expect(JSON.stringify(answers[1])).toContain(title);
    expect(JSON.stringify(answers[2])).toContain('"type":"image","data":"iVBOR');
    expect(JSON.stringify(answers[3])).toContain(title);
    expect(sandboxCalls(refused)).toEqual([]);
    expect(visits).toBe(before + 1);
  });

  test(
    'without the permission it is refused, the event says which call, and the page saw nobody',
    { timeout: 120_000 },
    async () => {
      const before = visits;
      const { answers, refused } = await inPlace((place) => devtools(place, []));
      expect(answers[1]?.result).toMatchObject({ isError: true });
      expect(new Set(sandboxCalls(refused))).toEqual(new Set(['clone CLONE_NEWUSER EPERM']));
      expect(visits).toBe(before);
    },
  );

  test('Playwright: every page has namespaces of its own', { timeout: 120_000 }, async () => {
    const { said, refused, stderr } = await inPlace((place) => playwright(place, true, [permission]));
    expect(said, `${stderr}\n${brief(refused).join('\n')}`).toEqual({
      title,
      shot: 'PNG',
      user: true,
      pid: true,
      net: true,
    });
    expect(sandboxCalls(refused)).toEqual([]);
  });
});

describe("without Chromium's own sandbox", () => {
  test('Playwright opens the page with no permission at all', { timeout: 120_000 }, async () => {
    const { said, refused, stderr } = await inPlace((place) => playwright(place, false, []));
    expect(said, `${stderr}\n${brief(refused).join('\n')}`).toEqual({
      title,
      shot: 'PNG',
      user: false,
      pid: false,
      net: false,
    });
  });
});

test(
  'to root Chromium refuses its sandbox by itself, whatever is permitted',
  { timeout: 120_000, ...leftOut(isRoot ? null : 'only root is refused it') },
  async () => {
    const { said, refused } = await inPlace((place) => playwright(place, true, [permission]));
    expect(JSON.stringify(said)).toContain('Running as root without --no-sandbox is not supported');
    expect(sandboxCalls(refused)).toEqual([]);
  },
);
