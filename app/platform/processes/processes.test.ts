import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createProcesses, parseStat } from './processes.ts';

test('a name may hold spaces and brackets', () => {
  const fields = ['S', '7', ...Array<string>(17).fill('0'), '4242', '0'];
  expect(parseStat(`12 (a) b (c) ${fields.join(' ')}`)).toEqual({ parent: 7, startTicks: 4242 });
  expect(parseStat('')).toBeNull();
  expect(parseStat('12 (x) S')).toBeNull();
});

test('a real process is found with its command line and the time of its start', async () => {
  const long = 'é'.repeat(5000);
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30000)', 'a b', '', long]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.once('spawn', resolve));
  const processes = createProcesses();
  const found = (await processes.list()).find((item) => item.pid === child.pid);
  expect(found).toMatchObject({
    parent: process.pid,
    commandLine: [process.execPath, '-e', 'setTimeout(() => {}, 30000)', 'a b', '', long],
  });
  expect(Math.abs((found?.startedAt.getTime() ?? 0) - Date.now())).toBeLessThan(10_000);
  expect(processes.self).toBe(process.pid);
});

test('others, kernel threads and what cannot be read are skipped', async () => {
  const root = mkdtempSync(join(tmpdir(), 'belljar-proc-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, 'stat'), 'cpu 1\nbtime 1000\n');
  const stat = `1 (x) S 1 ${Array<string>(17).fill('0').join(' ')} 500 0`;
  for (const [pid, commandLine] of [
    ['10', 'a\0b\0'],
    ['11', ''],
  ] as const) {
    mkdirSync(join(root, pid));
    writeFileSync(join(root, pid, 'stat'), stat);
    writeFileSync(join(root, pid, 'cmdline'), commandLine);
  }
  mkdirSync(join(root, '12'));
  const uid = process.geteuid?.() ?? 0;
  const found = await createProcesses({ root, uid }).list();
  expect(found).toEqual([
    { pid: 10, parent: 1, startTicks: 500, startedAt: new Date(1_005_000), commandLine: ['a', 'b'], program: null },
  ]);
  expect(await createProcesses({ root, uid: uid + 1 }).list()).toEqual([]);
  expect(await createProcesses({ root: join(root, 'nowhere') }).list()).toEqual([]);
});
