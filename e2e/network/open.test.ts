/**
 * `network open`: the internet, with names in the events; this machine, its network and metadata services stay out of reach,
 * by address and by name. Witness: the wire, and this machine's own services.
 */
import { expect, test } from 'vitest';
import { matchingEvents } from '../confinement/support/technique.ts';
import { nameServer, reached } from './support/small-internet.ts';
import { expectAnswers, host, useStage } from './support/stage.ts';

const stage = useStage();

const internet = [
  ['fetch https://plain.example/', /^ok .*"server_name": "plain\.example"/],
  ['cares https://other.example/', /^ok .*"to": "93\.184\.216\.77"/],
  ['https http://one.wild.example/', /^ok .*"to": "(?:93\.184\.216|2606:2800:220:1:):?\.?40"/],
  ['socket 2606:2800:220:1::34 80', /^ok /],
  ['socket 93.184.216.41 7777', /^ok /],
  ['tls shared-one.example 443 shared-two.example shared-two.example', /^ok /],
  ['resolve many.example', /^ok /],
] as const;

const near = [
  'https http://private.example/',
  'https http://private-six.example/',
  'https http://mapped.example/',
  'https http://loopback.example/',
  'https http://anywhere.example/',
  'https http://metadata.example/',
  'https http://benchmark.example/',
  'https http://alias-private.example/',
  'socket 10.20.30.40 80',
  'socket fd12::1 80',
  'socket 127.0.0.1 80',
  'socket ::1 80',
  'socket 169.254.169.254 80',
  'socket 203.0.113.2 80',
  'https http://printer.office.example/',
];

test('reaches the internet by name and nothing nearer', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const before = await bare(near, { together: true });
  expect(
    before.answers.map(({ ok }) => ok),
    before.whole,
  ).toEqual(near.map(() => true));
  const wanted = [...internet, ...near.map((task) => [task, /^error (?!timeout)/] as const)];
  const told = await ask(
    wanted.map(([task]) => task),
    { network: 'open' },
    { together: true },
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen).filter((place) => !/^(?:93\.184\.|151\.101\.|2606:2800:|2a04:4e42:)/.test(place))).toEqual(
    [],
  );
  // By its name, or by its address where several names or none led there.
  const said = (place: string, address = place): string[] =>
    told.events
      .filter((one) => one.kind === 'net.connect' && (one.target === place || (one.address ?? one.target) === address))
      .map(({ verdict }) => verdict);
  for (const place of ['plain.example:443', 'other.example:443', 'one.wild.example:80', '93.184.216.41:7777'])
    expect(said(place), `${place}\n${told.whole}`).toContain('allowed');
  for (const place of ['metadata.example:80', '10.20.30.40:80', '127.0.0.1:80', '169.254.169.254:80', '203.0.113.2:80'])
    expect(said(place), `${place}\n${told.whole}`).toContain('refused');
  expect(matchingEvents(told.events, 'net.dns', 'other.example').map(({ verdict }) => verdict)).toContain('allowed');
});

test('what a rule names is reached beside it', async ({ skip }) => {
  const { ask } = stage(skip);
  const wanted = [
    ['https http://private.example/', /^ok .*"to": "10\.20\.30\.40"/],
    ['socket 10.20.30.40 8080', /^error EACCES/],
    ['socket 192.168.7.7 80', /^error EACCES/],
    // This machine's own /etc/hosts is nobody else's word.
    ['https http://printer.office.example/', /^ok .*"to": "10\.20\.30\.41"/],
    ['socket 127.0.0.1 8080', /^ok /],
    ['socket 127.0.0.1 80', /^error EACCES/],
    ['fetch https://plain.example/', /^ok /],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { network: 'open', hosts: [host('10.20.30.40', '80', false), host('printer.office.example', '80')], local: [8080] },
    { together: true },
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen).filter((place) => /^(?:10|192|own)/.test(place))).toEqual([
    '10.20.30.40:80',
    '10.20.30.41:80',
    'own 127.0.0.1:8080',
  ]);
});

test('name servers that take no connections, and one on this machine', async ({ skip }) => {
  const { internet: there } = stage(skip);
  const found: Record<string, boolean> = {};
  try {
    for (const server of ['10.0.0.58', '127.0.0.53', '2001:db8:53::53']) {
      await there.setResolvers(`nameserver ${server}\n`);
      const told = await there.contained('getent', ['ahosts', 'plain.example'], { network: 'open' });
      found[server] = told.stdout.includes('93.184.216.34');
    }
  } finally {
    await there.setResolvers(`nameserver ${nameServer}\n`);
  }
  expect(found).toEqual({ '10.0.0.58': true, '127.0.0.53': true, '2001:db8:53::53': true });
});

test('with network none no name is looked up and nothing is reached', async ({ skip }) => {
  const { ask } = stage(skip);
  const tasks = ['lookup plain.example', 'resolve plain.example', 'socket 93.184.216.34 443', 'socket 10.0.0.53 53'];
  const told = await ask(tasks, { network: 'none' }, { together: true });
  expect(
    told.answers.map(({ ok }) => ok),
    told.whole,
  ).toEqual(tasks.map(() => false));
  expect(told.seen).toEqual([]);
});

test('watch stops nothing and records names', async ({ skip }) => {
  const { ask } = stage(skip);
  const wanted = [
    ['https https://plain.example/', /^ok /],
    ['cares http://private.example/', /^ok .*"to": "10\.20\.30\.40"/],
    ['https http://loopback.example/', /^ok /],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { level: 'watch', network: 'open', env: ['*'] },
  );
  expectAnswers(told, wanted);
  for (const name of ['plain.example', 'private.example'])
    expect(
      matchingEvents(told.events, 'net.dns', name).map(({ verdict, by }) => `${verdict} ${by}`),
      told.whole,
    ).toContain('allowed predicted');
  expect(
    matchingEvents(told.events, 'net.connect', 'private.example:80').map(({ verdict, by }) => `${verdict} ${by}`),
    told.whole,
  ).toContain('allowed predicted');
});
