import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import { limitNames } from '#contract/policy.ts';
import { isWellFormed, normalPath } from './paths.ts';
import { formatPlan, parsePlan, type Plan } from './plan-text.ts';

const path = fc
  .array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), { maxLength: 6 })
  .map((parts) => normalPath(`/${parts.map((part) => part.replaceAll('\0', '')).join('/')}`) ?? '/')
  .filter(isWellFormed);
const symbol = fc.oneof(
  fc.constant('cwd'),
  fc.nat(4095).map((n) => `arg:${n.toString()}`),
  fc.tuple(fc.nat(4095), fc.integer({ min: 1, max: 4095 })).map(([n, k]) => `arg:${n.toString()}+${k.toString()}`),
);
const place = fc.oneof(path, symbol);
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/);
const value = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\0'));
const plan: fc.Arbitrary<Plan> = fc.record({
  server: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,63}$/),
  level: fc.constantFrom('watch', 'standard', 'strict'),
  network: fc.constantFrom('none', 'open'),
  record: fc.constantFrom('denials', 'all'),
  spool: path,
  spoolLimit: fc.integer({ min: 65_536, max: 67_108_864 }),
  home: path,
  refuse: fc.array(path, { maxLength: 5 }),
  read: fc.array(place, { maxLength: 5 }),
  exec: fc.array(fc.oneof(place, fc.constant('runtime')), { maxLength: 5 }),
  write: fc.array(place, { maxLength: 5 }),
  socket: fc.array(path, { maxLength: 5 }),
  local: fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 3 }),
  listen: fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 3 }),
  env: fc.array(
    fc.oneof(
      name,
      fc.constant('*'),
      name.map((text) => `${text}*`),
    ),
    { maxLength: 5 },
  ),
  set: fc.array(fc.record({ name, value }), { maxLength: 3 }),
  limits: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...limitNames), fc.integer({ min: 1 })), { selector: ([key]) => key })
    .map((pairs) => Object.fromEntries(pairs)),
});

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('what is written reads back the same, whatever the paths hold', () => {
  fc.assert(
    fc.property(plan, (original) => {
      const text = formatPlan(original);
      expect(plain(parsePlan(text))).toEqual(plain(original));
      expect(formatPlan(parsePlan(text))).toBe(text);
    }),
  );
});

test('every one-byte change is read as another plan or refused, never thrown over', () => {
  const text = formatPlan(fc.sample(plan, { numRuns: 1, seed: 7 })[0] as Plan);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ unit: 'binary-ascii', maxLength: 1 }), (at, character) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      try {
        expect(formatPlan(parsePlan(changed)).split('\n').toSorted()).toEqual(
          changed.replace('belljar-plan 1', 'belljar-plan 2').split('\n').toSorted(),
        );
      } catch (error) {
        if (!(error instanceof BelljarError)) throw error;
      }
    }),
  );
});

const minimal = [
  'belljar-plan 2',
  'server a',
  'level strict',
  'network none',
  'record denials',
  'spool /s',
  'spool-limit 65536',
  'home /h',
  'end',
  '',
];
const edited = (change: (lines: string[]) => void): string => {
  const lines = [...minimal];
  change(lines);
  return lines.join('\n');
};
const withLine = (line: string): string => edited((lines) => lines.splice(8, 0, line));

test('the documented form is what is written', () => {
  expect(
    formatPlan({
      server: 'claude-desktop.filesystem',
      level: 'standard',
      network: 'open',
      record: 'denials',
      spool: '/home/a b/s',
      spoolLimit: 1_048_576,
      home: '/home/a b',
      refuse: ['/home/a b/.ssh'],
      read: ['/etc/hosts', 'cwd'],
      exec: ['/usr', 'runtime'],
      write: ['arg:1', 'arg:2+7'],
      socket: ['/run/x'],
      local: [5432],
      listen: [0],
      env: ['PATH', 'LC_*'],
      set: [{ name: 'A', value: '100% \n' }],
      limits: { nproc: 10, nofile: 5 },
    }),
  ).toBe(
    [
      'belljar-plan 2',
      'server claude-desktop.filesystem',
      'level standard',
      'network open',
      'record denials',
      'spool /home/a%20b/s',
      'spool-limit 1048576',
      'home /home/a%20b',
      'refuse /home/a%20b/.ssh',
      'read /etc/hosts',
      'read cwd',
      'exec /usr',
      'exec runtime',
      'write arg:1',
      'write arg:2+7',
      'socket /run/x',
      'local 5432',
      'listen 0',
      'env PATH',
      'env LC_*',
      'set A 100%25%20%0A',
      'limit nofile 5',
      'limit nproc 10',
      'end',
      '',
    ].join('\n'),
  );
});

test('version 1 is read: no record, taken as denials', () => {
  const text = edited((lines) => {
    lines[0] = 'belljar-plan 1';
    lines.splice(4, 1);
  });
  expect(parsePlan(text)).toMatchObject({ record: 'denials', local: [], listen: [], set: [] });
});

describe('refused', () => {
  test.each([
    ['nothing', ''],
    ['no version', 'belljar\nend\n'],
    ['no end', edited((lines) => lines.splice(8, 1))],
    ['a cut last line', minimal.join('\n').slice(0, -1)],
    ['bytes after the end', `${minimal.join('\n')}\n`],
    ['an end in between', edited((lines) => lines.splice(3, 0, 'end'))],
    ['carriage returns', minimal.join('\r\n')],
    ['an unknown key', withLine('deny /x')],
    ['a key twice', withLine('home /h')],
    ['a missing record in version 2', edited((lines) => lines.splice(4, 1))],
    ['a record in version 1', edited((lines) => (lines[0] = 'belljar-plan 1'))],
    ['an empty line', withLine('')],
    ['an empty field', withLine('read  /x')],
    ['a space at the end', withLine('read /x ')],
    ['too many fields', withLine('read /x /y')],
    ['a relative path', withLine('read x')],
    ['a path that is not normal', withLine('read /x/../y')],
    ['an escape in lower case', withLine('read /x%0a')],
    ['an escape that need not be', withLine('read /%41')],
    ['a broken escape', withLine('read /x%2')],
    ['a zero byte', withLine('read /x%00')],
    ['a bare control character', withLine('read /x\u0001')],
    ['runtime where it is not executed', withLine('read runtime')],
    ['an argument number with a leading zero', withLine('read arg:01')],
    ['an argument without its first no bytes', withLine('read arg:1+0')],
    ['port 0 to connect to', withLine('local 0')],
    ['a port too high', withLine('listen 65536')],
    ['a bad level', edited((lines) => (lines[2] = 'level off'))],
    ['a bad id', edited((lines) => (lines[1] = 'server A'))],
    ['a spool limit too low', edited((lines) => (lines[6] = 'spool-limit 65535'))],
    ['a limit twice', edited((lines) => lines.splice(8, 0, 'limit cpu 1', 'limit cpu 1'))],
    ['an unknown limit', withLine('limit stack 1')],
    ['a limit of nothing', withLine('limit cpu 0')],
    ['a star inside a variable', withLine('env A*B')],
    ['a line too long', withLine(`read /${'x'.repeat(8188)}`)],
    ['too many lines', edited((lines) => lines.splice(8, 0, ...Array<string>(4090).fill('read /x')))],
  ])('%s', (_, text) => {
    expect(() => parsePlan(text)).toThrow(expect.objectContaining({ code: 'policy-invalid' }));
  });

  test('a newer version, as newer', () => {
    expect(() => parsePlan(edited((lines) => (lines[0] = 'belljar-plan 3')))).toThrow(
      expect.objectContaining({ code: 'newer-format' }),
    );
  });

  test('the line is named', () => {
    expect(() => parsePlan(withLine('deny /x'))).toThrow(expect.objectContaining({ at: { line: 9, column: 1 } }));
  });

  test('writing what could not be read', () => {
    const good = parsePlan(minimal.join('\n'));
    expect(() => formatPlan({ ...good, read: ['/a/../b'] })).toThrow(BelljarError);
    expect(() => formatPlan({ ...good, set: [{ name: 'A', value: '' }] })).toThrow(BelljarError);
    expect(() => formatPlan({ ...good, read: ['/\ud800'] })).toThrow(BelljarError);
  });
});
