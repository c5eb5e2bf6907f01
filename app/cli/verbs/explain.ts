/** `belljar explain <server> <what>`: the verdict, the deciding rule, and what would change it. */
import type { Output } from '#contract/methods.ts';
import { absentSentence, explainUntilStop, sightWords } from '#contract/sentences.ts';
import type { Command } from '../context.ts';
import { absoluteIfPath, choiceOption, given } from '../context.ts';
import { plain } from '../terminal.ts';

/** Exit codes of their own, so that a script can branch without reading. */
const exits: Record<Output<'policies.explain'>['verdict'], number> = { allowed: 0, refused: 10, 'would-ask': 11 };

const effectiveWords = { now: 'now', restart: 'after a restart of the server', 'not-running': 'when it next starts' };

export const explain: Command = async (context) => {
  const { terminal, positionals } = context;
  const { api } = await context.session({ serve: false });
  const answer = await api['policies.explain'](
    {
      server: positionals[0] ?? '',
      what: absoluteIfPath(positionals[1] ?? ''),
      ...given({ access: choiceOption<'read' | 'write' | 'connect' | 'exec'>(context, 'access') }),
    },
    context.signal,
  );
  if (context.json) {
    terminal.json(answer);
    return exits[answer.verdict];
  }
  const colour = answer.verdict === 'allowed' ? 'green' : answer.verdict === 'refused' ? 'red' : 'yellow';
  terminal.out(`${terminal.paint(colour, answer.verdict)}  ${answer.access} ${plain(answer.target)}`);
  terminal.out(
    answer.rule === null
      ? `rule         ${answer.verdict !== 'allowed' ? 'none allows it' : 'none is needed at this level'}`
      : `rule         ${plain(answer.rule.id)} (${answer.rule.source})`,
  );
  terminal.out(`enforced by  ${answer.enforcedBy}`);
  terminal.out(
    `effective    ${effectiveWords[answer.effective]}${answer.until === 'stop' ? `, ${explainUntilStop}` : ''}`,
  );
  if (answer.unseen === true) terminal.out(`events       ${sightWords.unseenTarget}`);
  if (answer.absent === true) terminal.out(`note         ${absentSentence}`);
  if (answer.change !== null) terminal.out(`change       ${plain(answer.change)}`);
  return exits[answer.verdict];
};
