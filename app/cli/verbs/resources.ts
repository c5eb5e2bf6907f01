/** `belljar resources <server> [<kind> <how much>]...`: how much a server may use, and who holds that here. */
import { exitCodes } from '#contract/errors.ts';
import { resourceWords } from '#contract/sentences.ts';
import type { LimitName } from '#contract/words.ts';
import type { Command } from '../context.ts';
import { usageError } from '../context.ts';
import { resourceHead, resourceRow } from '../format.ts';
import { limitChoices } from '../verbs.ts';

function limitsOf(words: readonly string[]): Partial<Record<LimitName, string>> {
  const limits: Partial<Record<LimitName, string>> = {};
  for (let index = 0; index < words.length; index += 2) {
    const [kind = '', value] = words.slice(index, index + 2);
    const name = limitChoices.find((choice) => choice === kind);
    if (name === undefined) throw usageError(`A resource limit is one of: ${limitChoices.join(', ')}.`);
    if (value === undefined) throw usageError(`How much ${kind}? Such as: ${kind} none`);
    if (limits[name] !== undefined) throw usageError(`${kind} stands twice.`);
    limits[name] = value;
  }
  return limits;
}

export const resources: Command = async (context) => {
  const { terminal, json } = context;
  const [server = '', ...words] = context.positionals;
  const limits = limitsOf(words);
  const { api } = await context.session({ serve: false });
  const answer = await api['policies.resources']({ server, limits }, context.signal);
  if (json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  if (answer.resources.length === 0) terminal.note(resourceWords.unlimited);
  else terminal.out(terminal.table(resourceHead, answer.resources.map(resourceRow)));
  if (words.length > 0) {
    if (!answer.changed) terminal.note(resourceWords.unchanged);
    else terminal.note(answer.effective === 'restart' ? resourceWords.restart : resourceWords.now);
  }
  if (answer.level === 'off') terminal.note(resourceWords.notYet);
  return exitCodes.done;
};
