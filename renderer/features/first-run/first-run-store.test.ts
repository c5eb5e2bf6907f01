import { describe, expect, it } from 'vitest';
import type { Rollout, RolloutStep } from '#contract/rollout.ts';
import { welcomeWords } from '#contract/sentences.ts';
import type { CheckResult } from '#contract/server.ts';
import { createFakeTransport, makeServer, settle } from '../../test-support/fixtures.ts';
import { createFirstRunStore, proposedChoice, standingOf } from './first-run-store.ts';

const step = (id: string, change: Partial<RolloutStep> = {}): RolloutStep => ({
  id,
  handle: id,
  state: 'off',
  risk: null,
  level: 'standard',
  reason: 'usual',
  applies: true,
  ...change,
});
const checkOf = (server: string, verdict: CheckResult['verdict'] = 'works'): CheckResult => ({
  server,
  level: 'standard',
  verdict,
  sentence: verdict,
  bare: { outcome: 'works', initializeMs: 1, tools: 1, error: null },
  contained: null,
  same: verdict === 'works',
  differences: [],
  refused: [],
});
const plan: Rollout = {
  v: 1,
  steps: [step('a.one'), step('a.two'), step('a.held', { applies: false }), step('a.three'), step('a.four')],
  contained: 0,
  cannot: [],
};

function make() {
  const transport = createFakeTransport();
  transport.answer('servers.rollout', () => plan);
  transport.answer('servers.contain', ({ servers }) => ({
    results: (servers as string[]).map((id) => ({ id, changed: true, state: 'contained', file: '/f' })),
  }));
  const store = createFirstRunStore({ transport, now: () => 0, serverOf: (id) => makeServer({ id }) });
  return { transport, store };
}

describe('the first minutes', () => {
  it('tries the three riskiest that can be tried, and no more', async () => {
    const { transport, store } = make();
    transport.answer('servers.check', ({ server }) => checkOf(server));
    await store.actions.begin();
    await store.actions.tryRiskiest();
    expect(transport.calls.filter(({ method }) => method === 'servers.check').map(({ input }) => input)).toEqual([
      { server: 'a.one', level: 'standard' },
      { server: 'a.two', level: 'standard' },
      { server: 'a.three', level: 'standard' },
    ]);
  });

  it('what worked is written without another try, what did not is only watched, what failed is left', async () => {
    const { transport, store } = make();
    transport.answer('servers.check', ({ server }) => {
      if (server === 'a.three') throw new Error('no');
      return checkOf(server, server === 'a.two' ? 'does-not-start' : 'works');
    });
    await store.actions.begin();
    await store.actions.tryRiskiest();
    await store.actions.plan();
    expect([...store.getState().choices]).toEqual([
      ['a.one', 'standard'],
      ['a.two', 'watch'],
      ['a.held', 'leave'],
      ['a.three', 'leave'],
      ['a.four', 'standard'],
    ]);
    const { state } = store.bulk.getState();
    expect(state).toMatchObject({
      kind: 'ready',
      steps: [
        { id: 'a.one', to: 'standard', check: false },
        { id: 'a.two', to: 'watch', check: false },
        { id: 'a.four', to: 'standard', check: true },
      ],
    });
    // Only a plan so far: each call was a dry run.
    const calls = transport.calls.filter(({ method }) => method === 'servers.contain');
    expect(calls.every(({ input }) => (input as { dryRun: boolean }).dryRun)).toBe(true);
    await store.actions.choose('a.one', 'strict');
    // Another level is another try.
    expect(store.bulk.getState().state).toMatchObject({ steps: [{ id: 'a.one', to: 'strict', check: true }, {}, {}] });
  });

  it('whoever does not wait has tried nothing: it is tried when it is contained', async () => {
    const { transport, store } = make();
    transport.answer('servers.check', () => new Promise(() => undefined));
    await store.actions.begin();
    void store.actions.tryRiskiest();
    await settle();
    await store.actions.plan();
    expect(store.getState().tries.size).toBe(0);
    expect(store.bulk.getState().state).toMatchObject({ steps: [{ id: 'a.one', check: true }, {}, {}, {}] });
  });

  it('a plan that cannot be had is said, and can be asked for again', async () => {
    const { transport, store } = make();
    transport.answer('servers.rollout', () => {
      throw new Error('no');
    });
    await store.actions.begin();
    expect(store.getState().error?.code).toBe('internal');
    transport.answer('servers.rollout', () => plan);
    await store.actions.begin();
    expect(store.getState()).toMatchObject({ error: null, step: 'found' });
  });

  it('never proposes more than the plan, and counts only what holds', () => {
    expect(proposedChoice(step('a', { applies: false }), undefined)).toBe('leave');
    expect(proposedChoice(step('a', { level: 'strict' }), { kind: 'tried', check: checkOf('a') })).toBe('strict');
    const standing = standingOf([
      makeServer({ level: 'standard', state: 'contained' }),
      makeServer({ level: 'strict', state: 'restart-needed' }),
      makeServer({ level: 'watch', state: 'watched' }),
      makeServer({ level: 'standard', state: 'drifted' }),
      makeServer(),
      makeServer({ state: 'cannot' }),
    ]);
    expect(standing).toEqual({ contained: 2, watched: 1, left: 2, cannot: 1 });
    expect(welcomeWords.end({ contained: 5, watched: 2, left: 1, cannot: 0 })).toBe(
      '5 contained, 2 watched, 1 left as it is.',
    );
  });
});
