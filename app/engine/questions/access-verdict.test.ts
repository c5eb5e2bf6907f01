import { describe, expect, it } from 'vitest';
import type { EffectivePolicy } from '#contract/policy.ts';
import { makeRule } from '#domain/rules.ts';
import { secretPlaces } from '#domain/secret-places.ts';
import { foldersOf, ownFoldersOf } from '#domain/testing/policies.ts';
import { accessVerdict, type AccessAbout } from './access-verdict.ts';

const home = '/home/mara';
const folders = foldersOf(home);
const own = ownFoldersOf(home);
const context = { server: 'one', folders, own, secrets: secretPlaces(folders, own) };

function judge(about: AccessAbout, rules: readonly string[] = [], mayAsk = true) {
  const policy: EffectivePolicy = {
    v: 1,
    server: 'one',
    level: 'standard',
    network: 'hosts',
    rules: [...(mayAsk ? ['permission ask-access'] : []), ...rules].map((text) => {
      const [verb = '', ...what] = text.split(' ');
      return makeRule(verb as 'read', what.join(' '), 'person', 'person');
    }),
    withheld: [],
    limits: {},
  };
  const stored = policy.rules.map(({ verb, what }) => ({ verb, what, at: '2026-01-01T00:00:00.000Z' }));
  return accessVerdict(policy, stored, about, context);
}

const file = (path: string, access: 'read' | 'write' = 'read', folder = false): AccessAbout => ({
  kind: 'file',
  path,
  access,
  folder,
});
const host = (name: string, port?: number): AccessAbout => ({
  kind: 'host',
  host: name,
  ...(port === undefined ? {} : { port }),
});

describe('what may be asked for', () => {
  it.each([
    [file(`${home}/notes/a.txt`), 'ask'],
    [file(`${home}/notes`, 'read', true), 'ask'],
    [host('api.example.com'), 'ask'],
    [host('192.168.1.5', 22), 'ask'],
    [{ kind: 'local', port: 5432 }, 'ask'],
    [{ kind: 'socket', path: '/srv/app/s' }, 'ask'],
    [{ kind: 'socket', path: '/run/postgresql/.s.PGSQL.5432' }, 'ask'],
    // Secrets, what no rule allows, and what hands over desktop or machine.
    [file(`${home}/.ssh/id_ed25519`), 'not-allowed'],
    [file(`${home}/.ssh`, 'read', true), 'not-allowed'],
    [file(home, 'read', true), 'not-allowed'],
    [file('/', 'read', true), 'not-allowed'],
    [file(`${own.dataFolder}/plans/x`), 'not-allowed'],
    [file(`${home}/a/../.ssh/id`), 'not-allowed'],
    [file('relative'), 'not-allowed'],
    [{ kind: 'socket', path: '/run/docker.sock' }, 'not-allowed'],
    [{ kind: 'socket', path: '/run/user/1000/bus' }, 'not-allowed'],
    [{ kind: 'socket', path: '/run/user/1000/belljar/host.sock' }, 'not-allowed'],
    [host('169.254.169.254', 80), 'not-allowed'],
    [host('127.0.0.1', 80), 'not-allowed'],
    [host('*.com'), 'not-allowed'],
    [host('not a host'), 'not-allowed'],
  ] as const)('%j: %s', (about, verdict) => {
    expect(judge(about).verdict).toBe(verdict);
    expect(judge(about, [], false).verdict).toBe('not-allowed');
  });
});

describe('what a person said before', () => {
  it.each([
    [file('/srv/a/b'), ['read /srv/a'], 'granted'],
    [file('/srv/a/b', 'write'), ['read /srv/a'], 'ask'],
    [file('/srv/a/b'), ['deny /srv/a'], 'never'],
    [file('/srv/a/b'), ['deny /srv/a', 'read /srv/a/b'], 'granted'],
    [host('api.example.com', 443), ['host *.example.com:443'], 'granted'],
    [host('api.example.com', 8443), ['host *.example.com:443'], 'ask'],
    [host('api.example.com'), ['deny host:api.example.com:443'], 'never'],
    [{ kind: 'local', port: 5432 }, ['local 5432'], 'granted'],
    [{ kind: 'local', port: 5432 }, ['deny local:5432'], 'never'],
    [{ kind: 'socket', path: '/srv/s' }, ['socket /srv/s'], 'granted'],
    [{ kind: 'socket', path: '/srv/s' }, ['deny /srv'], 'never'],
  ] as const)('%j with %j: %s', (about, rules, verdict) => {
    expect(judge(about, rules).verdict).toBe(verdict);
  });
});

describe('what an answer could leave behind', () => {
  const scopes = (about: AccessAbout, rules: readonly string[] = []) =>
    judge(about, rules).scopes.map(({ up, diff }) => [up, ...diff]);

  it('the file and its folder, unless that is too much', () => {
    expect(scopes(file(`${home}/notes/a.txt`, 'write'))).toEqual([
      [0, `+ write ${home}/notes/a.txt`],
      [1, `+ write ${home}/notes`],
    ]);
    expect(scopes(file(`${home}/a.txt`))).toEqual([[0, `+ read ${home}/a.txt`]]);
    // What holds keys: it is granted to nobody in passing.
    expect(scopes(file(`${home}/.config/app.json`))).toEqual([[0, `+ read ${home}/.config/app.json`]]);
    expect(scopes(file(`${home}/.cache/huggingface`, 'read', true))).toEqual([]);
    expect(judge(file(`${home}/.cache/huggingface`, 'read', true)).never?.diff).toEqual([
      `+ deny ${home}/.cache/huggingface`,
    ]);
  });

  it('the host and what lies below its domain, never below a public suffix', () => {
    expect(scopes(host('a.api.example.co.uk', 8443))).toEqual([
      [0, '+ host a.api.example.co.uk:8443'],
      [2, '+ host *.example.co.uk:8443'],
    ]);
    expect(scopes(host('example.com'))).toEqual([[0, '+ host example.com:443']]);
    expect(scopes(host('mara.github.io'))).toEqual([[0, '+ host mara.github.io:443']]);
    expect(scopes(host('93.184.216.34', 80))).toEqual([[0, '+ host 93.184.216.34:80']]);
  });

  it('the later word replaces the earlier one, and the change says so', () => {
    expect(judge(file('/srv/a/b', 'write'), ['read /srv/a/b']).scopes[0]?.diff).toEqual(['+ write /srv/a/b']);
    expect(judge(file('/srv/a/b', 'write'), ['read /srv/a/b']).never?.diff).toEqual([
      '- read /srv/a/b',
      '+ deny /srv/a/b',
    ]);
  });
});
