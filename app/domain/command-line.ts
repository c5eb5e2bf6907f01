/**
 * Reads a server's command line: which program runs it, which argument is the program text itself, which are package
 * names. Only what a rule depends on; everything else is an ordinary argument of the server.
 */
import type { Launch } from './entry.ts';

/** Programs that fetch a package and run it, by the cache they read it from. */
export type PackageRunner = 'npm' | 'uv' | 'pipx' | 'pnpm' | 'bun' | 'deno' | 'yarn';

export interface CommandLine {
  /** Last part of the path of the program that counts, in lower case (`env A=b npx` is `npx`). */
  program: string;
  runner: PackageRunner | null;
  /** Arguments that are no paths of the server's own: the script, package names, what precedes the program. */
  notPaths: ReadonlySet<number>;
  /** Arguments that belong to the interpreter or runner (before the script or package): what they name is code. */
  code: ReadonlySet<number>;
}

interface Habit {
  /** Options that take the next argument as their value. */
  valued: ReadonlySet<string>;
  /** Of these, the ones whose value is not a path (a module, code, a package). */
  words: ReadonlySet<string>;
  /** Options after which no script follows (`-m module`, `-c code`). */
  ending: ReadonlySet<string>;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const nodeHabit: Habit = {
  valued: words('-r --require --import --loader --experimental-loader --env-file -C --conditions -e --eval -p --print'),
  words: words('-C --conditions -e --eval -p --print'),
  ending: words('-e --eval -p --print'),
};
const pythonHabit: Habit = { valued: words('-W -X -m -c'), words: words('-W -X -m -c'), ending: words('-m -c') };
const plainHabit: Habit = { valued: words('-c -e'), words: words('-c -e'), ending: words('-c -e') };
const javaHabit: Habit = {
  valued: words('-jar -cp -classpath --class-path -p --module-path -m --module'),
  words: words('-m --module'),
  ending: words('-jar -m --module'),
};

const interpreters: Record<string, Habit> = {
  node: nodeHabit,
  nodejs: nodeHabit,
  electron: nodeHabit,
  tsx: nodeHabit,
  'ts-node': nodeHabit,
  bun: plainHabit,
  deno: plainHabit,
  sh: plainHabit,
  bash: plainHabit,
  dash: plainHabit,
  zsh: plainHabit,
  fish: plainHabit,
  ruby: plainHabit,
  perl: plainHabit,
  php: plainHabit,
  java: javaHabit,
};

/** Runners, with the words that stand between them and their options (`pnpm dlx`), and their options that take a value. */
const runners: Record<string, { runner: PackageRunner; verbs: readonly string[]; valued: ReadonlySet<string> }> = {
  npx: { runner: 'npm', verbs: [], valued: words('-p --package -c --call -w --workspace --cache --userconfig') },
  npm: { runner: 'npm', verbs: ['exec', 'x'], valued: words('-p --package -c --call -w --workspace --cache --prefix') },
  uvx: { runner: 'uv', verbs: [], valued: words('--from --with -p --python --with-editable --index --index-url') },
  uv: {
    runner: 'uv',
    verbs: ['run', 'tool run'],
    valued: words(
      '--directory --project --from --with -p --python --with-editable --index --index-url --env-file --extra',
    ),
  },
  pipx: { runner: 'pipx', verbs: ['run'], valued: words('--spec --python --index-url') },
  pnpm: { runner: 'pnpm', verbs: ['dlx', 'exec', 'x'], valued: words('--package -C --dir') },
  pnpx: { runner: 'pnpm', verbs: [], valued: words('--package') },
  yarn: { runner: 'yarn', verbs: ['dlx'], valued: words('-p --package --cwd') },
  bunx: { runner: 'bun', verbs: [], valued: words('-p --package --cwd') },
};

/** Values of these are folders or files of code, not package names. */
const codeOptions = words('--directory --project -C --dir --cwd --prefix --env-file --from --spec --with-editable');

export function programName(command: string): string {
  return (command.split(/[/\\]/).at(-1) ?? '').toLowerCase().replace(/\.(?:exe|cmd|bat)$/, '');
}

/** Options of Windows' command interpreter that stand before what it is to start. */
const interpreterOption = /^\/[cdsq]$/i;

/** Follows `env [NAME=value…] program` and `cmd /c program` to the program; answers how many arguments that took. */
function skipEnv(launch: Launch): { command: string; from: number } {
  let command = launch.command;
  let from = 0;
  for (;;) {
    const name = programName(command);
    const skipped = name === 'env' ? /^(?:-|[A-Za-z_][A-Za-z0-9_]*=)/ : name === 'cmd' ? interpreterOption : null;
    if (skipped === null) break;
    while (from < launch.args.length && skipped.test(launch.args[from] ?? '')) from += 1;
    const next = launch.args[from];
    if (next === undefined) break;
    command = next;
    from += 1;
  }
  return { command, from };
}

/** The program that `env` or `cmd /c` leads to, or the command itself. */
export function firstProgram(launch: Launch): string {
  return skipEnv(launch).command;
}

/** What is started in the end, with the program by its plain name: for comparing entries of different clients. */
export function plainLaunch(launch: Launch): Launch {
  const { command, from } = skipEnv(launch);
  const isInterpreter = programName(launch.command) === 'cmd';
  const kept = isInterpreter ? launch.args.slice(from) : launch.args;
  const plain = isInterpreter ? command : launch.command;
  return { command: plain.replace(/\.(?:cmd|bat|exe)$/i, ''), args: kept };
}

/** The name without version: `python3.12` is read like `python`. */
function habitOf(program: string): Habit | undefined {
  if (/^(?:python|pypy)[\d.]*$/.test(program)) return pythonHabit;
  return Object.hasOwn(interpreters, program) ? interpreters[program] : undefined;
}

export function readCommandLine(launch: Launch): CommandLine {
  const { command, from } = skipEnv(launch);
  const program = programName(command);
  const notPaths = new Set<number>();
  const code = new Set<number>();
  for (let i = 0; i < from; i += 1) notPaths.add(i);
  const runner = Object.hasOwn(runners, program) ? runners[program] : undefined;
  if (runner !== undefined) {
    readRunner(launch.args, from, runner, notPaths, code);
    return { program, runner: runner.runner, notPaths, code };
  }
  const habit = habitOf(program);
  if (habit !== undefined) readInterpreter(launch.args, from, habit, program, notPaths, code);
  const own = program === 'bun' ? 'bun' : program === 'deno' ? 'deno' : null;
  return { program, runner: own, notPaths, code };
}

function readInterpreter(
  args: readonly string[],
  from: number,
  habit: Habit,
  program: string,
  notPaths: Set<number>,
  code: Set<number>,
): void {
  let at = from;
  while ((program === 'bun' || program === 'deno') && args[at] === 'run') notPaths.add(at++);
  for (; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if (argument === '--') continue;
    if (!argument.startsWith('-') || argument === '-') {
      // The program text itself: the launcher finds it as part of `runtime`.
      notPaths.add(at);
      return;
    }
    code.add(at);
    if (!habit.valued.has(argument)) continue;
    at += 1;
    if (habit.words.has(argument)) notPaths.add(at);
    else code.add(at);
    if (habit.ending.has(argument)) {
      notPaths.add(at);
      return;
    }
  }
}

function readRunner(
  args: readonly string[],
  from: number,
  runner: (typeof runners)[string],
  notPaths: Set<number>,
  code: Set<number>,
): void {
  // Options may stand before and after the verb (`uv --directory /x run server.py`).
  const verbs = new Set(runner.verbs.flatMap((verb) => verb.split(' ')));
  for (let at = from; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if (verbs.delete(argument)) {
      notPaths.add(at);
      continue;
    }
    if (argument === '--') continue;
    if (!argument.startsWith('-')) {
      notPaths.add(at);
      return;
    }
    code.add(at);
    if (!runner.valued.has(argument)) continue;
    at += 1;
    if (codeOptions.has(argument)) code.add(at);
    else notPaths.add(at);
  }
}
