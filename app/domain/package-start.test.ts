import { describe, expect, test } from 'vitest';
import { readPackageStart, startsWith } from './package-start.ts';

const read = (line: string): unknown => {
  const [command = '', ...args] = line.split(' ');
  const answer = readPackageStart({ command, args });
  return 'start' in answer ? answer.start : `${answer.reason} ${answer.word}`.trim();
};

describe('npx', () => {
  test('the package, and the words before the server’s own', () => {
    expect(read('npx -y @scope/name@1.2.3 --root=/x -y')).toEqual({
      installer: 'npm',
      runner: 'npx',
      instead: ['npx', '-y', '@scope/name@1.2.3'],
      written: '@scope/name@1.2.3',
      name: '@scope/name',
      exact: true,
      specifiers: ['@scope/name@1.2.3'],
      program: null,
      registryOptions: [],
      python: null,
    });
  });
  test('a program of a package that is named by an option', () => {
    expect(
      read('/opt/node/bin/npx --yes --package=one -p two@^2 --registry https://r.example/ -- run it'),
    ).toMatchObject({
      runner: '/opt/node/bin/npx',
      instead: [
        '/opt/node/bin/npx',
        '--yes',
        '--package=one',
        '-p',
        'two@^2',
        '--registry',
        'https://r.example/',
        '--',
        'run',
      ],
      name: 'one',
      exact: false,
      specifiers: ['one', 'two@^2'],
      program: 'run',
      registryOptions: ['--registry=https://r.example/'],
    });
  });
  test.each(['name', 'name@latest', 'name@^1', 'name@1', 'name@>=1.0.0'])('%s is not one version', (specifier) => {
    expect(read(`npx ${specifier}`)).toMatchObject({ exact: false });
  });
  test('npm exec, where options after the package are npm’s own', () => {
    expect(read('npm exec -y -- name --flag')).toMatchObject({ instead: ['npm', 'exec', '-y', '--', 'name'] });
    expect(read('npm exec -y name --flag')).toBe('unknown-option --flag');
    expect(read('npm run start')).toBe('other-program npm run');
  });
});

describe('uvx', () => {
  test('the package as it is asked for', () => {
    expect(read('uvx mcp-server-time@2026.1.2 --local-timezone UTC')).toMatchObject({
      installer: 'uv',
      instead: ['uvx', 'mcp-server-time@2026.1.2'],
      specifiers: ['mcp-server-time==2026.1.2'],
      program: 'mcp-server-time',
      exact: true,
    });
    expect(read('uvx name@latest')).toMatchObject({ specifiers: ['name'], exact: false });
    expect(
      read('uvx --from name[extra]>=1,<2 --with one,two==3 -p 3.12 --index-url https://r.example/ program x'),
    ).toMatchObject({
      specifiers: ['name[extra]>=1,<2', 'one', 'two==3'],
      name: 'name',
      program: 'program',
      python: '3.12',
      registryOptions: ['--index-url', 'https://r.example/'],
    });
    expect(read('uv tool run name arg')).toMatchObject({ instead: ['uv', 'tool', 'run', 'name'] });
  });
});

test.each([
  ['node server.js', 'other-program node'],
  ['env A=b npx name', 'other-program env'],
  ['npx -y', 'no-package'],
  ['npx -c something', 'unknown-option -c'],
  ['npx --node-options=--inspect name', 'unknown-option --node-options=--inspect'],
  ['npx ./folder', 'not-from-registry ./folder'],
  ['npx github:a/b', 'not-from-registry github:a/b'],
  ['npx name@npm:other@1', 'not-from-registry name@npm:other@1'],
  ['npx https://example.com/x.tgz', 'not-from-registry https://example.com/x.tgz'],
  ['npx name@${VERSION}', 'not-from-registry name@${VERSION}'],
  ['uvx --with-editable . name', 'unknown-option --with-editable'],
  ['uvx --from git+https://example.com/x name', 'not-from-registry git+https://example.com/x'],
  ['uvx --python ${PYTHON} name', 'placeholder ${PYTHON}'],
  ['uvx --index-url https://u:p@r.example/ name', 'secret'],
  ['uv run server.py', 'other-program uv run'],
  ['pipx run name', 'other-program pipx'],
])('%s cannot be pinned: %s', (line, reason) => {
  expect(read(line)).toBe(reason);
});

test('the entry begins with the pinned words, or does not', () => {
  const launch = { command: 'npx', args: ['-y', 'name', 'x'] };
  expect(startsWith(launch, ['npx', '-y', 'name'])).toBe(true);
  expect(startsWith(launch, ['npx', '-y', 'name', 'x', 'y'])).toBe(false);
  expect(startsWith(launch, ['npx', 'name'])).toBe(false);
});
