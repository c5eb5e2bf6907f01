/** `belljar limit <server>`: the network of a server, limited to hosts; what it was seen to use is proposed. */
import { exitCodes } from '#contract/errors.ts';
import type { LimitResult } from '#contract/methods.ts';
import type { HostGroup } from '#contract/network.ts';
import { limitWords } from '#contract/sentences.ts';
import type { Command, Context } from '../context.ts';
import { textsOption, usageError } from '../context.ts';
import { localTime, unifiedLines } from '../format.ts';
import type { Cell, Terminal } from '../terminal.ts';

function rowOf({ name }: HostGroup, choice: HostGroup['choices'][number]): Cell[] {
  const sum = (key: 'allowed' | 'refused'): number => choice.hosts.reduce((total, host) => total + host[key], 0);
  const last = choice.hosts
    .map(({ lastAt }) => lastAt)
    .toSorted()
    .at(-1);
  const refused = sum('refused');
  return [
    choice.granted ? limitWords.granted : choice.chosen ? { text: 'proposed', colour: 'green' } : '',
    name,
    choice.what,
    { text: String(sum('allowed')), right: true },
    { text: String(refused), right: true, ...(refused > 0 ? { colour: 'red' as const } : {}) },
    last === undefined ? '' : localTime(last),
  ];
}

function tell(terminal: Terminal, planned: LimitResult): void {
  const rows = planned.groups.flatMap((group) => group.choices.map((choice) => rowOf(group, choice)));
  if (rows.length === 0) terminal.note(limitWords.nothingSeen);
  else terminal.out(terminal.table(['', 'OWNER', 'HOST', 'USED', 'REFUSED', 'LAST'], rows));
  if (planned.unlisted > 0) terminal.note(limitWords.unlisted(planned.unlisted));
  if (planned.diff === '') terminal.note(limitWords.same);
  else terminal.out(`\n${unifiedLines(planned.diff, terminal)}`);
}

/** Throws where somebody would have to be asked and cannot be. */
function choose(context: Context): { hosts?: string[]; off?: true; isDecided: boolean } {
  const hosts = textsOption(context, 'host');
  const [all, off] = [context.values['all'] === true, context.values['off'] === true];
  if ([hosts.length > 0, all, off].filter(Boolean).length > 1)
    throw usageError('Give --host, --all or --off, and only one of them.');
  const isDecided = hosts.length > 0 || all || off;
  const canAsk = context.terminal.canAsk && !context.json;
  if (!isDecided && !canAsk && context.values['dry-run'] !== true)
    throw usageError('limit asks first, and cannot here. Name hosts with --host, or take what is proposed with --all.');
  return { ...(hosts.length > 0 ? { hosts } : {}), ...(off ? { off } : {}), isDecided };
}

export const limit: Command = async (context) => {
  const { terminal, json, signal } = context;
  const { isDecided, ...request } = choose(context);
  const server = context.positionals[0] ?? '';
  const { api } = await context.session({ serve: false });
  const planned = await api['policies.limit']({ server, ...request, dryRun: true }, signal);
  if (!json) tell(terminal, planned);
  if (context.values['dry-run'] === true) {
    if (json) terminal.json(planned);
    return exitCodes.done;
  }
  if (!isDecided && !(await terminal.ask(limitWords.question))) return exitCodes.interrupted;
  // What was shown, also when more was seen in the meantime.
  const exact = request.off === true ? request : { hosts: planned.hosts };
  const answer = await api['policies.limit']({ server, ...exact, dryRun: false }, signal);
  if (json) terminal.json(answer);
  else {
    terminal.note(limitWords.done[answer.after]);
    terminal.note(answer.effective === 'restart' ? limitWords.restart : limitWords.now);
  }
  return exitCodes.done;
};
