import { describe, expect, it } from 'vitest';
import { createFakeTransport, makeServer } from '../../test-support/fixtures.ts';
import { createBulkStore } from './bulk-store.ts';

const off = makeServer({ id: 'a.off' });
const watched = makeServer({ id: 'a.watched', level: 'watch', state: 'watched' });
const changedOf = (id: string, changed = true) => ({ id, changed, state: 'contained' as const, file: `/${id}` });

function make() {
  const transport = createFakeTransport();
  const servers = new Map([off, watched].map((server) => [server.id, server]));
  const bulk = createBulkStore({ transport, now: () => 0, serverOf: (id) => servers.get(id) });
  transport.answer('servers.contain', ({ servers: handles, dryRun }) => ({
    results: (handles as string[]).map((id) => ({
      ...changedOf(id),
      ...(dryRun ? { diff: { file: '/f', before: '', after: '', unified: '+x' } } : {}),
    })),
  }));
  transport.answer('servers.release', () => ({ results: [changedOf('a.off', false), changedOf('a.watched')] }));
  transport.answer('servers.level', ({ server, level }) => ({
    id: server,
    rule: null,
    level,
    effective: 'now',
    policy: null,
  }));
  const methods = (): string[] => transport.calls.map(({ method }) => method);
  return { transport, bulk, methods };
}

const both = [
  { id: 'a.off', to: 'standard' as const, check: true },
  { id: 'a.watched', to: 'standard' as const, check: true },
];

describe('one level for many servers', () => {
  it('shows what would be written, and writes nothing before the person says so', async () => {
    const { bulk, transport, methods } = make();
    await bulk.actions.open(both);
    expect(bulk.getState().state).toMatchObject({
      kind: 'ready',
      planned: [
        { id: 'a.off', file: '/a.off', changed: true },
        { id: 'a.watched', file: '', changed: true },
      ],
    });
    expect(transport.calls.map(({ input }) => input)).toEqual([
      { servers: ['a.off'], level: 'standard', dryRun: true, check: false },
    ]);
    expect(methods()).toEqual(['servers.contain']);
  });

  it('contains with a check, changes only the policy where no file changes, one after the other', async () => {
    const { bulk, transport } = make();
    await bulk.actions.open(both);
    await bulk.actions.confirm();
    expect(transport.calls.slice(1).map(({ method, input }) => [method, input])).toEqual([
      ['servers.contain', { servers: ['a.off'], level: 'standard', dryRun: false, check: true }],
      ['servers.level', { server: 'a.watched', level: 'standard' }],
    ]);
    expect(bulk.getState().state).toMatchObject({ kind: 'done', notTouched: 0, results: [{ id: 'a.off' }, {}] });
  });

  it('one that fails is told of, and the others go on', async () => {
    const { bulk, transport } = make();
    await bulk.actions.open(both);
    transport.answer('servers.contain', () => {
      throw new Error('no');
    });
    await bulk.actions.confirm();
    const { state } = bulk.getState();
    if (state.kind !== 'done') throw new Error(state.kind);
    expect(state.results.map(({ id, error }) => [id, error?.code])).toEqual([
      ['a.off', 'internal'],
      ['a.watched', undefined],
    ]);
  });

  it('can be stopped between two', async () => {
    const { bulk, transport } = make();
    await bulk.actions.open(both);
    transport.answer('servers.contain', () => {
      bulk.actions.close();
      return { results: [changedOf('a.off')] };
    });
    await bulk.actions.confirm();
    expect(bulk.getState().state).toMatchObject({ kind: 'done', notTouched: 1 });
  });

  it('puts everything back with one call for all, also what the page does not know', async () => {
    const { bulk, transport } = make();
    await bulk.actions.openRelease();
    expect(bulk.getState().state).toMatchObject({ kind: 'ready', everything: true, steps: [{ id: 'a.watched' }] });
    await bulk.actions.confirm();
    expect(transport.calls.map(({ input }) => input)).toEqual([
      { servers: 'all', dryRun: true },
      { servers: 'all', dryRun: false },
    ]);
    expect(bulk.getState().state.kind).toBe('done');
  });

  it('a late answer for what was closed changes nothing', async () => {
    const { bulk } = make();
    const opening = bulk.actions.open(both);
    bulk.actions.close();
    await opening;
    expect(bulk.getState().state.kind).toBe('closed');
  });
});
