/** `belljar sight <server> [full|without-files]`: whether accesses to files are seen. */
import { exitCodes } from '#contract/errors.ts';
import { sightHindranceWords, sightSentences, sightTitles, sightWords } from '#contract/sentences.ts';
import type { Command } from '../context.ts';
import { usageError } from '../context.ts';
import { sightChoices } from '../verbs.ts';

export const sight: Command = async (context) => {
  const { terminal, json } = context;
  const [server = '', word] = context.positionals;
  const wanted = sightChoices.find((choice) => choice === word);
  if (word !== undefined && wanted === undefined) throw usageError(`Sight is one of: ${sightChoices.join(', ')}.`);
  const { api } = await context.session({ serve: false });
  const answer = await api['policies.sight'](
    { server, ...(wanted === undefined ? {} : { sight: wanted }) },
    context.signal,
  );
  if (json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  const holds = answer.hindrances.length > 0 ? 'full' : answer.chosen;
  terminal.out(`${sightWords.title}: ${sightTitles[holds]}. ${sightSentences[holds]}`);
  if (answer.hindrances.length > 0) terminal.note(`${sightWords.hindered} ${sightHindranceWords(answer.hindrances)}.`);
  if (wanted !== undefined) {
    if (!answer.changed) terminal.note(sightWords.unchanged);
    else terminal.note(answer.effective === 'restart' ? sightWords.restart : sightWords.now);
  }
  if (answer.level === 'off') terminal.note(sightWords.notYet);
  return exitCodes.done;
};
