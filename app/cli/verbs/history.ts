/** `belljar history`: what Belljar changed. */
import { exitCodes } from '#contract/errors.ts';
import type { Command } from '../context.ts';
import { given, numberOption } from '../context.ts';
import { localTime } from '../format.ts';

export const history: Command = async (context) => {
  const { terminal } = context;
  const { api } = await context.session({ serve: false });
  const answer = await api['history.list'](given({ limit: numberOption(context, 'limit', 10_000) }), context.signal);
  if (context.json) terminal.json(answer);
  else if (answer.entries.length === 0) terminal.note('Belljar has changed nothing yet.');
  else {
    terminal.out(
      terminal.table(
        ['WHEN', 'WHAT', 'SERVER', 'SUMMARY'],
        answer.entries.map((entry) => [localTime(entry.at), entry.action, entry.server, entry.summary]),
      ),
    );
  }
  return exitCodes.done;
};
