/** Parts for the panel's unit tests: a clock that is moved by hand, a host that answers what the test says, small data. */
import type { ErrorCode } from '#contract/errors.ts';
import type { Event, RunEnd } from '#contract/event.ts';
import type { FeedMessage } from '#contract/feed.ts';
import type { TerminalMessage } from '#contract/terminal.ts';
import type { Input, MethodName, Output } from '#contract/methods.ts';
import { methods } from '#contract/methods.ts';
import type { Machine, Server } from '#contract/server.ts';
import type { Clock } from '../lib/clock.ts';
import { failureOf } from '../lib/failure.ts';
import type { ResumePoint, Transport } from '../lib/transport.ts';

export interface ManualClock extends Clock {
  advance: (milliseconds: number) => Promise<void>;
}

/** Lets everything that is ready run: promises, then what they made ready. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) await Promise.resolve();
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

export function createManualClock(start = Date.parse('2026-03-01T12:00:00.000Z')): ManualClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after: (milliseconds, run) => {
      const timer = { at: now + milliseconds, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    nextFrame: () => Promise.resolve(),
    advance: async (milliseconds) => {
      const end = now + milliseconds;
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((other) => other !== due);
        now = due.at;
        due.run();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

interface FakeStream<Message> {
  say: (...messages: (Message | string)[]) => Promise<void>;
  end: () => Promise<void>;
  aborted: boolean;
}

export interface FakeFeed extends FakeStream<FeedMessage> {
  resume: ResumePoint | null;
}

export interface FakeTerminalFeed extends FakeStream<TerminalMessage> {
  terminal: string;
  after: number;
}

/** A stream that says what a test tells it to, until it ends or is aborted. */
function openFake<Feed extends FakeStream<never>>(
  facts: Omit<Feed, keyof FakeStream<never>>,
  signal: AbortSignal,
): { feed: Feed; lines: AsyncIterable<string[]> } {
  const waiting: string[][] = [];
  let wake: () => void = () => undefined;
  let ended = false;
  const feed = {
    ...facts,
    aborted: false,
    say: async (...messages: unknown[]) => {
      waiting.push(messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message))));
      wake();
      await settle();
    },
    end: async () => {
      ended = true;
      wake();
      await settle();
    },
  } as unknown as Feed;
  signal.addEventListener('abort', () => {
    feed.aborted = true;
    wake();
  });
  async function* lines(): AsyncGenerator<string[]> {
    for (;;) {
      if (feed.aborted) throw failureOf('host-unreachable');
      const next = waiting.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  return { feed, lines: lines() };
}

export interface FakeTransport extends Transport {
  isDesktop: boolean;
  calls: { method: MethodName; input: unknown }[];
  answer: <M extends MethodName>(method: M, answer: (input: Input<M>) => Output<M> | Promise<Output<M>>) => void;
  feeds: FakeFeed[];
  terminals: FakeTerminalFeed[];
  /** The next feeds cannot be opened, for this reason. */
  refuseFeed: (code: ErrorCode | null) => void;
  signedIn: boolean;
}

export function createFakeTransport(): FakeTransport {
  const answers = new Map<MethodName, (input: unknown) => unknown>();
  let refused: ErrorCode | null = null;
  const transport: FakeTransport = {
    calls: [],
    feeds: [],
    terminals: [],
    signedIn: true,
    isDesktop: false,
    answer: (method, answer) => {
      answers.set(method, answer as (input: unknown) => unknown);
    },
    refuseFeed: (code) => {
      refused = code;
    },
    isSignedIn: () => transport.signedIn,
    signIn: async (code) => {
      if (code === 'used') throw failureOf('unauthorized');
      if (code === 'nobody') throw failureOf('host-unreachable');
      transport.signedIn = true;
    },
    call: async (method, input) => {
      transport.calls.push({ method, input });
      const answer = answers.get(method);
      if (answer === undefined) throw new Error(`No answer for ${method}`);
      // Fixtures are held to the contract, as the real answers are.
      return methods[method].output.parse(await answer(input)) as Output<typeof method>;
    },
    openFeed: async (resume, signal) => {
      if (refused !== null) throw failureOf(refused);
      const { feed, lines } = openFake<FakeFeed>({ resume }, signal);
      transport.feeds.push(feed);
      return lines;
    },
    openTerminal: async (terminal, after, signal) => {
      if (refused !== null) throw failureOf(refused);
      const { feed, lines } = openFake<FakeTerminalFeed>({ terminal, after }, signal);
      transport.terminals.push(feed);
      return lines;
    },
  };
  return transport;
}

export const machine: Machine = {
  system: 'linux',
  user: 'mara',
  home: '/home/mara',
  version: '0.1.0',
  probe: null,
  probeError: null,
  enforcementSentence: 'Everything is enforced here.',
  problems: [],
};

export function makeServer(overrides: Partial<Server> = {}): Server {
  return {
    id: 'desk.files',
    handle: 'desk/files',
    client: 'desk',
    clientTitle: 'Desk',
    scope: 'user',
    name: 'files',
    file: '/home/mara/desk.json',
    command: 'node',
    args: ['files.js'],
    env: [],
    level: 'off',
    state: 'off',
    uptake: 'quit-and-start',
    uptakeSentence: 'Quit Desk and start it again.',
    liveRuns: 0,
    lastRun: null,
    denialsLastHour: 0,
    risk: { score: 20, grade: 'raised', reasons: [{ code: 'newest-package', what: ['a-package'] }] },
    withheld: [],
    project: null,
    sharedWith: [],
    sameAs: [],
    notes: [],
    autoApprove: false,
    headers: [],
    network: null,
    fetches: null,
    pin: null,
    secrets: [],
    ...overrides,
  };
}

export function makeEvent(seq: number, overrides: Partial<Event> = {}): Event {
  const at = overrides.at ?? '2026-03-01T12:00:00.000Z';
  return {
    v: 1,
    seq,
    at,
    firstAt: at,
    run: 'run-1',
    server: 'desk.files',
    kind: 'file.read',
    target: '/home/mara/secret',
    verdict: 'refused',
    by: 'predicted',
    count: 1,
    process: { pid: 7, exe: '/usr/bin/node' },
    ...overrides,
  };
}

export function makeEnd(overrides: Partial<RunEnd> = {}): RunEnd {
  return { cause: 'exit', code: 1, durationMs: 2_000, denials: 0, justBefore: [], ...overrides };
}
