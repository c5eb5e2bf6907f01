import { describe, expect, it } from 'vitest';
import type { RunBelljar } from './find-host.ts';
import { createHostFinder, findHost } from './find-host.ts';

describe('the host', () => {
  const status = (version: string, pid = 7) =>
    JSON.stringify({
      kept: 'process',
      socket: '/run/user/1/belljar/host.sock',
      version,
      pid,
      startedAt: '2026-01-02T03:04:05.678Z',
      epoch: 'one',
      doors: [],
    });

  it('is asked for by the command line, and answers where it is', async () => {
    const asked: string[][] = [];
    const run: RunBelljar = async (args) => {
      asked.push(args);
      return status('1.0.0');
    };
    expect(await findHost(run, '1.0.0')).toEqual({ socket: '/run/user/1/belljar/host.sock', pid: 7 });
    expect(asked).toEqual([['host', '--background', '--json']]);
  });

  it('of another version is stopped and started anew, once', async () => {
    const asked: string[] = [];
    let stopped = false;
    const run: RunBelljar = async (args) => {
      asked.push(args.join(' '));
      if (args[1] === 'stop') stopped = true;
      return status(stopped ? '2.0.0' : '1.0.0');
    };
    await findHost(run, '2.0.0');
    expect(asked).toEqual(['host --background --json', 'host stop', 'host --background --json']);
    await expect(findHost(async () => status('1.0.0'), '2.0.0')).rejects.toMatchObject({ code: 'host-version' });
  });

  it.each(['', 'no JSON', '{}', '{"socket":"/x"}'])('that says %j is not believed', async (text) => {
    await expect(findHost(async () => text, '1.0.0')).rejects.toMatchObject({ code: 'internal' });
  });

  it('that cannot be started is unreachable', async () => {
    await expect(findHost(() => Promise.reject(new Error('no node')), '1')).rejects.toMatchObject({
      code: 'host-unreachable',
    });
  });

  it('is looked for once for many callers, again after a failure, and again when it was lost', async () => {
    let tries = 0;
    const finder = createHostFinder(async () => {
      tries += 1;
      if (tries === 1) throw new Error('not yet');
      return { socket: `/s${tries.toString()}`, pid: tries };
    });
    await Promise.allSettled([finder.place(), finder.place()]);
    expect(tries).toBe(1);
    expect((await finder.place()).socket).toBe('/s2');
    expect((await finder.place()).socket).toBe('/s2');
    finder.lost();
    expect((await finder.place()).socket).toBe('/s3');
  });
});
