import { describe, expect, test } from 'vitest';
import { isLive, nothingWaits, waiting, waitingOf } from './live-change.ts';
import { formatPlan, type Plan } from './plan-text.ts';
import { plainPlan } from './testing/plain-plan.ts';

const plan = (change: Partial<Plan> = {}): Plan => plainPlan({ exec: ['/usr', 'runtime'], env: ['PATH'], ...change });
const read = (place: string) => ({ access: 'read' as const, place });

describe('a running server has at once', () => {
  test.each<[string, Partial<Plan>, Partial<Plan>]>([
    ['nothing new', {}, {}],
    ['a new area', {}, { areas: [read('/x')] }],
    ['an area less', { areas: [read('/x')] }, {}],
    ['a new grant, held as an area', {}, { write: ['/x'] }],
    ['what was an area and needs none any more', { areas: [read('/x')] }, { read: ['/x'] }],
    ['patterns', { areas: [read('/x')] }, { areas: [read('/x')], deny: ['**/.env'], protect: ['/x/a'] }],
    ['exceptions', {}, { except: [{ access: 'read', pattern: '**/.env' }] }],
    [
      'hosts both ways',
      { hosts: [{ pattern: 'a.b', ports: '1', checked: true }] },
      { local: [1], listen: [0], socket: [['/x']], links: ['c.d'] },
    ],
    ['what it never is told', {}, { refuse: ['/x'], spoolLimit: 70_000 }],
  ])('%s', (_, started, next) => {
    expect(waiting(plan(started), plan(next))).toEqual(nothingWaits);
  });
});

describe('only its next start brings', () => {
  test.each<[string, Partial<Plan>, Partial<Plan>, string[], string[]]>([
    ['programs', {}, { exec: ['/usr', 'runtime', '/x'] }, ['exec /x'], []],
    ['a program less', {}, { exec: ['/usr'] }, [], ['exec runtime']],
    ['a grant of the kernel less', { read: ['/x'] }, {}, [], ['read /x']],
    [
      'a refusal inside of one',
      { write: ['arg:1'] },
      { areas: [{ access: 'write', place: 'arg:1' }], deny: ['/x/y'] },
      [],
      ['write arg:1'],
    ],
    ['a place that only a start can resolve', {}, { areas: [read('cwd')] }, ['area read cwd'], []],
    [
      'anything about the files of one whose files are not seen',
      { record: 'without-files', network: 'none', read: ['/x'] },
      { record: 'without-files', network: 'none', read: ['/x', '/y'], deny: ['/x/z'], protectOld: ['**/.git/config'] },
      ['read /y', 'deny /x/z', 'protect-old **/.git/config'],
      [],
    ],
    [
      'the sight of files',
      { network: 'none' },
      { network: 'none', record: 'without-files' },
      ['record without-files'],
      ['record denials'],
    ],
    ['the environment', {}, { env: ['PATH', 'A'], set: [{ name: 'B', value: 'c' }] }, ['env A', 'set B c'], []],
    ['the mode of the network', {}, { network: 'hosts' }, ['network hosts'], ['network open']],
    [
      'hosts and ports without a network',
      { network: 'none', local: [1] },
      { network: 'none', listen: [80] },
      ['listen 80'],
      ['local 1'],
    ],
    [
      'permissions, limits and the level',
      {},
      { permissions: ['datagrams'], limits: { 'open-files': 9 }, level: 'strict' },
      ['level strict', 'permission datagrams', 'limit open-files 9'],
      ['level standard'],
    ],
  ])('%s', (_, started, next, comes, goes) => {
    expect(waiting(plan(started), plan(next))).toEqual({ comes, goes });
  });
});

test('a change is live where nothing waits for it that did not wait before', () => {
  const waits = { comes: ['exec /x'], goes: ['read /y'] };
  expect(isLive(nothingWaits, nothingWaits)).toBe(true);
  expect(isLive(waits, waits)).toBe(true);
  expect(isLive(waits, nothingWaits)).toBe(true);
  expect(isLive(nothingWaits, waits)).toBe(false);
  expect(isLive({ comes: [], goes: ['exec /x', 'read /y'] }, waits)).toBe(false);
});

test('what cannot be read cannot be told', () => {
  expect(waitingOf('nonsense', formatPlan(plan()))).toBeNull();
  expect(waitingOf(formatPlan(plan()), formatPlan(plan()))).toEqual(nothingWaits);
});
