import { describe, expect, it } from 'vitest';
import type { EffectivePolicy } from '#contract/policy.ts';
import type { Question } from '#domain/explain.ts';
import { makeRule } from '#domain/rules.ts';
import { secretPlaces } from '#domain/secret-places.ts';
import { foldersOf, ownFoldersOf } from '#domain/testing/policies.ts';
import { wouldAsk } from './would-ask.ts';

const home = '/home/mara';
const folders = foldersOf(home);
const own = ownFoldersOf(home);
const context = { server: 'one', folders, own, secrets: secretPlaces(folders, own) };

function asks(question: Question, rules: readonly string[] = ['permission ask-access']): boolean {
  const policy: EffectivePolicy = {
    v: 1,
    server: 'one',
    level: 'standard',
    network: 'hosts',
    rules: rules.map((text) => {
      const [verb = '', ...what] = text.split(' ');
      const rule = makeRule(verb as 'read', what.join(' '), 'person', 'person');
      return verb === 'read' || verb === 'write' ? { ...rule, brokered: true as const } : rule;
    }),
    withheld: [],
    limits: {},
  };
  const stored = policy.rules.map(({ verb, what }) => ({ verb, what, at: '2026-01-01T00:00:00.000Z' }));
  return wouldAsk(policy, stored, question, context);
}

const file = (target: string, access: Question['access'] = 'read'): Question => ({ subject: 'file', target, access });
const net = (host: string, port: number | null = 443): Question => ({
  subject: 'net',
  target: host,
  access: 'connect',
  host,
  port,
});

describe('a refused access waits for a person', () => {
  it.each([
    file('/srv/x'),
    file('/srv/x', 'write'),
    file('/srv/app.sock', 'connect'),
    net('api.example.com'),
    net('192.168.1.5', 22),
    net('127.0.0.1', 5432),
  ])('$target $access', (question) => {
    expect(asks(question)).toBe(true);
    expect(asks(question, [])).toBe(false);
  });

  it.each([
    file('/srv/x', 'exec'),
    file(`${home}/.ssh/id_ed25519`),
    file('/proc/1/environ'),
    file('/sys/kernel/x'),
    file('/dev/sda'),
    file('/run/docker.sock', 'connect'),
    file('@abstract', 'connect'),
    net('169.254.169.254', 80),
    net('127.0.0.1', null),
    { subject: 'permission', target: 'datagrams', access: 'use' } as const,
    { subject: 'program', target: 'curl', access: 'exec' } as const,
  ])('but not $target $access', (question) => {
    expect(asks(question)).toBe(false);
  });

  it('nor what is kept back, anywhere, where patterns count', () => {
    const kept = ['permission ask-access', 'read /srv/project', 'deny **/.env', 'protect **/.git/hooks'];
    expect(asks(file('/srv/project/.env'), kept)).toBe(false);
    expect(asks(file('/opt/other/.env'), kept)).toBe(false);
    expect(asks(file('/opt/.git/hooks/x', 'write'), kept)).toBe(false);
    expect(asks(file('/opt/.git/hooks/x'), kept)).toBe(true);
    expect(asks(file('/opt/other/.env'), ['permission ask-access', 'deny **/.env'])).toBe(true);
  });

  it('nor what a person refused', () => {
    expect(asks(file('/srv/x'), ['permission ask-access', 'deny /srv'])).toBe(false);
    expect(asks(net('api.example.com'), ['permission ask-access', 'deny host:api.example.com:443'])).toBe(false);
  });
});
