/**
 * Areas: what one open costs there, how soon a grant takes effect in a running server, and ripgrep over 50,000 files: bare, where
 * accesses to files are not seen, in a plain grant, in an area, and in an area with what standard keeps back.
 *
 * Beside them stands what the kernel alone takes for the same (programs/floor.c): what is above that is Belljar's own. And how much
 * processor time all of it took: a call that is stopped is answered on the processor it was made on, so programs of several threads,
 * which run side by side bare, take turns then, and the clock tells two things at once.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { areaDefaults } from '#domain/area-defaults.ts';
import { formatPlan, type Plan } from '#domain/plan-text.ts';
import { makeArena, planOf, removeArena, writePlan } from '../e2e/confinement/support/arena.ts';
import { compile } from '../e2e/confinement/support/compile.ts';
import { containedCommand, ordinaryPath, run } from '../e2e/confinement/support/start.ts';
import { alternate, loadNow, median, percentile, printFigures, printMachine, type Figure } from './support/figures.ts';
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
const plain: Partial<Plan> = { read: [arena.outside] };
const unseen: Partial<Plan> = { read: [arena.outside], record: 'without-files', network: 'none' };
const withPatterns: Partial<Plan> = {
  ...area,
  deny: ofLevel('deny'),
  protect: ofLevel('protect'),
  except: ofLevel('write').map((pattern) => ({ access: 'write' as const, pattern })),
};

/** Bare, contained by a plan, or with nothing but what the kernel needs for the same (programs/floor.c). */
type Way = null | Partial<Plan> | 'landlock' | 'empty' | 'looking' | 'handing';

interface Spent {
  stdout: string;
  clock: number;
  processor: number;
}

async function spend(way: Way, program: string, args: readonly string[]): Promise<Spent> {
  const [command, all] =
    way === null
      ? [program, args]
      : typeof way === 'string'
        ? [benchProgram('floor'), [way, writePlan(arena, plain), '--', program, ...args]]
        : containedCommand(arena, program, args, way);
  const begin = performance.now();
  const result = await run(benchProgram('processor-time'), [command, ...all], { timeoutMs: 300_000 });
  const clock = (performance.now() - begin) / 1000;
  if (result.code !== 0) throw new Error(`${program}: ${result.stderr}`);
  return { stdout: result.stdout, clock, processor: Number(result.stderr.trim().split('\n').at(-1)) };
}

async function nanosecondsOfOpen(path: string, way: Way): Promise<number> {
  return Number((await spend(way, benchProgram('open-many'), [path, opens.toString()])).stdout);
}

async function search(folder: string, way: Way): Promise<Spent> {
  const spent = await spend(way, ripgrep, ['--no-ignore', '--hidden', '--count-matches', 'needle', folder]);
  const found = spent.stdout.trim().split('\n').length;
  if (found !== folders) throw new Error(`rg found ${found.toString()}`);
  return spent;
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
    unseen: () => nanosecondsOfOpen(file, unseen),
    plain: () => nanosecondsOfOpen(file, plain),
    area: () => nanosecondsOfOpen(file, area),
    patterns: () => nanosecondsOfOpen(file, withPatterns),
    landlock: () => nanosecondsOfOpen(file, 'landlock'),
    looking: () => nanosecondsOfOpen(file, 'looking'),
    handing: () => nanosecondsOfOpen(file, 'handing'),
  });
  const microseconds = (values: readonly number[]): number => median(values) / 1000;
  figures.push(
    { name: 'open and close, bare', value: microseconds(one.bare), unit: 'us' },
    { name: 'open and close, accesses to files not seen', value: microseconds(one.unseen), unit: 'us' },
    { name: '  floor: Landlock alone', value: microseconds(one.landlock), unit: 'us' },
    { name: 'open and close, plain grant', value: microseconds(one.plain), unit: 'us' },
    { name: '  floor: Landlock and a handler that reads the path', value: microseconds(one.looking), unit: 'us' },
    { name: 'open and close, area', value: microseconds(one.area), unit: 'us', bound: 15 },
    { name: '  floor: a handler that opens and hands over', value: microseconds(one.handing), unit: 'us' },
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
    const ways = {
      bare: null,
      unseen,
      plain,
      area,
      patterns: withPatterns,
      landlock: 'landlock',
      empty: 'empty',
      looking: 'looking',
      handing: 'handing',
    } as const satisfies Record<string, Way>;
    type Name = keyof typeof ways;
    const processor = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as number[]])) as Record<
      Name,
      number[]
    >;
    const searched = (name: Name) => async (): Promise<number> => {
      const spent = await search(tree, ways[name]);
      processor[name].push(spent.processor);
      return spent.clock;
    };
    const clock = await alternate(searches, {
      bare: searched('bare'),
      unseen: searched('unseen'),
      plain: searched('plain'),
      area: searched('area'),
      patterns: searched('patterns'),
      landlock: searched('landlock'),
      empty: searched('empty'),
      looking: searched('looking'),
      handing: searched('handing'),
    });
    // The first round warms the caches and counts nowhere.
    for (const values of Object.values(processor)) values.shift();
    const ratio = (of: Record<Name, number[]>, name: Name): number => median(of[name]) / median(of.bare);
    const both = (name: Name, text: string, bound?: number): Figure[] => [
      { name: text, value: ratio(clock, name), unit: '', digits: 3, ...(bound === undefined ? {} : { bound }) },
      { name: `${text}, by processor time`, value: ratio(processor, name), unit: '', digits: 3 },
    ];
    figures.push(
      { name: 'ripgrep over 50,000 files, bare', value: median(clock.bare), unit: 's' },
      { name: 'ripgrep over 50,000 files, bare, by processor time', value: median(processor.bare), unit: 's' },
      ...both('unseen', 'ripgrep, ratio where accesses to files are not seen', 1.02),
      ...both('landlock', '  floor: Landlock alone'),
      ...both('plain', 'ripgrep, ratio in a plain grant', 2.6),
      ...both('empty', '  floor: a handler that looks at nothing'),
      ...both('looking', '  floor: Landlock and a handler that reads the path'),
      ...both('area', 'ripgrep, ratio in an area'),
      ...both('handing', '  floor: a handler that opens and hands over'),
      ...both('patterns', "ripgrep, ratio in an area with standard's patterns"),
    );
  } else {
    console.log(`skipped: ripgrep is not at ${ripgrep}`);
  }
  printFigures(figures);
  console.log(`load after: ${loadNow()}`);
} finally {
  spawnSync('rm', ['-rf', join(arena.outside, 'tree')]);
  removeArena(arena);
}
