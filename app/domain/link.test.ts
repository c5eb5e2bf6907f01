import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLinkHost, linkRuleCovers, readLink } from './link.ts';

describe('what is a link', () => {
  test.each([
    ['https://accounts.example.com/authorize?client_id=a&state=b#c', 'accounts.example.com', false],
    ['HTTPS://Accounts.Example.COM.', 'accounts.example.com', false],
    ['https://example.com:8443/', 'example.com', false],
    ['https://xn--e1awd7f.example/', 'xn--e1awd7f.example', false],
    ['https://93.184.216.34/', '93.184.216.34', false],
    ['http://localhost:3000/callback', 'localhost', true],
    ['http://127.0.0.1:3000/', '127.0.0.1', true],
    ['https://app.localhost/', 'app.localhost', true],
  ])('%s', (text, host, loopback) => {
    expect(readLink(text)).toMatchObject({ host, loopback });
  });

  test.each([
    'http://example.com/',
    'http://localhost.example.com/',
    'https://good.example@evil.example/',
    'https://good.example:443@evil.example/',
    'https://good.example\\@evil.example/',
    'https://good.example/\\',
    'https:/example.com',
    'https:example.com',
    'https:///example.com',
    'https://:443/',
    'https://example.com:0/',
    'https://example.com:65536/',
    'https://example.com:/',
    'https://exa%6Dple.com/',
    'https://127.1/',
    'https://0x7f.0.0.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://a..b/',
    'https://-a.example/',
    'https://example.com/ x',
    'https://example.com/\nx',
    'https://exämple.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '--help',
    '',
    `https://example.com/${'a'.repeat(8192)}`,
  ])('not %j', (text) => {
    expect(readLink(text)).toBeNull();
  });

  test('what a careless script could act upon is written in another way, and means the same', () => {
    const link = readLink('https://example.com/a`b?c=\'d"|{e}^<f>&g=$(h)');
    expect(link?.url).toBe('https://example.com/a%60b?c=%27d%22%7C%7Be%7D%5E%3Cf%3E&g=$(h)');
    expect(decodeURIComponent(link?.url ?? '')).toBe('https://example.com/a`b?c=\'d"|{e}^<f>&g=$(h)');
  });

  test('whatever is read: the browser goes to the host that is shown, and reading it again changes nothing', () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'https:/.@?#\\%[]0x17aé -_\n'.split('')), maxLength: 40 });
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          hostile.map((text) => `https://${text}`),
        ),
        (text) => {
          const link = readLink(text);
          if (link === null) return;
          expect(new URL(link.url).hostname.replace(/\.$/, '')).toBe(link.host);
          expect(isLinkHost(link.host)).toBe(true);
          expect(readLink(link.url)).toEqual(link);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

test('which rule covers it', () => {
  const covers = (pattern: string, text: string): boolean => {
    const link = readLink(text);
    return link !== null && linkRuleCovers(pattern, link);
  };
  expect(covers('accounts.example.com', 'https://accounts.example.com/')).toBe(true);
  expect(covers('accounts.example.com', 'https://accounts.example.com.evil.example/')).toBe(false);
  expect(covers('*.example.com', 'https://a.b.example.com/')).toBe(true);
  expect(covers('*.example.com', 'https://example.com/')).toBe(false);
  expect(covers('*.example.com', 'https://badexample.com/')).toBe(false);
  expect(covers('localhost', 'https://localhost/')).toBe(false);
});
