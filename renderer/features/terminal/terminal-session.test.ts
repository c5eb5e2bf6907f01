import { describe, expect, it } from 'vitest';
import type { Terminal } from '#contract/terminal.ts';
import { createManualClock, createFakeTransport, settle } from '../../test-support/fixtures.ts';
import { createTerminalSession, type Screen, type TerminalSession } from './terminal-session.ts';

const terminal: Terminal = {
  id: 't-0123456789abcdef',
  server: 'cursor.files',
  handle: 'cursor/files',
  command: ['/bin/sh', '-i'],
  grantedProgram: null,
  withheld: [],
  openedAt: '2026-01-31T12:00:00.000Z',
  columns: 80,
  rows: 24,
  run: null,
  written: 0,
  ended: null,
};

interface FakeScreen extends Screen {
  text: string;
  resets: number;
  /** Takes what is written only when told to. */
  slow: (() => void)[] | null;
}

function makeScreen(): FakeScreen {
  const screen: FakeScreen = {
    text: '',
    resets: 0,
    slow: null,
    write: (text) => {
      screen.text += text;
      const { slow } = screen;
      return slow === null ? Promise.resolve() : new Promise((resolve) => slow.push(resolve));
    },
    reset: () => {
      screen.text = '';
      screen.resets += 1;
    },
  };
  return screen;
}

function begin() {
  const transport = createFakeTransport();
  const clock = createManualClock();
  for (const method of ['terminals.input', 'terminals.acknowledge'] as const) transport.answer(method, () => ({}));
  transport.answer('terminals.resize', ({ columns, rows }) => ({ ...terminal, columns, rows }));
  const session: TerminalSession = createTerminalSession(transport, clock, terminal.id);
  const screen = makeScreen();
  session.start(screen);
  const inputs = (method: string): unknown[] =>
    transport.calls.filter((call) => call.method === method).map(({ input }) => input);
  return { transport, clock, session, screen, inputs };
}

describe('the session of a terminal', () => {
  it('shows output, acknowledges what the screen took, and reads no further before', async () => {
    const { transport, screen, inputs } = begin();
    await settle();
    const [feed] = transport.terminals;
    screen.slow = [];
    await feed?.say(
      { type: 'start', terminal, from: 0, live: 0 },
      { type: 'output', at: 0, data: 'x'.repeat(16 * 1024) },
      { type: 'output', at: 16 * 1024, data: 'second' },
    );
    expect(screen.text).not.toContain('second');
    expect(inputs('terminals.acknowledge')).toEqual([]);
    screen.slow.shift()?.();
    await settle();
    expect(screen.text).toContain('second');
    expect(inputs('terminals.acknowledge')).toEqual([{ terminal: terminal.id, upTo: 16 * 1024 }]);
  });

  it('types nothing that the screen says to what was written before this page came', async () => {
    const { transport, session, screen, inputs } = begin();
    await settle();
    screen.slow = [];
    await transport.terminals[0]?.say(
      { type: 'start', terminal, from: 0, live: 4 },
      { type: 'output', at: 0, data: 'old!new' },
    );
    expect(screen.text).toBe('old!');
    session.type('answer to old');
    screen.slow.shift()?.();
    await settle();
    expect(screen.text).toBe('old!new');
    session.type('answer to new');
    await settle();
    expect(inputs('terminals.input')).toEqual([{ terminal: terminal.id, data: 'answer to new' }]);
  });

  it('types in order, one call at a time, in pieces that the host takes', async () => {
    const { transport, session, inputs } = begin();
    await settle();
    await transport.terminals[0]?.say({ type: 'start', terminal, from: 0, live: 0 });
    let answer: () => void = () => undefined;
    transport.answer('terminals.input', () => new Promise((resolve) => (answer = () => resolve({}))));
    session.type('a');
    session.type('b');
    session.type(`c${'😀'.repeat(10_000)}`);
    await settle();
    expect(inputs('terminals.input')).toHaveLength(1);
    for (let call = 0; call < 4; call += 1) {
      answer();
      await settle();
    }
    const typed = inputs('terminals.input').map((input) => (input as { data: string }).data);
    expect(typed.join('')).toBe(`abc${'😀'.repeat(10_000)}`);
    expect(typed.every((piece) => !/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/u.test(piece))).toBe(true);
  });

  it('comes back after a break with the position it had, and clears the screen where something is missing', async () => {
    const { transport, clock, session, screen } = begin();
    await settle();
    await transport.terminals[0]?.say(
      { type: 'start', terminal, from: 0, live: 0 },
      { type: 'output', at: 0, data: 'first' },
    );
    await transport.terminals[0]?.end();
    expect(session.getState().kind).toBe('broken');
    await clock.advance(1_000);
    expect(transport.terminals[1]?.after).toBe(5);
    await transport.terminals[1]?.say({ type: 'start', terminal, from: 5, live: 5 });
    expect(screen.text).toBe('first');
    expect(session.getState().kind).toBe('live');
    await transport.terminals[1]?.end();
    await clock.advance(1_000);
    await transport.terminals[2]?.say({ type: 'start', terminal, from: 900, live: 900 });
    expect([screen.text, screen.resets]).toEqual(['', 1]);
  });

  it('is over with the terminal, when it is taken, and when it is gone; then it asks no more', async () => {
    const endings: [Parameters<typeof createTerminalSession>[2], () => Promise<ReturnType<typeof begin>>, string][] = [
      [
        'ended',
        async () => {
          const world = begin();
          await settle();
          const end = { code: 0, signal: null, cause: 'exit' as const, at: terminal.openedAt };
          await world.transport.terminals[0]?.say(
            { type: 'start', terminal, from: 0, live: 0 },
            { type: 'terminal', terminal: { ...terminal, ended: end } },
          );
          await world.transport.terminals[0]?.end();
          return world;
        },
        'ended',
      ],
      [
        'taken',
        async () => {
          const world = begin();
          await settle();
          await world.transport.terminals[0]?.say({ type: 'start', terminal, from: 0, live: 0 }, { type: 'taken' });
          await world.transport.terminals[0]?.end();
          return world;
        },
        'taken',
      ],
      [
        'gone',
        async () => {
          const world = begin();
          await settle();
          world.transport.refuseFeed('no-such-terminal');
          await world.transport.terminals[0]?.end();
          await world.clock.advance(1_000);
          return world;
        },
        'gone',
      ],
    ];
    for (const [name, make, kind] of endings) {
      const { transport, clock, session } = await make();
      expect(session.getState().kind, name).toBe(kind);
      const { length } = transport.terminals;
      await clock.advance(10_000);
      expect(transport.terminals.length, name).toBe(length);
    }
  });

  it('says its size once it is live, and again when it changes', async () => {
    const { transport, session, inputs } = begin();
    session.resize(100, 30);
    await settle();
    expect(inputs('terminals.resize')).toEqual([]);
    await transport.terminals[0]?.say({ type: 'start', terminal, from: 0, live: 0 });
    session.resize(100, 31);
    await settle();
    expect(inputs('terminals.resize')).toEqual([
      { terminal: terminal.id, columns: 100, rows: 30 },
      { terminal: terminal.id, columns: 100, rows: 31 },
    ]);
  });

  it('an answer in another form is an error, not half used', async () => {
    const { transport, session, screen } = begin();
    await settle();
    await transport.terminals[0]?.say({ type: 'start', terminal, from: 0, live: 0 }, '{"type":"output","data":1}');
    expect(session.getState()).toMatchObject({ kind: 'gone', error: { code: 'internal' } });
    expect(screen.text).toBe('');
  });
});
