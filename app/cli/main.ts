/**
 * Runs one verb: parses its arguments strictly, gives it a terminal and a session, turns errors into a sentence and an
 * exit code, and always gives the session back.
 */
import { parseArgs } from 'node:util';
import { BelljarError, errorCodes, exitCodes } from '#contract/errors.ts';
import { toErrorBody } from '#contract/sentences.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from './context.ts';
import { folderHere, usageError } from './context.ts';
import { describeError } from './error-lines.ts';
import type { Terminal } from './terminal.ts';
import { createTerminal, plain } from './terminal.ts';
import type { VerbFacts } from './verbs.ts';
import { findVerb, verbs } from './verbs.ts';

const load: Record<string, () => Promise<Command>> = {
  list: async () => (await import('./verbs/list.ts')).list,
  show: async () => (await import('./verbs/show.ts')).show,
  events: async () => (await import('./verbs/events.ts')).events,
  mute: async () => (await import('./verbs/mute.ts')).mute,
  unmute: async () => (await import('./verbs/mute.ts')).unmute,
  storage: async () => (await import('./verbs/storage.ts')).storage,
  ask: async () => (await import('./verbs/ask.ts')).ask,
  explain: async () => (await import('./verbs/explain.ts')).explain,
  runs: async () => (await import('./verbs/runs.ts')).runs,
  stop: async () => (await import('./verbs/runs.ts')).stop,
  history: async () => (await import('./verbs/history.ts')).history,
  undo: async () => (await import('./verbs/history.ts')).undo,
  resources: async () => (await import('./verbs/resources.ts')).resources,
  rollout: async () => (await import('./verbs/rollout.ts')).rollout,
  audit: async () => (await import('./verbs/rollout.ts')).audit,
  check: async () => (await import('./verbs/check.ts')).check,
  diff: async () => (await import('./verbs/check.ts')).diff,
  run: async () => (await import('./verbs/run.ts')).run,
  shell: async () => (await import('./verbs/shell.ts')).shell,
  demo: async () => (await import('./verbs/machine.ts')).demo,
  contain: async () => (await import('./verbs/contain.ts')).contain,
  release: async () => (await import('./verbs/contain.ts')).release,
  level: async () => (await import('./verbs/policy.ts')).level,
  grant: async () => (await import('./verbs/policy.ts')).grant,
  revoke: async () => (await import('./verbs/policy.ts')).revoke,
  limit: async () => (await import('./verbs/limit.ts')).limit,
  sight: async () => (await import('./verbs/sight.ts')).sight,
  pin: async () => (await import('./verbs/pin.ts')).pin,
  unpin: async () => (await import('./verbs/pin.ts')).unpin,
  outdated: async () => (await import('./verbs/pin.ts')).outdated,
  secrets: async () => (await import('./verbs/secrets.ts')).secrets,
  panel: async () => (await import('./verbs/panel.ts')).panel,
  host: async () => (await import('./verbs/host.ts')).host,
  probe: async () => (await import('./verbs/machine.ts')).probe,
  selftest: async () => (await import('./verbs/machine.ts')).selftest,
  doctor: async () => (await import('./verbs/machine.ts')).doctor,
  completion: async () => (await import('./verbs/completion.ts')).completion,
  uninstall: async () => (await import('./verbs/uninstall.ts')).uninstall,
};

interface Parsed {
  values: Context['values'];
  positionals: string[];
}

/** A typo gets the verb or option that was probably meant. */
function nearest(name: string, candidates: readonly string[]): string | null {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i += 1) {
      const next = [i];
      for (let j = 1; j <= b.length; j += 1) {
        next[j] = Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        );
      }
      row = next;
    }
    return row[b.length] ?? 0;
  };
  const best = candidates
    .map((candidate) => [distance(name, candidate), candidate] as const)
    .sort((a, b) => a[0] - b[0])[0];
  return best !== undefined && best[0] <= 2 ? best[1] : null;
}

/** Throws what a person is told who wrote it wrongly. */
export function parse(verb: VerbFacts, args: readonly string[]): Parsed {
  const options = Object.fromEntries(
    Object.entries(verb.options).map(([name, facts]) => [
      name,
      { type: facts.type, multiple: facts.multiple === true },
    ]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    const option = /'?(--?[\w-]+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const known = option === undefined ? false : Object.hasOwn(verb.options, option.replace(/^--?/, ''));
    if (option !== undefined && !known) {
      const meant = nearest(option.replace(/^--?/, ''), Object.keys(verb.options));
      throw usageError(`${verb.name} has no option ${option}.${meant === null ? '' : ` Did you mean --${meant}?`}`);
    }
    const facts = option === undefined ? undefined : verb.options[option.replace(/^--?/, '')];
    if (facts?.type === 'string') throw usageError(`The option ${option ?? ''} needs a value: ${facts.value ?? ''}`);
    throw usageError(`The option ${option ?? ''} of ${verb.name} takes no value.`);
  }
  const [least, most] = verb.positionals;
  if (parsed.positionals.length < least || parsed.positionals.length > most) {
    throw usageError(`Usage: belljar ${verb.name}${verb.arguments === '' ? '' : ` ${verb.arguments}`}`);
  }
  for (const [name, facts] of Object.entries(verb.options)) {
    const value = parsed.values[name];
    if (facts.choices !== undefined && typeof value === 'string' && !facts.choices.includes(value)) {
      throw usageError(`--${name} is one of: ${facts.choices.join(', ')}.`);
    }
  }
  return { values: parsed.values as Context['values'], positionals: parsed.positionals };
}

function tellError(error: unknown, terminal: Terminal, json: boolean): number {
  const body = toErrorBody(error);
  if (json) terminal.json({ error: body });
  for (const line of describeError(body)) terminal.note(line);
  if (body.code === 'internal' && process.env['BELLJAR_DEBUG'] === '1') {
    terminal.note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return errorCodes[body.code].exit;
}

/** Exit code of `run` when it could not even begin, as the launcher's own. */
const runFailed = 125;

export async function runCommand(argv: readonly string[]): Promise<number> {
  const terminal = createTerminal();
  const [name = '', ...args] = argv;
  // Known before parsing, so that a usage error is told in the form that was asked for.
  const json = args.includes('--json');
  const interruption = new AbortController();
  let interrupted = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    // The second time nobody waits any more.
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interrupted = signal === 'SIGINT';
    interruption.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const sessions: Session[] = [];
  try {
    const verb = findVerb(name === 'help' ? (args[0] ?? '') : name);
    const run = verb === null ? undefined : load[verb.name];
    if (verb === null || run === undefined) {
      const wanted = name === 'help' ? (args[0] ?? '') : name;
      const meant = nearest(
        wanted,
        verbs.map((one) => one.name),
      );
      throw usageError(`There is no verb "${plain(wanted)}".${meant === null ? '' : ` Did you mean ${meant}?`}`);
    }
    if (name === 'help' || (verb.name !== 'run' && (args.includes('--help') || args.includes('-h')))) {
      const { helpFor } = await import('./help.ts');
      process.stdout.write(helpFor(verb));
      return exitCodes.done;
    }
    const parsed = parse(verb, args);
    const command = await run();
    const code = await command({
      ...parsed,
      args,
      terminal,
      json: parsed.values['json'] === true,
      signal: interruption.signal,
      async session({ serve }) {
        const { openUserSession } = await import('#host/user-session.ts');
        const folder = folderHere();
        const session = await openUserSession({ serve, ...(folder === null ? {} : { folder }) });
        sessions.push(session);
        return session;
      },
    });
    return interrupted && code === exitCodes.done ? exitCodes.interrupted : code;
  } catch (error) {
    if (interruption.signal.aborted) return exitCodes.interrupted;
    const code = tellError(error, terminal, json);
    return name === 'run' && !(error instanceof BelljarError && error.code === 'usage') ? runFailed : code;
  } finally {
    for (const session of sessions) await session.close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
