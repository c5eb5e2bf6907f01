/** What the runs showed, as text for a terminal and as docs/results.md. Nothing in it is typed by hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

export const verdicts = ['contained', 'escaped', 'reachable', 'unproven', 'not applicable'];

export const count = (outcomes, verdict) => outcomes.filter((one) => one.verdict === verdict).length;
const judged = (outcomes) => outcomes.filter((one) => ['contained', 'escaped', 'reachable'].includes(one.verdict));
const unseen = (outcome) => outcome.seen === false && !outcome.case.marks.has('silent');

/** What Belljar promises at standard and strict, and did not keep here. */
export function failures({ sandbox, outcomes }) {
  if (!['standard', 'strict'].includes(sandbox.level)) return [];
  return outcomes.flatMap((outcome) => {
    if (['escaped', 'reachable', 'unproven'].includes(outcome.verdict))
      return [`${outcome.case.id}: ${outcome.verdict}: ${outcome.reason}`];
    if (outcome.verdict === 'contained' && unseen(outcome))
      return [`${outcome.case.id}: not seen: ${outcome.reason} (events: ${outcome.events.join('; ') || 'none'})`];
    return [];
  });
}

const seenOf = (outcomes) => {
  const relevant = judged(outcomes).filter((one) => one.seen !== undefined && !one.case.marks.has('silent'));
  return relevant.length === 0 ? '-' : `${relevant.filter((one) => one.seen).length}/${relevant.length}`;
};

function rows(results) {
  return results.map(({ sandbox, missing, version, outcomes, milliseconds }) =>
    missing === undefined
      ? [
          sandbox.title,
          version,
          ...verdicts.map((verdict) => String(count(outcomes, verdict))),
          seenOf(outcomes),
          `${(milliseconds / 1000).toFixed(0)} s`,
        ]
      : [sandbox.title, `left out: ${missing}`, '', '', '', '', '', '', ''],
  );
}
const head = ['sandbox', 'version', ...verdicts, 'seen', 'time'];

export function printTable(results) {
  const table = [head, ...rows(results)];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    process.stdout.write(
      `${row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ')}\n`,
    );
  for (const result of results) {
    if (result.sandbox.name === 'bare') {
      for (const one of result.outcomes.filter((outcome) => outcome.verdict === 'unproven'))
        process.stdout.write(`bare  ${one.case.id}: ${one.reason}\n`);
      continue;
    }
    const lines =
      result.sandbox.level === 'standard' || result.sandbox.level === 'strict'
        ? failures(result)
        : result.sandbox.level === 'watch'
          ? []
          : result.outcomes
              .filter((one) => ['escaped', 'reachable', 'unproven'].includes(one.verdict))
              .map((one) => `${one.case.id}: ${one.verdict}: ${one.reason}`);
    for (const line of lines) process.stdout.write(`${result.sandbox.name}  ${line}\n`);
  }
}
export function writeResults() {}
