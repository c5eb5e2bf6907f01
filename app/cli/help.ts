/** Help, made from the table of verbs. */
import type { VerbFacts } from './verbs.ts';
import { verbs } from './verbs.ts';

const groups: readonly [VerbFacts['group'], string][] = [
  ['see', 'See'],
  ['try', 'Try'],
  ['change', 'Change'],
  ['belljar', 'Belljar itself'],
];

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('');
}

export function overview(): string {
  const sections = groups.map(([group, title]) => {
    const rows = verbs.filter((verb) => verb.group === group).map((verb) => [verb.name, verb.words] as const);
    return `${title}\n${columns(rows)}`;
  });
  return [
    'Usage: belljar <verb> [options]\n',
    'Puts every MCP server of this machine under glass: nothing gets out that was not granted, and\neverything that is tried can be seen.\n',
    ...sections,
    'A server is named client/name, by its name alone where that is unique, or by its id.\n' +
      'More about one verb: belljar help <verb>\n',
  ].join('\n');
}

export function helpFor(verb: VerbFacts): string {
  const options = Object.entries(verb.options).map(
    ([name, facts]) => [`--${name}${facts.value === undefined ? '' : ` ${facts.value}`}`, facts.words] as const,
  );
  return [
    `Usage: belljar ${verb.name}${verb.arguments === '' ? '' : ` ${verb.arguments}`}\n`,
    `${verb.words}.\n`,
    ...(verb.more === undefined ? [] : [`${verb.more}\n`]),
    columns([...options, ['--help', 'This text']]),
  ].join('\n');
}
