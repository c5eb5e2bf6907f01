/** `belljar storage`: how much of what runs did is kept. */
import { exitCodes } from '#contract/errors.ts';
import { storageWords } from '#contract/sentences.ts';
import type { Command } from '../context.ts';
import { given, numberOption } from '../context.ts';
import { localTime } from '../format.ts';

export const storage: Command = async (context) => {
  const { terminal } = context;
  const { api } = await context.session({ serve: false });
  const change = given({
    keepDays: numberOption(context, 'keep-days', 3650),
    keepMegabytes: numberOption(context, 'keep-size', 102_400, 16),
  });
  if (Object.keys(change).length > 0) await api['storage.set'](change, context.signal);
  if (context.values['rebuild'] === true) await api['storage.rebuild']({}, context.signal);
  let answer = await api['storage.get']({}, context.signal);
  while (answer.behind === 'reading') answer = await api['storage.get']({}, context.signal);
  if (context.json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  const { retention } = answer;
  const time = (at: string | null): string => (at === null ? 'none' : localTime(at));
  terminal.out(
    terminal.table(
      ['WHAT', 'VALUE'],
      [
        ['file', answer.file],
        ['size', `${(answer.bytes / 1_048_576).toFixed(1)} MiB of ${retention.keepMegabytes.toString()} MiB`],
        ['events', answer.events.toString()],
        ['oldest', `${time(answer.oldestAt)} (kept for ${retention.keepDays.toString()} days)`],
        ['newest', time(answer.newestAt)],
      ],
    ),
  );
  if (answer.rebuilt !== null) terminal.note(`${storageWords.rebuilt[answer.rebuilt.reason]} (${answer.rebuilt.at})`);
  if (answer.behind !== null) terminal.note(storageWords.behind[answer.behind]);
  return exitCodes.done;
};
