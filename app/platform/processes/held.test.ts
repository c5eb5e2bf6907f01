import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { accessOf, createHeldThings, loopbackConnections } from './held.ts';
import { createProcesses } from './processes.ts';

test.each([
  ['flags:\t0100000\n', { read: true, write: false }],
  ['pos:\t0\nflags:\t0100001\nmnt_id:\t1\n', { read: false, write: true }],
  ['flags:\t02100002\n', { read: true, write: true }],
  ['flags:\t010000000\n', null],
  ['', null],
])('the access of %j', (text, access) => {
  expect(accessOf(text)).toEqual(access);
});

test('of a table of connections those that stand and lead to this machine', () => {
  const line = (remote: string, state: string, inode: string): string =>
    `   0: 0100007F:A000 ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0`;
  const table = [
    'sl local_address rem_address st',
    line('0100007F:1F90', '01', '11'),
    line('0100007F:1F90', '06', '12'),
    line('01020304:01BB', '01', '13'),
    line('00000000000000000000000001000000:0050', '01', '14'),
    line('0000000000000000FFFF00000100007F:0051', '01', '15'),
    line('0000000000000000FFFF000001020304:0052', '01', '16'),
    'cut',
  ].join('\n');
  expect([...loopbackConnections(table)]).toEqual([
    ['11', 8080],
    ['14', 80],
    ['15', 81],
  ]);
});

test('what a real process below another holds: files with their access, connections by their port', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-held-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const [read, write] = [join(folder, 'read'), join(folder, 'write')];
  writeFileSync(read, '');
  const program = `const fs = require('node:fs'); fs.openSync(process.argv[1], 'r'); fs.openSync(process.argv[2], 'w');
    require('node:net').connect(${port.toString()}, '127.0.0.1', () => console.log('there'));`;
  // What is looked at is below the one that is named, which is Belljar's own.
  const above = spawn('/bin/sh', ['-c', '"$@" & wait', 'sh', process.execPath, '-e', program, read, write]);
  onTestFinished(() => void above.kill('SIGKILL'));
  await once(above.stdout, 'data');
  const processes = createProcesses();
  const all = await processes.list();
  const top = all.find(({ pid }) => pid === above.pid);
  if (top === undefined) throw new Error('it is gone');
  const child = all.find(({ parent }) => parent === top.pid);
  onTestFinished(() => void (child !== undefined && process.kill(child.pid, 'SIGKILL')));
  const held = createHeldThings(processes);
  const { held: found, whole } = await held.of(top);
  const of = { pid: child?.pid, program: 'node' };
  expect(whole).toBe(true);
  expect(found).toContainEqual({ kind: 'file', path: read, read: true, write: false, ...of });
  expect(found).toContainEqual({ kind: 'file', path: write, read: false, write: true, ...of });
  expect(found).toContainEqual({ kind: 'connection', port, ...of });
  // Another process by then, which only has its number.
  expect(await held.of({ ...top, startTicks: top.startTicks + 1 })).toEqual({ held: [], whole: true });
});
