/** Runs and events of real contained servers: live, stopped, counted exactly, told as they happen. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import { isDenial } from '#contract/event.ts';
import { startTicksOf } from '#platform/spool/supervisors.ts';
import { makeWorld, type World } from './support/world.ts';

/** Decoys that are there: what is not there cannot be refused. */
const keys = 1000;

let world: World;
let children: ChildProcess[];

beforeEach(() => {
  world = makeWorld();
  children = [];
  mkdirSync(join(world.home, '.ssh'));
  writeFileSync(join(world.home, '.ssh', 'id_ed25519'), 'decoy');
  for (let index = 0; index < keys; index += 1) writeFileSync(join(world.home, '.ssh', `key-${index}`), 'decoy');
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world.close();
});

/** Contains a server that is this script, and starts its entry as its client would. */
async function start(script: string): Promise<ChildProcess> {
  const file = join(world.home, 'server.js');
  writeFileSync(file, script);
  const config = world.configure({ probe: { command: process.execPath, args: [file] } });
  const { results } = await world.api['servers.contain']({
    servers: 'all',
    level: 'standard',
    dryRun: false,
    check: false,
  });
  expect(results).toMatchObject([{ changed: true, state: 'contained' }]);
  const { mcpServers } = JSON.parse(readFileSync(config, 'utf8')) as {
    mcpServers: { probe: { command: string; args: string[] } };
  };
  const child = spawn(mcpServers.probe.command, mcpServers.probe.args, {
    cwd: world.home,
    env: { HOME: world.home, PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => child.stdout?.once('data', (data: Buffer) => resolve(data.toString('utf8').trim())));
const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()));

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await done());) {
    if (Date.now() > deadline) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a run', () => {
  it('is live while it runs and tells what is enforced; stopped, it is gone with all it started', async () => {
    const child = await start(`
      const { spawn } = require('node:child_process');
      const other = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      other.on('spawn', () => console.log(process.pid + ' ' + other.pid));
      setInterval(() => {}, 1000);
      process.on('SIGTERM', () => {});
    `);
    const pids = (await firstLine(child)).split(' ').map(Number);
    const { runs } = await world.api['runs.list']({});
    expect(runs).toMatchObject([
      { live: true, end: null, endedAt: null, start: { level: 'standard', throwAway: false } },
    ]);
    const run = runs[0]?.run ?? '';
    const listed = await world.api['servers.list']({});
    expect(listed.servers).toMatchObject([{ liveRuns: 1, lastRun: { run, live: true } }]);

    const gone = ended(child);
    const stopped = await world.api['runs.stop']({ run });
    await gone;
    expect(stopped).toMatchObject({ run, live: false });
    expect(pids.map((pid) => startTicksOf(pid))).toEqual([null, null]);
    expect((await world.api['runs.list']({})).runs).toMatchObject([{ run, live: false, end: { denials: 0 } }]);
    await expect(world.api['runs.stop']({ run: 'no-such-run' })).rejects.toMatchObject({ code: 'no-such-run' });
  });

  it('whose supervisor is killed is over, and no process of it is left', async () => {
    const child = await start(`console.log(process.pid); setInterval(() => {}, 1000);`);
    const pid = Number(await firstLine(child));
    const start_ = (await world.api['runs.list']({})).runs[0]?.start;
    const gone = ended(child);
    process.kill(start_?.supervisor.pid ?? Number.NaN, 'SIGKILL');
    await gone;
    await until(() => startTicksOf(pid) === null);
    expect((await world.api['runs.list']({})).runs).toMatchObject([{ live: false }]);
  });

  it('that ends at once, twice, makes its server failing; with the denial just before as the cause', async () => {
    const script = `require('node:fs').readFileSync(process.env.HOME + '/.ssh/id_ed25519');`;
    await ended(await start(script));
    expect((await world.api['servers.list']({})).servers).toMatchObject([{ state: 'contained' }]);
    const config = join(world.home, '.config', 'Claude', 'claude_desktop_config.json');
    const { mcpServers } = JSON.parse(readFileSync(config, 'utf8')) as {
      mcpServers: { probe: { command: string; args: string[] } };
    };
    const again = spawn(mcpServers.probe.command, mcpServers.probe.args, { cwd: world.home, stdio: 'ignore' });
    await ended(again);
    const { servers } = await world.api['servers.list']({});
    expect(servers).toMatchObject([{ state: 'failing', denialsLastHour: 2 }]);
    expect(servers[0]?.lastRun?.end).toMatchObject({ cause: 'exit', code: 1, denials: 1 });
    expect(servers[0]?.lastRun?.end?.justBefore[0]).toMatchObject({
      kind: 'file.read',
      target: join(world.home, '.ssh', 'id_ed25519'),
    });
  });
});

describe('events', () => {
  it('are told as they happen, each once and in order, labelled, and listed afterwards', async () => {
    const seen: { event: Event; at: number }[] = [];
    const stop = await world.subscribe((event) => seen.push({ event, at: Date.now() }));
    const child = await start(`
      const fs = require('node:fs');
      let turn = 0;
      const next = () => {
        turn += 1;
        try { fs.readFileSync(process.env.HOME + '/.ssh/key-' + turn); } catch {}
        if (turn === 60) { console.log('done'); return; }
        setTimeout(next, 15);
      };
      next();
    `);
    const gone = ended(child);
    await gone;
    await until(() => seen.some(({ event }) => event.kind === 'run.end'));
    stop();
    const denials = seen.filter(({ event }) => isDenial(event));
    expect(denials.length).toBe(60);
    expect(denials.every(({ event }) => event.known === 'ssh-keys')).toBe(true);
    expect(denials.map(({ event }) => event.target)).toEqual(
      Array.from({ length: 60 }, (_, turn) => join(world.home, '.ssh', `key-${String(turn + 1)}`)),
    );
    // As they happen, not at the end: the first was told while the server still had most of its turns before it.
    expect(denials[0]?.at).toBeLessThan(Date.parse(denials.at(-1)?.event.at ?? ''));
    const listed = await world.api['events.list']({ verdict: 'refused' });
    expect(listed.events).toEqual(denials.map(({ event }) => event));
    expect((await world.api['events.list']({ verdict: 'refused', limit: 3, since: '5m' })).events.length).toBe(3);
  });

  it('count a flood exactly, in a bounded file', async () => {
    const number = 100_000;
    const child = await start(`
      const fs = require('node:fs');
      for (let turn = 0; turn < ${number}; turn += 1) {
        try { fs.openSync(process.env.HOME + '/.ssh/' + (turn % 2 ? 'id_ed25519' : 'key-' + (turn % ${keys}))); } catch {}
      }
    `);
    await ended(child);
    const { runs } = await world.api['runs.list']({});
    expect(runs[0]?.denials).toBe(number);
    expect((await world.api['servers.list']({})).servers[0]?.denialsLastHour).toBe(number);
    expect(world.warnings).toEqual([]);
  });
});
