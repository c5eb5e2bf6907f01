import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import { limitNames } from '#contract/words.ts';
import { permissions } from '#contract/words.ts';
import { isWellFormed, normalPath } from './paths.ts';
import { isPattern } from './pattern.ts';
import { formatPlan, parsePlan, planDefaults, type Plan } from './plan-text.ts';
import { plainPlan } from './testing/plain-plan.ts';

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
const hostName = fc.stringMatching(/^(?:\*\.)?[a-z0-9_-]{1,10}(?:\.[a-z0-9_-]{1,10}){0,3}$/);
const port = fc.integer({ min: 1, max: 65_535 });
const ports = fc.oneof(
  fc.constant('*'),
  fc.array(port, { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
  fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b).toString()}-${Math.max(a, b).toString()}`),
);
const socketPlace = fc.oneof(
  path,
  fc.constant('display'),
  fc.stringMatching(/^env:[A-Z_]{1,12}$/),
  fc.stringMatching(/^xdg-runtime:[a-z0-9-]{1,8}(?:\/[a-zA-Z0-9-]{1,8}){0,2}$/),
  fc.stringMatching(/^@[a-z0-9 /.%-]{1,60}$/),
);
const argument = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
  .filter((text) => isWellFormed(text) && !text.includes('\0'));
const pattern = fc
  .oneof(
    path,
    fc
      .array(fc.stringMatching(/^[a-zé .*%]{1,8}$/), { minLength: 1, maxLength: 16 })
      .map((names) => `**/${names.join('/')}`),
  )
  .filter(isPattern);
const access = fc.constantFrom('read' as const, 'write' as const);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const plan: fc.Arbitrary<Plan> = fc.record({
  server: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,63}$/),
  level: fc.constantFrom('watch', 'standard', 'strict'),
  network: fc.constantFrom('none', 'hosts', 'open'),
  record: fc.constantFrom('denials', 'all'),
  spool: path,
  spoolLimit: fc.integer({ min: 65_536, max: 67_108_864 }),
  home: path,
  refuse: fc.array(path, { maxLength: 5 }),
  read: fc.array(place, { maxLength: 5 }),
  exec: fc.array(fc.oneof(place, fc.constant('runtime')), { maxLength: 5 }),
  write: fc.array(place, { maxLength: 5 }),
  areas: fc.array(fc.record({ access, place }), { maxLength: 5 }),
  deny: fc.array(pattern, { maxLength: 5 }),
  protect: fc.array(pattern, { maxLength: 5 }),
  protectOld: fc.array(
    pattern.filter((one) => /^\*\*\/.*\//.test(one)),
    { maxLength: 2 },
  ),
  except: fc.array(fc.record({ access, pattern }), { maxLength: 5 }),
  socket: fc.array(fc.array(socketPlace, { minLength: 1, maxLength: 8 }), { maxLength: 5 }),
  local: fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 3 }),
  listen: fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 3 }),
  hosts: fc.array(
    fc.record({
      pattern: fc.oneof(hostName, fc.constantFrom('192.0.2.0/24', '2001:db8::/32', '::1')),
      ports,
      checked: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
  links: fc.array(hostName, { maxLength: 3 }),
  permissions: fc.uniqueArray(fc.constantFrom(...permissions)),
  pinned: fc.option(
    fc.record({
      program: path,
      args: fc.array(argument, { maxLength: 3 }),
      instead: fc.array(argument, { minLength: 1, maxLength: 3 }),
    }),
  ),
  trees: fc.array(fc.record({ folder: path, digest }), { maxLength: 2 }),
  secrets: fc.array(fc.record({ name, as: fc.constantFrom('variable', 'file'), path }), { maxLength: 2 }),
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
          changed.replace('belljar-plan 2', 'belljar-plan 3').split('\n').toSorted(),
        );
      } catch (error) {
        if (!(error instanceof BelljarError)) throw error;
      }
    }),
  );
});

const minimal = [
  'belljar-plan 3',
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
      areas: [{ access: 'write', place: 'cwd' }],
      deny: ['**/.env', '/home/a b/x'],
      protect: ['**/.vscode'],
      protectOld: ['**/.git/hooks'],
      except: [{ access: 'read', pattern: '/home/a b/.env' }],
      socket: [['/run/x']],
      local: [5432],
      listen: [0],
      hosts: [
        { pattern: 'api.example.com', ports: '443', checked: true },
        { pattern: '192.0.2.0/24', ports: '80,8000-8010', checked: false },
      ],
      links: ['login.example.com'],
      permissions: ['ask-links'],
      pinned: { program: '/usr/bin/node', args: ['/p q/i.js'], instead: ['npx', '-y'] },
      trees: [{ folder: '/p q', digest: '0'.repeat(64) }],
      secrets: [{ name: 'TOKEN', as: 'file', path: '/d/s' }],
      env: ['PATH', 'LC_*'],
      set: [{ name: 'A', value: '100% \n' }],
      limits: { processes: 10, 'open-files': 5 },
    }),
  ).toBe(
    [
      'belljar-plan 3',
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
      'area write cwd',
      'deny **/.env',
      'deny /home/a%20b/x',
      'protect **/.vscode',
      'protect-old **/.git/hooks',
      'except read /home/a%20b/.env',
      'socket /run/x',
      'local 5432',
      'listen 0',
      'host api.example.com 443 checked',
      'host 192.0.2.0/24 80,8000-8010 unchecked',
      'link login.example.com',
      'permission ask-links',
      'start /usr/bin/node',
      'start-arg /p%20q/i.js',
      'start-for npx',
      'start-for -y',
      `tree /p%20q ${'0'.repeat(64)}`,
      'secret TOKEN file /d/s',
      'env PATH',
      'env LC_*',
      'set A 100%25%20%0A',
      'limit processes 10',
      'limit open-files 5',
      'end',
      '',
    ].join('\n'),
  );
});

test('version 2 is read', () => {
  expect(parsePlan(edited((lines) => (lines[0] = 'belljar-plan 2')))).toMatchObject(planDefaults);
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
    ['an unknown key', withLine('forbid /x')],
    ['a key twice', withLine('home /h')],
    ['a missing record', edited((lines) => lines.splice(4, 1))],
    ['a version that is no longer read', edited((lines) => (lines[0] = 'belljar-plan 1'))],
    ['a host in version 2', edited((lines) => lines.splice(0, 1, 'belljar-plan 2', 'host a.b 443 checked'))],
    [
      'hosts as network in version 2',
      edited((lines) => lines.splice(0, 4, 'belljar-plan 2', ...lines.slice(1, 3), 'network hosts')),
    ],
    ['an area in version 2', edited((lines) => lines.splice(0, 1, 'belljar-plan 2', 'area read /x'))],
    ['an area to execute', withLine('area exec /x')],
    ['an area of no place', withLine('area read **/x')],
    ['an area that only a variable names', withLine('area read env:X')],
    ['too many areas', edited((lines) => lines.splice(8, 0, ...Array<string>(65).fill('area read /x')))],
    ['a relative pattern', withLine('deny x/y')],
    ['a pattern of nothing', withLine('protect **/')],
    ['too many patterns', edited((lines) => lines.splice(8, 0, ...Array<string>(257).fill('protect /x')))],
    [
      'too many protections of both kinds',
      edited((lines) =>
        lines.splice(8, 0, ...Array<string[]>(129).fill(['protect /x', 'protect-old **/x/y']).flat().slice(1)),
      ),
    ],
    ['an exception to nothing in particular', withLine('except /x')],
    ['an exception for another access', withLine('except exec /x')],
    ['a host in upper case', withLine('host A.example 443 checked')],
    ['a host with an empty label', withLine('host a..b 443 checked')],
    ['a host without ports', withLine('host a.b checked')],
    ['a host at port 0', withLine('host a.b 0 checked')],
    ['ports that go down', withLine('host a.b 9-8 checked')],
    ['a host that is half checked', withLine('host a.b 443 maybe')],
    ['an unknown permission', withLine('permission root')],
    ['a start in place of nothing', withLine('start /n')],
    ['a start of nothing', withLine('start-for npx')],
    ['a digest in upper case', withLine(`tree /p ${'A'.repeat(64)}`)],
    ['a secret in memory', withLine('secret A memory /s')],
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
    ['a limit twice', edited((lines) => lines.splice(8, 0, 'limit cpu-time 1', 'limit cpu-time 1'))],
    ['an unknown limit', withLine('limit stack 1')],
    ['a limit of nothing', withLine('limit cpu-time 0')],
    ['a star inside a variable', withLine('env A*B')],
    ['a line too long', withLine(`read /${'x'.repeat(8188)}`)],
    ['too many lines', edited((lines) => lines.splice(8, 0, ...Array<string>(4090).fill('read /x')))],
  ])('%s', (_, text) => {
    expect(() => parsePlan(text)).toThrow(expect.objectContaining({ code: 'policy-invalid' }));
  });

  test('a newer version, as newer', () => {
    expect(() => parsePlan(edited((lines) => (lines[0] = 'belljar-plan 4')))).toThrow(
      expect.objectContaining({ code: 'newer-format' }),
    );
  });

  test('the line is named', () => {
    expect(() => parsePlan(withLine('deny x'))).toThrow(expect.objectContaining({ at: { line: 9, column: 1 } }));
  });

  test('writing what could not be read', () => {
    const good = parsePlan(minimal.join('\n'));
    expect(() => formatPlan({ ...good, read: ['/a/../b'] })).toThrow(BelljarError);
    expect(() => formatPlan({ ...good, set: [{ name: 'A', value: '' }] })).toThrow(BelljarError);
    expect(() => formatPlan({ ...good, read: ['/\ud800'] })).toThrow(BelljarError);
  });
});

describe('record without-files', () => {
  const unseen = (change: Partial<Plan> = {}): Plan =>
    plainPlan({ record: 'without-files', network: 'none', ...change });

  test('is written and read back', () => {
    expect(parsePlan(formatPlan(unseen({ read: ['/x'] })))).toEqual(unseen({ read: ['/x'] }));
  });

  test.each<[string, Partial<Plan>]>([
    ['watch', { level: 'watch' }],
    ['a network', { network: 'open' }],
    ['hosts', { network: 'hosts' }],
    ['an area', { areas: [{ access: 'read', place: '/y' }] }],
    ['questions', { permissions: ['ask-access'] }],
    ['a browser’s own sandbox', { permissions: ['nested-sandbox'] }],
  ])('does not stand with %s', (_, change) => {
    expect(() => formatPlan(unseen(change))).toThrow(expect.objectContaining({ code: 'policy-invalid' }));
  });
});
