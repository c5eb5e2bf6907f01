/** `belljar contain` and `belljar release`: rewriting entries, and putting them back. */
import { errorCodes, exitCodes } from '#contract/errors.ts';
import type { ChangeResult } from '#contract/methods.ts';
import { stateTitles } from '#contract/sentences.ts';
import type { LaunchedLevel } from '#contract/words.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from '../context.ts';
import { choiceOption, given, usageError } from '../context.ts';
import { sameElsewhere, secretsNote, unifiedLines, withheldNote } from '../format.ts';
import { describeError } from '../error-lines.ts';
import { plain } from '../terminal.ts';

function chosen(context: Context): 'all' | string[] {
  const all = context.values['all'] === true;
  if (all && context.positionals.length > 0) throw usageError('Name servers, or give --all; not both.');
  if (!all && context.positionals.length === 0) throw usageError('Name at least one server, or give --all.');
  return all ? 'all' : [...context.positionals];
}

/** All done: 0. Some: 6. None: the code of the failure they share, else 1. */
function exitOf(results: readonly ChangeResult[]): number {
  const failures = results.flatMap((result) => (result.error === undefined ? [] : [result.error]));
  if (failures.length === 0) return exitCodes.done;
  if (failures.length < results.length) return exitCodes.partly;
  const exits = new Set(failures.map((failure) => errorCodes[failure.code].exit));
  return exits.size === 1 ? ([...exits][0] ?? exitCodes.failed) : exitCodes.failed;
}

async function tell(context: Context, session: Session, results: readonly ChangeResult[]): Promise<void> {
  const { terminal } = context;
  const dryRun = context.values['dry-run'] === true;
  const servers = new Map((await session.api['servers.list']({})).servers.map((server) => [server.id, server]));
  const nameOf = (id: string): string => plain(servers.get(id)?.handle ?? id);
  const uptakes = new Set<string>();
  for (const result of results) {
    if (result.error !== undefined) {
      for (const line of describeError(result.error))
        terminal.note(line.replace(/^belljar: /, `${nameOf(result.id)}: `));
      continue;
    }
    if (result.notice !== undefined)
      for (const line of describeError(result.notice))
        terminal.note(line.replace(/^belljar: /, `${nameOf(result.id)}: `));
    if (dryRun) {
      if (result.diff === undefined || result.diff.unified === '')
        terminal.note(`${nameOf(result.id)}: nothing would change.`);
      else terminal.out(unifiedLines(result.diff.unified, terminal));
      continue;
    }
    const refused = result.check?.verdict === 'works-but-refused' ? `  ${plain(result.check.sentence)}` : '';
    terminal.out(
      `${nameOf(result.id)}  ${stateTitles[result.state]}${result.changed ? '' : ' (unchanged)'}  ${plain(result.file)}${refused}`,
    );
    const server = servers.get(result.id);
    if (server === undefined) continue;
    for (const note of withheldNote(server)) terminal.note(note);
    if (!result.changed) continue;
    for (const note of secretsNote(server)) terminal.note(note);
    uptakes.add(server.uptakeSentence);
    for (const note of server.notes) uptakes.add(plain(note));
    if (result.state !== 'off') for (const note of sameElsewhere(server, servers)) terminal.note(note);
  }
  for (const sentence of uptakes) terminal.note(sentence);
  if (results.length === 0) terminal.note('There is nothing to change.');
}

export const contain: Command = async (context) => {
  const servers = chosen(context);
  const check = context.values['no-check'] !== true;
  const session = await context.session({ serve: check });
  if (check && !context.json && context.values['dry-run'] !== true) {
    context.terminal.note('Trying each server bare and contained first.');
  }
  const { results } = await session.api['servers.contain'](
    {
      servers,
      dryRun: context.values['dry-run'] === true,
      check,
      project: context.values['project'] === true,
      ...given({ level: choiceOption<LaunchedLevel>(context, 'level') }),
    },
    context.signal,
  );
  if (context.json) context.terminal.json({ results });
  else await tell(context, session, results);
  return exitOf(results);
};

export const release: Command = async (context) => {
  const servers = chosen(context);
  const session = await context.session({ serve: false });
  const { results } = await session.api['servers.release'](
    { servers, dryRun: context.values['dry-run'] === true },
    context.signal,
  );
  if (context.json) context.terminal.json({ results });
  else await tell(context, session, results);
  return exitOf(results);
};
