/**
 * What a bound on processes adds to making one, where the supervisor counts them: contained without a bound, and with the
 * level's own, in turn.
 */
import { makeArena, removeArena } from '../e2e/confinement/support/arena.ts';
import { startContained } from '../e2e/confinement/support/start.ts';
import { alternate, median, printFigures, printMachine } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';

const rounds = 7;
const counts = { forks: 3000, vforks: 5000, threads: 10_000 };

printMachine();
const arena = makeArena();
const measured = async (way: keyof typeof counts, bound: number | null): Promise<number> => {
  const limits = bound === null ? {} : { processes: bound };
  const args = [way, counts[way].toString()];
  const result = await startContained(arena, benchProgram('make-many'), args, { limits }, { timeoutMs: 120_000 });
  if (result.code !== 0) throw new Error(`${way}: ${result.stderr}`);
  return Number(result.stdout);
};
try {
  for (const way of ['forks', 'vforks', 'threads'] as const) {
    const values = await alternate(rounds, {
      free: () => measured(way, null),
      counted: () => measured(way, 2048),
    });
    printFigures([
      { name: `one of many ${way}, not counted`, value: median(values.free) / 1000, unit: 'us' },
      { name: `one of many ${way}, counted`, value: median(values.counted) / 1000, unit: 'us' },
      { name: 'added', value: (median(values.counted) - median(values.free)) / 1000, unit: 'us' },
    ]);
  }
} finally {
  removeArena(arena);
}
