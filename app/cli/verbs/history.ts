/** `belljar history` and `belljar undo`: what people decided, and taking it back. */
import { decisionIdSchema, type HistoryEntry } from '#contract/decision.ts';
import { exitCodes } from '#contract/errors.ts';
import { changeWords, historyWords } from '#contract/sentences.ts';
import type { Command } from '../context.ts';
import { given, numberOption, textOption, usageError } from '../context.ts';
import { localTime } from '../format.ts';
import { plain, type Cell } from '../terminal.ts';

function rowOf(entry: HistoryEntry): Cell[] {
  return [
    entry.id,
    localTime(entry.at),
    historyWords.doors[entry.door],
    entry.server,
    `${plain(entry.summary)}${entry.undone ? ` (${historyWords.undone})` : ''}`,
  ];
}

export const history: Command = async (context) => {
  const { terminal } = context;
  const { api } = await context.session({ serve: false });
  const answer = await api['history.list'](
    given({ server: context.positionals[0], limit: numberOption(context, 'limit', 10_000) }),
    context.signal,
  );
  if (context.json) terminal.json(answer);
  else if (answer.entries.length === 0) terminal.note(historyWords.nothing);
  else terminal.out(terminal.table(['DECISION', 'WHEN', 'WHERE', 'SERVER', 'WHAT'], answer.entries.map(rowOf)));
  return exitCodes.done;
};

export const undo: Command = async (context) => {
  const { terminal, positionals } = context;
  const [id] = positionals;
  if (id !== undefined && !decisionIdSchema.safeParse(id).success)
    throw usageError(
      `"${plain(id.slice(0, 40))}" names no decision: belljar history lists them, with the name of each.`,
    );
  const { api } = await context.session({ serve: false });
  const answer = await api['history.undo'](given({ id, server: textOption(context, 'server') }), context.signal);
  if (context.json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  terminal.out(`${plain(answer.undone.server)}  ${plain(historyWords.done(answer.undone.summary))}`);
  for (const change of answer.decision.changes) {
    const { what, before, after } = changeWords(change);
    terminal.out(`  ${plain(what)}: ${plain(before)} → ${plain(after)}`);
  }
  terminal.note(historyWords.effective[answer.effective]);
  terminal.note(historyWords.redo(answer.decision.id));
  return exitCodes.done;
};
