import { describe, expect, test } from 'vitest';
import { hostGroupSchema, seenHostSchema } from '#contract/network.ts';
import { countReached, hostGroups, nearAddressOf, proposedHosts, seenHosts, type HostUse } from './seen-hosts.ts';

const use = (target: string, change: Partial<HostUse> = {}): HostUse => ({
  kind: 'net.connect',
  target,
  address: null,
  verdict: 'allowed',
  count: 1,
  lastAt: '2026-03-01T12:00:00.000Z',
  ...change,
});

describe('hosts from events', () => {
  test('one entry a host and port, with both verdicts, the last use and the last address; most used first', () => {
    const hosts = seenHosts([
      use('api.github.com:443', { count: 3, address: '140.82.121.5:443' }),
      use('api.github.com:443', { count: 4, address: '140.82.121.6:443', lastAt: '2026-03-02T00:00:00.000Z' }),
      use('API.github.com:443', { verdict: 'refused', lastAt: '2026-02-01T00:00:00.000Z' }),
      use('api.github.com:80', { count: 2 }),
      use('93.184.216.34:443', { count: 20 }),
    ]);
    expect(hosts.map((host) => seenHostSchema.parse(host))).toEqual([
      expect.objectContaining({ host: '93.184.216.34', port: 443, domain: null, allowed: 20 }),
      {
        host: 'api.github.com',
        port: 443,
        domain: 'github.com',
        address: '140.82.121.6:443',
        near: false,
        allowed: 7,
        refused: 1,
        lastAt: '2026-03-02T00:00:00.000Z',
      },
      expect.objectContaining({ host: 'api.github.com', port: 80, allowed: 2 }),
    ]);
    expect(countReached(hosts)).toBe(2);
  });

  test('a name that was only looked up has no port, and is not counted as reached', () => {
    const hosts = seenHosts([
      use('looked.example', { kind: 'net.dns', verdict: 'refused' }),
      use('reached.example', { kind: 'net.dns' }),
      use('reached.example:443'),
    ]);
    expect(hosts.map(({ host, port }) => [host, port])).toEqual([
      ['looked.example', null],
      ['reached.example', 443],
    ]);
    expect(countReached(hosts)).toBe(1);
  });

  test.each([
    '127.0.0.1:5432',
    '[::1]:80',
    'localhost:3000',
    '192.168.1.1:53',
    '8.8.8.8:53',
    'nonsense name',
    '*.x.example:443',
    '',
  ])('%j is no host that a rule could name', (target) => {
    expect(seenHosts([use(target)])).toEqual([]);
  });
});

describe('proposals', () => {
  const propose = (uses: HostUse[], granted: string[] = []): string[] =>
    proposedHosts(hostGroups(seenHosts(uses), granted).groups);

  test('a few hosts of a domain are named one by one, with the ports that were used', () => {
    expect(
      propose([use('api.github.com:443'), use('api.github.com:80'), use('github.com:443'), use('93.184.216.34:8080')]),
    ).toEqual(['93.184.216.34:8080', 'api.github.com:80,443', 'github.com:443']);
  });

  test('many hosts of one domain are named as everything below it, and the domain itself where it was used', () => {
    const uses = ['a', 'b', 'c', 'd'].map((name) => use(`${name}.cdn.example:443`));
    expect(propose(uses)).toEqual(['*.cdn.example:443']);
    expect(propose([...uses, use('cdn.example:443')])).toEqual(['cdn.example:443', '*.cdn.example:443']);
  });

  test('names of different owners below one ending are never taken together', () => {
    const uses = ['a', 'b', 'c', 'd'].map((name) => use(`${name}.github.io:443`));
    expect(propose(uses)).toEqual(['a.github.io:443', 'b.github.io:443', 'c.github.io:443', 'd.github.io:443']);
  });

  test('what was only refused or looked up can be chosen, and is not proposed', () => {
    const { groups } = hostGroups(
      seenHosts([
        use('evil.example:443', { verdict: 'refused' }),
        use('looked.example', { kind: 'net.dns' }),
        use('api.good.example:443'),
        use('api.good.example:22', { verdict: 'refused' }),
      ]),
      [],
    );
    for (const group of groups) expect(hostGroupSchema.parse(group)).toEqual(group);
    expect(proposedHosts(groups)).toEqual(['api.good.example:443']);
    expect(groups.flatMap(({ choices }) => choices.map(({ what }) => what))).toEqual(
      expect.arrayContaining(['evil.example:443', 'looked.example:443', '*.good.example:443']),
    );
  });

  test('a name that leads to the own network takes a rule for the address too', () => {
    const near = use('git.corp.example:443', { address: '10.0.0.5:443' });
    const six = use('wiki.corp.example:80', { address: '[fd00::5]:80', verdict: 'refused' });
    const own = use('rebound.example:80', { address: '127.0.0.1:80', verdict: 'refused' });
    const hosts = seenHosts([near, six, own, use('far.example:443', { address: '93.184.216.34:443' })]);
    expect(hosts.filter((host) => host.near).map(({ host }) => host)).toEqual([
      'git.corp.example',
      'rebound.example',
      'wiki.corp.example',
    ]);
    expect(nearAddressOf(hosts, 'wiki.corp.example', 80)).toBe('fd00::5');
    // A VPN program answers with addresses that the internet does not route; the launcher refuses a name that leads there.
    const passed = use('api.vpn.example:443', { address: '198.18.0.7:443', verdict: 'refused' });
    expect(nearAddressOf(seenHosts([passed]), 'api.vpn.example', 443)).toBe('198.18.0.7');
    expect(nearAddressOf(hosts, 'far.example', 443)).toBeNull();
    expect(propose([near, six, own])).toEqual(['git.corp.example:443', '10.0.0.5:443']);
    const all = hostGroups(hosts, []).groups.flatMap(({ choices }) => choices.map(({ what }) => what));
    expect(all).toContain('[fd00::5]:80');
    expect(all).not.toContain('127.0.0.1:80');
    // Not where the address has a rule already.
    expect(propose([near], ['10.0.0.0/8:443'])).toEqual(['10.0.0.0/8:443', 'git.corp.example:443']);
    expect(propose([near], ['git.corp.example:443'])).toEqual(['git.corp.example:443', '10.0.0.5:443']);
  });

  test('of a flood of hosts the most used ones are proposed, and the others counted', () => {
    const uses = Array.from({ length: 500 }, (_, index) =>
      use(`h${index.toString()}.example:443`, { count: 1000 - index }),
    );
    const { groups, unlisted } = hostGroups(seenHosts(uses), []);
    expect(proposedHosts(groups)).toHaveLength(300);
    expect([groups[0]?.name, unlisted]).toEqual(['h0.example', 200]);
  });

  test('rules that are there stay, and what they name is not proposed again', () => {
    const { groups } = hostGroups(
      seenHosts([use('api.github.com:443'), use('api.github.com:80'), use('b.example:443')]),
      ['*.github.com:443', '10.0.0.0/8:443'],
    );
    expect(proposedHosts(groups)).toEqual(['*.github.com:443', 'api.github.com:80', '10.0.0.0/8:443', 'b.example:443']);
    expect(groups[0]?.choices[0]).toMatchObject({ granted: true, hosts: [{ host: 'api.github.com', port: 443 }] });
  });
});
