/**
 * Clients' files: finding 200 servers in 40 files of all formats, cold (each time in a new process, its start not counted);
 * the same where one of the files has grown to 2 MB; and containing and releasing one server.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeServerWorld } from '../app/host/testing/server-world.ts';
import { makeClientHome } from './support/client-home.ts';
import { alternate, median, printFigures, printMachine } from './support/figures.ts';

async function measureOnce(home: string): Promise<void> {
  const world = makeServerWorld(home);
  const began = performance.now();
  const before = process.cpuUsage();
  const { servers } = await world.servers.list({});
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ ms: performance.now() - began, cpu: (user + system) / 1000, servers: servers.length }));
}

async function measure(): Promise<void> {
  printMachine();
  const folder = mkdtempSync(join(tmpdir(), 'belljar-bench-'));
  const home = join(folder, 'home');
  try {
    const grown = join(folder, 'grown');
    makeClientHome(home, 20);
    makeClientHome(grown, 100);
    // What it costs whatever else the machine does: two threads and more, so it can be above the time that passes.
    const spent: number[] = [];
    const cold = (where: string) => (): number => {
      const result = spawnSync(process.execPath, [import.meta.filename, where], { encoding: 'utf8' });
      if (result.status !== 0) throw new Error(result.stderr);
      const { ms, cpu, servers } = JSON.parse(result.stdout) as { ms: number; cpu: number; servers: number };
      if (servers !== 200) throw new Error(`200 servers were expected: ${servers.toString()}`);
      if (where === home) spent.push(cpu);
      return ms;
    };
    const world = makeServerWorld(home);
    const change = (server: string, contain: boolean) => async (): Promise<number> => {
      // The list is there in a host or a panel; what is measured is the change itself.
      const found = await world.servers.find(server);
      const began = performance.now();
      const { results } = await (contain
        ? world.servers.contain({ servers: [found.id], dryRun: false, check: false })
        : world.servers.release({ servers: [found.id], dryRun: false }));
      const ms = performance.now() - began;
      if (results[0]?.changed !== true) throw new Error(JSON.stringify(results));
      return ms;
    };
    const found = await alternate(9, { usual: cold(home), grown: cold(grown) });
    const values: Record<string, number[]> = {};
    const subjects = {
      JSON: 'cursor.server-3-0',
      TOML: 'codex.server-4-0',
      YAML: 'goose.server-9-0',
      'JSON of 400 kB': 'claude-code.server-1-0',
    };
    for (let round = 0; round < 9; round += 1) {
      for (const [name, server] of Object.entries(subjects)) {
        (values[`contain, ${name}`] ??= []).push(await change(server, true)());
        (values[`release, ${name}`] ??= []).push(await change(server, false)());
      }
    }
    printFigures([
      { name: '200 servers in 40 files, cold', value: median(found.usual), unit: 'ms', bound: 150, digits: 0 },
      { name: 'the same, in processor time', value: median(spent), unit: 'ms', digits: 0 },
      { name: 'the same, one file of 2 MB', value: median(found.grown), unit: 'ms', digits: 0 },
      ...Object.entries(values).map(([name, times]) => ({
        name,
        value: median(times),
        unit: 'ms',
        bound: 30,
        digits: 1,
      })),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const home = process.argv[2];
await (home === undefined ? measure() : measureOnce(home));
