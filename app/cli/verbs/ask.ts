/**
 * `belljar ask`: what runs wait for a person to decide. Shows what is open, and on a terminal asks for each; `--follow` goes
 * on. A question that is answered elsewhere or whose time is over takes its prompt away.
 *
 * Closing it (Ctrl-C, the end of the input) answers nothing.
 */
import { BelljarError, exitCodes } from '#contract/errors.ts';
import type { Question } from '#contract/question.ts';
import { answerSentences, answerTitles, questionPhrases } from '#contract/sentences.ts';
import { questionAnswers, type QuestionAnswer } from '#contract/words.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from '../context.ts';
import { usageError } from '../context.ts';
import { plain } from '../terminal.ts';

const secondsLeft = (question: Question): number =>
  Math.max(0, Math.ceil((Date.parse(question.expiresAt) - Date.now()) / 1000));

function show({ terminal }: Context, question: Question): void {
  terminal.out(
    `${terminal.paint('bold', plain(question.handle))} ${questionPhrases[question.about.kind]} ${terminal.paint('yellow', plain(question.target))}`,
  );
  terminal.out(`  ${plain(question.about.url)}`);
  terminal.out(`  ${question.id}  ${secondsLeft(question).toString()} s left: ${question.answers.join(', ')}`);
}

async function give(context: Context, session: Session, id: string, answer: QuestionAnswer): Promise<void> {
  const given = await session.api['questions.answer']({ id, answer }, context.signal);
  if (context.json) context.terminal.jsonLine(given);
  else context.terminal.note(answerSentences[answer]);
}

/** Asks on the terminal; `gone` takes the prompt away. */
async function decide(context: Context, session: Session, question: Question, gone: AbortSignal): Promise<void> {
  const { terminal } = context;
  const titles = answerTitles[question.about.kind];
  const choices = question.answers.map((answer, index) => `${(index + 1).toString()} ${titles[answer]}`).join(', ');
  const text = await terminal.askText(`  ${choices}? `, AbortSignal.any([gone, context.signal]));
  const chosen =
    text === null ? undefined : (question.answers[Number(text) - 1] ?? question.answers.find((one) => one === text));
  if (chosen === undefined) {
    if (!context.signal.aborted) terminal.note(gone.aborted ? '  No longer open.' : '  Not answered.');
    return;
  }
  try {
    await give(context, session, question.id, chosen);
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

  for await (const message of followFeed({ connect: session.connect, signal: context.signal })) {
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
    if (answer === undefined || values['follow'] === true)
      throw usageError(`Usage: belljar ask [<question> ${questionAnswers.join('|')}]`);
    await give(context, await context.session({ serve: false }), id, answer);
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
      const left = AbortSignal.timeout(Math.max(1, Date.parse(question.expiresAt) - Date.now()));
      await decide(context, session, question, left);
    }
  }
  return exitCodes.done;
};
