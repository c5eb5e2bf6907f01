/** A flood of denials: a million refused opens, the file they are written to, and whether the count is exact. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeArena, readEvents, removeArena } from '../e2e/confinement/support/arena.ts';
import { startContained } from '../e2e/confinement/support/start.ts';
import { printFigures, printMachine, type Figure } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';

const count = 1_000_000;
const figures: Figure[] = [];
printMachine();

for (const names of [1, 1000, 100_000]) {
  const arena = makeArena();
  try {
    const folder = join(arena.outside, 'many');
    mkdirSync(folder);
    for (let index = 0; index < names; index += 1) writeFileSync(join(folder, `refused-${index.toString()}.txt`), '');
    const began = performance.now();
    const result = await startContained(
      arena,
      benchProgram('refused-opens'),
      [folder, count.toString(), names.toString()],
      { spoolLimit: 16 * 1024 * 1024 },
      { timeoutMs: 300_000 },
    );
    const seconds = (performance.now() - began) / 1000;
    const refused = Number(result.stdout);
    const size = readdirSync(arena.spool).reduce((sum, name) => sum + statSync(join(arena.spool, name)).size, 0);
    const events = readEvents(arena.spool);
    const said = events
      .filter((event) => event.verdict === 'refused' || event.kind === 'spool.dropped')
      .reduce((sum, event) => sum + event.count, 0);
    const ending = events.at(-1)?.end?.denials ?? 0;
    const label = `${names.toLocaleString('en')} names`;
    figures.push(
      { name: `${label}: refused of a million`, value: refused, unit: '', digits: 0 },
      {
        name: `${label}: difference of events and refusals`,
        value: Math.abs(said - refused),
        unit: '',
        bound: 0,
        digits: 0,
      },
      {
        name: `${label}: difference of the last event's count`,
        value: Math.abs(ending - refused),
        unit: '',
        bound: 0,
        digits: 0,
      },
      { name: `${label}: spool`, value: size / 1024 / 1024, unit: 'MB', bound: 16 },
      { name: `${label}: one refused open`, value: (seconds * 1e6) / count, unit: 'us' },
    );
  } finally {
    removeArena(arena);
  }
}
printFigures(figures);
