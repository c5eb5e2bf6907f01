/**
 * The parts of docs/results.md that other runs measured and kept as JSON: real servers, the second witness, over them too, older kernels. What was
 * not measured is said to be so, with the command that does it. Nothing in it is typed by hand.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kitFolder } from './programs.mjs';

const folder = resolve(kitFolder, '../../../docs/results');

/** Who keeps what, and where. */
export const measuredFiles = {
  servers: join(folder, 'servers.json'),
  witness: join(folder, 'second-witness.json'),
  witnessServers: join(folder, 'second-witness-servers.json'),
  kernels: join(folder, 'kernels.json'),
};

export const table = (rows) =>
  [rows[0], rows[0].map(() => '---'), ...rows.slice(1)]
    .map((row) => `| ${row.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n');

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
const fixed = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '?');

function serversSection(measured) {
  if (measured === undefined) return 'Not measured: `npm run bench -- servers`.';
  const { date, kernel, rounds, load, servers } = measured;
  return `Medians of ${rounds} rounds, bare and contained at standard in turn (${date}, Linux ${kernel}, load before ${load.join(' ')}): the time from the
start to the answer to \`initialize\`, the mean time of the answers after it, and what the launcher's processes of one run hold in memory (Pss).

${table([
  [
    'server',
    'start, bare',
    'start, contained',
    'added',
    'an answer, bare',
    'an answer, contained',
    'added',
    'memory of the launcher',
  ],
  ...servers.map((one) => [
    one.name,
    `${fixed(one.startBareMs, 0)} ms`,
    `${fixed(one.startContainedMs, 0)} ms`,
    `${fixed(one.startContainedMs - one.startBareMs)} ms`,
    `${fixed(one.answerBareMs, 2)} ms`,
    `${fixed(one.answerContainedMs, 2)} ms`,
    `${fixed(one.answerContainedMs - one.answerBareMs, 2)} ms`,
    `${fixed(one.launcherKib / 1024)} MiB`,
  ]),
])}`;
}

/** Each call on which the two differ, by name. */
function differencesOf(parts, kinds) {
  const lines = parts.flatMap((one) =>
    kinds.flatMap((kind) => one[kind].map((line) => `- ${kind}, ${one.name}: \`${line.replaceAll('`', "'")}\``)),
  );
  return lines.length === 0 ? 'The two differ on no call.' : lines.join('\n');
}

function witnessSection(measured) {
  if (measured === undefined)
    return 'Not played: `node e2e/confinement/kit/second-witness.mjs --user <an ordinary user> --write docs/results/second-witness.json`, as root.';
  const { date, kernel, sandbox, seed, parts } = measured;
  return `Landlock's own audit records beside the events, call by call (${date}, Linux ${kernel}, ${sandbox}, first seed ${seed}). Missed: refused by Landlock, and no event;
silent: the same, where the kit says beforehand that no event tells of it, and why; invented: an event without such a refusal; unsaid: runs in which calls ended in EACCES oftener, or less often, than events tell.

${table([
  ['what', 'starts', 'calls', 'refusals compared', 'records lost', 'missed', 'silent', 'invented', 'unsaid'],
  ...parts.map((part) => [
    part.name,
    part.starts,
    part.calls === 0 ? '-' : part.calls,
    part.compared,
    part.lost,
    part.missed.length,
    part.silent.length,
    part.invented.length,
    part.unsaid.length,
  ]),
])}

${differencesOf(parts, ['missed', 'silent', 'invented', 'unsaid'])}`;
}

function witnessServersSection(measured) {
  if (measured === undefined) return 'Real servers not compared: `npm run escape -- --write-results`, as root.';
  const { date, kernel, level, lost, servers } = measured;
  const sum = (count) => servers.reduce((total, one) => total + count(one), 0);
  const distinct = new Set(servers.filter(({ compared }) => compared > 0).map(({ server }) => server));
  return `The same over real servers and their tools (${date}, Linux ${kernel}, ${level}, started by root): ${distinct.size} distinct servers in ${servers.length} entries, ${lost} records lost.
Each is given an environment that leads outside of what it may read, so that there is something to compare.

${table([
  ['entry', 'server', 'answers', 'refusals compared', 'missed', 'invented'],
  ...servers.map((one) => [one.name, one.server, one.answers, one.compared, one.missed.length, one.invented.length]),
  [
    'all',
    `${distinct.size} distinct`,
    sum(({ answers }) => answers),
    sum(({ compared }) => compared),
    sum(({ missed }) => missed.length),
    sum(({ invented }) => invented.length),
  ],
])}

${differencesOf(servers, ['missed', 'invented'])}`;
}

function kernelsSection(measured) {
  if (measured === undefined) return 'Not played: `npm run kernels -- --write`.';
  const { date, machine, kernels, only, differences } = measured;
  const levels = ['belljar-standard', 'belljar-strict'];
  const cell = (row, name) => {
    const level = row.levels.find(({ sandbox }) => sandbox === name);
    if (level === undefined) return row.enforceable === false ? 'refused' : '-';
    return `${level.contained} contained, ${level.escaped} escaped, ${level.reachable} reachable, ${level.unproven} unproven, ${level.notApplicable} not applicable`;
  };
  const gaps = ({ enforcement }) =>
    (enforcement === undefined ? [] : [...enforcement.missing, ...enforcement.partial]).filter(
      (line) => !line.startsWith('limits.'),
    );
  return `Debian's kernels, each in a machine of its own (${date}; ${machine}). What a kernel must have said of it follows from its version; that it is said by probe,
list, doctor and each run, and what is refused for it, is part of what is judged. Of the kit ${only === null ? 'all cases' : `the cases of \`${only}\``} were played.

${table([
  ['kernel', 'Linux', 'Landlock ABI', 'selftest', 'Belljar, standard', 'Belljar, strict', 'not as it must be'],
  ...kernels.map((row) => [
    row.name,
    row.kernel ?? '?',
    row.landlockAbi ?? '?',
    row.enforceable === true ? `${row.selftest.asExpected} of ${row.selftest.tried}` : '-',
    ...levels.map((name) => cell(row, name)),
    row.failures.length,
  ]),
])}

${kernels.map((row) => `- ${row.name}: ${gaps(row).join('; ') || 'no gap in the walls'}${row.refusal ? `. A start is refused: ${row.refusal}` : ''}`).join('\n')}

${kernels.flatMap((row) => row.failures.map((failure) => `- not as it must be, ${row.name}: ${failure}`)).join('\n') || 'Everything was as it must be.'}

Cases that do not end the same on every kernel, with what was said there:

${differences.length === 0 ? 'None.' : table([['case', 'level', ...kernels.map(({ name }) => name)], ...differences.map((one) => [one.case, one.sandbox.replace('belljar-', ''), ...kernels.map(({ name }) => one.verdicts.filter(({ kernel }) => kernel === name).map(({ verdict, reason }) => `${verdict}: ${reason.slice(0, 120)}`)[0] ?? '-')])])}`;
}

/** All of them, as text. */
export function measuredSections() {
  return `## Real servers

${serversSection(read(measuredFiles.servers))}

## The kernel as second witness

${witnessSection(read(measuredFiles.witness))}

${witnessServersSection(read(measuredFiles.witnessServers))}

## Older and newer kernels

${kernelsSection(read(measuredFiles.kernels))}`;
}
