/** What package managers write down, read strictly; and what changes between two pins. */
import { describe, expect, test } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { PinRecord } from '#contract/pin.ts';
import { npmProgram, readNpmLock } from './npm-lock.ts';
import { isNothing, isSamePinned, pinChanges } from './pin-changes.ts';
import { planDefaults } from './plan-text.ts';
import { compilePlan, mergePolicy } from './policy-merge.ts';
import { foldersOf, ownFoldersOf, policyContext } from './testing/policies.ts';
import { readUvRequirements, samePythonName } from './uv-requirements.ts';

const platform = { os: 'linux', cpu: 'x64' };
const hash = `sha512-${'A'.repeat(86)}==`;

function lock(packages: Record<string, object>): string {
  return JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } });
}
const detail = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error instanceof BelljarError ? `${error.code}: ${String(error.params['detail'])}` : error;
  }
};

describe('npm', () => {
  const good = { version: '1.0.0', integrity: hash, resolved: 'https://r.example:8443/a/-/a-1.0.0.tgz' };
  test('packages, scripts of this system, hosts, programs', () => {
    const text = lock({
      'node_modules/@s/a': { ...good, bin: { one: 'x.js' } },
      'node_modules/b': { ...good, hasInstallScript: true },
      'node_modules/b/node_modules/c': { ...good, hasInstallScript: true, os: ['darwin'], optional: true },
      'node_modules/d': { ...good, hasInstallScript: true, os: ['!darwin'], cpu: 'x64' },
    });
    expect(readNpmLock(text, '@s/a', platform)).toEqual({
      packages: ['@s/a', 'b', 'c', 'd'].map((name) => ({ name, version: '1.0.0', integrity: hash })),
      scripts: ['b@1.0.0', 'd@1.0.0'],
      hosts: ['r.example:8443'],
      main: { version: '1.0.0', programs: { one: 'x.js' } },
    });
  });
  test.each([
    ['no JSON', '{', 'npm wrote no lock file'],
    ['an older form', JSON.stringify({ lockfileVersion: 1, packages: {} }), 'not of its form'],
    ['no hash', lock({ 'node_modules/a': { version: '1.0.0' } }), 'without a hash that can be relied on'],
    ['a weak hash', lock({ 'node_modules/a': { ...good, integrity: 'sha1-AAAA' } }), 'without a hash'],
    ['a link', lock({ 'node_modules/a': { ...good, link: true } }), 'does not come from a registry'],
    ['a folder', lock({ packages: good }), 'does not come from a registry'],
    [
      'a repository',
      lock({ 'node_modules/a': { ...good, resolved: 'git+ssh://x/y' } }),
      'does not come from a registry',
    ],
    ['another package', lock({ 'node_modules/b': good }), 'a is not among what would be installed'],
  ])('%s is refused', (_name, text, why) => {
    expect(detail(() => readNpmLock(text, 'a', platform))).toContain(`install-failed: `);
    expect(detail(() => readNpmLock(text, 'a', platform))).toContain(why);
  });
  test('the program that npx would start', () => {
    expect(npmProgram('@s/a', { other: 'x.js' })).toBe('other');
    expect(npmProgram('@s/a', { a: 'x.js', b: 'y.js' })).toBe('a');
    expect(npmProgram('@s/a', { c: 'x.js', b: 'y.js' })).toBeNull();
    expect(npmProgram('a', { '../../x': 'x.js' })).toBeNull();
    expect(npmProgram('a', {})).toBeNull();
  });
});

describe('uv', () => {
  const one = `--hash=sha256:${'a'.repeat(64)}`;
  test('versions with their hashes', () => {
    const text = `# head\na-b==1.0 \\\n    ${one} \\\n    ${one}\nc[x]==2.0 ; python_version < '3.12' \\\n    ${one}\n    # via a\n`;
    expect(readUvRequirements(text).map(({ name, version }) => `${name} ${version}`)).toEqual(['a-b 1.0', 'c 2.0']);
    expect(readUvRequirements(text)[0]?.integrity.split(' ')).toHaveLength(2);
  });
  test.each([
    ['a==1.0\n', 'not of its form'],
    [`a @ https://x/y.whl \\\n    ${one}\n`, 'not of its form'],
    [`-e ./a\n`, 'not of its form'],
    [`a==1.0 \\\n    --hash=md5:aa\n`, 'not of its form'],
    [`a==1.0 \\\n    ${one} \\\n`, 'cut short'],
    ['', 'cut short'],
  ])('%j is refused', (text, why) => {
    expect(detail(() => readUvRequirements(text))).toContain(why);
  });
  test('names are compared as the index does', () => {
    expect(samePythonName('Foo.Bar_baz', 'foo-bar-baz')).toBe(true);
    expect(samePythonName('foo', 'foo2')).toBe(false);
  });
});

test('changes between what is pinned and what there is', () => {
  const packages = (text: string): PinRecord['packages'] =>
    text.split(' ').map((one) => {
      const [name = '', version = '', integrity = 'x'] = one.split('@');
      return { name, version, integrity };
    });
  const before = { version: '1', publisher: 'p', packages: packages('a@1 b@1 b@2 c@1 d@1@old') } as PinRecord;
  const after = {
    package: 'a',
    version: '2',
    publisher: 'q',
    packages: packages('a@2 b@2 b@3 d@1@new e@1'),
    scripts: [],
  };
  const changes = pinChanges(before, after);
  expect(changes).toMatchObject({
    from: '1',
    to: '2',
    publisherBefore: 'p',
    publisher: 'q',
    added: [{ name: 'e' }],
    removed: [{ name: 'c' }],
    changed: [
      { name: 'a', from: '1', to: '2' },
      { name: 'b', from: '1', to: '3' },
    ],
    replaced: [{ name: 'd', version: '1' }],
  });
  expect(isNothing(changes)).toBe(false);
  expect(isNothing(pinChanges(before, { ...after, version: '1', packages: before.packages }))).toBe(true);
});

test('a pinned server may read its tree and not the cache, and its plan names what is started', () => {
  const home = '/home/u';
  const own = ownFoldersOf(home);
  const pin = {
    program: '/usr/bin/node',
    args: ['/t/node_modules/.bin/x'],
    instead: ['npx', '-y', 'x'],
    tree: `${own.dataFolder}/pins/s/1-a`,
    digest: 'a'.repeat(64),
  };
  const context = policyContext({
    server: 's',
    launch: { command: 'npx', args: ['-y', 'x', '/data'] },
    folders: foldersOf(home, null),
    own,
  });
  const compile = (level: 'standard' | 'watch', pinned: typeof pin | null): ReturnType<typeof compilePlan> =>
    compilePlan(mergePolicy({ ...context, level, pin: pinned }), {
      ...context,
      pin: pinned,
      spool: '/s',
      spoolLimit: 65_536,
      exists: () => true,
    });
  const plan = compile('standard', pin);
  expect(plan.pinned).toEqual({ program: pin.program, args: pin.args, instead: pin.instead });
  expect(plan.trees).toEqual([{ folder: pin.tree, digest: pin.digest }]);
  expect(plan.exec).toContain(pin.tree);
  expect(plan.exec).not.toContain(`${home}/.npm`);
  expect(plan.write.filter((place) => place.startsWith(own.dataFolder))).toEqual([]);
  expect(plan.areas).toContainEqual({ access: 'write', place: 'arg:2' });
  expect(compile('watch', pin).trees).toEqual(plan.trees);
  const unpinned = compile('standard', null);
  expect(unpinned).toMatchObject({ pinned: planDefaults.pinned, trees: [], set: [] });
  expect(unpinned.exec).toContain(`${home}/.npm`);
});

test('two pins are the same by what was locked; one that knows the version alone by that', () => {
  const one = { package: 'a', version: '1.0.0', lock: '0'.repeat(64) };
  expect(isSamePinned(one, { ...one })).toBe(true);
  expect(isSamePinned(one, { ...one, lock: '1'.repeat(64) })).toBe(false);
  expect(isSamePinned(one, { package: 'a', version: '1.0.0' })).toBe(true);
  expect(isSamePinned(one, { ...one, version: '1.0.1' })).toBe(false);
  expect(isSamePinned(one, { ...one, package: 'b' })).toBe(false);
  expect([isSamePinned(one, null), isSamePinned(null, one), isSamePinned(null, null)]).toEqual([false, false, true]);
});
