/**
 * Following clients' files: how soon a change on disk is a line of `list --watch`, with 200 servers in 40 files, and what it
 * costs a minute long while nothing changes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../e2e/confinement/support/places.ts';
import { median, percentile, printFigures, printMachine } from './support/figures.ts';
import { makeClientHome } from './support/client-home.ts';

const rounds = 20;
const restMs = 60_000;
/** Clock ticks a second as /proc reports them. */
const ticksPerSecond = 100;

function processorMs(pid: number): number {
  const text = readFileSync(`/proc/${pid.toString()}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

printMachine();
const folder = mkdtempSync(join(tmpdir(), 'belljar-bench-'));
const home = join(folder, 'home');
try {
  makeClientHome(home, 20);
  const environment = { PATH: process.env['PATH'] ?? '', HOME: home, XDG_RUNTIME_DIR: folder };
  const command = join(projectRoot, 'dist/cli/belljar.js');
  const watching = spawn(process.execPath, [command, 'list', '--watch', '--json'], {
    env: environment,
    cwd: home,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const seen = new Map<string, number>();
  createInterface({ input: watching.stdout }).on('line', (line) => {
    const name = /"name":"([^"]+)"/.exec(line)?.[1];
    if (name !== undefined && !seen.has(name)) seen.set(name, performance.now());
  });
  const file = join(home, '.cursor/mcp.json');
  while (!seen.has('server-3-0')) await sleep(20);
  await sleep(3000);
  const delays: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const name = `new-${round.toString()}`;
    writeFileSync(`${file}.new`, JSON.stringify({ mcpServers: { [name]: { command: 'node', args: ['x.js'] } } }));
    const began = performance.now();
    renameSync(`${file}.new`, file);
    while (!seen.has(name)) await sleep(1);
    delays.push((seen.get(name) ?? Number.NaN) - began);
    await sleep(2000);
  }
  await sleep(3000);
  const before = processorMs(watching.pid ?? 0);
  await sleep(restMs);
  const spent = processorMs(watching.pid ?? 0) - before;
  watching.kill('SIGINT');
  printFigures([
    { name: 'a change on disk to a line, median', value: median(delays), unit: 'ms', bound: 300, digits: 0 },
    { name: 'a change on disk to a line, p95', value: percentile(delays, 0.95), unit: 'ms', bound: 300, digits: 0 },
    { name: 'processor time of a minute at rest', value: spent, unit: 'ms', bound: 300, digits: 0 },
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
