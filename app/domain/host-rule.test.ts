import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKind, formatAddress, networkOf, readAddress } from './addresses.ts';
import { formatHost, hostReach, readHost, readStoredHost, registrableDomain } from './host-rule.ts';

const stored = (text: string): string => formatHost(readHost(text));

describe('hosts as people type them', () => {
  test.each([
    ['api.github.com', 'api.github.com:443'],
    ['api.github.com:8443', 'api.github.com:8443'],
    ['api.github.com:443,80,80', 'api.github.com:80,443'],
    ['api.github.com:8000-8010,80', 'api.github.com:80,8000-8010'],
    ['api.github.com:*', 'api.github.com:*'],
    ['API.GitHub.com.', 'api.github.com:443'],
    [' api.github.com ', 'api.github.com:443'],
    ['*.github.com', '*.github.com:443'],
    ['*.GitHub.com.:80,443', '*.github.com:80,443'],
    ['https://api.github.com/repos/x?y=1#z', 'api.github.com:443'],
    ['http://example.org', 'example.org:80'],
    ['https://someone:secret@example.org:8443/x', 'example.org:8443'],
    ['wss://push.example.org/socket', 'push.example.org:443'],
    ['postgres://db.example.org/app', 'db.example.org:5432'],
    ['postgresql://u:p@db.example.org:5433/app', 'db.example.org:5433'],
    ['api.github.com/repos/x', 'api.github.com:443'],
    ['api.github.com:8443/repos', 'api.github.com:8443'],
    ['bücher.example', 'xn--bcher-kva.example:443'],
    ['*.BÜCHER.example', '*.xn--bcher-kva.example:443'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example:443'],
    ['例え.jp', 'xn--r8jz45g.jp:443'],
    ['gitlab', 'gitlab:443'],
    ['gitlab.corp.internal:22', 'gitlab.corp.internal:22'],
    ['_dmarc.example.org', '_dmarc.example.org:443'],
    ['gov.uk', 'gov.uk:443'],
    ['github.io', 'github.io:443'],
    ['93.184.216.34', '93.184.216.34:443'],
    ['10.0.0.5:8080', '10.0.0.5:8080'],
    ['10.1.2.3/8', '10.0.0.0/8:443'],
    ['192.168.1.0/24:*', '192.168.1.0/24:*'],
    ['2001:DB8::1', '[2001:db8::1]:443'],
    ['2001:db8:0:0:0:0:0:1', '[2001:db8::1]:443'],
    ['[2001:db8::1]:80', '[2001:db8::1]:80'],
    ['[2001:db8::1]', '[2001:db8::1]:443'],
    ['[2001:db8::]/32:80', '[2001:db8::/32]:80'],
    ['[2001:db8::5/32]:80', '[2001:db8::/32]:80'],
    ['2001:db8::/32', '[2001:db8::/32]:443'],
    ['fd00::/8', '[fd00::/8]:443'],
    ['http://[2001:db8::1]:8080/x', '[2001:db8::1]:8080'],
    ['[::ffff:93.184.216.34]:443', '93.184.216.34:443'],
    ['169.254.169.254:80', '169.254.169.254:80'],
  ])('%s is %s, and that is its own stored form', (text, expected) => {
    expect(stored(text)).toBe(expected);
    expect(formatHost(readStoredHost(expected))).toBe(expected);
  });

  test.each([
    ['*', 'grant-too-wide'],
    ['*:443', 'grant-too-wide'],
    ['*.', 'grant-too-wide'],
    ['*.*', 'grant-too-wide'],
    ['*.com', 'grant-too-wide'],
    ['*.co.uk', 'grant-too-wide'],
    ['*.internal', 'grant-too-wide'],
    ['*.github.io', 'grant-too-wide'],
    ['*.s3.amazonaws.com', 'grant-too-wide'],
    ['0.0.0.0/0', 'grant-too-wide'],
    ['8.0.0.0/7', 'grant-too-wide'],
    ['::/0', 'grant-too-wide'],
    ['2000::/3', 'grant-too-wide'],
    ['2600::/12', 'grant-too-wide'],
    ['', 'invalid-input'],
    ['com', 'invalid-input'],
    ['a.*.com', 'invalid-input'],
    ['*api.github.com', 'invalid-input'],
    ['*.*.github.com', 'invalid-input'],
    ['*.93.184.216.34', 'invalid-input'],
    ['*.localhost', 'invalid-input'],
    ['localhost', 'invalid-input'],
    ['localhost:5432', 'invalid-input'],
    ['127.0.0.1:80', 'invalid-input'],
    ['127.0.0.0/8', 'invalid-input'],
    ['[::1]:80', 'invalid-input'],
    ['0.0.0.0', 'invalid-input'],
    ['224.0.0.1', 'invalid-input'],
    ['255.255.255.255', 'invalid-input'],
    ['ff02::1', 'invalid-input'],
    ['fe80::1%eth0', 'invalid-input'],
    ['256.1.1.1', 'invalid-input'],
    ['1.2.3', 'invalid-input'],
    ['127.1', 'invalid-input'],
    ['2130706433', 'invalid-input'],
    ['0x7f.0.0.1', 'invalid-input'],
    ['0x7f000001', 'invalid-input'],
    ['010.0.0.1', 'invalid-input'],
    ['10.0.0.0/33', 'invalid-input'],
    ['10.0.0.0/8/8', 'invalid-input'],
    ['a b.example', 'invalid-input'],
    ['a..example', 'invalid-input'],
    ['.example.org', 'invalid-input'],
    ['-a.example', 'invalid-input'],
    ['a_b-.example', 'invalid-input'],
    ['a%2eb.example', 'invalid-input'],
    ['a\u0000.example', 'invalid-input'],
    ['user@example.org', 'invalid-input'],
    ['example.org:0', 'invalid-input'],
    ['example.org:65536', 'invalid-input'],
    ['example.org:80-70', 'invalid-input'],
    ['example.org:http', 'invalid-input'],
    ['example.org:', 'invalid-input'],
    ['gopher://example.org', 'invalid-input'],
    ['https://', 'invalid-input'],
    [`${'a'.repeat(64)}.example`, 'invalid-input'],
    [`${'abcdefgh.'.repeat(30)}example`, 'invalid-input'],
  ])('%j is refused: %s', (text, code) => {
    expect(() => readHost(text)).toThrow(expect.objectContaining({ code }));
  });

  test('an error never repeats the credentials of an address', () => {
    try {
      readHost('gopher://someone:hunter2@example.org');
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain('hunter2');
    }
  });

  test('whatever is typed is refused or has one stored form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.domain(), fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        let once: string;
        try {
          once = stored(text);
        } catch (error) {
          expect(error).toMatchObject({ name: 'BelljarError' });
          return;
        }
        expect(stored(once)).toBe(once);
        expect(once).toBe(once.toLowerCase());
      }),
    );
  });
});

describe('whether a rule names a host', () => {
  test.each([
    ['api.github.com:443', 'API.github.com.', 443, true],
    ['api.github.com:443', 'api.github.com', 80, false],
    ['api.github.com:*', 'api.github.com', 1, true],
    ['api.github.com:80,8000-8010', 'api.github.com', 8005, true],
    ['api.github.com:443', 'x.api.github.com', 443, false],
    ['*.github.com:443', 'api.github.com', 443, true],
    ['*.github.com:443', 'a.b.github.com', 443, true],
    ['*.github.com:443', 'github.com', 443, false],
    ['*.github.com:443', 'evilgithub.com', 443, false],
    ['*.github.com:443', 'github.com.evil.example', 443, false],
    ['10.0.0.0/8:80', '10.9.9.9', 80, true],
    ['10.0.0.0/8:80', '11.0.0.1', 80, false],
    ['10.0.0.5:80', '10.0.0.5', 80, true],
    ['10.0.0.5:80', '::ffff:10.0.0.5', 80, true],
    ['[fd00::/8]:80', 'fdff::1', 80, true],
    ['[fd00::/8]:80', 'fe80::1', 80, false],
    ['10.0.0.0/8:80', 'ten.example', 80, false],
    ['api.github.com:443', '140.82.121.3', 443, false],
  ])('%s, %s port %d: %s', (rule, host, port, expected) => {
    expect(hostReach(readStoredHost(rule), host, port) !== null).toBe(expected);
  });

  test('the more exact one reaches further', () => {
    const reach = (rule: string, host: string): number => hostReach(readStoredHost(rule), host, 443) ?? -1;
    expect(reach('a.b.example:443', 'a.b.example')).toBeGreaterThan(reach('*.b.example:443', 'a.b.example'));
    expect(reach('*.a.b.example:443', 'x.a.b.example')).toBeGreaterThan(reach('*.b.example:443', 'x.a.b.example'));
    expect(reach('10.0.0.1:443', '10.0.0.1')).toBeGreaterThan(reach('10.0.0.0/8:443', '10.0.0.1'));
  });

  test.each([
    ['api.github.com', 'github.com'],
    ['a.b.example.co.uk', 'example.co.uk'],
    ['raw.githubusercontent.com', 'raw.githubusercontent.com'],
    ['someone.github.io', 'someone.github.io'],
    ['github.io', null],
    ['gitlab', null],
    ['140.82.121.3', null],
    ['2001:db8::1', null],
  ])('%s belongs to %s', (host, domain) => {
    expect(registrableDomain(host)).toBe(domain);
  });
});

describe('addresses', () => {
  test('every spelling has one form, and a network holds its own addresses', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(32), (text, length) => {
        const address = readAddress(text);
        if (address === null) throw new Error(text);
        expect(readAddress(formatAddress(address))).toEqual(address);
        const network = networkOf(address, length);
        expect(networkOf(network, length)).toEqual(network);
      }),
    );
  });

  test.each([
    ['127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['::ffff:a00:1', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['169.254.169.254', 'link-local'],
    ['febf::1', 'link-local'],
    ['224.0.0.1', 'local-use'],
    ['8.8.8.8', 'internet'],
    ['64:ff9b::8.8.8.8', 'internet'],
    // What the launcher refuses under an open network is not called the internet here.
    ['2002:7f00:1::', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['2002:a00:1::1', 'private'],
    ['fec0::1', 'private'],
    ['168.63.129.16', 'link-local'],
    ['198.18.0.1', 'reserved'],
    ['198.19.255.255', 'reserved'],
    ['198.20.0.1', 'internet'],
    ['203.0.113.80', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['192.88.99.1', 'reserved'],
    ['2001::1', 'reserved'],
    ['100::1', 'reserved'],
    ['64:ff9b:1::1', 'reserved'],
    ['1.2.3', 'name'],
    ['1::2::3', 'name'],
    [':::', 'name'],
    ['1:2:3:4:5:6:7:8:9', 'name'],
  ])('%s: %s', (text, kind) => {
    expect(addressKind(text)).toBe(kind);
  });
});
