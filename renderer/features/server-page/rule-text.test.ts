import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRuleText, typedVerbs } from './rule-text.ts';

describe('a typed rule', () => {
  it.each([
    ['read', ' /home/mara/Notes/ ', '/home/mara/Notes'],
    ['read', '/', '/'],
    ['write', '~/Notes', '~/Notes'],
    ['deny', '**/.env', '**/.env'],
    ['host', 'api.GitHub.com', 'api.github.com:443'],
    ['host', '*.github.com:8443', '*.github.com:8443'],
    ['host', '203.0.113.7:80', '203.0.113.7:80'],
    ['host', '[2001:db8::1]:443', '[2001:db8::1]:443'],
    ['local', '5432', '5432'],
    ['env', 'MY_TOKEN', 'MY_TOKEN'],
    ['exec', '/usr/bin/git', '/usr/bin/git'],
  ] as const)('%s %s is taken as it counts', (verb, text, what) => {
    expect(readRuleText(verb, text)).toEqual({ what });
  });

  it.each([
    ['read', '', 'empty'],
    ['read', 'Notes', 'path'],
    ['read', './Notes', 'path'],
    ['read', '**/.env', 'path'],
    ['host', 'https://github.com', 'host'],
    ['host', 'https://github.com/x', 'host'],
    ['host', 'github.com:0', 'port'],
    ['host', 'github.com:70000', 'port'],
    ['host', 'git hub.com', 'host'],
    ['host', '*', 'host'],
    ['host', 'a.*.com', 'host'],
    ['local', '0', 'port'],
    ['local', 'https', 'port'],
    ['env', 'A B', 'variable'],
    ['env', 'A=B', 'variable'],
  ] as const)('%s %j is none', (verb, text, problem) => {
    expect(readRuleText(verb, text)).toEqual({ problem });
  });

  it('never fails', () => {
    const told = fc.check(
      fc.property(fc.constantFrom(...typedVerbs), fc.string(), (verb, text) => {
        const answer = readRuleText(verb, text);
        return 'problem' in answer || answer.what !== '';
      }),
    );
    expect(told.failed).toBe(false);
  });
});
