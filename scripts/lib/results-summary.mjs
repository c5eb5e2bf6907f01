/** README's short table, cut out of docs/results.md, so that it is never typed by hand and never older than the results. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const begin = '<!-- from docs/results.md, written by npm run escape -- --write-results -->';
const end = '<!-- /from -->';
const shown = ['Belljar, standard', 'Belljar, strict', 'nothing'];
const columns = ['contained', 'escaped', 'reachable', 'not applicable'];

/** The words and the table for README; throws where the document has not what they say. */
export function summaryOf(results) {
  const lines = results.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const head = lines.find((cells) => cells[1] === 'sandbox');
  const cases = /^- cases: (\d+)$/m.exec(results)?.[1];
  if (head === undefined || cases === undefined) throw new Error('docs/results.md has no table of sandboxes');
  const rows = shown.map((sandbox) => {
    const row = lines.find((cells) => cells[1] === sandbox && cells.length === head.length);
    if (row === undefined) throw new Error(`docs/results.md says nothing of "${sandbox}"`);
    return `| ${sandbox} | ${columns.map((column) => row[head.indexOf(column)]).join(' | ')} |`;
  });
  return [
    `Of ${cases} ways out of a sandbox, each played bare first:`,
    '',
    '| | contained | escaped | reachable | not applicable here |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** What stands in README between the two marks. */
export function summaryIn(readme) {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error('README.md has no place for the results');
  return { from: from + begin.length, to, text: readme.slice(from + begin.length, to).trim() };
}

export function writeSummary() {
  const file = join(root, 'README.md');
  const readme = readFileSync(file, 'utf8');
  const { from, to } = summaryIn(readme);
  const summary = summaryOf(readFileSync(join(root, 'docs/results.md'), 'utf8'));
  writeFileSync(file, `${readme.slice(0, from)}\n\n${summary}\n\n${readme.slice(to)}`);
}
