import { describe, expect, it } from 'vitest';
import type { EventKind } from '#contract/words.ts';
import { eventKinds } from '#contract/words.ts';
import { deniedHost, isGrantable, proposalsFor, splitAddress } from './proposals.ts';

const home = '/home/mara';

function rules(kind: EventKind, target: string, targetBytes?: number): string[] | string {
  const proposals = proposalsFor({ kind, target, ...(targetBytes === undefined ? {} : { targetBytes }) }, home);
  return proposals.kind === 'none' ? proposals.why : proposals.list.map(({ verb, what }) => `${verb} ${what}`);
}

describe('from a denial to rules', () => {
  it.each<[EventKind, string, string[]]>([
    ['file.read', '/home/mara/a/b.txt', ['read /home/mara/a/b.txt', 'read /home/mara/a']],
    ['file.write', '/home/mara/a/b.txt', ['write /home/mara/a/b.txt', 'write /home/mara/a']],
    ['file.create', '/home/mara/a/new', ['write /home/mara/a', 'write /home/mara/a/new']],
    // As the kernel tells of it: the folder, and not what was to be in it.
    ['file.create', '/home/mara/a/', ['write /home/mara/a']],
    ['file.delete', '/srv/x/y', ['write /srv/x', 'write /srv/x/y']],
    ['exec', '/usr/bin/git', ['exec /usr/bin/git']],
    ['net.connect', '140.82.121.3:443', ['host 140.82.121.3:443']],
    ['net.connect', '127.0.0.1:5432', ['local 5432']],
    ['net.connect', '[::1]:80', ['local 80']],
    ['net.listen', '0.0.0.0:8080', ['permission loopback-listener', 'listen 8080']],
    ['net.listen', '[::1]:8080', ['permission loopback-listener', 'listen 8080']],
    ['net.listen', '192.168.1.5:8080', ['listen 8080']],
    ['link.open', 'accounts.example.com', ['link accounts.example.com']],
    ['unix.connect', '/run/my.sock', ['socket /run/my.sock']],
    ['unix.connect', '@abstract', ['socket @abstract']],
    ['syscall', 'clone CLONE_NEWUSER', ['permission nested-sandbox']],
    ['syscall', 'clone CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET', ['permission nested-sandbox']],
  ])('%s %s', (kind, target, expected) => {
    expect(rules(kind, target)).toEqual(expected);
  });

  it.each(['/', '/home/', '/home/mara/'])('proposes no folder that holds everything: %s', (target) => {
    expect(rules('file.create', target)).toMatch(/holds everything/u);
  });

  it('proposes a host, and everything below the domain that it belongs to', () => {
    const hosts = (kind: EventKind, target: string, domain: string | null, near: string | null = null): string[] => {
      const counts = { allowed: 0, refused: 1, lastAt: '2026-03-01T12:00:00.000Z' };
      const seen = { host: 'x', port: 443, domain, address: near, near: near !== null, ...counts };
      const proposals = proposalsFor({ kind, target }, home, seen);
      return proposals.kind === 'none' ? [] : proposals.list.map(({ verb, what }) => `${verb} ${what}`);
    };
    expect(hosts('net.connect', 'api.hub.example:8443', 'hub.example')).toEqual([
      'host api.hub.example:8443',
      'host *.hub.example:8443',
    ]);
    expect(hosts('net.dns', 'api.hub.example', 'hub.example')).toEqual([
      'host api.hub.example:443',
      'host *.hub.example:443',
    ]);
    expect(hosts('net.connect', 'hub.example:443', 'hub.example')).toEqual(['host hub.example:443']);
    // A name that led to the own network takes a rule for the address.
    expect(hosts('net.connect', 'git.hub.example:443', 'hub.example', '10.0.0.5:443')).toEqual(['host 10.0.0.5:443']);
    expect(hosts('net.connect', '[2001:db8::1]:443', null)).toEqual(['host [2001:db8::1]:443']);
    expect(deniedHost({ kind: 'net.connect', target: '[2001:db8::1]:443' })).toBe('2001:db8::1');
    expect(deniedHost({ kind: 'net.connect', target: '127.0.0.1:80' })).toBeNull();
    expect(deniedHost({ kind: 'file.read', target: '/a:80' })).toBeNull();
  });

  it('never proposes the root, the whole home, or what holds it', () => {
    expect(rules('file.read', '/home/mara/.bashrc')).toEqual(['read /home/mara/.bashrc']);
    expect(rules('file.read', '/etc')).toEqual(['read /etc']);
    expect(rules('file.read', '/home/other')).toEqual(['read /home/other']);
  });

  it('never proposes a name that is not whole or not a name', () => {
    expect(rules('file.read', '/very/long', 90_000)).toContain('not known');
    expect(rules('file.read', '/bad/\uFFFD')).toContain('not known');
    expect(rules('file.read', 'relative/path')).toContain('full path');
    expect(rules('unix.connect', '@')).toContain('without a name');
    expect(rules('syscall', 'clone CLONE_NEWUSER|CLONE_NEWNS')).toContain('No rule');
    expect(rules('syscall', 'mount')).toContain('No rule');
    expect(rules('link.open', '(not a link)')).toContain('never opened');
    expect(rules('link.open', 'localhost')).toContain('each time');
    expect(rules('link.open', '127.0.0.1')).toContain('each time');
    expect(rules('net.connect', 'nonsense')).toContain('not understood');
    expect(rules('net.connect', '1.2.3.4:99999')).toContain('not understood');
  });

  it('says for every kind whether a rule could allow it', () => {
    const samples: Partial<Record<EventKind, string>> = {
      'net.connect': '1.2.3.4:5',
      'net.dns': 'example.org',
      'net.listen': '0.0.0.0:1',
      'link.open': 'example.org',
    };
    for (const kind of eventKinds) {
      const target = samples[kind] ?? '/some/path';
      expect([kind, Array.isArray(rules(kind, target))]).toEqual([kind, isGrantable(kind, target)]);
    }
  });

  it('proposes a socket by what it is first, because it lies elsewhere after the next login', () => {
    const proposals = proposalsFor({ kind: 'unix.connect', target: '/tmp/ssh-a/agent.1', known: 'ssh-agent' }, home);
    expect(proposals).toEqual({
      kind: 'proposals',
      list: [
        { verb: 'socket', what: 'ssh-agent', title: 'Use your SSH keys through the agent' },
        { verb: 'socket', what: '/tmp/ssh-a/agent.1', title: 'Connect to this socket, at this place' },
      ],
    });
  });

  it('splits addresses', () => {
    expect(splitAddress('[fe80::1%eth0]:22')).toEqual({ host: 'fe80::1%eth0', port: 22 });
    expect(splitAddress('host.name:443')).toEqual({ host: 'host.name', port: 443 });
    expect(splitAddress('::1:80')).toBeNull();
  });
});
