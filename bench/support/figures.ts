/** Medians, alternating runs, and the table that every measurement ends in: value, bound, pass. Never fails a test run. */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { requireLauncher } from '../../e2e/confinement/support/places.ts';

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** Largest value that passes; none for what is only told. */
  bound?: number;
  digits?: number;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/**
 * Runs the variants in turn, in another order each round, so that what slows the machine down slows all of them. One round
 * before the first counted one warms the caches.
 */
export async function alternate<Name extends string>(
  rounds: number,
  variants: Readonly<Record<Name, () => Promise<number> | number>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(variants) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round += 1) {
    for (let step = 0; step < names.length; step += 1) {
      const name = names[(step + Math.max(round, 0)) % names.length];
      if (name === undefined) continue;
      const value = await variants[name]();
      if (round >= 0) values[name].push(value);
    }
  }
  return values;
}

/** What else the machine does: the averages of one, five and fifteen minutes. */
export function loadNow(): string {
  return loadavg()
    .map((one) => one.toFixed(2))
    .join(' ');
}

export function printMachine(): void {
  const probe = spawnSync(requireLauncher(), ['probe'], { encoding: 'utf8' }).stdout.trim();
  const processors = cpus();
  console.log(
    `machine: ${processors.length.toString()} x ${processors[0]?.model ?? 'unknown'}, node ${process.version}`,
  );
  console.log(`load before: ${loadNow()}`);
  console.log(`probe: ${probe}`);
}

export function printFigures(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => {
    const digits = figure.digits ?? 2;
    return [
      figure.name,
      `${figure.value.toFixed(digits)} ${figure.unit}`.trim(),
      figure.bound === undefined ? '' : `<= ${figure.bound.toString()} ${figure.unit}`.trim(),
      figure.bound === undefined ? '' : figure.value <= figure.bound ? 'pass' : 'FAIL',
    ];
  });
  const all = [['figure', 'value', 'bound', ''], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  for (const row of all)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
