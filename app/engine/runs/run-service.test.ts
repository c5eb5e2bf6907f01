import { describe, expect, it } from 'vitest';
import { BelljarError } from '#contract/errors.ts';
import type { Event, RunEnd } from '#contract/event.ts';
import type { Run } from '#contract/server.ts';
import type { Spool, SpoolRun } from '../events/ports.ts';
import { isFailing } from './failing.ts';
import { createRunService } from './run-service.ts';
import { createTidier } from './tidier.ts';

const origin = Date.parse('2026-03-01T12:00:00.000Z');
const at = (seconds: number): string => new Date(origin + seconds * 1000).toISOString();

function spoolRun(run: string, changes: Partial<SpoolRun> = {}, pid = 100): SpoolRun {
  return {
    run,
    server: 'demo',
    startedAt: at(0),
    endedAt: null,
    lastAt: at(5),
    denials: 3,
    start: {
      level: 'standard',
      network: 'open',
      program: '/usr/bin/node',
      supervisor: { pid, startTicks: 7 },
      landlockAbi: 7,
      enforcement: { full: [], partial: [], missing: [] },
      notApplied: [],
      throwAway: false,
    },
    end: null,
    ...changes,
  };
}

const end = (cause: RunEnd['cause'], changes: Partial<RunEnd> = {}): RunEnd => ({
  cause,
  durationMs: 1000,
  denials: 3,
  justBefore: [],
  ...changes,
});

function setUp(
  runs: SpoolRun[],
  options: { alive?: number[]; ticks?: number; stubborn?: boolean; immortal?: boolean } = {},
) {
  const alive = new Set(options.alive ?? []);
  const signals: string[] = [];
  let now = origin;
  const service = createRunService({
    spool: {
      runs: () => Promise.resolve(runs),
      prune: (may: (run: SpoolRun) => boolean) => Promise.resolve({ files: runs.filter(may).length, bytes: 0 }),
    } as unknown as Spool,
    supervisors: {
      isAlive: (pid, ticks) => alive.has(pid) && ticks === (options.ticks ?? 7),
      signal: (pid, _ticks, signal) => {
        signals.push(`${signal} ${pid}`);
        if (options.immortal !== true && (signal === 'SIGKILL' || options.stubborn !== true)) {
          alive.delete(pid);
        }
        return true;
      },
    },
    resolveServer: (handle) =>
      handle === 'claude/demo' ? Promise.resolve('demo') : Promise.reject(new BelljarError('not-found')),
    log: { info: () => undefined, warn: () => undefined },
    now: () => now,
    sleep: (milliseconds) => {
      now += milliseconds;
      return Promise.resolve();
    },
  });
  return { service, signals, elapsed: () => now - origin };
}

describe('runs', () => {
  it('is live only while that very supervisor lives; a vanished one is over for an unknown cause', async () => {
    const runs = [
      spoolRun('live', {}, 1),
      spoolRun('vanished', {}, 2),
      spoolRun('ended', { end: end('exit'), endedAt: at(4) }, 1),
    ];
    const { service } = setUp(runs, { alive: [1] });
    const listed = await service.list({});
    expect(listed.runs.map(({ run, live, endedAt, end: last }) => [run, live, endedAt, last?.cause])).toEqual([
      ['live', true, null, undefined],
      ['vanished', false, at(5), undefined],
      ['ended', false, at(4), 'exit'],
    ]);
    expect((await setUp(runs, { alive: [1, 2], ticks: 8 }).service.list({})).runs.some((run) => run.live)).toBe(false);
  });

  it('lists by server and limit', async () => {
    const { service } = setUp([spoolRun('a'), spoolRun('b', { server: 'other' }), spoolRun('c')]);
    expect((await service.list({ server: 'claude/demo' })).runs.map((run) => run.run)).toEqual(['a', 'c']);
    expect((await service.list({ server: 'other', limit: 5 })).runs.map((run) => run.run)).toEqual(['b']);
    expect((await service.list({ limit: 1 })).runs.map((run) => run.run)).toEqual(['a']);
    await expect(service.list({ server: 'nobody' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('tells a list of servers what it needs, and never offers a live run for removal', async () => {
    const { service } = setUp([spoolRun('a', {}, 1), spoolRun('b', {}, 1), spoolRun('c')], { alive: [1] });
    expect((await service.activity()).get('demo')).toMatchObject({
      liveRuns: 2,
      lastRun: { run: 'a' },
      failing: false,
    });
    expect((await service.prune()).files).toBe(1);
  });
});

describe('stop', () => {
  it('asks the supervisor to end, and is done when it is gone', async () => {
    const { service, signals, elapsed } = setUp([spoolRun('a', {}, 1)], { alive: [1] });
    expect(await service.stop({ run: 'a' })).toMatchObject({ run: 'a', live: false });
    expect(signals).toEqual(['SIGTERM 1']);
    expect(elapsed()).toBe(0);
  });
  it('kills it after five seconds', async () => {
    const { service, signals, elapsed } = setUp([spoolRun('a', {}, 1)], { alive: [1], stubborn: true });
    expect((await service.stop({ run: 'a' })).live).toBe(false);
    expect(signals).toEqual(['SIGTERM 1', 'SIGKILL 1']);
    expect(elapsed()).toBe(5000);
  });
  it('says so when even that does not help', async () => {
    const { service } = setUp([spoolRun('a', {}, 1)], { alive: [1], immortal: true });
    await expect(service.stop({ run: 'a' })).rejects.toMatchObject({ code: 'timeout' });
  });
  it('signals nobody where the process is another one now, or the run has ended', async () => {
    const { service, signals } = setUp([spoolRun('a', {}, 1), spoolRun('b', { end: end('exit') }, 1)], {
      alive: [1],
      ticks: 8,
    });
    expect((await service.stop({ run: 'a' })).live).toBe(false);
    expect((await service.stop({ run: 'b' })).live).toBe(false);
    expect(signals).toEqual([]);
    await expect(service.stop({ run: 'never' })).rejects.toMatchObject({
      code: 'no-such-run',
      params: { run: 'never' },
    });
  });
});

describe('failing', () => {
  const run = (seconds: number, last: RunEnd | null, live = false): Run => ({
    ...spoolRun(`r${seconds}`, { startedAt: at(seconds), endedAt: live ? null : at(seconds + 1), end: last }),
    live,
  });
  const failed = end('exit', { code: 1 });
  const now = origin + 1_000_000;

  it.each<[string, Run[], boolean]>([
    ['two failures in a row', [run(60, failed), run(0, failed)], true],
    [
      'a refused launch and a crash',
      [run(60, end('launcher-failed')), run(0, end('signal', { signal: 'SIGSEGV' }))],
      true,
    ],
    ['one failure alone', [run(0, failed)], false],
    ['a failure after a good run', [run(60, failed), run(0, end('exit', { code: 0 }))], false],
    ['a good run after failures', [run(60, end('exit', { code: 0 })), run(30, failed), run(0, failed)], false],
    ['a client that went', [run(60, end('client-gone')), run(0, end('client-gone'))], false],
    ['a person who stopped it', [run(60, end('stopped')), run(0, failed)], false],
    ['failures after a minute of work', [run(600, { ...failed, durationMs: 60_000 }), run(0, failed)], false],
    ['failures hours apart', [run(10_000, failed), run(0, failed)], false],
    ['a vanished supervisor', [run(60, null), run(0, failed)], false],
    ['a new start that lives 30 s already', [run(900, null, true), run(60, failed), run(0, failed)], false],
    ['a new start that is still young', [run(990, null, true), run(60, failed), run(0, failed)], true],
    ['nothing', [], false],
  ])('%s: %s', (_name, runs, expected) => {
    expect(isFailing(runs, now)).toBe(expected);
  });
});

describe('tidying', () => {
  it('prunes at the start and after runs, at most once a minute, and survives a failure', async () => {
    let now = 0;
    let pruned = 0;
    const warnings: string[] = [];
    const tidier = createTidier({
      prune: () => {
        pruned += 1;
        return Promise.reject(new Error('disk'));
      },
      log: { info: () => undefined, warn: (code) => warnings.push(code) },
      now: () => now,
    });
    const see = (kind: Event['kind']): void => tidier.see({ kind } as Event);
    tidier.begin();
    see('run.end');
    expect(pruned).toBe(1);
    now = 60_000;
    see('file.read');
    expect(pruned).toBe(1);
    see('run.start');
    expect(pruned).toBe(2);
    await Promise.resolve();
    expect(warnings).toEqual(['spool-not-pruned', 'spool-not-pruned']);
  });
});
