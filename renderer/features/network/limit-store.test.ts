import { beforeEach, describe, expect, it } from 'vitest';
import type { Input, LimitResult } from '#contract/methods.ts';
import type { HostGroup } from '#contract/network.ts';
import { failureOf } from '../../lib/failure.ts';
import type { FakeTransport } from '../../test-support/fixtures.ts';
import { createFakeTransport, makeServer, settle } from '../../test-support/fixtures.ts';
import type { LimitStep, LimitStore } from './limit-store.ts';
import { createLimitStore, isBelow } from './limit-store.ts';

const choice = (what: string, chosen: boolean): HostGroup['choices'][number] => ({
  what,
  hosts: [],
  granted: false,
  chosen,
});
const groups: HostGroup[] = [
  { name: 'hub.example', choices: [choice('api.hub.example:443', true), choice('*.hub.example:443', false)] },
];

function resultOf({ hosts, off, dryRun }: Input<'policies.limit'>): LimitResult {
  const after = off === true ? 'open' : 'hosts';
  const rules = hosts ?? ['api.hub.example:443'];
  return {
    id: 'desk.files',
    level: 'standard',
    changed: !dryRun,
    before: 'open',
    after,
    hosts: rules,
    groups,
    unlisted: 0,
    diff: `+network ${after}\n`,
    effective: 'now',
  };
}

let transport: FakeTransport;
let store: LimitStore;
let limited: string[];
const server = makeServer({ level: 'standard' });

function step<Kind extends LimitStep['kind']>(kind: Kind): Extract<LimitStep, { kind: Kind }> {
  const found = store.getState().limit?.step;
  if (found?.kind !== kind) throw new Error(`the step is ${String(found?.kind)}`);
  return found as Extract<LimitStep, { kind: Kind }>;
}

beforeEach(() => {
  transport = createFakeTransport();
  limited = [];
  store = createLimitStore(transport, (id) => limited.push(id));
  transport.answer('policies.limit', resultOf);
});

describe('limiting', () => {
  it('proposes, shows each choice before it is written, and writes what was shown', async () => {
    await store.actions.open(server);
    expect([...step('choose').chosen]).toEqual(['api.hub.example:443']);
    await store.actions.toggle('*.hub.example:443');
    expect([...step('choose').chosen]).toEqual(['*.hub.example:443']);
    await store.actions.toggle('*.hub.example:443');
    await store.actions.toggle('api.hub.example:443');
    await store.actions.confirm();
    expect(step('done').result.hosts).toEqual(['api.hub.example:443']);
    expect(transport.calls.map(({ input }) => (input as Input<'policies.limit'>).dryRun)).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(limited).toEqual(['desk.files']);
  });

  it('is not confirmed while what it would do is still being asked for, and late answers change nothing', async () => {
    await store.actions.open(server);
    const waiting: ((result: LimitResult) => void)[] = [];
    transport.answer('policies.limit', (input) =>
      input.dryRun ? new Promise((resolve) => waiting.push(resolve)) : resultOf(input),
    );
    void store.actions.toggle('*.hub.example:443');
    void store.actions.toggle('api.hub.example:443');
    expect(step('choose').isFresh).toBe(false);
    await store.actions.confirm();
    expect(limited).toEqual([]);
    waiting[1]?.(resultOf({ server: 'x', hosts: ['second:443'], dryRun: true }));
    waiting[0]?.(resultOf({ server: 'x', hosts: ['first:443'], dryRun: true }));
    await settle();
    expect(step('choose').shown.hosts).toEqual(['second:443']);
    store.actions.close();
    expect(store.getState().limit).toBeNull();
  });

  it('keeps the choice when it is refused, and can open the network again', async () => {
    await store.actions.open(server);
    transport.answer('policies.limit', () => {
      throw failureOf('disk-full');
    });
    await store.actions.confirm();
    expect(step('choose').error?.code).toBe('disk-full');
    await store.actions.toggle('*.hub.example:443');
    expect(step('choose')).toMatchObject({ isFresh: false, error: { code: 'disk-full' } });
    transport.answer('policies.limit', resultOf);
    await store.actions.openAgain();
    expect(step('done').result.after).toBe('open');
  });

  it('says why nothing can be proposed', async () => {
    transport.answer('policies.limit', () => {
      throw failureOf('policy-invalid');
    });
    await store.actions.open(server);
    expect(step('unreadable').error.code).toBe('policy-invalid');
    await store.actions.confirm();
    await store.actions.toggle('x:443');
    expect(transport.calls).toHaveLength(1);
  });
});

it.each([
  ['api.hub.example:443', '*.hub.example:443', true],
  ['a.b.hub.example:80', '*.hub.example:443', true],
  ['hub.example:443', '*.hub.example:443', false],
  ['xhub.example:443', '*.hub.example:443', false],
  ['*.hub.example:443', '*.hub.example:443', false],
  ['[2001:db8::1]:443', '*.hub.example:443', false],
  ['api.hub.example:443', 'hub.example:443', false],
])('%s below %s: %s', (what, wide, expected) => {
  expect(isBelow(what, wide)).toBe(expected);
});
