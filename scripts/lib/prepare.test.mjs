/** When npm ci is run again, and when not. */
import { describe, expect, it } from 'vitest';
import { isInstalled } from './prepare.mjs';

const linux = { platform: 'linux', arch: 'x64' };
const entry = { version: '1.0.0', integrity: 'sha512-a' };

describe('isInstalled', () => {
  it.each([
    ['the same packages', { '': {}, 'node_modules/a': entry }, { 'node_modules/a': entry }, true],
    ['a missing package', { 'node_modules/a': entry, 'node_modules/b': entry }, { 'node_modules/a': entry }, false],
    ['another version', { 'node_modules/a': entry }, { 'node_modules/a': { ...entry, version: '1.0.1' } }, false],
    ['other content', { 'node_modules/a': entry }, { 'node_modules/a': { ...entry, integrity: 'sha512-b' } }, false],
    ['a package too many', {}, { 'node_modules/a': entry }, false],
    [
      'an optional one for another system',
      { 'node_modules/m': { ...entry, optional: true, os: ['darwin'] } },
      {},
      true,
    ],
    ['an optional one for this system', { 'node_modules/l': { ...entry, optional: true, os: ['linux'] } }, {}, false],
    [
      'an optional one for this system with another C library',
      { 'node_modules/l': { ...entry, optional: true, os: ['linux'], cpu: ['x64'], libc: ['musl'] } },
      {},
      true,
    ],
  ])('%s', (_title, wanted, installed, expected) => {
    expect(isInstalled(wanted, installed, linux)).toBe(expected);
  });
});
