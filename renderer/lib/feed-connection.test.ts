import { describe, expect, it } from 'vitest';
import type { FeedMessage } from '#contract/feed.ts';
import { createFakeTransport, createManualClock, makeEvent, settle } from '../test-support/fixtures.ts';
import { failureOf } from './failure.ts';
import type { ConnectionState } from './feed-connection.ts';
import { createFeedConnection, pauseBefore } from './feed-connection.ts';

function setUp() {
  const transport = createFakeTransport();
  const clock = createManualClock();
  const log: string[] = [];
  const states: ConnectionState[] = [];
  let snapshot: () => Promise<void> = async () => undefined;
  const connection = createFeedConnection(transport, clock, {
    onState: (state) => {
      states.push(state);
      log.push(state.kind);
    },
    onSnapshotNeeded: async () => {
      log.push('snapshot');
      await snapshot();
    },
    onMessages: (messages) =>
      log.push(...messages.map((message) => `${message.type} ${'seq' in message ? String(message.seq) : ''}`)),
    onUnreadable: (lines) => log.push(`unreadable ${String(lines)}`),
  });
  return {
    transport,
    clock,
    log,
    states,
    connection,
    onSnapshot: (take: () => Promise<void>) => {
      snapshot = take;
    },
    feed: (index: number) => {
      const feed = transport.feeds[index];
      if (feed === undefined) throw new Error(`No feed ${String(index)}`);
      return feed;
    },
  };
}

const hello = (epoch: string, seq: number): FeedMessage => ({ type: 'hello', epoch, seq });
const message = (seq: number): FeedMessage => ({ type: 'event', seq, event: makeEvent(seq) });

describe('feed connection', () => {
  it('takes a snapshot first, then hands messages on in order', async () => {
    const { connection, feed, log } = setUp();
    connection.start();
    await settle();
    await feed(0).say(hello('e1', 5), message(6), message(7), { type: 'ping' });
    expect(log).toEqual(['connecting', 'snapshot', 'live', 'event 6', 'event 7']);
  });

  it('does not read on while the snapshot is taken', async () => {
    const { connection, feed, log, onSnapshot } = setUp();
    let done: () => void = () => undefined;
    onSnapshot(() => new Promise<void>((resolve) => (done = resolve)));
    connection.start();
    await settle();
    await feed(0).say(hello('e1', 5), message(6));
    expect(log).toEqual(['connecting', 'snapshot']);
    done();
    await settle();
    expect(log).toEqual(['connecting', 'snapshot', 'live', 'event 6']);
  });

  it('resumes behind the last message, without a snapshot, in the same epoch', async () => {
    const { connection, feed, log, clock } = setUp();
    connection.start();
    await settle();
    await feed(0).say(hello('e1', 5), message(6), message(7));
    await feed(0).end();
    await clock.advance(pauseBefore(1));
    expect(feed(1).resume).toEqual({ epoch: 'e1', seq: 7 });
    log.length = 0;
    await feed(1).say(hello('e1', 9), message(8), message(9));
    expect(log).toEqual(['live', 'event 8', 'event 9']);
  });

  it('takes a new snapshot in another epoch, and when the host says so', async () => {
    const { connection, feed, log, clock } = setUp();
    connection.start();
    await settle();
    await feed(0).say(hello('e1', 5), message(6));
    await feed(0).end();
    await clock.advance(pauseBefore(1));
    log.length = 0;
    await feed(1).say(hello('e2', 0), message(1), { type: 'snapshot-needed', seq: 4 }, message(5));
    expect(log).toEqual(['snapshot', 'live', 'event 1', 'snapshot', 'event 5']);
  });

  it('a snapshot that fails is taken again', async () => {
    const { connection, feed, log, clock, onSnapshot } = setUp();
    onSnapshot(() => Promise.reject(failureOf('newer-format')));
    connection.start();
    await settle();
    await feed(0).say(hello('e1', 5));
    expect(log.at(-1)).toBe('gone');
    onSnapshot(async () => undefined);
    await clock.advance(pauseBefore(1));
    expect(feed(1).resume).toBeNull();
    await feed(1).say(hello('e1', 5));
    expect(log.slice(-2)).toEqual(['snapshot', 'live']);
  });

  it('gives up a feed that has gone silent, and pings keep it', async () => {
    const { connection, feed, log, clock } = setUp();
    connection.start();
    await settle();
    await feed(0).say(hello('e1', 5));
    await clock.advance(40_000);
    await feed(0).say({ type: 'ping' });
    await clock.advance(40_000);
    expect(feed(0).aborted).toBe(false);
    await clock.advance(6_000);
    expect(feed(0).aborted).toBe(true);
    expect(log).toContain('gone');
  });

  it('waits longer each time, up to a limit, and can be told to try now', async () => {
    const { connection, transport, clock, states } = setUp();
    transport.refuseFeed('host-unreachable');
    connection.start();
    await settle();
    for (let attempt = 1; attempt < 8; attempt += 1) await clock.advance(pauseBefore(attempt));
    const gone = states.filter((state) => state.kind === 'gone');
    expect(gone.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(gone.map(({ attempt }) => pauseBefore(attempt))).toEqual([500, 1000, 2000, 4000, 8000, 10000, 10000, 10000]);
    transport.refuseFeed(null);
    connection.retryNow();
    await settle();
    expect(transport.feeds).toHaveLength(1);
  });

  it('stops when the key is not valid, and waits when there are too many', async () => {
    const one = setUp();
    one.transport.refuseFeed('unauthorized');
    one.connection.start();
    await settle();
    await one.clock.advance(60_000);
    expect(one.log).toEqual(['connecting', 'unauthorized']);

    const two = setUp();
    two.transport.refuseFeed('too-many-streams');
    two.connection.start();
    await settle();
    expect(two.log).toEqual(['connecting', 'too-many']);
    two.transport.refuseFeed(null);
    await two.clock.advance(10_000);
    expect(two.transport.feeds).toHaveLength(1);
  });

  it('counts lines that it does not understand and goes on', async () => {
    const { connection, feed, log } = setUp();
    connection.start();
    await settle();
    await feed(0).say(hello('e1', 5), 'not json', '{"type":"news","seq":6}', '', message(7));
    expect(log.toSorted()).toEqual(['connecting', 'event 7', 'live', 'snapshot', 'unreadable 2']);
  });

  it('does not follow a host that does not begin with hello', async () => {
    const { connection, feed, states } = setUp();
    connection.start();
    await settle();
    await feed(0).say(message(1));
    expect(states.at(-1)).toMatchObject({ kind: 'gone', error: { code: 'host-version' } });
  });

  it('never has two loops after stop and start', async () => {
    const { connection, transport, clock } = setUp();
    transport.refuseFeed('host-unreachable');
    connection.start();
    await settle();
    connection.stop();
    transport.refuseFeed(null);
    connection.start();
    await settle();
    await clock.advance(60_000);
    expect(transport.feeds.filter(({ aborted }) => !aborted).length).toBeLessThanOrEqual(1);
  });
});
