import { describe, expect, it } from 'vitest';
import { makeServer } from '../../test-support/fixtures.ts';
import { createUptakeStore, uptakeSteps } from './uptake-store.ts';

const at = Date.parse('2026-03-01T12:00:00.000Z');
const off = makeServer();
const contained = makeServer({ level: 'standard', state: 'contained' });
const run = (startedAt: string) => ({
  run: 'r',
  server: contained.id,
  startedAt,
  endedAt: null,
  live: true,
  denials: 0,
  start: null,
  end: null,
});
const says = (server: typeof off) => [{ type: 'server' as const, seq: 1, server }];
const done = (steps: ReturnType<typeof uptakeSteps>) => steps?.map((step) => step.done) ?? null;

describe('until a server runs behind its walls', () => {
  it('is waited for from the change on, ticks itself, and is forgotten with the server', () => {
    const uptake = createUptakeStore(() => at);
    uptake.actions.apply(says(contained), new Map([[off.id, off]]));
    expect(uptake.getState().waiting.get(off.id)).toBe(at);
    expect(done(uptakeSteps(contained, at))).toEqual([true, true, false]);
    const old = { ...contained, state: 'restart-needed' as const, oldProcesses: [{ pid: 1, since: 'x' }] };
    expect(done(uptakeSteps(old, at))).toEqual([true, false, false]);
    expect(done(uptakeSteps({ ...contained, lastRun: run('2026-03-01T11:59:00.000Z') }, at))).toEqual([
      true,
      true,
      false,
    ]);
    expect(done(uptakeSteps({ ...contained, lastRun: run('2026-03-01T12:00:01.000Z') }, at))).toEqual([
      true,
      true,
      true,
    ]);
    uptake.actions.apply(says(off), new Map([[off.id, contained]]));
    expect(uptake.getState().waiting.size).toBe(0);
  });

  it('is not made up: neither for what is contained already, nor for what came with the list', () => {
    const uptake = createUptakeStore(() => at);
    uptake.actions.apply(says(contained), new Map([[off.id, contained]]));
    uptake.actions.apply(says(contained), new Map());
    expect(uptake.getState().waiting.size).toBe(0);
    expect(uptakeSteps(contained, null)).toBeNull();
    expect(done(uptakeSteps({ ...contained, state: 'restart-needed' }, null))).toEqual([true, false, false]);
  });
});
