import { act, render, screen, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Event } from '#contract/event.ts';
import { levelSentences } from '#contract/sentences.ts';
import type { Server } from '#contract/server.ts';
import { App } from './app.tsx';
import { createPanel } from './panel.ts';
import { createMemoryAddress } from './test-support/address.ts';
import {
  createFakeTransport,
  createManualClock,
  machine,
  makeEvent,
  makeServer,
  settle,
} from './test-support/fixtures.ts';

async function open(
  servers: Server[],
  code: string | null = null,
  signedIn = true,
  events: Event[] = [],
  isDesktop = false,
) {
  const address = createMemoryAddress();
  const transport = createFakeTransport();
  transport.signedIn = signedIn;
  transport.isDesktop = isDesktop;
  if (isDesktop) transport.answer('desktop.status', () => new Promise<never>(() => undefined));
  transport.answer('servers.list', () => ({ v: 1, machine, servers }));
  transport.answer('events.list', () => ({ events }));
  transport.answer('events.mutes', () => ({ mutes: [] }));
  transport.answer('questions.list', () => ({ questions: [] }));
  const clock = createManualClock();
  const panel = createPanel({
    save: () => undefined,
    transport,
    clock,
    dismissedRuns: { read: () => [], write: () => undefined },
    address,
  });
  render(<App panel={panel} />);
  await act(async () => {
    await panel.start(code);
    await settle();
  });
  const say = async (...messages: Parameters<(typeof transport.feeds)[number]['say']>): Promise<void> => {
    await act(async () => {
      await transport.feeds.at(-1)?.say(...messages);
      // On a busy machine the page rests between two batches.
      await clock.advance(200);
    });
  };
  return { transport, clock, panel, say, address };
}

// The list draws what has a place on the screen; here nothing has one by itself.
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(150);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('the page', () => {
  it('goes from connecting to the snapshot to live', async () => {
    const { say } = await open([makeServer()]);
    expect(screen.getByRole('status', { name: 'Looking for servers' })).toBeTruthy();
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    expect(screen.getByRole('heading', { name: 'files' })).toBeTruthy();
    expect(screen.getByText('Everything is enforced here.')).toBeTruthy();
    expect(screen.getByText('Live')).toBeTruthy();
  });

  it('without a key tells the one command', async () => {
    await open([], null, false);
    expect(screen.getByRole('heading', { name: 'This page has no valid key.' })).toBeTruthy();
    expect(screen.getByText('belljar panel')).toBeTruthy();
  });

  it('keeps a code that could not be handed over, and tries it again', async () => {
    const { panel, transport } = await open([], 'nobody', false);
    expect(screen.getByRole('heading', { name: 'The Belljar host does not answer.' })).toBeTruthy();
    transport.signedIn = true;
    await act(async () => {
      panel.retryNow();
      await settle();
    });
    expect(screen.getByText('Connecting')).toBeTruthy();
  });

  it('keeps what it shows when its key is no longer valid', async () => {
    const { transport, say, clock } = await open([makeServer()]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    transport.refuseFeed('unauthorized');
    await act(async () => {
      await transport.feeds[0]?.end();
      await clock.advance(1_000);
    });
    expect(screen.getByRole('alert').textContent).toContain('key is no longer valid');
    expect(screen.getByRole('heading', { name: 'files' })).toBeTruthy();
  });

  it('whose host is gone says what brings a panel back: another one in a browser, the same in the desktop program', async () => {
    const { transport, say, clock } = await open([makeServer()]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    transport.refuseFeed('host-unreachable');
    await act(async () => {
      await transport.feeds[0]?.end();
      await clock.advance(1_000);
    });
    const banner = screen.getByRole('region', { name: 'Connection' });
    expect(banner.textContent).toContain('cannot come back by itself');
    expect(banner.textContent).toContain('belljar panel');
    expect(banner.textContent).not.toMatch(/belljar host|Trying again/u);
  });

  it('of the desktop program goes on by itself, and says when', async () => {
    const { transport, say, clock } = await open([makeServer()], null, true, [], true);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    transport.refuseFeed('host-unreachable');
    await act(async () => {
      await transport.feeds[0]?.end();
      await clock.advance(1_000);
    });
    expect(screen.getByRole('region', { name: 'Connection' }).textContent).toMatch(/belljar host.*Trying again/u);
  });

  it('says of a row of the list its state, what it is refused, and its place; one that fails can be looked at or put back', async () => {
    const { say, panel } = await open([
      makeServer({ id: 'desk.a', name: 'a', level: 'standard', state: 'failing', denialsLastHour: 3 }),
      makeServer({ id: 'desk.b', name: 'b' }),
    ]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    const row = document.querySelector<HTMLElement>('[data-server="desk.a"]');
    expect(row?.getAttribute('aria-description')).toMatch(/^Failing, 3 refused in the last hour, 1 of 2$/iu);
    if (row === null) return;
    expect(within(row).getByRole('button', { name: /^Put it back/u })).toBeTruthy();
    expect(
      within(row)
        .getByRole('link', { name: /^Check it/u })
        .getAttribute('href'),
    ).toBe('#/servers/desk.a');
    await userEvent.click(within(row).getByRole('link', { name: /^Show refusals/u }));
    expect(panel.navigation.getState().route).toEqual({ name: 'activity', query: 'server=desk.a&verdict=refused' });
  });

  it('hears single keys until they are switched off, and remembers that', async () => {
    localStorage.clear();
    const { say } = await open([makeServer()]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    const user = userEvent.setup();
    await user.keyboard('gq');
    expect(screen.getByText('No question is open.')).toBeTruthy();
    await user.keyboard('?');
    await user.click(screen.getByRole('switch', { name: /^Single keys/u }));
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('dialog')).toBeNull();
    await user.keyboard('?');
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(localStorage.getItem('belljar.shortcuts')).toBe('off');
    localStorage.clear();
  });

  it('says in words what each state is and what to do', async () => {
    const { say } = await open([
      makeServer({ id: 'a', name: 'remote', state: 'cannot', reason: 'remote', command: null }),
      makeServer({
        id: 'b',
        name: 'old',
        level: 'standard',
        state: 'restart-needed',
        oldProcesses: [{ pid: 321, since: '2026-03-01T11:00:00.000Z' }],
      }),
      makeServer({ id: 'c', name: 'held', level: 'strict', state: 'locked' }),
    ]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    expect(screen.getByText(/there is no process here to contain/u)).toBeTruthy();
    expect(screen.queryByRole('radiogroup', { name: 'Level of remote' })).toBeNull();
    expect(screen.getByText(/process 321 since/u)).toBeTruthy();
    expect(screen.getByText('Quit Desk and start it again.')).toBeTruthy();
    expect(screen.getByText('Until it runs behind its walls')).toBeTruthy();
    expect(screen.getByText('Your organisation has set its level.')).toBeTruthy();
  });

  it('shows the exact sentence of each level, and arrow keys choose nothing', async () => {
    const { say, transport } = await open([makeServer()]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    transport.answer('servers.diff', () => ({ file: '/f', before: '', after: '', unified: '-a\n+b' }));
    const user = userEvent.setup();
    const group = screen.getByRole('radiogroup', { name: 'Level of files' });
    const radio = (name: string): HTMLElement => within(group).getByRole('radio', { name });
    expect(group.parentElement?.textContent).toContain(levelSentences.off);
    act(() => {
      radio('Off').focus();
    });
    await user.keyboard('{ArrowRight}{ArrowRight}{ArrowRight}');
    expect(document.activeElement).toBe(radio('Strict'));
    expect(group.parentElement?.textContent).toContain(levelSentences.strict);
    expect(radio('Off').getAttribute('aria-checked')).toBe('true');
    await user.keyboard('{ArrowRight}');
    expect(document.activeElement).toBe(radio('Off'));
    expect(transport.calls.some(({ method }) => method === 'servers.diff')).toBe(false);
    await user.keyboard('{End} ');
    await act(settle);
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByRole('heading', { level: 2 }).textContent).toBe('Contain files: strict');
  });

  it('marks hostile characters wherever a name stands', async () => {
    const { say } = await open([makeServer({ name: 'safe\u202Eexe.', command: '<i>x</i>' })]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    const heading = screen.getAllByRole('heading').find((one) => one.textContent.includes('safe'));
    expect(heading?.textContent).toBe('safeU+202Eexe.');
    expect(document.body.textContent).toContain('<i>x</i>');
    expect(document.querySelector('i')).toBeNull();
  });

  it('loaded again, it knows what a terminal was refused before and is refused after', async () => {
    const run = 'run-terminal';
    const start = makeEvent(1, {
      run,
      kind: 'run.start',
      verdict: 'allowed',
      start: {
        level: 'standard',
        network: 'open',
        program: '/bin/sh',
        supervisor: { pid: 1, startTicks: 1 },
        landlockAbi: 6,
        enforcement: { full: [], partial: [], missing: [] },
        notApplied: [],
        throwAway: false,
        terminal: 't-0123456789abcdef',
      },
    });
    const before = makeEvent(2, { run, target: '/before' });
    const { say, panel } = await open([makeServer()], null, true, [start, before, makeEvent(1)]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    await say({ type: 'event', seq: 1, event: makeEvent(3, { run, target: '/after' }) });
    const targets = panel.terminalFeed.getState().rows.map(({ event }) => event.target);
    expect(targets).toEqual(['/after', '/before']);
  });

  it('a level for many is also for entries that were moved or copied, though they have it already', async () => {
    const of = (id: string, state: Server['state']): Server => makeServer({ id, level: 'standard', state });
    const { panel, transport, say } = await open([
      of('a.held', 'contained'),
      of('a.moved', 'moved'),
      of('a.copied', 'copied'),
    ]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    transport.answer('servers.contain', () => ({ results: [] }));
    await act(async () => {
      panel.chooseLevel(['a.held', 'a.moved', 'a.copied'], 'standard');
      await settle();
    });
    const asked = transport.calls.find(({ method }) => method === 'servers.contain');
    expect(asked?.input).toMatchObject({ servers: ['a.moved', 'a.copied'], level: 'standard', dryRun: true });
  });

  it('follows servers that change and go', async () => {
    const { say } = await open([makeServer()]);
    await say({ type: 'hello', epoch: 'e', seq: 0 });
    await say({ type: 'server', seq: 1, server: makeServer({ id: 'desk.two', name: 'second' }) });
    expect(screen.getByRole('heading', { name: 'second' })).toBeTruthy();
    await say({ type: 'server-gone', seq: 2, id: 'desk.two' });
    expect(screen.queryByRole('heading', { name: 'second' })).toBeNull();
  });

  it('with no servers says where it looked', async () => {
    const { say } = await open([]);
    await say(
      { type: 'hello', epoch: 'e', seq: 0 },
      {
        type: 'machine',
        seq: 1,
        machine: { ...machine, lookedAt: [{ clientTitle: 'Desk', file: '/home/mara/desk.json', found: false }] },
      },
    );
    expect(screen.getByText('No MCP servers found')).toBeTruthy();
    expect(screen.getByText('/home/mara/desk.json')).toBeTruthy();
    expect(screen.getByText('not there')).toBeTruthy();
  });
});
