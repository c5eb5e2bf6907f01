/** `belljar show <server>`: everything about one server. */
import { exitCodes } from '#contract/errors.ts';
import { keptBack, type EffectivePolicy, type Rule } from '#contract/policy.ts';
import {
  areaWords,
  fetchSentence,
  grantSentences,
  holdWords,
  levelSentences,
  levelTitles,
  nameNotChecked,
  networkSentence,
  networkTitles,
  secretStateTitles,
  resourceWords,
  riskReasonSentence,
  riskSentences,
  riskTitles,
  ruleReasons,
  sightHindranceWords,
  sightSentences,
  sightTitles,
  sightWords,
  withheldTitle,
} from '#contract/sentences.ts';
import type { Server, ServerDetail } from '#contract/server.ts';
import type { Command } from '../context.ts';
import {
  commandLine,
  eventLine,
  resourceHead,
  resourceRow,
  runHead,
  runRow,
  serverNotes,
  stateCell,
} from '../format.ts';
import type { Terminal } from '../terminal.ts';
import { plain } from '../terminal.ts';

const eventsShown = 20;
const runsShown = 5;

function whatOf({ verb, what, symbol, checked }: Rule): string {
  const words = grantSentences(verb, what);
  return `${what}${symbol === undefined ? '' : ` (${symbol})`}${checked === false ? ` (${nameNotChecked})` : ''}${words === null ? '' : `: lets it ${words.use}`}`;
}

function tellRisk(risk: Server['risk'], terminal: Terminal): void {
  if (risk === null) return;
  terminal.out(`risk     ${riskTitles[risk.grade]} (${risk.score.toString()} of 100). ${riskSentences[risk.grade]}`);
  for (const reason of risk.reasons) terminal.out(`         - ${plain(riskReasonSentence(reason))}`);
}

/** Which granted folders the supervisor opens, at what cost, and what is kept back in them. */
function tellAreas({ rules }: EffectivePolicy, terminal: Terminal): void {
  const areas = rules.filter((rule) => rule.brokered === true);
  if (areas.length === 0) return;
  terminal.out(`\n${terminal.paint('bold', areaWords.keptBack)}`);
  for (const rule of areas) terminal.out(`${rule.verb.padEnd(6)} ${plain(rule.what)}`);
  terminal.out(
    terminal.table(
      ['KIND', 'SOURCE', 'WHY', 'WHAT'],
      keptBack(rules).map(({ first, rules: group }) => [
        first.verb === 'deny' ? areaWords.never : areaWords.unchanged,
        first.source,
        ruleReasons[first.reason ?? ''] ?? '',
        group.map(({ what }) => what).join('  '),
      ]),
    ),
  );
  terminal.out(terminal.paint('dim', `${areaWords.cost} ${areaWords.notIn}`));
}

function tellWaiting({ comes, goes }: ServerDetail['afterRestart'], terminal: Terminal): void {
  for (const line of comes) terminal.note(`${areaWords.comes}: ${plain(line)}`);
  for (const line of goes) terminal.note(`${areaWords.goes}: ${plain(line)}`);
}

function tellPassing(rules: ServerDetail['untilStop'], terminal: Terminal): void {
  if (rules.length === 0) return;
  terminal.out(`\n${terminal.paint('bold', holdWords.listTitle)}`);
  terminal.out(
    terminal.table(
      ['KIND', 'WHAT', 'RUNS'],
      rules.map(({ verb, what, runs }) => [verb, what, runs.join(' ')]),
    ),
  );
}

function tellSight({ sight }: EffectivePolicy, terminal: Terminal): void {
  if (sight === undefined) return;
  const { hindrances } = sight;
  terminal.out(
    hindrances.length === 0
      ? `${sightWords.title}: ${sightTitles['without-files']}. ${sightSentences['without-files']}`
      : `${sightWords.hindered} ${sightHindranceWords(hindrances)}.`,
  );
}

/** The server's own rules; those of the level are the same for every server, and more than a screen holds. */
function tellPolicy(policy: EffectivePolicy, terminal: Terminal): void {
  const own = policy.rules.filter((rule) => rule.source !== 'level');
  const ofLevel = policy.rules.length - own.length;
  terminal.out(`\n${terminal.paint('bold', 'Policy')}  network: ${networkTitles[policy.network]}`);
  tellSight(policy, terminal);
  if (own.length > 0) {
    terminal.out(
      terminal.table(
        ['KIND', 'SOURCE', 'WHAT'],
        own.map((rule) => [
          { text: rule.verb, ...(rule.verb === 'deny' || rule.verb === 'protect' ? { colour: 'red' as const } : {}) },
          rule.source,
          whatOf(rule),
        ]),
      ),
    );
  }
  if (ofLevel > 0) {
    terminal.out(
      terminal.paint('dim', `and ${String(ofLevel)} rules that every server of this level has; all of them: --json`),
    );
  }
  if (policy.withheld.length > 0) {
    terminal.out(`\n${terminal.paint('bold', withheldTitle.replace(/:$/, ''))}`);
    for (const one of policy.withheld) terminal.out(`${plain(one.what)}  (${one.reason})`);
  }
}

export const show: Command = async ({ positionals, terminal, json, session, signal }) => {
  const { api } = await session({ serve: false });
  const detail = await api['servers.show']({ server: positionals[0] ?? '' }, signal);
  if (json) {
    terminal.json(detail);
    return exitCodes.done;
  }
  const { server, policy, events, runs } = detail;
  const state = stateCell(server.state);
  terminal.out(
    [
      `${terminal.paint('bold', plain(server.handle))}  ${typeof state === 'string' ? state : state.text}`,
      `${levelTitles[server.level]}: ${levelSentences[server.level]}`,
      `id       ${server.id}`,
      `client   ${plain(server.clientTitle)}, ${plain(server.scope)}`,
      `file     ${plain(server.file)}`,
      `command  ${plain(commandLine(server))}`,
      ...(server.network === null ? [] : [networkSentence(server.level, server.network)]),
      ...(server.pin === null ? [] : [`pinned   ${plain(`${server.pin.package} ${server.pin.version}`)}`]),
      ...(server.fetches === null ? [] : [`fetches  ${plain(fetchSentence(server.fetches))}`]),
      ...(server.env.length === 0 ? [] : [`env      ${server.env.map(plain).join(' ')}`]),
      ...(server.secrets.length === 0
        ? []
        : [
            `secrets  ${server.secrets.map(({ name, state }) => `${plain(name)} (${secretStateTitles[state]})`).join(', ')}`,
          ]),
    ].join('\n'),
  );
  tellRisk(server.risk, terminal);
  for (const note of serverNotes(server)) terminal.note(note);
  if (server.fetches !== null && server.level !== 'off') {
    terminal.note(
      `${plain(server.handle)}: to start the same every time, and without the registry: belljar pin ${plain(server.handle)}`,
    );
  }
  if (policy !== null) {
    tellPolicy(policy, terminal);
    tellAreas(policy, terminal);
  }
  if (detail.resources.length > 0) {
    terminal.out(`\n${terminal.paint('bold', resourceWords.title)}`);
    terminal.out(terminal.table(resourceHead, detail.resources.map(resourceRow)));
  }
  tellPassing(detail.untilStop, terminal);
  tellWaiting(detail.afterRestart, terminal);
  if (runs.length > 0) {
    terminal.out(`\n${terminal.paint('bold', 'Runs')}`);
    terminal.out(terminal.table(runHead, runs.slice(0, runsShown).map(runRow)));
  }
  if (events.length > 0) {
    terminal.out(`\n${terminal.paint('bold', 'Last events')}`);
    for (const event of events.slice(-eventsShown)) terminal.out(eventLine(event, terminal, () => server.handle));
  }
  return exitCodes.done;
};
