/**
 * The history of events in the built product: searched by the command line with and without a host, kept over kill -9 at
 * any moment, made anew where it is damaged, and refused where a newer Belljar made it.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Event } from '#contract/event.ts';
import { eventSchema } from '#contract/event.ts';
import type { Finding } from '#contract/methods.ts';
import type { Storage } from '#contract/storage.ts';
import type { Home } from './support/product.ts';
import { makeHome } from './support/product.ts';

const t0 = Date.now() - 3_600_000;

function event(run: string, seq: number, changes: Partial<Event> = {}): Event {
  const at = new Date(t0 + seq * 10).toISOString();
  return {
    v: 1,
    seq,
    at,
    firstAt: at,
    run,
    server: 'claude-desktop.files',
    kind: 'file.read',
    target: `/srv/data/${seq.toString()}`,
    verdict: 'refused',
    by: 'kernel',
    errno: 'EACCES',
    count: 1,
    process: { pid: 7, exe: '/usr/bin/node' },
    ...changes,
  };
}

function spool(home: Home, run: string, events: readonly Event[]): string {
  const folder = home.folder('.local/state/belljar/spool');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = `${folder}/${run}.jsonl`;
  appendFileSync(file, events.map((one) => `${JSON.stringify(one)}\n`).join(''), { mode: 0o600 });
  return file;
}

const series = (run: string, from: number, to: number): Event[] =>
  Array.from({ length: to - from + 1 }, (_, index) => event(run, from + index));
const historyOf = (home: Home): string => home.folder('.local/state/belljar/history.sqlite');

async function events(home: Home, ...args: string[]): Promise<Event[]> {
  const { code, out, err } = await home.run('events', '--json', ...args);
  expect(code, err).toBe(0);
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => eventSchema.parse(JSON.parse(line)));
}

async function findings(home: Home, ...args: string[]): Promise<Finding[]> {
  return (await home.json<{ findings: Finding[] }>('doctor', '--json', ...args)).findings;
}

it('finds by text, target, time and kind, oldest first, in groups, and as CSV', async () => {
  const home = makeHome();
  spool(home, 'run-1', [
    ...series('run-1', 1, 200),
    event('run-1', 201, { kind: 'net.connect', target: 'api.example.com:443', verdict: 'allowed' }),
    event('run-1', 202, { target: '=cmd|calc\u001b[31m', count: 3 }),
    event('run-1', 203, { target: `${home.path}/.ssh/id_ed25519` }),
  ]);
  expect((await events(home)).map(({ seq }) => seq)).toEqual(Array.from({ length: 203 }, (_, index) => index + 1));
  expect((await events(home, '--limit', '2')).map(({ seq }) => seq)).toEqual([202, 203]);
  expect((await events(home, '--text', 'DATA/19')).map(({ seq }) => seq)).toEqual([
    19, 190, 191, 192, 193, 194, 195, 196, 197, 198, 199,
  ]);
  // In words: what the path is known as.
  expect((await events(home, '--text', 'your ssh keys')).map(({ seq }) => seq)).toEqual([203]);
  expect((await events(home, '--target', '/srv/*/7')).map(({ seq }) => seq)).toEqual([7]);
  expect((await events(home, '--kind', 'net.connect')).map(({ seq }) => seq)).toEqual([201]);
  expect((await events(home, '--until', event('', 3).at, '--since', event('', 2).at)).map(({ seq }) => seq)).toEqual([
    2, 3,
  ]);
  const groups = await home.run('events', '--group', '--text', 'calc', '--json');
  expect(JSON.parse(groups.out)).toMatchObject({ count: 3, lines: 1, event: { seq: 202 } });
  const table = await home.run('events', '--group', '--limit', '2');
  expect(table.out).toContain('COUNT');
  expect(table.out).toContain('your SSH keys');
  const csv = await home.run('events', '--csv', '--all');
  const rows = csv.out.trimEnd().split('\r\n');
  expect(rows).toHaveLength(204);
  expect(rows[202]).toContain(`"'=cmd|calc\\u001b[31m"`);
  expect(csv.out).not.toContain('\u001b');
  const both = await home.run('events', '--csv', '--group');
  expect([both.code, both.err]).toEqual([2, expect.stringContaining('--csv')]);
  const nothing = await home.run('events', '--server', 'claude-desktop.none');
  expect([nothing.code, nothing.out]).toEqual([3, '']);
  expect(statSync(historyOf(home)).mode & 0o777).toBe(0o600);
});

it('mutes for the panel alone, until it is told otherwise', async () => {
  const home = makeHome();
  spool(home, 'run-1', series('run-1', 1, 5));
  const { mute } = await home.json<{ mute: { id: string } }>('mute', '/srv/*', '--kind', 'file.read', '--json');
  expect(await events(home)).toHaveLength(5);
  expect(await events(home, '--hide-muted')).toHaveLength(0);
  expect((await home.run('mute')).out).toContain('/srv/*');
  expect(statSync(home.folder('.config/belljar/events.json')).mode & 0o777).toBe(0o600);
  expect((await home.run('unmute', mute.id)).code).toBe(0);
  expect((await home.run('unmute', mute.id)).code).toBe(3);
  expect(await events(home, '--hide-muted')).toHaveLength(5);
});

it('loses nothing and takes nothing twice when its host is killed while it reads', async () => {
  const home = makeHome();
  const total = 12_000;
  spool(home, 'run-1', series('run-1', 1, total));
  const written = (): number =>
    ['', '-wal'].reduce((sum, end) => sum + (statSync(historyOf(home) + end, { throwIfNoEntry: false })?.size ?? 0), 0);
  // Killed at another point of its reading each time, the first before it has read anything.
  for (const [index, bytes] of [0, 1, 100_000, 400_000].entries()) {
    const host = home.start('host');
    await expect.poll(() => existsSync(home.folder('.local/state/belljar/host.sock'))).toBe(true);
    await expect.poll(written, { interval: 5 }).toBeGreaterThanOrEqual(bytes);
    await host.kill('SIGKILL');
    spool(home, `run-k${index.toString()}`, series(`run-k${index.toString()}`, 1, 10));
  }
  const all = await events(home, '--all');
  expect(all).toHaveLength(total + 40);
  expect(new Set(all.map(({ run, seq }) => `${run} ${seq.toString()}`)).size).toBe(total + 40);
  expect((await findings(home)).find(({ code }) => code === 'history')?.severity).toBe('ok');
});

it('keeps what left the spool, and is made anew when it is damaged, which the doctor says', async () => {
  const home = makeHome();
  const file = spool(home, 'run-1', series('run-1', 1, 50));
  expect(await events(home)).toHaveLength(50);
  unlinkSync(file);
  expect(await events(home, '--server', 'claude-desktop.files')).toHaveLength(50);
  spool(home, 'run-2', series('run-2', 1, 7));
  writeFileSync(historyOf(home), 'no database');
  expect(await events(home)).toHaveLength(7);
  expect((await findings(home)).map(({ code }) => code)).toEqual(
    expect.arrayContaining(['history', 'history-rebuilt']),
  );
  const storage = await home.json<Storage>('storage', '--json', '--keep-days', '30', '--keep-size', '64');
  expect(storage).toMatchObject({
    events: 7,
    rebuilt: { reason: 'damaged' },
    retention: { keepDays: 30, keepMegabytes: 64 },
  });
  expect(await home.json<Storage>('storage', '--json', '--rebuild')).toMatchObject({ rebuilt: { reason: 'asked' } });
});

it('leaves alone what a newer Belljar made; everything else works', async () => {
  const home = makeHome();
  spool(home, 'run-1', series('run-1', 1, 3));
  expect(await events(home)).toHaveLength(3);
  // The version stands at byte 60 of every SQLite file.
  const bytes = readFileSync(historyOf(home));
  bytes.writeUInt32BE(99, 60);
  writeFileSync(historyOf(home), bytes);
  const refused = await home.run('events');
  expect([refused.code, refused.out]).toEqual([1, '']);
  expect(refused.err).toContain('newer Belljar');
  expect((await findings(home, '--repair')).find(({ code }) => code === 'history-newer')).toMatchObject({
    severity: 'error',
    repaired: false,
  });
  expect(readFileSync(historyOf(home)).equals(bytes)).toBe(true);
  expect((await home.run('list')).code).toBe(0);
});
