/**
 * What containing adds to real servers: to their start (until `initialize` is answered), to each of their answers, and in memory. Each entry of
 * e2e/real-servers/entries.ts bare and contained at standard, in turn. BELLJAR_BENCH_RECORD: a file that takes the figures as JSON.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg, release } from 'node:os';
import { clientEnvironment, contain, makeWorkplace } from '../e2e/real-servers/contain.ts';
import { grantsOf, realEntries, type Entry } from '../e2e/real-servers/entries.ts';
import { provision } from '../e2e/real-servers/provision.ts';
import { talk } from '../e2e/real-servers/session.ts';
import { alternate, median, printFigures, printMachine, type Figure } from './support/figures.ts';

const rounds = Number(process.env['BELLJAR_BENCH_ROUNDS'] ?? '7');

/** Kibibytes that the processes of this program hold for themselves (Pss of smaps_rollup: shared pages count in parts). */
function proportionalKib(isOne: (program: string, environment: string) => boolean): number {
  let sum = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const program = readFileSync(`/proc/${name}/comm`, 'utf8').trim();
      if (!isOne(program, readFileSync(`/proc/${name}/cmdline`, 'utf8'))) continue;
      sum += Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${name}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It ended meanwhile, or belongs to somebody else.
    }
  }
  return sum;
}

printMachine();
const servers = await provision();
const environment = clientEnvironment(servers.home, servers.node);
const load = loadavg().map((one) => one.toFixed(2));
const measured: Record<string, string | number>[] = [];

async function measure(entry: Entry): Promise<void> {
  const one = async (isContained: boolean): Promise<{ start: number; answer: number; memory: number }> => {
    const workplace = makeWorkplace();
    try {
      entry.kind.before?.(workplace);
      const { command, args } = entry.launch();
      const bare = { command, args: [...args, ...entry.kind.args(workplace)] };
      const rules = grantsOf(entry.kind);
      const launch = isContained ? contain(workplace, bare, { home: servers.home, rules }) : bare;
      const questions = entry.kind.questions(workplace);
      let memory = 0;
      const said = await talk(launch, questions, {
        env: { ...environment, ...entry.kind.env },
        cwd: workplace.project,
        timeoutMs: 60_000,
        // The launcher names the plan, which lies in this workplace and nowhere else; its processes keep that command line.
        beforeEnd: () =>
          (memory = proportionalKib((name, line) => name.startsWith('belljar') && line.includes(workplace.folder))),
      });
      if (said.answers.length !== questions.length + 1)
        throw new Error(`${entry.name}: ${said.answers.length.toString()} answers: ${said.stderr.slice(0, 300)}`);
      return { start: said.initializeMs, answer: said.answersMs / questions.length, memory };
    } finally {
      workplace.remove();
    }
  };
  const values: Record<'bare' | 'contained', { start: number; answer: number; memory: number }[]> = {
    bare: [],
    contained: [],
  };
  await alternate(rounds, {
    bare: async () => {
      values.bare.push(await one(false));
      return 0;
    },
    contained: async () => {
      values.contained.push(await one(true));
      return 0;
    },
  });
  const of = (kind: 'bare' | 'contained', what: 'start' | 'answer' | 'memory'): number =>
    median(values[kind].slice(1).map((value) => value[what]));
  const figures: Figure[] = [
    { name: `${entry.name}: start, bare`, value: of('bare', 'start'), unit: 'ms', digits: 0 },
    {
      name: `${entry.name}: start, added`,
      value: of('contained', 'start') - of('bare', 'start'),
      unit: 'ms',
      digits: 1,
    },
    { name: `${entry.name}: an answer, bare`, value: of('bare', 'answer'), unit: 'ms' },
    { name: `${entry.name}: an answer, added`, value: of('contained', 'answer') - of('bare', 'answer'), unit: 'ms' },
    { name: `${entry.name}: the launcher's memory`, value: of('contained', 'memory') / 1024, unit: 'MiB', digits: 1 },
  ];
  printFigures(figures);
  measured.push({
    name: entry.name,
    startBareMs: of('bare', 'start'),
    startContainedMs: of('contained', 'start'),
    answerBareMs: of('bare', 'answer'),
    answerContainedMs: of('contained', 'answer'),
    launcherKib: of('contained', 'memory'),
  });
}

const only = new RegExp(process.env['BELLJAR_BENCH_ONLY'] ?? '');
for (const entry of realEntries(() => servers)) if (only.test(entry.name)) await measure(entry);

const record = process.env['BELLJAR_BENCH_RECORD'];
if (record !== undefined) {
  const document = { date: new Date().toISOString().slice(0, 10), kernel: release(), rounds, load, servers: measured };
  writeFileSync(record, `${JSON.stringify(document, null, 1)}\n`);
}
