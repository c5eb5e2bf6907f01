/** Throughput of standard input and output, and what the launcher itself weighs while a server runs. */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeArena, removeArena } from '../e2e/confinement/support/arena.ts';
import { containedCommand } from '../e2e/confinement/support/start.ts';
import { alternate, median, printFigures, printMachine } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';

const bytes = 512 * 1024 * 1024;
const rounds = 9;

/** Seconds to send and get back all bytes. */
function echo(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const piece = Buffer.alloc(65_536, 'x');
    let sent = 0;
    let received = 0;
    let began = 0;
    const write = (): void => {
      while (sent < bytes) {
        sent += piece.length;
        if (!child.stdin.write(piece)) {
          child.stdin.once('drain', write);
          return;
        }
      }
      child.stdin.end();
    };
    child.stdout.on('data', (data: Buffer) => {
      if (received === 0) {
        // The start is not part of it: the clock runs from the first byte that came back.
        began = performance.now();
        setImmediate(write);
      }
      received += data.length;
    });
    child.once('error', reject);
    child.once('close', () => {
      resolve((performance.now() - began) / 1000);
    });
    child.stdin.write('x');
  });
}

/** Proportional set size in bytes, of the process and its children down to the server, which is left out. */
function launcherWeight(pid: number, server: string): number {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === pid.toString();
      } catch {
        return false;
      }
    });
  const own = readFileSync(`/proc/${pid.toString()}/cmdline`, 'utf8').startsWith(server)
    ? 0
    : Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid.toString()}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  return own + children.reduce((sum, child) => sum + launcherWeight(Number(child), server), 0);
}

printMachine();
const arena = makeArena();
const program = benchProgram('echo-lines');
try {
  const values = await alternate(rounds, {
    bare: () => echo(program, []),
    contained: () => echo(...containedCommand(arena, program, [])),
  });
  const [command, args] = containedCommand(arena, program, []);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await sleep(500);
  const weight = launcherWeight(child.pid ?? 0, program);
  child.stdin.end();
  printFigures([
    { name: 'echo, bare', value: bytes / median(values.bare) / 1e6, unit: 'MB/s', digits: 0 },
    { name: 'echo, contained', value: bytes / median(values.contained) / 1e6, unit: 'MB/s', digits: 0 },
    {
      name: 'echo, ratio of times',
      value: median(values.contained) / median(values.bare),
      unit: '',
      bound: 1.01,
      digits: 3,
    },
    { name: 'weight of the launcher (PSS, all its processes)', value: weight / 1024 / 1024, unit: 'MB', bound: 2 },
  ]);
} finally {
  removeArena(arena);
}
