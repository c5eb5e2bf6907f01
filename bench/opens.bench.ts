/** What containing adds to one open, and to one read of an open file; 200,000 each, bare and contained in turn. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeArena, removeArena } from '../e2e/confinement/support/arena.ts';
import { startBare, startContained } from '../e2e/confinement/support/start.ts';
import { alternate, median, printFigures, printMachine } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';

const opens = 200_000;
const reads = 1_000_000;
const rounds = 9;

printMachine();
const arena = makeArena();
const file = join(arena.grant, 'opened.bin');
// In a folder that is granted as a whole, and a file that is granted alone.
const system = '/usr/bin/env';
const single = '/etc/passwd';
writeFileSync(file, Buffer.alloc(65_536));
const measured = async (name: string, path: string, count: number, contained: boolean): Promise<number> => {
  const program = benchProgram(name);
  const args = [path, count.toString()];
  const result = contained
    ? await startContained(arena, program, args, {}, { timeoutMs: 120_000 })
    : await startBare(program, args, { timeoutMs: 120_000 });
  if (result.code !== 0) throw new Error(`${name}: ${result.stderr}`);
  return Number(result.stdout);
};
try {
  const values = await alternate(rounds, {
    bareWritable: () => measured('open-many', file, opens, false),
    containedWritable: () => measured('open-many', file, opens, true),
    bareSystem: () => measured('open-many', system, opens, false),
    containedSystem: () => measured('open-many', system, opens, true),
    bareSingle: () => measured('open-many', single, opens, false),
    containedSingle: () => measured('open-many', single, opens, true),
    bareRead: () => measured('read-many', file, reads, false),
    containedRead: () => measured('read-many', file, reads, true),
  });
  printFigures([
    { name: 'open and close, bare', value: median(values.bareSystem) / 1000, unit: 'us' },
    { name: 'open and close, contained', value: median(values.containedSystem) / 1000, unit: 'us' },
    {
      name: 'added by one open, system file',
      value: (median(values.containedSystem) - median(values.bareSystem)) / 1000,
      unit: 'us',
      bound: 4,
    },
    {
      name: 'added by one open, file granted alone',
      value: (median(values.containedSingle) - median(values.bareSingle)) / 1000,
      unit: 'us',
      bound: 4,
    },
    {
      name: 'added by one open, file in a writable folder',
      value: (median(values.containedWritable) - median(values.bareWritable)) / 1000,
      unit: 'us',
      bound: 4,
    },
    {
      name: 'reads of an open file, ratio',
      value: median(values.containedRead) / median(values.bareRead),
      unit: '',
      bound: 1.01,
      digits: 3,
    },
  ]);
} finally {
  removeArena(arena);
}
