/**
 * What containing adds to the network: a connection on loopback, an answer of a name server, bytes through the relay. In a small
 * internet on this machine (a pair of virtual cables between two namespaces), bare and contained in turn. And the memory
 * of all of a run's launcher processes while it holds checked connections.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { makeArena, removeArena } from '../e2e/confinement/support/arena.ts';
import { far, host, NameLab, type NameScene } from '../e2e/confinement/support/name-lab.ts';
import { containedCommand } from '../e2e/confinement/support/start.ts';
import { alternate, median, printFigures, printMachine } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';
import type { Plan } from '#domain/plan-text.ts';

const rounds = Number(process.env['BELLJAR_BENCH_ROUNDS'] ?? '9');
const connects = '3000';
const asks = '2000';
const megabytes = '256';
const name = 'api.example.com';
const scene: NameScene = {
  zone: { [name]: { A: [far.one] } },
  ports: { 9000: 'sink' },
};
const link = '1gbit';

async function measure(args: readonly string[], plan: Partial<Plan> | 'bare', rate?: string): Promise<number> {
  const arena = makeArena();
  try {
    const result = await NameLab.run(
      arena,
      rate === undefined ? scene : { ...scene, rate },
      benchProgram('network'),
      args,
      plan,
      { timeoutMs: 120_000 },
    );
    if (result.code !== 0) throw new Error(result.skipped ?? `${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return Number(result.stdout);
  } finally {
    removeArena(arena);
  }
}

/** Proportional set size of every process that runs the launcher, in KiB. */
function launcherMemory(launcher: string): number {
  let total = 0;
  for (const entry of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      if (readlinkSync(`/proc/${entry}/exe`) !== launcher) continue;
      total += Number(/\nPss:\s*(\d+)/.exec(readFileSync(`/proc/${entry}/smaps_rollup`, 'utf8'))?.[1] ?? '0');
    } catch {
      // It ended meanwhile.
    }
  }
  return total;
}

/** A run with checked connections to a listener of this machine, named in an arena's own way: by its loopback name. */
async function memoryOf(count: number): Promise<number> {
  const arena = makeArena();
  const listener = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const [command, args] = containedCommand(
    arena,
    benchProgram('network'),
    ['idles', 'localhost', port.toString(), count.toString()],
    {
      network: 'hosts',
      hosts: [host('localhost', port.toString(), true)],
    },
  );
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    return launcherMemory(command);
  } finally {
    child.stdin.end();
    await once(child, 'close');
    listener.close();
    removeArena(arena);
  }
}

printMachine();
const open = { network: 'open', local: [9000], listen: [9000] } as const;
const direct = { network: 'hosts', hosts: [host(name, '9000')] } as const;
const checked = { network: 'hosts', hosts: [host(name, '9000', true)] } as const;
const values = await alternate(rounds, {
  bareConnect: () => measure(['connects', '127.0.0.1', '9000', connects], 'bare'),
  containedConnect: () => measure(['connects', '127.0.0.1', '9000', connects], open),
  bareAsk: () => measure(['asks', name, asks], 'bare'),
  containedAsk: () => measure(['asks', name, asks], direct),
  bareSend: () => measure(['sends', name, '9000', megabytes], 'bare', link),
  checkedSend: () => measure(['sends', name, '9000', megabytes], checked, link),
  bareFast: () => measure(['sends', name, '9000', megabytes], 'bare'),
  checkedFast: () => measure(['sends', name, '9000', megabytes], checked),
});
const idle = await memoryOf(0);
const held = await memoryOf(100);
printFigures([
  { name: 'connect and close on loopback, bare', value: median(values.bareConnect) / 1000, unit: 'us' },
  {
    name: 'added by one connection on loopback',
    value: (median(values.containedConnect) - median(values.bareConnect)) / 1000,
    unit: 'us',
    bound: 60,
  },
  { name: 'answer of a name server, bare', value: median(values.bareAsk) / 1000, unit: 'us' },
  {
    name: 'added by one answer of a name server',
    value: (median(values.containedAsk) - median(values.bareAsk)) / 1000,
    unit: 'us',
    bound: 300,
  },
  { name: `sent over a link of ${link}, bare`, value: median(values.bareSend) / 1e6, unit: 'MB/s' },
  {
    name: 'bare to relay, the same link',
    value: median(values.bareSend) / median(values.checkedSend),
    unit: 'x',
    digits: 3,
    bound: 1 / 0.8,
  },
  { name: 'sent over a link as fast as the machine, bare', value: median(values.bareFast) / 1e6, unit: 'MB/s' },
  {
    name: 'bare to relay, the same link',
    value: median(values.bareFast) / median(values.checkedFast),
    unit: 'x',
    digits: 3,
  },
  {
    name: 'memory of all launcher processes (PSS), no connection',
    value: idle / 1024,
    unit: 'MB',
    digits: 2,
    bound: 3,
  },
  {
    name: 'memory of all launcher processes (PSS), 100 checked connections',
    value: held / 1024,
    unit: 'MB',
    digits: 2,
    bound: 3,
  },
]);
