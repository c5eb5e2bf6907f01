/** `belljar check <server>` and `belljar diff <server>`. */
import { exitCodes } from '#contract/errors.ts';
import type { CheckResult, Trial } from '#contract/server.ts';
import type { LaunchedLevel, Level } from '#contract/words.ts';
import type { Command } from '../context.ts';
import { choiceOption, given } from '../context.ts';
import { eventLine, unifiedLines } from '../format.ts';
import type { Cell, Terminal } from '../terminal.ts';
import { plain } from '../terminal.ts';

const works = new Set<CheckResult['verdict']>(['works', 'works-but-refused']);

function trialRow(title: string, trial: Trial): Cell[] {
  return [
    title,
    { text: trial.outcome, colour: trial.outcome === 'works' ? 'green' : 'red' },
    { text: trial.initializeMs === null ? '' : `${Math.round(trial.initializeMs)} ms`, right: true },
    { text: trial.tools === null ? '' : String(trial.tools), right: true },
    trial.error ?? '',
  ];
}

export function tellCheck(result: CheckResult, terminal: Terminal): void {
  terminal.out(
    `${terminal.paint(works.has(result.verdict) ? 'green' : 'red', result.verdict)}  ${plain(result.sentence)}`,
  );
  terminal.out(
    terminal.table(
      ['START', 'OUTCOME', 'ANSWERED', 'TOOLS', 'ERROR'],
      [trialRow('bare', result.bare), ...(result.contained === null ? [] : [trialRow('contained', result.contained)])],
    ),
  );
  for (const difference of result.differences) terminal.out(`differs: ${plain(difference)}`);
  for (const event of result.refused) terminal.out(eventLine(event, terminal));
}

export const check: Command = async (context) => {
  const { terminal } = context;
  const [server = ''] = context.positionals;
  const session = await context.session({ serve: true });
  if (!context.json) terminal.note(`Starting ${plain(server)} once bare and once contained.`);
  const result = await session.api['servers.check'](
    { server, ...given({ level: choiceOption<LaunchedLevel>(context, 'level') }) },
    context.signal,
  );
  if (context.json) terminal.json(result);
  else tellCheck(result, terminal);
  return works.has(result.verdict) ? exitCodes.done : exitCodes.failed;
};

export const diff: Command = async (context) => {
  const { terminal } = context;
  const { api } = await context.session({ serve: false });
  const answer = await api['servers.diff'](
    { server: context.positionals[0] ?? '', ...given({ level: choiceOption<Level>(context, 'level') }) },
    context.signal,
  );
  if (context.json) terminal.json(answer);
  else if (answer.unified === '') terminal.note('Nothing would change.');
  else terminal.out(unifiedLines(answer.unified, terminal));
  return exitCodes.done;
};
