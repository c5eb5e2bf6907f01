/** `belljar runs` and `belljar stop <run>`. */
import { exitCodes } from '#contract/errors.ts';
import type { Command } from '../context.ts';
import { given, numberOption } from '../context.ts';
import { runHead, runRow } from '../format.ts';
import { plain } from '../terminal.ts';

export const runs: Command = async (context) => {
  const { terminal } = context;
  const { api } = await context.session({ serve: false });
  const answer = await api['runs.list'](
    given({ server: context.positionals[0], limit: numberOption(context, 'limit', 1000) }),
    context.signal,
  );
  if (context.json) terminal.json(answer);
  else if (answer.runs.length === 0) terminal.note('No contained server was started yet.');
  else terminal.out(terminal.table(runHead, answer.runs.map(runRow)));
  return exitCodes.done;
};

export const stop: Command = async ({ terminal, positionals, json, session, signal }) => {
  const { api } = await session({ serve: true });
  const run = await api['runs.stop']({ run: positionals[0] ?? '' }, signal);
  if (json) terminal.json(run);
  else
    terminal.out(
      `${plain(run.run)} of ${plain(run.server)} ${run.end?.cause === 'stopped' ? 'was stopped' : 'has ended'}.`,
    );
  return exitCodes.done;
};
