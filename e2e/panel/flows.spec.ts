/** What people do on the page, end to end over the real handler: each step is seen on the screen and in the calls. */
import { BelljarError } from '#contract/errors.ts';
import { levelSentences } from '#contract/sentences.ts';
import { checkOf, diffOf } from './support/desk.ts';
import { agoIso, createEventMaker, endFields, home, makeServer, startFields, usualScene } from './support/fixtures.ts';
import {
  expect,
  forgiveFailedRequests,
  inputsOf,
  openPanel,
  openServer,
  picture,
  test,
  tryNow,
} from './support/panel-test.ts';

const files = 'claude-desktop.filesystem';

test('the code leaves the address, works once, and a reload stays signed in', async ({
  page,
  context,
  desk,
  pageErrors,
}) => {
  const opened = await desk(usualScene());
  const address = opened.address();
  await page.goto(address);
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible();
  expect(page.url()).toBe(`${opened.origin}/`);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible();

  const other = await context.newPage();
  await other.goto(address);
  await expect(other.getByRole('heading', { name: 'This page has no valid key.' })).toBeVisible();
  // A used code in a tab that is signed in changes nothing.
  await page.goto(address);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible();
  forgiveFailedRequests(pageErrors);
});

test('off to standard: diff, check, written; back to off: diff, written', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const level = page.getByRole('radiogroup', { name: 'Level of browser' });
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Off');

  await level.getByRole('radio', { name: 'Standard' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('heading', { name: 'Contain browser: standard' })).toBeVisible();
  await expect(dialog.getByText(`${home}/.config/Claude/claude_desktop_config.json`)).toBeVisible();
  await expect(
    dialog.getByText('Quit Claude Desktop completely (also from the tray) and start it again.'),
  ).toBeVisible();
  // Nothing is asked for before the person says so.
  expect(opened.calls.filter(({ method }) => method === 'servers.contain')).toEqual([]);

  await dialog.getByRole('button', { name: 'Try it and contain' }).click();
  await expect(dialog.getByText('It works contained and answers exactly as before.')).toBeVisible();
  await expect(dialog.getByText(`Written. ${levelSentences.standard}`)).toBeVisible();
  expect(opened.calls.filter(({ method }) => method === 'servers.contain')).toEqual([
    {
      method: 'servers.contain',
      input: { servers: ['claude-desktop.browser'], level: 'standard', dryRun: false, check: true },
    },
  ]);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Standard');

  await level.getByRole('radio', { name: 'Off' }).click();
  await expect(dialog.getByRole('heading', { name: 'Put browser back' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Put it back' }).click();
  await expect(dialog.getByText('Put back. The entry is what it was before.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Off');
});

test('a check that fails changes nothing, says why, and can be overruled', async ({ page, desk, pageErrors }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const server = opened.servers.get('claude-desktop.browser');
  if (server === undefined) throw new Error('no browser server');
  const event = createEventMaker();
  const sentence = 'It does not start contained: it was refused your browser profile.';
  opened.next('servers.contain', async () => ({
    results: [
      {
        id: server.id,
        changed: false,
        state: 'off',
        file: server.file,
        check: checkOf(server, {
          verdict: 'does-not-start',
          sentence,
          same: false,
          contained: { outcome: 'does-not-start', initializeMs: null, tools: null, error: 'exit code 1' },
          refused: [event('check-1', server.id, { target: `${home}/.mozilla/profiles.ini`, known: 'browser-profile' })],
        }),
        error: {
          code: 'check-failed',
          params: { sentence, server: server.handle },
          message: sentence,
          remedy: `See what it was refused: belljar check ${server.handle}`,
        },
      },
    ],
  }));
  const level = page.getByRole('radiogroup', { name: 'Level of browser' });
  await level.getByRole('radio', { name: 'Strict' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Try it and contain' }).click();
  await expect(dialog.getByRole('alert')).toContainText(sentence);
  await expect(dialog.getByText('.mozilla/profiles.ini')).toBeVisible();
  await dialog.getByRole('button', { name: 'Leave it as it is' }).click();
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Off');

  opened.next(
    'servers.contain',
    new BelljarError('check-impossible', { params: { sentence: 'It asks for a login.' } }),
  );
  await level.getByRole('radio', { name: 'Strict' }).click();
  await dialog.getByRole('button', { name: 'Try it and contain' }).click();
  await expect(dialog.getByRole('alert')).toContainText('It asks for a login.');
  await dialog.getByRole('button', { name: 'Contain it anyway' }).click();
  await expect(dialog.getByText(/^Written\./u)).toBeVisible();
  expect(opened.calls.findLast(({ method }) => method === 'servers.contain')?.input).toMatchObject({ check: false });
  forgiveFailedRequests(pageErrors);
});

test('closing the dialog while it works leaves the work going and tells its end', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const server = opened.servers.get('claude-desktop.browser');
  if (server === undefined) throw new Error('no browser server');
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  opened.next('servers.contain', async () => {
    await finished;
    opened.change({ ...server, level: 'standard', state: 'contained' });
    return {
      results: [
        { id: server.id, changed: true, state: 'contained', file: server.file, diff: diffOf(server, 'standard') },
      ],
    };
  });
  await page.getByRole('radiogroup', { name: 'Level of browser' }).getByRole('radio', { name: 'Standard' }).click();
  await page.getByRole('button', { name: 'Try it and contain' }).click();
  await expect(page.getByText('Trying it, once as it is and once contained …')).toBeVisible();
  await page.getByRole('button', { name: 'Close; it goes on' }).click();
  // Asked for, not reached: the old level stays until the host says otherwise.
  const level = page.getByRole('radiogroup', { name: 'Level of browser' });
  await expect(level).toHaveAttribute('aria-busy', 'true');
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Off');
  finish();
  await expect(page.getByText('browser: standard.')).toBeVisible();
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Standard');
});

test('between launched levels no file is written and no dialog stands in the way', async ({
  page,
  desk,
  pageErrors,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const level = page.getByRole('radiogroup', { name: 'Level of filesystem' });
  await level.getByRole('radio', { name: 'Strict' }).click();
  await expect(page.getByText('filesystem is now Strict.')).toBeVisible();
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Strict');
  expect(opened.calls.some(({ method }) => method === 'servers.contain')).toBe(false);

  opened.next('servers.level', new BelljarError('refused-by-organisation'));
  await level.getByRole('radio', { name: 'Watch' }).click();
  await expect(page.getByText('Your organisation does not allow this.')).toBeVisible();
  await expect(level.getByRole('radio', { checked: true })).toHaveText('Strict');
  forgiveFailedRequests(pageErrors);
});

test('put everything back: what changes first, then what became of each', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  await page.getByRole('button', { name: 'Put everything back' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('4 entries get their original text again.')).toBeVisible();
  expect(inputsOf(opened, 'servers.release')).toEqual([{ servers: 'all', dryRun: true }]);
  await dialog.getByRole('button', { name: 'Put everything back' }).click();
  await expect(dialog.getByText('4 entries are put back.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('0 of 6 contained')).toBeVisible();
});

test('a denial becomes a grant; the rule can be taken back', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  opened.emit(event('run-new', files, { target: `${home}/Music/list.m3u` }));
  const row = page.getByRole('article').filter({ hasText: 'list.m3u' });
  await row.getByRole('button', { name: /^Allow/u }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /everything in its folder/u }).click();
  await dialog.getByRole('radio', { name: /^Always.*It holds at once\./u }).click();
  const change = dialog.getByRole('figure', { name: 'What changes in the policy' });
  await expect(change.locator('ins')).toHaveText(`+read ${home}/Music`);
  await dialog.getByRole('button', { name: 'Add this rule' }).click();
  await expect(dialog.getByText('Added; it holds now.')).toBeVisible();
  expect(opened.calls.findLast(({ method }) => method === 'policies.grant')?.input).toEqual({
    server: files,
    verb: 'read',
    what: `${home}/Music`,
  });
  await dialog.getByRole('button', { name: 'Done' }).click();
  await openServer(page, 'claude-desktop.filesystem');
  await page.getByRole('button', { name: `Take back: Read ${home}/Music` }).click();
  await expect(page.getByText('The rule is gone. What it has open stays open until it closes it.')).toBeVisible();
  await expect(page.getByRole('button', { name: `Take back: Read ${home}/Music` })).toBeHidden();
});

test('a browser that may not make its own sandbox says so, and one click allows it', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  const target = 'clone CLONE_NEWUSER';
  const refused = { kind: 'syscall', target, errno: 'EPERM', known: 'nested-sandbox' } as const;
  opened.emit(event('run-c', files, startFields()), event('run-c', files, refused));
  opened.emit(
    event('run-c', files, {
      ...endFields({ justBefore: [{ at: new Date().toISOString(), kind: 'syscall', target }] }),
    }),
  );
  const row = page.getByRole('article').filter({ hasText: target });
  await expect(row).toContainText('tried to make a sandbox of its own');
  const card = page.getByRole('region', { name: 'Servers that broke' }).getByRole('listitem');
  await expect(card).toContainText('tried to make a sandbox of its own (as browsers make one for their pages)');
  await card.getByRole('button', { name: 'Allow and retry' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('a hole in the kernel is easier to reach');
  await expect(dialog.getByRole('radio', { name: /^Until it stops/u })).toBeDisabled();
  await expect(dialog).toContainText('This is fixed when a server starts, so a running one cannot be given it.');
  await picture(page, 'grant-nested-sandbox');
  await dialog.getByRole('button', { name: 'Add this rule' }).click();
  expect(opened.calls.findLast(({ method }) => method === 'policies.grant')?.input).toEqual({
    server: files,
    verb: 'permission',
    what: 'nested-sandbox',
  });
});

test('a socket is granted by what it is, with what comes with it', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const row = page.getByRole('article').filter({ hasText: 'the Docker socket' });
  await row.getByRole('button', { name: /^Allow/u }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('This is as good as no sandbox.');
  await expect(dialog.getByRole('radio', { name: /Use Docker/u })).toBeChecked();
  await dialog.getByRole('radio', { name: /^Always/u }).click();
  await picture(page, 'grant-socket');
  await dialog.getByRole('button', { name: 'Add this rule' }).click();
  await expect
    .poll(() => opened.calls.findLast(({ method }) => method === 'policies.grant')?.input)
    .toEqual({ server: files, verb: 'socket', what: 'docker' });
  await dialog.getByRole('button', { name: 'Done' }).click();
  await openServer(page, 'claude-desktop.filesystem');
  await expect(page.getByText('Lets it use Docker.')).toBeVisible();
  await picture(page, 'rule-socket');
});

test('a grant that is too wide is refused with its reason', async ({ page, desk, pageErrors }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  opened.every('policies.grant', new BelljarError('grant-too-wide', { params: { what: `${home}/.ssh` } }));
  await page
    .getByRole('article')
    .filter({ hasText: 'your SSH keys' })
    .getByRole('button', { name: /^Allow/u })
    .click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('alert')).toContainText('is too much to grant');
  await expect(dialog.getByRole('button', { name: 'Add this rule' })).toBeDisabled();
  forgiveFailedRequests(pageErrors);
});

test('the feed filters by server, kind, verdict and words', async ({ page, desk }) => {
  await openPanel(page, await desk(usualScene()));
  const rows = page.getByRole('article');
  await expect(rows).toHaveCount(14);
  await page.getByLabel('Server', { exact: true }).selectOption('claude-code/git');
  await expect(rows).toHaveCount(4);
  await page.getByLabel('Kind').selectOption('Network');
  await expect(rows).toHaveCount(1);
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByLabel('Verdict').selectOption('Refused');
  await expect(rows).toHaveCount(9);
  await page.getByLabel('Search the feed').fill('docker socket');
  await expect(rows).toHaveCount(1);
  await page.getByLabel('Search the feed').fill('nothing like this');
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.getByRole('button', { name: 'Show everything' }).click();
  await expect(rows).toHaveCount(14);
  await expect(page.getByLabel('Search the feed')).toHaveValue('');
  // From a server's count straight to its refusals.
  await page.getByRole('button', { name: /1,222 refused in the last hour by filesystem/u }).click();
  await expect(rows).toHaveCount(9);
});

test('paused, nothing moves and nothing is lost', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Resume' })).toBeVisible();
  const before = await page.getByRole('article').first().textContent();
  opened.emit(...Array.from({ length: 50 }, (_, index) => event('run-p', files, { target: `/p/${String(index)}` })));
  opened.emit(event('run-p', files, { target: '/p/0', count: 9 }));
  await expect(page.getByRole('button', { name: 'Paused · 50 rows waiting' })).toBeVisible();
  expect(await page.getByRole('article').first().textContent()).toBe(before);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByText('64 rows')).toBeVisible();
  const first = page.getByRole('article').first();
  await expect(first).toContainText('/p/0');
  await expect(first).toContainText('×10');
});

test('a breakage is one card, counts up, and a good run takes it away', async ({ page, desk }) => {
  const scene = usualScene();
  const opened = await desk(scene);
  await openPanel(page, opened);
  const event = createEventMaker();
  const target = `${home}/.cache/models/big.bin`;
  const broken = (run: string): void => {
    opened.emit(
      event(run, files, startFields()),
      event(run, files, { target }),
      event(run, files, endFields({ denials: 1, justBefore: [{ at: agoIso(0), kind: 'file.read', target }] })),
    );
  };
  broken('run-b1');
  const card = page.getByRole('region', { name: 'Servers that broke' }).getByRole('listitem');
  await expect(card).toContainText('filesystem ended after 2.3 s with exit code 1');
  await expect(card).toContainText(target);
  broken('run-b2');
  await expect(card).toHaveCount(1);
  await expect(card).toContainText('2 times in a row');

  await card.getByRole('button', { name: 'Why' }).click();
  await expect(page.getByRole('dialog')).toContainText('As the rules stand, this is refused');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();

  await card.getByRole('button', { name: 'Allow and retry' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Add this rule' }).click();
  await expect(page.getByRole('dialog')).toContainText('Quit Claude Desktop completely');
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();

  opened.emit(
    event('run-good', files, startFields()),
    event('run-good', files, endFields({ cause: 'client-gone', durationMs: 45_000 })),
  );
  await expect(card).toHaveCount(0);

  broken('run-b3');
  await card.getByRole('button', { name: 'Dismiss: filesystem' }).click();
  await expect(card).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible();
  await expect(card).toHaveCount(0);
});

test('servers come, change and go while the page is open', async ({ page, desk }) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  opened.change(makeServer('cursor', 'newcomer'));
  // Only what is seen exists; the search brings the last one up.
  await page.getByLabel('Search servers').fill('cursor');
  await expect(page.getByRole('heading', { name: 'newcomer' })).toBeVisible();
  opened.servers.delete('cursor.newcomer');
  opened.change(makeServer('cursor', 'weather', { level: 'strict', state: 'contained' }));
  await expect(page.getByRole('heading', { name: 'newcomer' })).toBeHidden();
});

test('host gone and back: the page goes on from where it was, and misses nothing', async ({
  page,
  desk,
  pageErrors,
}) => {
  const opened = await desk(usualScene());
  await openPanel(page, opened);
  const event = createEventMaker();
  await opened.stop();
  await expect(page.getByText('The Belljar host does not answer.')).toBeVisible();
  // What happened meanwhile is in the host's record; the new host has another epoch, so a snapshot is taken.
  opened.emit(event('run-gap', files, { target: '/gap/one' }));
  await opened.startAgain();
  await expect(page.getByText('The Belljar host does not answer.')).toBeHidden();
  await expect(page.getByRole('article').first()).toContainText('/gap/one');
  await expect(page.getByText('15 rows')).toBeVisible();
  forgiveFailedRequests(pageErrors);
});

test('a fifth tab says that there are too many', async ({ page, context, desk, pageErrors }) => {
  const opened = await desk(usualScene());
  const others = [];
  for (let index = 0; index < 4; index += 1) {
    const other = await context.newPage();
    await openPanel(other, opened);
    others.push(other);
  }
  await page.goto(opened.address());
  await expect(page.getByRole('heading', { name: 'Too many panel tabs are open.' })).toBeVisible();
  await others[0]?.close();
  // The page tries by itself too, so that the free place may be taken before anybody could see it free.
  await expect(async () => {
    await tryNow(page);
    await expect(page.getByRole('heading', { name: 'filesystem' })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  expect(opened.readers).toBe(4);
  forgiveFailedRequests(pageErrors);
});
