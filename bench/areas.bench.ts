/**
 * Areas: what one open costs there, how soon a grant takes effect in a running server, and ripgrep over 50,000 files: bare, in a plain
 * grant, in an area, and in an area with what standard keeps back.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { areaDefaults } from '#domain/area-defaults.ts';
import { formatPlan, type Plan } from '#domain/plan-text.ts';
import { makeArena, planOf, removeArena } from '../e2e/confinement/support/arena.ts';
import { compile } from '../e2e/confinement/support/compile.ts';
import { containedCommand, ordinaryPath, startBare, startContained } from '../e2e/confinement/support/start.ts';
import { alternate, median, percentile, printFigures, printMachine, type Figure } from './support/figures.ts';
import { benchProgram } from './support/programs.ts';

const opens = 50_000;
const rounds = 7;
const searches = 5;
const grants = 50;
const folders = 500;
const filesEach = 100;
const ripgrep = '/usr/bin/rg';

const ofLevel = (verb: 'deny' | 'protect' | 'write'): string[] =>
  areaDefaults.filter((rule) => rule.verb === verb).map(({ what }) => what);

printMachine();
const arena = makeArena();
const area: Partial<Plan> = { areas: [{ access: 'write', place: arena.outside }] };
const withPatterns: Partial<Plan> = {
  ...area,
  deny: ofLevel('deny'),
  protect: ofLevel('protect'),
  except: ofLevel('write').map((pattern) => ({ access: 'write' as const, pattern })),
};

async function nanosecondsOfOpen(path: string, plan: Partial<Plan> | null): Promise<number> {
  const program = benchProgram('open-many');
  const args = [path, opens.toString()];
  const options = { timeoutMs: 120_000 };
  const result =
    plan === null ? await startBare(program, args, options) : await startContained(arena, program, args, plan, options);
  if (result.code !== 0) throw new Error(`open-many: ${result.stderr}`);
  return Number(result.stdout);
}

async function secondsOfSearch(folder: string, plan: Partial<Plan> | null): Promise<number> {
  const args = ['--no-ignore', '--hidden', '--count-matches', 'needle', folder];
  const begin = performance.now();
  const result =
    plan === null
      ? await startBare(ripgrep, args, { timeoutMs: 300_000 })
      : await startContained(arena, ripgrep, args, plan, { timeoutMs: 300_000 });
  const taken = (performance.now() - begin) / 1000;
  const found = result.stdout.trim().split('\n').length;
  if (result.code !== 0 || found !== folders) throw new Error(`rg found ${found.toString()}: ${result.stderr}`);
  return taken;
}

/** From the rename of the plan to the first open that succeeds, and to the first that is refused again. */
async function millisecondsToEffect(): Promise<{ grant: number[]; withdrawal: number[] }> {
  const [command, args] = containedCommand(arena, compile('obey'), []);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: ordinaryPath } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<boolean> => {
    child.stdin.write(`read ${arena.secret}\n`);
    const { value } = await lines.next();
    return typeof value === 'string' && value.startsWith('done');
  };
  const replace = async (changes: Partial<Plan>, wanted: boolean): Promise<number> => {
    writeFileSync(`${arena.planFile}.new`, formatPlan(planOf(arena, changes)), { mode: 0o600 });
    const begin = performance.now();
    renameSync(`${arena.planFile}.new`, arena.planFile);
    while ((await ask()) !== wanted);
    return performance.now() - begin;
  };
  await ask();
  const grant: number[] = [];
  const withdrawal: number[] = [];
  for (let turn = 0; turn < grants; turn += 1) {
    grant.push(await replace(withPatterns, true));
    withdrawal.push(await replace({}, false));
  }
  child.stdin.end();
  await once(child, 'exit');
  return { grant, withdrawal };
}

try {
  const deep = join(arena.outside, 'packages/server/source/deep');
  mkdirSync(deep, { recursive: true });
  const file = join(deep, 'file.ts');
  writeFileSync(file, 'content\n');
  const figures: Figure[] = [];
  const one = await alternate(rounds, {
    bare: () => nanosecondsOfOpen(file, null),
    plain: () => nanosecondsOfOpen(file, { read: [arena.outside] }),
    area: () => nanosecondsOfOpen(file, area),
    patterns: () => nanosecondsOfOpen(file, withPatterns),
  });
  const microseconds = (values: readonly number[]): number => median(values) / 1000;
  figures.push(
    { name: 'open and close, bare', value: microseconds(one.bare), unit: 'us' },
    { name: 'open and close, plain grant', value: microseconds(one.plain), unit: 'us' },
    { name: 'open and close, area', value: microseconds(one.area), unit: 'us', bound: 15 },
    { name: "open and close, area with standard's patterns", value: microseconds(one.patterns), unit: 'us', bound: 15 },
  );
  const effect = await millisecondsToEffect();
  figures.push(
    { name: 'a grant takes effect, median', value: median(effect.grant), unit: 'ms', bound: 100 },
    { name: 'a grant takes effect, 95 of 100', value: percentile(effect.grant, 0.95), unit: 'ms', bound: 100 },
    { name: 'a withdrawal takes effect, median', value: median(effect.withdrawal), unit: 'ms', bound: 100 },
  );
  if (existsSync(ripgrep)) {
    const tree = join(arena.outside, 'tree');
    for (let folder = 0; folder < folders; folder += 1) {
      const path = join(tree, `folder-${folder.toString()}`);
      mkdirSync(path, { recursive: true });
      for (let index = 0; index < filesEach; index += 1) {
        writeFileSync(join(path, `file-${index.toString()}.ts`), index === 0 ? 'a needle\n' : 'hay\n');
      }
    }
    const search = await alternate(searches, {
      bare: () => secondsOfSearch(tree, null),
      plain: () => secondsOfSearch(tree, { read: [arena.outside] }),
      area: () => secondsOfSearch(tree, area),
      patterns: () => secondsOfSearch(tree, withPatterns),
    });
    const bare = median(search.bare);
    figures.push(
      { name: 'ripgrep over 50,000 files, bare', value: bare, unit: 's' },
      { name: 'ripgrep, ratio in a plain grant', value: median(search.plain) / bare, unit: '', bound: 2.6 },
      { name: 'ripgrep, ratio in an area', value: median(search.area) / bare, unit: '' },
      { name: "ripgrep, ratio in an area with standard's patterns", value: median(search.patterns) / bare, unit: '' },
    );
  } else {
    console.log(`skipped: ripgrep is not at ${ripgrep}`);
  }
  printFigures(figures);
} finally {
  spawnSync('rm', ['-rf', join(arena.outside, 'tree')]);
  removeArena(arena);
}
