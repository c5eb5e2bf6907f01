/**
 * `belljar ask`: what runs wait for a person to decide. Shows what is open, and on a terminal asks for each; `--follow` goes
 * on. A question that is answered elsewhere or whose time is over takes its prompt away.
 *
 * Closing it (Ctrl-C, the end of the input) answers nothing.
 */
import { BelljarError, exitCodes } from '#contract/errors.ts';
import type { Question } from '#contract/question.ts';
import { answerSentences, answerTitles, questionPhrase, questionWords, scopePhrase } from '#contract/sentences.ts';
import { questionAnswers, type QuestionAnswer } from '#contract/words.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from '../context.ts';
import { usageError } from '../context.ts';
import { plain } from '../terminal.ts';

const secondsLeft = (question: Question): number =>
  Math.max(0, Math.ceil((Date.parse(question.expiresAt) - Date.now()) / 1000));

function show({ terminal }: Context, question: Question): void {
  terminal.out(
    `${terminal.paint('bold', plain(question.handle))} ${questionPhrase(question.about)} ${terminal.paint('yellow', plain(question.target))}`,
  );
  if (question.about.kind === 'link') terminal.out(`  ${plain(question.about.url)}`);
  if (question.about.kind === 'host' && question.about.address !== undefined)
    terminal.out(`  at ${plain(question.about.address)}`);
  if (question.about.kind !== 'link') {
    question.scopes.forEach((scope, index) =>
      terminal.out(`  scope ${(index + 1).toString()}: ${plain(scope.diff.join(', '))}`),
    );
  }
  terminal.out(`  ${question.id}  ${secondsLeft(question).toString()} s left: ${question.answers.join(', ')}`);
}

interface Choice {
  title: string;
  /** `wait` answers nothing. */
  answer: QuestionAnswer | 'wait';
  scope: number;
}

/** What stands behind the numbers of a prompt. */
function choicesOf(question: Question): Choice[] {
  const titles = answerTitles[question.about.kind];
  const plainly = (answer: QuestionAnswer): Choice => ({ title: titles[answer], answer, scope: 0 });
  const wide = question.answers.filter((answer) => answer === 'run' || answer === 'always');
  const scoped =
    question.scopes.length < 2
      ? wide.map(plainly)
      : question.scopes.flatMap(({ up }, scope) =>
          wide.map((answer) => ({ title: `${titles[answer]} (${scopePhrase(question.about, up)})`, answer, scope })),
        );
  const [first = 'once', ...others] = question.answers.filter((answer) => answer !== 'run' && answer !== 'always');
  const choices: Choice[] = [plainly(first), ...scoped, ...others.map(plainly)];
  if (question.expiresAt !== question.latestAt) choices.push({ title: questionWords.wait, answer: 'wait', scope: 0 });
  return choices;
}

async function give(
  context: Context,
  session: Session,
  id: string,
  { answer, scope }: { answer: QuestionAnswer; scope: number },
): Promise<void> {
  const given = await session.api['questions.answer'](
    { id, answer, ...(scope === 0 ? {} : { scope }) },
    context.signal,
  );
  if (context.json) context.terminal.jsonLine(given);
  else context.terminal.note(answerSentences[answer]);
}

/** Asks on the terminal; `gone` takes the prompt away. */
async function decide(context: Context, session: Session, question: Question, gone: AbortSignal): Promise<void> {
  const { terminal } = context;
  const choices = choicesOf(question);
  const shown = choices.map(({ title }, index) => `${(index + 1).toString()} ${title}`).join(', ');
  const text = await terminal.askText(`  ${shown}? `, AbortSignal.any([gone, context.signal]));
  const chosen =
    text === null ? undefined : (choices[Number(text) - 1] ?? choices.find(({ answer }) => answer === text));
  if (chosen === undefined) {
    if (!context.signal.aborted) terminal.note(gone.aborted ? '  No longer open.' : '  Not answered.');
    return;
  }
  try {
    const { answer, scope } = chosen;
    if (answer === 'wait') {
      const waiting = await session.api['questions.wait']({ id: question.id }, context.signal);
      await decide(context, session, waiting.question, gone);
    } else await give(context, session, question.id, { answer, scope });
  } catch (error) {
    if (!(error instanceof BelljarError && error.code === 'no-such-question')) throw error;
    terminal.note('  No longer open.');
  }
}

async function follow(context: Context): Promise<number> {
  const session = await context.session({ serve: true });
  const { followFeed } = await import('#host/client.ts');
  const { terminal, json } = context;
  /** Shown and still open. */
  const open = new Map<string, AbortController>();
  let turn: Promise<void> = Promise.resolve();

  function begin(question: Question): void {
    if (open.has(question.id)) return;
    const gone = new AbortController();
    open.set(question.id, gone);
    if (json) {
      terminal.jsonLine({ type: 'question', question });
      return;
    }
    // One prompt at a time, in the order they came.
    turn = turn
      .then(async () => {
        if (gone.signal.aborted) return;
        show(context, question);
        if (terminal.canAsk) await decide(context, session, question, gone.signal);
      })
      .catch((error: unknown) => terminal.note(error instanceof Error ? error.message : String(error)));
  }

  function end(id: string): void {
    const gone = open.get(id);
    if (gone === undefined) return;
    open.delete(id);
    gone.abort();
    if (json) terminal.jsonLine({ type: 'question-gone', id });
  }

  for await (const message of followFeed({ connect: session.connect, signal: context.signal, questions: true })) {
    if (message.type === 'question') begin(message.question);
    else if (message.type === 'question-gone') end(message.id);
    else if (message.type === 'hello' || message.type === 'snapshot-needed') {
      const { questions } = await session.api['questions.list']({});
      for (const id of open.keys()) if (!questions.some((question) => question.id === id)) end(id);
      for (const question of questions) begin(question);
    }
  }
  await turn;
  return exitCodes.done;
}

export const ask: Command = async (context) => {
  const { terminal, json, positionals, values } = context;
  const [id, word] = positionals;
  if (id !== undefined) {
    const answer = questionAnswers.find((one) => one === word);
    const number = values['scope'] === undefined ? 1 : Number(values['scope']);
    const isUsual = Number.isInteger(number) && number >= 1 && number <= 4 && values['follow'] !== true;
    if ((answer === undefined && word !== 'wait') || !isUsual)
      throw usageError(`Usage: belljar ask [<question> ${questionAnswers.join('|')}|wait [--scope 1-4]]`);
    const session = await context.session({ serve: false });
    if (answer !== undefined) await give(context, session, id, { answer, scope: number - 1 });
    else {
      const { question } = await session.api['questions.wait']({ id }, context.signal);
      if (json) terminal.json({ question });
      else terminal.note(`${secondsLeft(question).toString()} s left.`);
    }
    return exitCodes.done;
  }
  if (values['follow'] === true) return await follow(context);
  const session = await context.session({ serve: false });
  const { questions } = await session.api['questions.list']({}, context.signal);
  if (json) {
    terminal.json({ questions });
    return exitCodes.done;
  }
  if (questions.length === 0) terminal.note('Nothing is asked right now. Wait for it: belljar ask --follow');
  for (const question of questions) {
    show(context, question);
    if (terminal.canAsk) {
      const left = AbortSignal.timeout(Math.max(1, Date.parse(question.latestAt) - Date.now()));
      await decide(context, session, question, left);
    }
  }
  return exitCodes.done;
};
