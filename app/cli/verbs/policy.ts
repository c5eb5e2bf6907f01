/** `belljar level`, `belljar grant` and `belljar revoke`. */
import { exitCodes } from '#contract/errors.ts';
import type { GrantResult, RuleChange } from '#contract/methods.ts';
import {
  absentSentence,
  areaWords,
  grantDryRunWords,
  grantSentences,
  holdWords,
  levelSentences,
  levelTitles,
} from '#contract/sentences.ts';
import { socketNames, type Level, type RuleVerb } from '#contract/words.ts';
import type { Command, Context } from '../context.ts';
import { absolutePath, usageError } from '../context.ts';
import { plain } from '../terminal.ts';
import { levelChoices, ruleVerbChoices } from '../verbs.ts';

const effectiveWords = { now: 'Effective now.', restart: 'Effective when the server starts the next time.' };

/** `takes`: something is taken away, of which a running server may have some open. */
function tell(
  context: Context,
  change: RuleChange & Pick<GrantResult, 'absent'>,
  sentence: string,
  takes = false,
): number {
  if (context.json) context.terminal.json(change);
  else {
    context.terminal.out(sentence);
    const isTaken = takes && change.effective === 'now';
    const effective = change.absent === true ? absentSentence : effectiveWords[change.effective];
    context.terminal.note(`${effective}${isTaken ? ` ${areaWords.open}` : ''}`);
    const { stillOpen } = change;
    if (stillOpen !== undefined) {
      for (const item of stillOpen.items)
        context.terminal.out(areaWords.stillOpen({ ...item, what: plain(item.what), program: plain(item.program) }));
      if (stillOpen.more) context.terminal.note(areaWords.stillOpenMore);
      context.terminal.note(areaWords.stillOpenRemedy);
    }
  }
  return exitCodes.done;
}

export const level: Command = async (context) => {
  const [server = '', name = ''] = context.positionals;
  const wanted = levelChoices.find((choice) => choice === name);
  if (wanted === undefined) throw usageError(`A level is one of: ${levelChoices.join(', ')}.`);
  const { api } = await context.session({ serve: false });
  const project = context.values['project'] === true;
  const change = await api['servers.level']({ server, level: wanted satisfies Level, project }, context.signal);
  return tell(context, change, `${plain(change.id)}  ${levelTitles[change.level]}: ${levelSentences[change.level]}`);
};

/** Where a rule names a place, the person's own folder makes it absolute. */
const places = new Set<RuleVerb>(['read', 'write', 'deny', 'protect', 'socket']);

function ruleOf(context: Context): { server: string; verb: RuleVerb; what: string } {
  const [server = '', kind = '', what = ''] = context.positionals;
  const verb = ruleVerbChoices.find((choice) => choice === kind);
  if (verb === undefined) throw usageError(`A rule is one of: ${ruleVerbChoices.join(', ')}.`);
  const isNamed = verb === 'socket' && (what.startsWith('@') || socketNames.some((name) => name === what));
  // What is denied may be a rule by its id.
  const isRule = verb === 'deny' && ruleVerbChoices.some((choice) => what.startsWith(`${choice}:`));
  const isPlace = (places.has(verb) && !isRule && !isNamed) || (verb === 'exec' && what.includes('/'));
  // A pattern such as **/.env is no path of this folder.
  return { server, verb, what: isPlace && !what.includes('*') ? absolutePath(what) : what };
}

export const grant: Command = async (context) => {
  const rule = ruleOf(context);
  const isUnchecked = context.values['no-name-check'] === true;
  if (isUnchecked && rule.verb !== 'host') throw usageError('--no-name-check is for hosts.');
  const isPassing = context.values['until-stop'] === true;
  const { api } = await context.session({ serve: false });
  const change = await api['policies.grant'](
    {
      ...rule,
      ...(isUnchecked ? { checked: false } : {}),
      ...(isPassing ? { until: 'stop' } : {}),
      dryRun: context.values['dry-run'] === true,
    },
    context.signal,
  );
  const words = grantSentences(rule.verb, rule.what);
  if (words !== null) context.terminal.note(`This lets it ${words.use}. ${words.risk}`);
  const { areas = [] } = change;
  if (areas.length > 0) context.terminal.note(`${areas.map(plain).join(', ')}: ${areaWords.becomes(areas.length)}`);
  if (!change.changed) {
    if (context.json) context.terminal.json(change);
    else {
      context.terminal.out(
        change.diff === '' ? grantDryRunWords.nothing : change.diff.trimEnd().split('\n').map(plain).join('\n'),
      );
      context.terminal.note(grantDryRunWords[isPassing ? 'stop' : change.effective]);
    }
    return exitCodes.done;
  }
  const given = `${plain(change.id)}  ${plain(change.rule ?? `${rule.verb}:${rule.what}`)}`;
  if (isPassing) return tell(context, change, `${given}  ${holdWords.untilLine(change.runs)}`);
  const takes = rule.verb === 'deny' || rule.verb === 'protect';
  return tell(context, change, given, takes);
};

export const revoke: Command = async (context) => {
  const rule = ruleOf(context);
  const { api } = await context.session({ serve: false });
  const isPassing = context.values['until-stop'] === true;
  const change = await api['policies.revoke']({ ...rule, ...(isPassing ? { until: 'stop' } : {}) }, context.signal);
  const takes = rule.verb !== 'deny' && rule.verb !== 'protect';
  const gone = plain(change.rule ?? `${rule.verb}:${rule.what}`);
  return tell(context, change, `${plain(change.id)}  no longer ${gone}`, takes);
};
