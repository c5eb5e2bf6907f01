/** Pinning from a server's page: what it starts now, what is installed, what an update would change, and what goes wrong. */
import { BelljarError } from '#contract/errors.ts';
import type { Desk } from './support/desk.ts';
import { makeServer, usualScene } from './support/fixtures.ts';
import {
  expect,
  expectAccessible,
  expectLooks,
  forgiveFailedRequests,
  inputsOf,
  openPanel,
  openServer,
  picture,
  test,
} from './support/panel-test.ts';

const files = 'claude-desktop.filesystem';
const pinCalls = (opened: Desk): unknown[] => inputsOf(opened, 'pins.pin');

test.describe('looks', () => {
  test.use({ viewport: { width: 1024, height: 768 } });

  test('pin, check for updates, update, unpin', async ({ page, desk }) => {
    const opened = await desk(usualScene());
    await openPanel(page, opened);
    await openServer(page, files);
    const card = page.locator(`[data-server="${files}"]`);
    await expect(card).toContainText('npx starts whatever is newest of @modelcontextprotocol/server-filesystem.');
    await picture(page, 'pin-before');
    await card.getByRole('button', { name: 'Pin this version' }).focus();
    await page.keyboard.press('Enter');
    await expect(card.locator('.server-pin-place')).toBeFocused();
    await expect(card).toContainText(
      'Pinned: @modelcontextprotocol/server-filesystem 2.0.0, published by mara-packages',
    );
    await expect(page.getByText('filesystem now starts @modelcontextprotocol/server-filesystem 2.0.0')).toBeVisible();
    expect(pinCalls(opened)).toEqual([{ server: files, update: false, dryRun: false, withScripts: false, hosts: [] }]);

    await card.getByRole('button', { name: 'Check for updates' }).click();
    await expect(card).toContainText('2.0.0 → 2.1.0');
    await expect(card).toContainText('Published by somebody-else; the one you have was by mara-packages.');
    await expectLooks(page, 'pin-update', [1024]);
    // Nothing is installed before the person says so.
    expect(pinCalls(opened)).toHaveLength(1);
    await card.getByRole('button', { name: 'Keep what it is' }).click();
    await expect(card.getByRole('button', { name: /^Update/u })).toBeHidden();
    await card.getByRole('button', { name: 'Check for updates' }).click();
    await card.getByRole('button', { name: /^Update/u }).click();
    await expect(card).toContainText('Pinned: @modelcontextprotocol/server-filesystem 2.1.0');
    expect(pinCalls(opened).at(-1)).toMatchObject({ update: true, withScripts: false });

    await card.getByRole('button', { name: 'Unpin' }).click();
    await expect(card.getByRole('button', { name: 'Pin this version' })).toBeVisible();
  });
});

test('progress is told, and packages with install scripts are a question', async ({ page, desk, pageErrors }) => {
  const opened = await desk(usualScene());
  let answer: (error: BelljarError) => void = () => undefined;
  opened.next(
    'pins.pin',
    () =>
      new Promise((_resolve, reject) => {
        answer = reject;
      }),
  );
  await openPanel(page, opened);
  await openServer(page, files);
  const card = page.locator(`[data-server="${files}"]`);
  await card.getByRole('button', { name: 'Pin this version' }).click();
  await expect(card.getByRole('status')).toHaveText('Installing it, contained, from its registry …');
  await expect(card.getByRole('button', { name: 'Pin this version' })).toBeHidden();
  const scripts = 'native-thing@1.0.0';
  answer(new BelljarError('pin-needs-scripts', { params: { package: 'a-package', scripts, server: files } }));
  await expect(card.getByRole('alert')).toContainText(`runs programs while it is installed, so it was not: ${scripts}`);
  await expectAccessible(page);
  await card.getByRole('button', { name: 'Let them run, contained' }).click();
  await expect(card).toContainText('Pinned:');
  expect(pinCalls(opened).at(-1)).toMatchObject({ withScripts: true, update: false });
  forgiveFailedRequests(pageErrors);
});

test('a pin that no longer starts says so, and is not offered where nothing is contained', async ({ page, desk }) => {
  const scene = usualScene();
  const fetches = { runner: 'uv' as const, package: 'mcp-server-git', exact: false };
  scene.servers = [
    makeServer('cursor', 'tampered', {
      level: 'standard',
      state: 'contained',
      pin: { package: 'a-package', version: '1.0.0', at: '', publisher: null, problem: 'pin-tampered' },
    }),
    makeServer('cursor', 'free', { fetches }),
    makeServer('cursor', 'watched', { level: 'watch', state: 'watched', fetches }),
  ];
  const opened = await desk(scene);
  await openPanel(page, opened);
  const broken = page.locator('[data-server="cursor.tampered"]');
  await expect(broken).toContainText('The installed program is not what was pinned, so it does not start.');
  await expectAccessible(page);
  await openServer(page, 'cursor.free');
  await expect(page.getByRole('main').getByRole('button', { name: /Pin/u })).toHaveCount(0);
  await openServer(page, 'cursor.watched');
  await expect(page.locator('[data-server="cursor.watched"]')).toContainText('uvx starts whatever is newest');
  await openServer(page, 'cursor.tampered');
  await broken.getByRole('button', { name: 'Pin again' }).click();
  await expect(broken).toContainText('Pinned: a-package 2.0.0');
});

test('a changed tree, which the host’s list does not see, is told all the same', async ({ page, desk }) => {
  const scene = usualScene();
  const pin = {
    package: 'a-package',
    version: '1.0.0',
    at: '2026-03-01T10:00:00.000Z',
    publisher: null,
    problem: null,
  };
  const changed = makeServer('cursor', 'changed', { level: 'standard', state: 'contained', pin });
  const sound = makeServer('cursor', 'sound', { level: 'standard', state: 'contained', pin });
  scene.servers = [changed, sound];
  const opened = await desk(scene);
  opened.next('servers.show', async () => ({
    server: { ...changed, pin: { ...pin, problem: 'pin-tampered' as const } },
    policy: null,
    resources: [],
    events: [],
    runs: [],
    untilStop: [],
    afterRestart: { comes: [], goes: [] },
  }));
  await openPanel(page, opened);
  const broken = page.locator('[data-server="cursor.changed"]');
  await expect(broken).toContainText('The installed program is not what was pinned, so it does not start.');
  await openServer(page, 'cursor.sound');
  await expect(page.locator('[data-server="cursor.sound"]')).toContainText('Pinned: a-package 1.0.0');
  await openServer(page, 'cursor.changed');
  await expect(broken).toContainText('The installed program is not what was pinned, so it does not start.');
  await broken.getByRole('button', { name: 'Pin again' }).click();
  await expect(broken).toContainText('Pinned: a-package 2.0.0');
});
