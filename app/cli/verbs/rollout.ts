/** `belljar rollout`: in which order to contain what is not contained; with `--apply` it does so. `belljar audit`: what runs past Belljar. */
import { errorCodes, exitCodes } from '#contract/errors.ts';
import type { ChangeResult } from '#contract/methods.ts';
import type { Rollout, RolloutStep } from '#contract/rollout.ts';
import {
  auditWords,
  levelTitles,
  riskReasonSentence,
  riskSentences,
  rolloutReasonSentences,
  rolloutWords,
  stateTitles,
} from '#contract/sentences.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from '../context.ts';
import { describeError } from '../error-lines.ts';
import { riskCell } from '../format.ts';
import { plain } from '../terminal.ts';

/** Something was found that runs past Belljar; as `explain` says that something is refused. */
const notClean = 10;

function commandOf({ handle, level, applies, reason }: RolloutStep): string {
  if (!applies) return '';
  return reason === 'blocks-nothing'
    ? `belljar level ${handle} ${level}`
    : `belljar contain ${handle} --level ${level}`;
}

function tellPlan(context: Context, { steps, contained, cannot }: Rollout): void {
  const { terminal } = context;
  if (steps.length === 0) terminal.note(rolloutWords.nothing);
  for (const [index, step] of steps.entries()) {
    const risk = riskCell(step.risk);
    const painted = risk.colour === undefined ? risk.text : terminal.paint(risk.colour, risk.text);
    terminal.out(
      `${(index + 1).toString().padStart(3)}  ${terminal.paint('bold', plain(step.handle))}  ${stateTitles[step.state]}, risk ${painted}`,
    );
    for (const reason of step.risk?.reasons ?? []) terminal.out(`     - ${plain(riskReasonSentence(reason))}`);
    terminal.out(`     ${levelTitles[step.level]}: ${rolloutReasonSentences[step.reason]}`);
    const command = commandOf(step);
    terminal.out(`     ${command === '' ? rolloutWords.restart : `next: ${plain(command)}`}`);
  }
  if (contained > 0) terminal.note(`${contained.toString()} already contained.`);
  if (cannot.length > 0)
    terminal.note(
      `${rolloutWords.cannot}: ${cannot.map(({ handle }) => plain(handle)).join(', ')} (belljar list says why)`,
    );
  if (steps.some(({ risk }) => risk?.grade === 'low')) terminal.note(`Risk low: ${riskSentences.low}`);
  if (steps.some(({ applies }) => applies)) terminal.note('To do all of it, in this order: belljar rollout --apply');
}

async function applyStep(session: Session, step: RolloutStep, signal: AbortSignal): Promise<ChangeResult | null> {
  const { results } = await session.api['servers.contain'](
    { servers: [step.id], level: step.level, dryRun: false, check: true },
    signal,
  );
  return results[0] ?? null;
}

async function apply(context: Context, session: Session, plan: Rollout): Promise<number> {
  const { terminal, signal } = context;
  const steps = plan.steps.filter(({ applies }) => applies);
  const results: ChangeResult[] = [];
  let failure: ChangeResult['error'];
  for (const [index, step] of steps.entries()) {
    if (!context.json) terminal.note(`${plain(step.handle)}: ${rolloutWords.working(index + 1, steps.length)}`);
    const result = await applyStep(session, step, signal);
    if (result === null) continue;
    results.push(result);
    failure = result.error;
    if (failure !== undefined) break;
    if (!context.json) terminal.out(`${plain(step.handle)}  ${stateTitles[result.state]}  ${levelTitles[step.level]}`);
  }
  const rest = steps.length - results.length;
  if (context.json) terminal.json({ ...plan, results, notTouched: steps.slice(results.length).map(({ id }) => id) });
  if (failure === undefined) {
    if (!context.json) terminal.note(steps.length === 0 ? rolloutWords.nothing : rolloutWords.done(results.length));
    return exitCodes.done;
  }
  if (!context.json) {
    const handle = plain(steps[results.length - 1]?.handle ?? '');
    for (const line of describeError(failure)) terminal.note(line.replace(/^belljar: /, `${handle}: `));
    terminal.note(rolloutWords.stopped(rest));
  }
  return results.length > 1 ? exitCodes.partly : errorCodes[failure.code].exit;
}

export const rollout: Command = async (context) => {
  const applies = context.values['apply'] === true;
  const session = await context.session({ serve: applies });
  const plan = await session.api['servers.rollout']({}, context.signal);
  if (applies) return await apply(context, session, plan);
  if (context.json) context.terminal.json(plan);
  else tellPlan(context, plan);
  return exitCodes.done;
};

export const audit: Command = async ({ terminal, json, session, signal }) => {
  const { api } = await session({ serve: false });
  const answer = await api['servers.audit']({}, signal);
  if (json) terminal.json(answer);
  else {
    terminal.out(answer.clean ? auditWords.clean : auditWords.found(answer.findings.length));
    for (const { subject, sentence, remedy, file } of answer.findings) {
      terminal.out(`\n${terminal.paint('bold', plain(subject))}  ${plain(sentence)}`);
      if (file !== undefined) terminal.out(`  in   ${plain(file)}`);
      if (remedy !== '') terminal.out(`  do   ${plain(remedy)}`);
    }
    terminal.note(`\n${auditWords.limitsTitle}:`);
    for (const limit of answer.limits) terminal.note(`  ${limit}`);
  }
  return answer.clean ? exitCodes.done : notClean;
};
