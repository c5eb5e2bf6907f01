/**
 * The name inside a connection under `network hosts`: an address that serves several names admits those alone that a rule
 * allows, by TLS server name and by Host. Witness: what the far side was sent.
 */
import { expect, test } from 'vitest';
import { matchingEvents } from '../confinement/support/technique.ts';
import { answers, programs } from './support/programs.ts';
import { names, reached } from './support/small-internet.ts';
import { expectAnswers, host, useStage } from './support/stage.ts';

const stage = useStage();
const shared = 'shared-one.example';

test('TLS: the server name must be allowed', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const forbidden = [
    `tls ${shared} 443 shared-two.example shared-two.example`,
    `tls ${shared} 443 other.example ${shared}`,
    `tls ${shared} 443 - ${shared}`,
    `tls ${shared} 8443 shared-two.example shared-two.example`,
  ];
  const before = await bare(forbidden, { together: true });
  expect(
    before.answers.map(({ ok }) => ok),
    before.whole,
  ).toEqual(forbidden.map(() => true));
  const wanted = [
    ...forbidden.map((task) => [task, /^error /] as const),
    [`tls ${shared} 443 ${shared} ${shared}`, /^ok .*"server_name": "shared-one\.example"/],
    [`tls ${shared} 443 SHARED-ONE.example ${shared}`, /^ok .*"host": "shared-one\.example"/],
    [
      `tls ${shared} 443 plain.example plain.example`,
      /^ok .*"server_name": "plain\.example", "to": "(?:151\.101\.1\.1|2a04:4e42::1)"/,
    ],
    [`tls ${shared} 8443 ${shared} ${shared}`, /^ok /],
    [`fetch https://${shared}/`, /^ok .*"server_name": "shared-one\.example"/],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    { hosts: [host(shared, '443,8443'), host('plain.example', '443')] },
    { together: true },
  );
  expectAnswers(told, wanted);
  expect(
    names(told.seen).map((name) => name.toLowerCase()),
    'what the far side heard',
  ).toEqual(expect.not.arrayContaining(['shared-two.example', 'other.example']));
  expect(told.seen.filter(({ kind, server_name }) => kind === 'accept' && server_name === null)).toEqual([]);
  const refused = matchingEvents(told.events, 'net.connect', /./).filter(({ verdict }) => verdict === 'refused');
  expect(
    refused.map(({ target, known }) => `${target} ${known ?? ''}`),
    told.whole,
  ).toEqual(
    expect.arrayContaining([
      'shared-two.example:443 other-name',
      'other.example:443 other-name',
      'shared-two.example:8443 other-name',
    ]),
  );
});

test('HTTP: the Host must be allowed, and what is no HTTP is refused at 80', async ({ skip }) => {
  const { ask, bare } = stage(skip);
  const raw = (text: string, port = 80): string => `raw ${shared} ${port.toString()} ${text}`;
  const forbidden = [
    raw('GET / HTTP/1.1\\r\\nHost: shared-two.example\\r\\n\\r\\n'),
    raw('GET / HTTP/1.1\\r\\nHost: shared-two.example\\r\\n\\r\\n', 8080),
    raw('GET / HTTP/1.1\\r\\nX: y\\r\\nHOST:  shared-two.example:80 \\r\\n\\r\\n'),
    raw('GET / HTTP/1.1\\r\\nHo|st: shared-tw|o.example\\r\\n\\r|\\n'),
    raw(`GET / HTTP/1.1\\r\\nHost: ${shared}\\r\\nHost: shared-two.example\\r\\n\\r\\n`),
    raw('GET / HTTP/1.1\\r\\nX: y\\r\\n\\r\\n'),
    raw(`GET http://shared-two.example/ HTTP/1.1\\r\\nHost: ${shared}\\r\\n\\r\\n`),
    // Methods that no list holds.
    raw(`${'A'.repeat(40)} / HTTP/1.1\\r\\nHost: shared-two.example\\r\\n\\r\\n`, 8080),
    raw('G|1 / HTTP/1.1\\r\\nHost: shared-two.example\\r\\n\\r\\n', 8080),
  ];
  const strange = [
    raw('HELLO THERE\\r\\n\\r\\n'),
    raw(' GET / HTTP/1.1\\r\\nHost: shared-two.example\\r\\n\\r\\n'),
    raw(`GET / HTTP/1.1\\nHost: shared-two.example\\n\\nHost: ${shared}\\r\\n\\r\\n`),
    raw('GET / HTTP/1.1\\r\\nHost: shared-two.example\\0\\r\\n\\r\\n'),
    raw('\\r\\nGET / HTTP/1.1\\r\\nHost: shared-two.example\\r\\n\\r\\n'),
  ];
  const before = await bare(forbidden, { together: true });
  expect(
    before.answers.map(({ ok }) => ok),
    before.whole,
  ).toEqual(forbidden.map(() => true));
  const good = [
    raw(`GET / HTTP/1.1\\r\\nHost: ${shared}\\r\\n\\r\\n`),
    raw(`GET / HTTP/1.1\\r\\nHost: ${shared}:80\\r\\n\\r\\n`),
    raw(`G|ET / HTTP/1.1\\r\\n|host:${shared}\\r|\\n\\r\\n`),
    raw(`GET / HTTP/1.1\\r\\nHost: ${shared}\\r\\n\\r\\n`, 8080),
  ];
  const tasks = [...forbidden, ...strange, ...good];
  const told = await ask(tasks, { hosts: [host(shared, '80,8080')] }, { together: true });
  for (const [index, task] of tasks.entries()) {
    const reply = told.answers[index];
    if (good.includes(task)) expect(reply?.text, `${task}\n${told.whole}`).toMatch(/"host": "shared-one\.example/);
    else expect(reply?.text, `${task}\n${told.whole}`).not.toContain('"host"');
  }
  expect(
    told.seen.filter(({ kind }) => kind === 'request').map((one) => `${one.target ?? ''} ${one.host ?? ''}`),
    'what the far side heard',
  ).toEqual(expect.not.arrayContaining([expect.stringContaining('shared-two')]));
  const refused = matchingEvents(told.events, 'net.connect', 'shared-two.example:80');
  expect(
    refused.map(({ verdict, known }) => `${verdict} ${known ?? ''}`),
    told.whole,
  ).toContain('refused other-name');
});

test('an unchecked rule, other protocols, and who speaks first', async ({ skip }) => {
  const { ask } = stage(skip);
  const wanted = [
    ['talk plain.example 2525', /^ok 220 (?:93\.184\.216\.34|2606:2800:220:1::34) speaks first 250 heard hello/],
    ['echo plain.example 7777', /^ok words/],
    [`tls ${shared} 443 shared-two.example shared-two.example`, /^ok .*"server_name": "shared-two\.example"/],
    [
      `raw ${shared} 80 GET / HTTP/1.1\\r\\nHost: shared-two.example\\r\\n\\r\\n`,
      /^ok .*"host": "shared-two\.example"/,
    ],
    ['echo six.example 7777', /^ok words/],
    ['echo plain.example 7778', /^error EACCES/],
  ] as const;
  const told = await ask(
    wanted.map(([task]) => task),
    {
      hosts: [host('plain.example', '2525,7777'), host('six.example', '7777', false), host(shared, '*', false)],
    },
    { together: true },
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen).filter((place) => place.endsWith(':7778'))).toEqual([]);
});

test('curl with an address of its own choice', async ({ skip }) => {
  const { internet } = stage(skip);
  const curl = await programs['curl']?.();
  if (curl === undefined || typeof curl === 'string') return skip(curl ?? 'no curl');
  const wanted = {
    // The name is allowed, the address is somebody else's.
    '--resolve,plain.example:443:93.184.216.77 https://plain.example/': false,
    '--connect-to,plain.example:443:other.example:443 https://plain.example/': false,
    // The address is of a name that is allowed, the name inside is not.
    '--connect-to,::shared-one.example: https://shared-two.example/': false,
    '--ipv6,--globoff http://[2606:2800:220:1::77]/': false,
    '--connect-to,plain.example:443:shared-one.example:443 https://plain.example/': true,
    '--http1.1 https://plain.example/': true,
    '--tls-max,1.2 https://plain.example/': true,
  };
  const tasks = Object.keys(wanted);
  const before = await internet.bare(curl.command, [...curl.args, ...tasks]);
  expect(
    answers(before.stdout).map(({ ok }) => ok),
    before.stdout,
  ).toEqual(tasks.map(() => true));
  const told = await internet.contained(curl.command, [...curl.args, ...tasks], {
    network: 'hosts',
    hosts: [host('plain.example', '443'), host(shared, '443')],
    exec: curl.exec,
  });
  const said = answers(told.stdout);
  expect(Object.fromEntries(tasks.map((task, index) => [task, said[index]?.ok])), told.stdout).toEqual(wanted);
  expect(reached(told.seen).filter((place) => place.includes('77:'))).toEqual([]);
  expect(names(told.seen)).toEqual(['plain.example']);
});
