/**
 * Looking names up under `network hosts`: what name servers may answer and what they may not, which of them is asked, and
 * that a name which no rule holds never leaves the machine. Witness: the name servers' own log, and the wire.
 */
import { expect, test } from 'vitest';
import { matchingEvents } from '../confinement/support/technique.ts';
import { asked, nameServer, reached } from './support/small-internet.ts';
import { expectAnswers, host, useStage } from './support/stage.ts';

const stage = useStage();
const outside = /^93\.184\.216\.77|^2606:2800:220:1::77/;

test('what name servers answer: the truth in every form, lies, and nothing', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const wanted = [
    ['https http://alias.example/', /^ok .*"to": "(?:93\.184\.216\.50|2606:2800:220:1::50)"/],
    ['https http://many.example/', /^ok .*"to": "93\.184\.217\.\d+"/],
    ['resolve many.example', /^ok (?:93\.184\.217\.\d+ ?){120}$/],
    ['resolve cut.example', /^ok 93\.184\.216\.53$/],
    ['https http://slow.example/', /^ok .*"to": "93\.184\.216\.54"/],
    ['https http://no-ttl.example/', /^ok .*"to": "93\.184\.216\.52"/],
    ['https http://six.example/', /^ok .*"to": "2606:2800:220:1::34"/],
    ['cares http://short.example/', /^ok .*"to": "93\.184\.216\.51"/],
    ['https http://SHORT.Example/', /^ok .*"to": "93\.184\.216\.51"/],
    ['kind TXT text.example', /^ok .*words/],
    ['kind CNAME alias.example', /^ok .*first\.chain\.example/],
    // Lies: what a neighbour says in place of the name server, and what a name server says that somebody took over.
    ['resolve wrong-id.example', /^ok 93\.184\.216\.55$/],
    ['resolve wrong-question.example', /^ok 93\.184\.216\.56$/],
    ['resolve wrong-owner.example', /^error /],
    ['resolve extra.example', /^ok 93\.184\.216\.57$/],
    ['resolve pointer-loop.example', /^error /],
    ['resolve short-packet.example', /^error /],
    ['resolve half.example', /^ok 93\.184\.216\.60$/],
    ['https http://extra.example/', /^ok .*"to": "93\.184\.216\.57"/],
    // Nothing.
    ['lookup nowhere.example', /^error ENOTFOUND$/],
    ['lookup failing.example', /^error (?:EAI_AGAIN|ENOTFOUND|EAI_FAIL)/],
    ['lookup loop.example', /^error /],
    ['resolve mute.example', /^error /],
  ] as const;
  const names = [...new Set(wanted.map(([task]) => (/([a-z-]+\.example)/i.exec(task)?.[1] ?? '').toLowerCase()))];
  const hosts = [...names, 'plain.example'].map((name) => host(name));
  const before = await bare(['socket 93.184.216.77 443', 'resolve wrong-owner.example']);
  expect(before.answers[0]?.ok, 'bare, it is reached').toBe(true);
  const told = await ask(
    wanted.map(([task]) => task),
    { hosts },
    { together: true },
  );
  expectAnswers(told, wanted);
  expect(asked(told.seen).filter((name) => !names.includes(name))).toEqual([]);
  expect(reached(told.seen).filter((place) => outside.test(place))).toEqual([]);
  expect(
    matchingEvents(told.events, 'net.dns', 'alias.example').map(({ verdict }) => verdict),
    told.whole,
  ).toContain('allowed');
  // What was planted beside an answer has not been taken for one.
  const after = await ask(['resolve extra.example', 'socket 93.184.216.77 443', 'socket 93.184.216.77 80'], { hosts });
  expect(
    after.answers.map(({ text }) => text),
    after.whole,
  ).toEqual(['93.184.216.57', 'EACCES', 'EACCES']);
  expect(reached(after.seen)).toEqual([]);
});

test('names that no rule holds never reach a name server', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const names = [
    'other.example',
    'plain.example.other.example',
    'sub.plain.example',
    'wild.example',
    'xwild.example',
    'plain.example.',
    'secret-that-leaves.other.example',
  ];
  const tasks = [
    ...names.map((name) => `lookup ${name}`),
    ...names.map((name) => `resolve ${name}`),
    'kind TXT secret-in-text.other.example',
    'kind MX other.example',
    'kind SRV _service._tcp.other.example',
  ];
  const before = await bare(tasks);
  expect(asked(before.seen), 'bare, they do').toContain('secret-that-leaves.other.example');
  const told = await ask(tasks, { hosts: [host('plain.example'), host('*.wild.example')] });
  for (const [index, task] of tasks.entries()) {
    expect(told.answers[index]?.ok, `${task}\n${told.whole}`).toBe(task.endsWith(' plain.example.'));
  }
  expect(asked(told.seen)).toEqual(['plain.example']);
  for (const name of ['other.example', 'wild.example', 'secret-in-text.other.example'])
    expect(
      matchingEvents(told.events, 'net.dns', name).map(({ verdict }) => verdict),
      told.whole,
    ).toContain('refused');
});

test('an allowed name does not lead to this machine, its network or a metadata service', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const names = ['private', 'private-six', 'mapped', 'loopback', 'anywhere', 'metadata', 'benchmark', 'alias-private'];
  const tasks = names.flatMap((name) => [`https http://${name}.example/`, `cares http://${name}.example/`]);
  const before = await bare(tasks.filter((task) => task.startsWith('https')));
  expect(
    before.answers.map(({ ok }) => ok),
    before.whole,
  ).toEqual(names.map(() => true));
  const told = await ask([...tasks, 'https http://mixed.example/'], {
    hosts: [...names, 'mixed'].map((name) => host(`${name}.example`, '*')),
  });
  for (const [index, task] of tasks.entries()) expect(told.answers[index]?.ok, `${task}\n${told.whole}`).toBe(false);
  // Of two addresses the public one is used.
  expect(told.answers[tasks.length]?.text, told.whole).toMatch(/"to": "93\.184\.216\.34"/);
  expect(reached(told.seen)).toEqual(['93.184.216.34:80']);
  expect(
    new Set(
      matchingEvents(told.events, 'net.connect', 'private.example:80').map(
        ({ verdict, address }) => `${verdict} ${address ?? ''}`,
      ),
    ),
    told.whole,
  ).toEqual(new Set(['refused 10.20.30.40:80']));
  // An address that is made up here for names of the plan is not believed from outside: it would lead to the plan's first name.
  const first = await ask(['https http://plain.example/', 'https http://benchmark.example/'], {
    hosts: [host('plain.example'), host('benchmark.example')],
  });
  expect(
    first.answers.map(({ ok }) => ok),
    first.whole,
  ).toEqual([true, false]);
  // Named by network they are reached.
  const twin = await ask(['https http://private.example/', 'https http://loopback.example/'], {
    hosts: [host('private.example'), host('10.20.30.0/24', '80', false), host('loopback.example')],
    local: [80],
  });
  expect(
    twin.answers.map(({ ok }) => ok),
    twin.whole,
  ).toEqual([true, true]);
});

test('a name that turns to this machine between two look-ups', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const tasks = ['cares http://rebind.example/', 'cares http://rebind.example/', 'cares http://rebind.example/'];
  const before = await bare(tasks);
  expect(reached(before.seen), 'bare, this machine is reached').toContain('own 127.0.0.1:80');
  const told = await ask(tasks, { hosts: [host('rebind.example')] });
  expect(
    told.answers.map(({ ok }) => ok),
    told.whole,
  ).toEqual([true, false, true]);
  expect(reached(told.seen)).toEqual(['93.184.216.62:80']);
});

test('an address without a look-up, or for another port, is refused', async ({ skip }) => {
  const { ask } = stage(skip);
  const wanted = [
    ['socket 93.184.216.34 443', /^error EACCES$/],
    ['lookup plain.example', /^ok /],
    ['socket 93.184.216.34 443', /^ok /],
    ['socket 93.184.216.34 80', /^error EACCES$/],
    ['socket 93.184.216.34 8443', /^error EACCES$/],
    ['socket 93.184.216.77 443', /^error EACCES$/],
    ['socket 2606:2800:220:1::34 443', /^ok /],
    ['socket 2606:2800:220:1::77 443', /^error EACCES$/],
    ['socket ::ffff:93.184.216.77 443', /^error EACCES$/],
    // A made-up address of nobody's; the first ones stand for the names of the plan.
    ['socket 198.18.9.9 443', /^error EACCES$/],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { hosts: [host('plain.example', '443')] },
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen)).toEqual(['2606:2800:220:1::34:443', '93.184.216.34:443']);
});

test("names of this machine's own /etc/hosts", async ({ skip }) => {
  const { ask } = stage(skip);
  const tasks = ['https http://printer.office.example/', 'cares http://printer.office.example/'];
  const told = await ask(tasks, { hosts: [host('printer.office.example', '80')] });
  expect(told.answers[0]?.text, told.whole).toContain('"to": "10.20.30.41"');
  expect(reached(told.seen)).toEqual(['10.20.30.41:80']);
  // A rule for all names below is not enough: whoever writes such a rule means the internet.
  const wide = await ask(tasks, { hosts: [host('*.office.example', '80'), host('plain.example')] });
  expect(
    wide.answers.map(({ ok }) => ok),
    wide.whole,
  ).toEqual([false, false]);
  expect(reached(wide.seen)).toEqual([]);
});

test('addresses, networks and ports as rules', async ({ skip }) => {
  const { ask } = stage(skip);
  const wanted = [
    ['socket 93.184.216.77 80', /^ok /],
    ['socket 93.184.216.77 443', /^error EACCES$/],
    ['socket 93.184.217.5 8080', /^ok /],
    ['socket 93.184.218.5 8080', /^error EACCES$/],
    ['socket 2606:2800:220:1::77 443', /^ok /],
    ['socket 2606:2800:221:1::77 443', /^error EACCES$/],
    ['socket 10.20.30.40 8080', /^ok /],
    ['socket 10.20.30.40 8443', /^error EACCES$/],
    ['socket 169.254.169.254 80', /^error EACCES$/],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    {
      hosts: [
        host('93.184.216.77', '80', false),
        host('93.184.217.0/24', '8000-8090', false),
        host('2606:2800:220::/48', '443', false),
        host('10.20.30.40', '80,8080', false),
      ],
    },
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen)).toEqual([
    '10.20.30.40:8080',
    '2606:2800:220:1::77:443',
    '93.184.216.77:80',
    '93.184.217.5:8080',
  ]);
});

test('one name server after the other, as the machine has them', async ({ skip }) => {
  const { internet } = stage(skip);
  const cases: Record<string, boolean> = {
    'nameserver 10.0.0.55\nnameserver 10.0.0.53\n': true, // the first is silent
    'nameserver 10.0.0.56\nnameserver 10.0.0.53\n': true, // nobody there
    'nameserver 10.0.0.57\nnameserver 10.0.0.53\n': true, // fails
    'nameserver 10.0.0.62\nnameserver 10.0.0.53\n': true, // refuses
    'nameserver 10.0.0.58\n': true, // datagrams only
    'nameserver 10.0.0.59\n': true, // connections only
    'nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch office.example\n': true, // a stub on this machine
    'nameserver 2001:db8:53::53\n': true,
    'nameserver 10.0.0.57\n': false,
    'nameserver 10.0.0.56\n': false,
    '# none\n': false,
  };
  const found: Record<string, boolean> = {};
  try {
    for (const text of Object.keys(cases)) {
      await internet.setResolvers(text);
      const told = await internet.contained('getent', ['ahosts', 'plain.example'], {
        network: 'hosts',
        hosts: [host('plain.example')],
      });
      found[text] = told.code === 0 && told.stdout.includes('93.184.216.34');
    }
  } finally {
    await internet.setResolvers(`nameserver ${nameServer}\n`);
  }
  expect(found).toEqual(cases);
});

test('name servers that change while it runs, as with a VPN', async ({ skip }) => {
  const { ask, internet } = stage(skip);
  const wanted = [
    ['lookup moved.example', /^error ENOTFOUND/],
    ['https http://plain.example/move-resolver?to=10.0.0.54', /^ok /],
    ['sleep 700', /^ok /],
    ['https http://moved.example/', /^ok .*"to": "93\.184\.216\.66"/],
    ['cares http://moved.example/', /^ok .*"to": "93\.184\.216\.66"/],
  ] as const;
  try {
    const told = await ask(
      wanted.map(([task]) => task),
      { hosts: [host('plain.example'), host('moved.example')] },
    );
    expectAnswers(told, wanted);
    expect(new Set(told.seen.filter(({ kind }) => kind === 'dns').map(({ server }) => server))).toEqual(
      new Set(['10.0.0.53', '10.0.0.54']),
    );
  } finally {
    await internet.setResolvers(`nameserver ${nameServer}\n`);
  }
});

test('names under an allowed suffix are no channel beyond the stated bounds', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}`;
  const tasks = ['dns-many 400 wild.example', `dns 1 ${long}.wild.example`, 'dns 1 n0.wild.example'];
  const before = await bare(tasks, { with: 'python' });
  expect(before.answers[0]?.text, before.whole).toBe('answered 400 refused 0');
  const told = await ask(tasks, { hosts: [host('*.wild.example')] }, { with: 'python' });
  const answered = Number(/^answered (\d+)/.exec(told.answers[0]?.text ?? '')?.[1] ?? Number.NaN);
  expect(answered, told.whole).toBeGreaterThanOrEqual(100);
  expect(answered, told.whole).toBeLessThanOrEqual(110);
  expect(told.answers[1]?.text, told.whole).toMatch(/code 3/);
  expect(told.answers[2]?.text, 'a name that was asked for before costs nothing').toMatch(/code 0 answers 1/);
  expect(asked(told.seen).length).toBe(answered);
  expect(matchingEvents(told.events, 'net.dns', /\.wild\.example$/).some(({ verdict }) => verdict === 'refused')).toBe(
    true,
  );
});

test('questions that no library asks', async ({ skip }) => {
  const { ask } = stage(skip);
  const query = (name: string, ...tail: number[]): string => {
    const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
    const message = [0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, ...tail];
    return Buffer.from([0, message.length, ...message]).toString('hex');
  };
  const wanted = [
    // Another name than the one that is asked for, encrypted hello, hints: nothing of it is passed on.
    ['dns 65 service-alias.example', /^ok id 7 code 0 (?!.*05 ?6f74686572)/],
    ['dns 65 other.example', /^ok id 7 code 3 answers 0/],
    ['dns 255 plain.example', /^ok id 7 code [45] answers 0/],
    ['dns 10 plain.example', /^ok id 7 code [0345] answers 0/],
    ['dns 16 secret.other.example', /^ok id 7 code 3 answers 0/],
    [`dns-raw ${query('plain.example', 0, 1, 0, 3)}`, /^(?:ok id 9 code [145]|error)/], // class CHAOS
    [`dns-raw ${query('plain.example', 0, 1)}`, /^(?:ok id 9 code 1|error)/],
    ['dns-raw 0003000900', /^(?:ok|error)/],
    ['dns 1 plain.example', /^ok id 7 code 0 answers 1/],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { hosts: [host('plain.example'), host('service-alias.example')] },
    { with: 'python' },
  );
  expectAnswers(told, wanted);
  expect(asked(told.seen).filter((name) => !['plain.example', 'service-alias.example'].includes(name))).toEqual([]);
});
