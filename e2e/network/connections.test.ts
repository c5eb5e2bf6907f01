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
    [`https http://short.example/drip?n=5&ms=${(holdMs / 5).toString()}`, /^ok (?:\. ){5}.*"host": "short\.example"/],
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
  const wanted = [
    ['many 500 http://plain.example/', /^ok 500 answers$/],
    ['many 100 https://plain.example/', /^ok 100 answers$/],
    ['fetch https://plain.example/', /^ok /],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { hosts: [host('plain.example')] },
    { timeoutMs: 100_000 },
  );
  expectAnswers(told, wanted);
  expect(told.seen.filter(({ kind }) => kind === 'request').length).toBe(601);
});

test('blocking and non-blocking sockets, both families', async ({ skip }) => {
  const { ask } = stage(skip);
  const wanted = [
    ['socket plain.example 80', /^ok connected /],
    ['socket plain.example 81', /^error (?:PermissionError|OSError)/],
    ['nonblocking plain.example 443', /^ok connected /],
    ['nonblocking six.example 80', /^ok connected /],
    ['nonblocking six.example 7777', /^error PermissionError/],
    ['socket other.example 80', /^error gaierror/],
    ['socket 93.184.216.77 80', /^error PermissionError/],
    ['nonblocking 93.184.216.77 80', /^error PermissionError/],
    // The far side answers that there is nobody; the error is its own.
    ['socket closed.example 80', /^error (?:gaierror|OSError|ConnectionRefusedError)/],
    ['socket plain.example 9999', /^error ConnectionRefusedError/],
    ['nonblocking plain.example 9999', /^error ConnectionRefusedError/],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { hosts: [host('plain.example', '80,443,9999'), host('six.example', '80')] },
    { with: 'python' },
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen).filter((place) => /77|:81|7777/.test(place))).toEqual([]);
});
