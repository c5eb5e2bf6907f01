/**
 * One terminal as this page shows it: follows its output, says what was shown, passes on what is typed. Comes back after a break
 * with the position it had; ends for good with the terminal, or when another page took it.
 *
 * Flow: a piece is handed to the screen and the next one is not read before the screen has taken it; what was taken is acknowledged.
 * So a flood waits inside the sandbox, and neither host nor page grows.
 *
 * Trust: output is hostile and goes to the screen alone. What the screen answers to output that was written before this page came
 * (a query of the cursor, say) was answered then, and is not typed again.
 */
import { createStore } from 'zustand/vanilla';
import type { ErrorBody } from '#contract/errors.ts';
import type { Terminal, TerminalMessage } from '#contract/terminal.ts';
import { terminalInputMax, terminalMessageSchema } from '#contract/terminal.ts';
import { createTypist } from '#contract/typist.ts';
import type { Clock } from '../../lib/clock.ts';
import { failureOf, toBody } from '../../lib/failure.ts';
import type { Transport } from '../../lib/transport.ts';

/** What shows the output: an emulator. */
export interface Screen {
  /** Resolves when it has taken the text. */
  write(text: string): Promise<void>;
  /** Output is missing: what is shown is cleared. */
  reset(): void;
}

export interface TerminalSessionState {
  kind: 'connecting' | 'live' | 'taken' | 'ended' | 'broken' | 'gone';
  terminal: Terminal | null;
  /** Of `gone`, and of the last thing that was typed. */
  error: ErrorBody | null;
}

const acknowledgeEvery = 16 * 1024;
const pauseMs = 1_000;

export type TerminalSession = ReturnType<typeof createTerminalSession>;

function parse(line: string): TerminalMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw failureOf('internal');
  }
  const parsed = terminalMessageSchema.safeParse(value);
  if (!parsed.success) throw failureOf('internal');
  return parsed.data;
}

export function createTerminalSession(transport: Transport, clock: Clock, id: string) {
  const store = createStore<TerminalSessionState>(() => ({ kind: 'connecting', terminal: null, error: null }));
  const controller = new AbortController();
  let position = 0;
  let acknowledged = 0;
  /** Before it nothing that the screen says is typed. */
  let live = Number.MAX_SAFE_INTEGER;
  let wanted: { columns: number; rows: number } | null = null;

  const typist = createTypist(
    (data) => transport.call('terminals.input', { terminal: id, data }),
    terminalInputMax,
    (error) => {
      store.setState({ error: toBody(error) });
    },
  );

  async function resize(): Promise<void> {
    const { terminal, kind } = store.getState();
    if (wanted === null || terminal === null || kind !== 'live') return;
    const { columns, rows } = wanted;
    if (terminal.columns === columns && terminal.rows === rows) return;
    await transport.call('terminals.resize', { terminal: id, columns, rows }).catch(() => undefined);
  }

  async function shown(screen: Screen, text: string): Promise<void> {
    await screen.write(text);
    position += text.length;
    if (position - acknowledged < acknowledgeEvery) return;
    acknowledged = position;
    await transport.call('terminals.acknowledge', { terminal: id, upTo: position });
  }

  /** What was written before this page came is on the screen: from now on it is typed into. */
  function beLive(): void {
    if (position < live || store.getState().kind !== 'connecting') return;
    store.setState({ kind: 'live' });
    void resize();
  }

  async function take(screen: Screen, message: TerminalMessage): Promise<void> {
    switch (message.type) {
      case 'start':
        if (message.from !== position) screen.reset();
        position = message.from;
        live = message.live;
        store.setState({ kind: 'connecting', terminal: message.terminal, error: null });
        beLive();
        break;
      case 'output': {
        // What was written before this page came ends somewhere inside of a piece.
        const before = Math.max(0, Math.min(live - position, message.data.length));
        if (before > 0) await shown(screen, message.data.slice(0, before));
        beLive();
        if (before < message.data.length) await shown(screen, message.data.slice(before));
        break;
      }
      case 'terminal':
        store.setState({ terminal: message.terminal });
        break;
      case 'taken':
        store.setState({ kind: 'taken' });
        break;
      case 'ping':
        break;
    }
  }

  async function followOnce(screen: Screen): Promise<void> {
    const feed = await transport.openTerminal(id, position, controller.signal);
    for await (const lines of feed) {
      for (const line of lines) {
        if (line !== '') await take(screen, parse(line));
        if (controller.signal.aborted) return;
      }
    }
    const { kind, terminal } = store.getState();
    if (kind !== 'taken' && terminal !== null && terminal.ended !== null) store.setState({ kind: 'ended' });
  }

  async function follow(screen: Screen): Promise<void> {
    for (;;) {
      try {
        await followOnce(screen);
      } catch (error) {
        if (controller.signal.aborted) return;
        const body = toBody(error);
        const passing = body.code === 'host-unreachable' || body.code === 'timeout';
        store.setState({ kind: passing ? 'broken' : 'gone', error: body });
      }
      const { kind } = store.getState();
      if (controller.signal.aborted || kind === 'ended' || kind === 'taken' || kind === 'gone') return;
      if (kind === 'live' || kind === 'connecting') store.setState({ kind: 'broken' });
      await new Promise<void>((resolve) => {
        clock.after(pauseMs, resolve);
      });
      if (controller.signal.aborted) return;
    }
  }

  return Object.assign(store, {
    /** Begins to follow, once. */
    start: (screen: Screen): void => {
      void follow(screen);
    },
    stop: (): void => {
      controller.abort();
    },
    /** What a person typed, or what the screen answers to what it is asked. */
    type: (text: string): void => {
      if (position < live || store.getState().kind !== 'live') return;
      if (store.getState().error !== null) store.setState({ error: null });
      typist(text);
    },
    resize: (columns: number, rows: number): void => {
      wanted = { columns, rows };
      void resize();
    },
  });
}
