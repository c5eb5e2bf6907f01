import { describe, expect, it } from 'vitest';
import type { ChangeResult } from '#contract/methods.ts';
import type { Server } from '#contract/server.ts';
import { failureOf } from '../../lib/failure.ts';
import { createFakeTransport, createManualClock, makeServer, settle } from '../../test-support/fixtures.ts';
import { createNoticesStore } from '../notices/notices-store.ts';
import { createChangeStore, rewritesFile } from './change-store.ts';
import { createServersStore } from './servers-store.ts';

const diff = { file: '/home/mara/desk.json', before: 'a', after: 'b', unified: '-a\n+b' };

function setUp(server: Server = makeServer()) {
  const transport = createFakeTransport();
  const clock = createManualClock();
  const servers = createServersStore();
  servers.actions.replace([server]);
  const notices = createNoticesStore(clock);
  const store = createChangeStore({ transport, clock, servers, notices });
  transport.answer('servers.diff', () => diff);
  const result = (overrides: Partial<ChangeResult> = {}): { results: ChangeResult[] } => ({
    results: [{ id: server.id, changed: true, state: 'contained', file: diff.file, ...overrides }],
  });
  return {
    transport,
    servers,
    notices,
    store,
    server,
    result,
    step: () => store.getState().change?.step.kind,
    methods: () => transport.calls.map(({ method }) => method),
  };
}

describe('which changes rewrite a file', () => {
  it('those to and from off', () => {
    expect([rewritesFile('off', 'watch'), rewritesFile('strict', 'off')]).toEqual([true, true]);
    expect([rewritesFile('watch', 'strict'), rewritesFile('off', 'off')]).toEqual([false, false]);
  });
});

describe('changing a level', () => {
  it('shows the diff, and writes nothing until told', async () => {
    const { store, server, step, methods } = setUp();
    await store.actions.choose(server, 'standard');
    expect(step()).toBe('ready');
    store.actions.close();
    expect(methods()).toEqual(['servers.diff']);
  });

  it('between launched levels asks for the level only', async () => {
    const { store, server, transport, methods, notices } = setUp(makeServer({ level: 'standard', state: 'contained' }));
    transport.answer('servers.level', () => ({
      id: server.id,
      rule: null,
      level: 'strict',
      effective: 'restart',
      policy: null,
    }));
    await store.actions.choose(server, 'strict');
    expect(methods()).toEqual(['servers.level']);
    expect(notices.getState().notices[0]).toMatchObject({
      text: 'files is now Strict.',
      hint: 'It takes effect after a restart. Quit Desk and start it again.',
    });
  });

  it('of an entry that the client changed writes it again, also to the same level', async () => {
    const { store, server, step } = setUp(makeServer({ level: 'standard', state: 'drifted' }));
    await store.actions.choose(server, 'standard');
    expect(step()).toBe('ready');
  });

  it('to the level it has does nothing', async () => {
    const { store, server, methods } = setUp();
    await store.actions.choose(server, 'off');
    expect(methods()).toEqual([]);
  });

  it('is marked as asked for until the answer is there, and cannot be asked twice', async () => {
    const { store, server, servers, transport, result, methods } = setUp();
    let answer: () => void = () => undefined;
    transport.answer('servers.contain', async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return result();
    });
    await store.actions.choose(server, 'strict');
    const writing = store.actions.confirm();
    await settle();
    expect(servers.getState().asked.get(server.id)).toBe('strict');
    await store.actions.choose(server, 'watch');
    expect(methods()).toEqual(['servers.diff', 'servers.contain']);
    answer();
    await writing;
    expect(servers.getState().asked.size).toBe(0);
    expect(store.getState().change?.step.kind).toBe('done');
    // The level shown is the host's, which has not spoken yet.
    expect(servers.getState().servers.get(server.id)?.level).toBe('off');
  });

  it('offers to go on without the check only where the check was the reason', async () => {
    const { store, server, transport } = setUp();
    await store.actions.choose(server, 'strict');
    transport.answer('servers.contain', () =>
      Promise.reject(failureOf('check-failed', { sentence: 'It does not start.' })),
    );
    await store.actions.confirm();
    expect(store.getState().change?.step).toMatchObject({ kind: 'refused', anyway: true });
    transport.answer('servers.contain', () => Promise.reject(failureOf('config-changed')));
    await store.actions.confirm(false);
    expect(store.getState().change?.step).toMatchObject({ kind: 'refused', anyway: false });
    await store.actions.again();
    expect(store.getState().change?.step.kind).toBe('ready');
  });

  it('that goes on behind a closed dialog tells its end, good or bad, and opens nothing', async () => {
    for (const fails of [false, true]) {
      const { store, server, servers, notices, transport, result } = setUp();
      await store.actions.choose(server, 'standard');
      let answer: () => void = () => undefined;
      transport.answer('servers.contain', async () => {
        await new Promise<void>((resolve) => (answer = resolve));
        if (fails) throw failureOf('disk-full');
        return result();
      });
      const writing = store.actions.confirm();
      await settle();
      store.actions.close();
      answer();
      await writing;
      expect(store.getState().change).toBeNull();
      expect(notices.getState().notices.map(({ tone }) => tone)).toEqual([fails ? 'problem' : 'done']);
      expect(servers.getState().failures.get(server.id)?.code).toBe(fails ? 'disk-full' : undefined);
    }
  });

  it('an answer for a dialog that was closed is not shown in the next one', async () => {
    const { store, server, transport, step } = setUp();
    let first: () => void = () => undefined;
    transport.answer('servers.diff', async () => {
      await new Promise<void>((resolve) => (first = resolve));
      return { ...diff, unified: 'stale' };
    });
    const opening = store.actions.choose(server, 'standard');
    await settle();
    store.actions.close();
    transport.answer('servers.diff', () => diff);
    await store.actions.choose(server, 'off' === server.level ? 'strict' : 'off');
    first();
    await opening;
    expect(step()).toBe('ready');
    expect(store.getState().change).toMatchObject({ to: 'strict', step: { diff } });
  });
});
