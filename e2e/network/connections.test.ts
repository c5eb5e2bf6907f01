/**
 * Connections as programs make them, under `network hosts`: blocking and not, many at once, living on past the end of the
 * answer that led to them, large, and to addresses of which some are silent.
 */
import { expect, test } from 'vitest';
import { reached } from './support/small-internet.ts';
import { expectAnswers, host, useStage } from './support/stage.ts';

const stage = useStage();
const long = process.env['BELLJAR_TEST_LONG'] === '1';

test('long-lived, large, and past the first silent address', { timeout: 120_000 }, async ({ skip }) => {
  const { ask } = stage(skip);
  const holdMs = long ? 45_000 : 2500;
  const wanted = [
    [`hold short.example 7777 ${holdMs.toString()}`, /^ok before after$/],
    [
      `https http://short.example/drip?n=10&ms=${(holdMs / 10).toString()}`,
      /^ok (?:\. ){10}.*"host": "short\.example"/,
    ],
    ['size https://plain.example/bytes?n=30000000', /^ok 30000000$/],
    ['size http://six.example/bytes?n=30000000', /^ok 30000000$/],
    ['fetch https://silent-six.example/', /^ok .*"to": "93\.184\.216\.34"/],
    ['fetch http://silent-four.example/', /^ok .*"to": "93\.184\.216\.34"/],
    ['fetch https://closed-six.example/', /^ok .*"to": "93\.184\.216\.34"/],
    ['fetch https://closed-four.example/', /^ok .*"to": "93\.184\.216\.34"/],
    ['socket silent.example 80 1500', /^error (?:timeout|ETIMEDOUT)/],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    {
      hosts: ['short', 'plain', 'six', 'silent-six', 'silent-four', 'closed-six', 'closed-four', 'silent'].map((name) =>
        host(`${name}.example`, '*'),
      ),
    },
    { together: true, timeoutMs: 100_000 },
  );
  expectAnswers(told, wanted);
  // It is one connection that lasted, and not a second one.
  expect(told.seen.filter(({ kind, port }) => kind === 'accept' && port === 7777).length).toBe(1);
});

test('five hundred at once', { timeout: 120_000 }, async ({ skip }) => {
  const { ask } = stage(skip);
  const secure = long ? 500 : 50;
  const wanted = [
    ['many 500 http://plain.example/', /^ok 500 answers$/],
    [`many ${secure.toString()} https://plain.example/`, /^ok /],
    ['fetch https://plain.example/', /^ok /],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { hosts: [host('plain.example')] },
    { timeoutMs: 100_000 },
  );
  expectAnswers(told, wanted);
  expect(told.seen.filter(({ kind }) => kind === 'request').length).toBe(501 + secure);
});

test('blocking and non-blocking sockets, both families', async ({ skip }) => {
  const { ask } = stage(skip);
  const wanted = [
    ['socket plain.example 80', /^ok connected /],
    ['socket plain.example 81', /^error (?:PermissionError|OSError)/],
    ['nonblocking plain.example 443', /^ok connected /],
    ['nonblocking six.example 80', /^ok connected /],
    ['nonblocking six.example 7777', /^error PermissionError/],
    ['urgent four.example 7777', /^ok b'one\\n!two\\n'$/],
    ['socket other.example 80', /^error gaierror/],
    ['socket 93.184.216.77 80', /^error PermissionError/],
    ['nonblocking 93.184.216.77 80', /^error PermissionError/],
    ['socket closed-only.example 80', /^error (?:OSError|ConnectionRefusedError)/],
    // Nobody listens there. The relay tries the far side first and says what came of it; by address, a socket waits without a
    // limit of time. Several times, because what a program is told must not depend on when it looks.
    ...Array.from({ length: 12 }, () => [
      ['socket plain.example 9999', /^error ConnectionRefusedError/] as const,
      ['socket 93.184.216.34 9999', /^error ConnectionRefusedError/] as const,
      ['nonblocking plain.example 9999', /^error ConnectionRefusedError/] as const,
    ]).flat(),
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    {
      hosts: [
        host('plain.example', '80,443,9999'),
        host('six.example', '80'),
        host('closed-only.example', '80'),
        host('four.example', '7777'),
      ],
    },
    { with: 'python' },
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen).filter((place) => /77:|:81|::34:7777/.test(place))).toEqual([]);
});

test('datagrams, where they are granted, go by the same rules', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const ways = ['datagram-sendto', 'datagram-sendmsg', 'datagram-connect'];
  const tasks = ways.flatMap((way) =>
    ['plain.example 7777', 'plain.example 7778', '93.184.216.77 7777', '10.20.30.40 7777', '127.0.0.1 7777'].map(
      (place) => `${way} ${place}`,
    ),
  );
  const before = await bare(tasks, { with: 'python' });
  expect(
    before.answers.map(({ ok }) => ok),
    before.whole,
  ).toEqual(tasks.map(() => true));
  expect(reached(before.seen)).toContain('udp 93.184.216.77:7777');
  const hosts = [host('plain.example', '7777', false)];
  const told = await ask(tasks, { hosts, permissions: ['datagrams'] }, { with: 'python' });
  expect(
    told.answers.map(({ ok }) => ok),
    told.whole,
  ).toEqual(tasks.map((task) => task.endsWith('plain.example 7777')));
  expect(reached(told.seen)).toEqual(['udp 93.184.216.34:7777']);
  const without = await ask(tasks, { hosts }, { with: 'python' });
  expect(
    without.answers.map(({ ok }) => ok),
    without.whole,
  ).toEqual(tasks.map(() => false));
  expect(reached(without.seen)).toEqual([]);
});
