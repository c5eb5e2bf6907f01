/**
 * Inside a company: names of the internet are not looked up there, and a proxy is the only way out. The launcher's environment
 * names it. Under `network hosts` programs do not hear of it, and reach the named hosts through it; witness: what the proxy
 * was asked for.
 */
import { expect, test } from 'vitest';
import { asked, nameServer, reached } from './support/small-internet.ts';
import { expectAnswers, host, useStage } from './support/stage.ts';

const stage = useStage();

async function inside<T>(there: { setResolvers: (text: string) => Promise<void> }, work: () => Promise<T>): Promise<T> {
  await there.setResolvers('nameserver 10.0.0.61\n');
  try {
    return await work();
  } finally {
    await there.setResolvers(`nameserver ${nameServer}\n`);
  }
}

test.for([
  ['by address', 'http://10.0.0.80:3128', null],
  ['by name, with a password', 'http://user:p%40ss@proxy.office.example:3128/', 'basic dxnlcjpwqhnz'],
] as const)('network hosts, the proxy %s', async ([, proxy, authorization], { skip }) => {
  const { ask, internet } = stage(skip);
  const wanted = [
    ['fetch https://plain.example/', /^ok .*"server_name": "plain\.example"/],
    ['cares http://four.example/', /^ok .*"host": "four\.example"/],
    ['cares http://one.wild.example/', /^ok .*"host": "one\.wild\.example"/],
    ['connect proxy.office.example 3128 other.example:443', /^error /],
    ['tls plain.example 443 other.example other.example', /^error /],
    ['fetch https://other.example/', /^error /],
    ['socket 93.184.216.77 443', /^error EACCES/],
    // The proxy itself, which would lead anywhere.
    ['connect 10.0.0.80 3128 other.example:443', /^error EACCES/],
    ['socket 10.0.0.80 443', /^error EACCES/],
    ['https http://intranet.office.example/', /^error /],
    ['https https://plain.example:8443/', /^error /],
  ] as const;
  const told = await inside(internet, () =>
    ask(
      wanted.map(([task]) => task),
      {
        hosts: [host('plain.example', '443'), host('four.example', '80'), host('*.wild.example')],
        env: ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy'],
      },
      { env: { HTTPS_PROXY: proxy, HTTP_PROXY: proxy }, together: true },
    ),
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen), 'only the proxy').toEqual(['10.0.0.80:3128']);
  const targets = told.seen.filter(({ kind }) => kind === 'proxy');
  expect(new Set(targets.map(({ method, target }) => `${method ?? ''} ${target ?? ''}`))).toEqual(
    new Set(['CONNECT plain.example:443', 'CONNECT four.example:80', 'CONNECT one.wild.example:80']),
  );
  if (authorization !== null)
    expect(new Set(targets.map((one) => one.authorization))).toEqual(new Set([authorization]));
  expect(
    asked(told.seen).filter((name) => name !== 'proxy.office.example'),
    'names of the internet are not looked up inside',
  ).toEqual([]);
});

test.for([
  ['by address', 'http://10.0.0.80:3128'],
  ['by name', 'http://proxy.office.example:3128'],
] as const)('no rule leads to the proxy %s itself', async ([, proxy], { skip }) => {
  const { ask, internet } = stage(skip);
  // Both names have the proxy's own address at the company's name server, and a rule allows its port for them.
  const wanted = [
    ['connect proxy.office.example 3128 other.example:443', /^error /],
    ['connect gateway.office.example 3128 other.example:443', /^error /],
  ] as const;
  const told = await inside(internet, () =>
    ask(
      wanted.map(([task]) => task),
      { hosts: [host('*.office.example', '3128')] },
      { env: { HTTPS_PROXY: proxy, NO_PROXY: 'office.example' }, together: true },
    ),
  );
  expectAnswers(told, wanted);
  expect(
    told.seen.filter(({ kind }) => kind === 'proxy').map(({ target }) => target),
    'what the proxy was asked for',
  ).not.toContain('other.example:443');
  expect(reached(told.seen).filter((place) => place !== '10.0.0.80:3128')).toEqual([]);
});

test('what NO_PROXY names goes directly', async ({ skip }) => {
  const { ask, internet } = stage(skip);
  const wanted = [
    ['https http://intranet.office.example/', /^ok .*"to": "10\.20\.30\.40"/],
    ['fetch https://plain.example/', /^ok /],
  ] as const;
  const told = await inside(internet, () =>
    ask(
      wanted.map(([task]) => task),
      {
        hosts: [host('plain.example', '443'), host('intranet.office.example'), host('10.20.30.40', '80', false)],
        env: ['HTTPS_PROXY', 'NO_PROXY'],
      },
      { env: { HTTPS_PROXY: 'http://10.0.0.80:3128', NO_PROXY: 'localhost,.office.example' }, together: true },
    ),
  );
  expectAnswers(told, wanted);
  expect(reached(told.seen)).toEqual(['10.0.0.80:3128', '10.20.30.40:80']);
});

test('network open: programs hear of the proxy, and reach it', async ({ skip }) => {
  const { internet } = stage(skip);
  const proxy = 'http://10.0.0.80:3128';
  const told = await inside(internet, () =>
    internet.contained(
      'curl',
      ['-sS', '--max-time', '8', 'https://plain.example/', 'https://other.example/'],
      { network: 'open', env: ['HTTPS_PROXY'] },
      { env: { HTTPS_PROXY: proxy } },
    ),
  );
  expect(told.code, told.stderr).toBe(0);
  expect(told.stdout).toContain('"server_name": "plain.example"');
  expect(reached(told.seen)).toEqual(['10.0.0.80:3128']);
});
