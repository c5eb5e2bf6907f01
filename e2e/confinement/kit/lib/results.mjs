/** What the runs showed, as text for a terminal and as docs/results.md. Nothing in it is typed by hand. */
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { measuredSections, table } from './measured.mjs';

const verdicts = ['contained', 'escaped', 'reachable', 'unproven', 'not applicable'];
const meanings = {
  contained: 'nothing of it was to be seen from outside',
  escaped: 'something outside changed, was reached, or was known to the attack',
  reachable: 'the kernel answered a call that is no harm by itself and was not closed',
  unproven: 'the allowed twin did not work there, so a refusal proves nothing',
  'not applicable': 'the attack does not get through on this machine without a sandbox either',
};

const count = (outcomes, verdict) => outcomes.filter((one) => one.verdict === verdict).length;
const judged = (outcomes) => outcomes.filter((one) => ['contained', 'escaped', 'reachable'].includes(one.verdict));
const silent = (outcome) => outcome.case.marks.has('silent');

/** What Belljar promises at standard and strict, and did not keep here. */
export function failures({ sandbox, outcomes }) {
  if (!['standard', 'strict'].includes(sandbox.level)) return [];
  return outcomes.flatMap((outcome) => {
    if (['escaped', 'reachable', 'unproven'].includes(outcome.verdict))
      return [`${outcome.case.id}: ${outcome.verdict}: ${outcome.reason}`];
    if (outcome.verdict === 'contained' && outcome.seen === false && !silent(outcome))
      return [`${outcome.case.id}: not seen: ${outcome.reason} (events: ${outcome.events.join('; ') || 'none'})`];
    return [];
  });
}

/** Attempts that an event showed, of those that can be shown. */
function seenOf(outcomes) {
  const relevant = judged(outcomes).filter((one) => one.seen !== undefined && !silent(one));
  return relevant.length === 0 ? '-' : `${relevant.filter((one) => one.seen).length}/${relevant.length}`;
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(0)} s`;

const rowOf = ({ sandbox, missing, version, outcomes, milliseconds }) =>
  missing === undefined
    ? [
        sandbox.title,
        version,
        ...verdicts.map((verdict) => String(count(outcomes, verdict))),
        seenOf(outcomes),
        seconds(milliseconds),
      ]
    : [sandbox.title, `left out: ${missing}`, ...verdicts.map(() => ''), '', ''];
const head = ['sandbox', 'version', ...verdicts, 'seen', 'time'];

/** What to say of each case: Belljar's failures, and of the others what did not stay in. */
function linesOf(result) {
  const { sandbox, outcomes } = result;
  if (sandbox.level === 'standard' || sandbox.level === 'strict') return failures(result);
  if (sandbox.level === 'watch') return [];
  const telling = sandbox.name === 'bare' ? ['unproven'] : ['escaped', 'reachable', 'unproven'];
  return outcomes
    .filter((one) => telling.includes(one.verdict))
    .map((one) => `${one.case.id}: ${one.verdict}: ${one.reason}`);
}

export function printTable(results) {
  const table = [head, ...results.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const pad = (cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]));
  for (const row of table) process.stdout.write(`${row.map(pad).join('  ').trimEnd()}\n`);
  for (const result of results)
    for (const line of linesOf(result)) process.stdout.write(`${result.sandbox.name}  ${line}\n`);
}

const letters = { contained: '.', escaped: 'E', reachable: 'r', unproven: '?', 'not applicable': '-' };

function familyTable(results, cases) {
  // The cases come in the order of their families.
  const families = [...new Set(cases.map((one) => one.technique.family))];
  const played = results.filter((result) => result.missing === undefined);
  const cell = (outcomes) => {
    const escaped = count(outcomes, 'escaped');
    const reachable = count(outcomes, 'reachable');
    const contained = count(outcomes, 'contained');
    if (escaped + reachable + contained === 0) return '-';
    const rest = [escaped > 0 ? `**${escaped} escaped**` : '', reachable > 0 ? `${reachable} reachable` : ''];
    return [`${contained} contained`, ...rest.filter(Boolean)].join(', ');
  };
  return table([
    ['family', 'cases', ...played.map(({ sandbox }) => sandbox.title)],
    ...families.map((family) => [
      family,
      String(cases.filter((one) => one.technique.family === family).length),
      ...played.map(({ outcomes }) => cell(outcomes.filter((one) => one.case.technique.family === family))),
    ]),
  ]);
}

function caseTable(results, cases) {
  const played = results.filter((result) => result.missing === undefined && result.sandbox.name !== 'bare');
  return table([
    ['case', 'what it tries', ...played.map(({ sandbox }) => sandbox.title)],
    ...cases.map((one) => [
      one.id,
      one.tries,
      ...played.map(({ outcomes }) => {
        const outcome = outcomes.find((candidate) => candidate.case.id === one.id);
        if (outcome === undefined) return '';
        return `${letters[outcome.verdict]}${outcome.seen === true ? ' seen' : ''}`;
      }),
    ]),
  ]);
}

/** The document is the run's: written anew each time, from nothing but what was seen. */
export function writeResults(file, results, cases) {
  const probe = results.find((result) => result.probe !== undefined)?.probe;
  const notKept = results.flatMap((result) => failures(result).map((line) => `- ${result.sandbox.title}: ${line}`));
  const text = `# Results of the escape kit

Written by \`npm run escape -- --write-results\` and not by hand. What the verdicts mean, and how each sandbox was set up, is in
[the kit's own description](../e2e/confinement/kit/README.md).

- date: ${new Date().toISOString().slice(0, 10)}
- machine: Linux ${release()}, ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'processor'}
- user: ${process.getuid() === 0 ? 'root' : 'an ordinary user'}
- cases: ${cases.length}
- the machine's probe: \`${probe ?? 'none'}\`

${table([head, ...results.map(rowOf)])}

${verdicts.map((verdict) => `- **${verdict}**: ${meanings[verdict]}`).join('\n')}
- **seen**: attempts that an event of the run shows, of those that can be shown

## How each was set up

${results.map(({ sandbox, version, missing }) => `- ${sandbox.title}: ${missing === undefined ? `${version}; ${sandbox.how}` : `left out: ${missing}`}`).join('\n')}

## Where Belljar did not keep what it promises

${notKept.length === 0 ? 'Nowhere in this run.' : notKept.join('\n')}

${measuredSections()}

## By family

${familyTable(results, cases)}

## By case

\`.\` contained, \`E\` escaped, \`r\` reachable, \`?\` unproven, \`-\` not applicable; \`seen\`: an event shows it.

${caseTable(results, cases)}
`;
  writeFileSync(file, text);
}
