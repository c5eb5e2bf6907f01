/** How things of the contract look in a terminal, in one place for all verbs. */
import type { Event } from '#contract/event.ts';
import type { RiskGrade } from '#contract/risk.ts';
import {
  driftSentences,
  driftWords,
  eventSentence,
  limitHolderSentence,
  limitTitles,
  limitValue,
  networkShort,
  pinProblemSentences,
  secretWords,
  sightWords,
  sourceTitles,
  stateSentences,
  stateTitles,
  withheldTitle,
} from '#contract/sentences.ts';
import type { Machine, Resource, Run, Server } from '#contract/server.ts';
import type { ServerState } from '#contract/words.ts';
import type { Cell, Colour, Terminal } from './terminal.ts';
import { plain, plainLines } from './terminal.ts';

const stateColours: Record<ServerState, Colour | null> = {
  off: 'dim',
  watched: 'blue',
  contained: 'green',
  'restart-needed': 'yellow',
  failing: 'red',
  drifted: 'red',
  moved: 'yellow',
  copied: 'yellow',
  cannot: 'dim',
  locked: 'blue',
};

export function stateCell(state: ServerState): Cell {
  const colour = stateColours[state];
  return { text: stateTitles[state], ...(colour === null ? {} : { colour }) };
}

const riskColours: Record<RiskGrade, Colour> = { low: 'dim', raised: 'yellow', high: 'red', severe: 'red' };

export function riskCell(risk: Server['risk']): { text: string; colour?: Colour } {
  return risk === null ? { text: '' } : { text: risk.grade, colour: riskColours[risk.grade] };
}

/** A command line for reading; not for pasting. */
export function commandLine(server: Server): string {
  return server.command === null ? '' : wordsOf([server.command, ...server.args]);
}

function wordsOf(parts: readonly string[]): string {
  return parts.map((part) => (/^[\w@%+=:,./~-]+$/.test(part) ? part : JSON.stringify(part))).join(' ');
}

export const resourceHead = ['LIMIT', 'HOW MUCH', 'FROM', 'HERE'];

export function resourceRow({ name, value, source, by }: Resource): Cell[] {
  return [
    limitTitles[name],
    limitValue(name, value),
    sourceTitles[source],
    by === null ? '' : limitHolderSentence(name, by),
  ];
}

export function serverTable(servers: readonly Server[], terminal: Terminal): string {
  return terminal.table(
    ['SERVER', 'LEVEL', 'STATE', 'RISK', 'NETWORK', 'RUNS', 'DENIED', 'COMMAND'],
    servers.map((server) => [
      server.handle,
      server.level,
      stateCell(server.state),
      riskCell(server.risk),
      server.network === null ? '' : networkShort(server.level, server.network),
      { text: String(server.liveRuns), right: true },
      {
        text: String(server.denialsLastHour),
        right: true,
        ...(server.denialsLastHour > 0 ? { colour: 'red' as const } : {}),
      },
      commandLine(server),
    ]),
  );
}

/** What a person should know of a server beyond its line. */
export function serverNotes(server: Server): string[] {
  const notes: string[] = [];
  const name = plain(server.handle);
  if (server.why !== undefined) notes.push(`${name}: ${plain(server.why.sentence)} ${plain(server.why.remedy)}`);
  else if (server.drift !== undefined) notes.push(...driftNotes(name, server.drift));
  else {
    const sentence = stateSentences[server.state];
    if (sentence !== null && server.state !== 'watched') notes.push(`${name}: ${sentence}`);
  }
  if (server.filesUnseen === true) notes.push(`${name}: ${sightWords.unseen}`);
  const problem = server.pin?.problem ?? null;
  if (problem !== null) notes.push(`${name}: ${pinProblemSentences[problem]}`);
  for (const old of server.oldProcesses ?? []) {
    notes.push(
      `${name}: process ${old.pid}, since ${localTime(old.since)}, runs outside Belljar. ${server.uptakeSentence}`,
    );
  }
  return notes;
}

/** How to move what a contained server's file holds; nothing where there is nothing to move. */
export function secretsNote(server: Server): string[] {
  const found = server.secrets.filter(({ state, obstacle }) => state === 'in-file' && obstacle === null);
  if (found.length === 0 || server.level === 'off') return [];
  const handle = plain(server.handle);
  return [`${handle}: ${secretWords.found(found.length)} ${secretWords.how(handle)}`];
}

function driftNotes(name: string, { how, before, now }: NonNullable<Server['drift']>): string[] {
  const lines = how === 'changed' || how === 'returned' || how === 'broken' || how === 'removed';
  return [
    `${name}: ${driftSentences[how]}`,
    ...(lines && before !== null ? [`${name}: ${driftWords.before}: ${plain(wordsOf(before))}`] : []),
    ...(lines ? [`${name}: ${driftWords.now}: ${now === null ? driftWords.gone : plain(wordsOf(now))}`] : []),
    ...(how === 'removed' ? [`${name}: belljar release ${name}`] : [`${name}: belljar contain ${name}`]),
  ];
}

/** What a contained server's own entry names and does not get by that. */
export function withheldNote(server: Server): string[] {
  if (server.withheld.length === 0 || server.level === 'off' || server.level === 'watch') return [];
  const paths = server.withheld.map(plain).join(', ');
  return [`${plain(server.handle)}: ${withheldTitle.toLowerCase()} ${paths} (belljar grant, if that is on purpose)`];
}

/** Entries elsewhere that start the same and do not run contained, though this one does. */
export function sameElsewhere(server: Server, all: ReadonlyMap<string, Server>): string[] {
  const others = server.sameAs.flatMap((id) => all.get(id) ?? []).filter(({ state }) => state === 'off');
  if (others.length === 0) return [];
  const handles = others.map(({ handle }) => plain(handle));
  const places = others.map((other) => `${plain(other.clientTitle)} (${plain(other.handle)})`).join(', ');
  return [`The same server also stands in ${places}: belljar contain ${handles.join(' ')}`];
}

export function machineNotes(machine: Machine): string[] {
  const notes = [machine.enforcementSentence];
  for (const unseen of machine.unseen ?? []) notes.push(`${plain(unseen.sentence)} ${plain(unseen.remedy)}`);
  if (machine.probeError !== null) notes.push(`The launcher does not run: ${plain(machine.probeError)}`);
  for (const problem of machine.problems) {
    const place = problem.at === undefined ? '' : `:${problem.at.line}:${problem.at.column}`;
    const remedy = problem.remedy === undefined ? '' : ` ${plain(problem.remedy)}`;
    notes.push(`warning: ${plain(problem.file)}${place}: ${plain(problem.message)}${remedy}`);
  }
  return notes;
}

/** Local time; the day too when it is not today. */
export function localTime(instant: string, now: Date = new Date()): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return plain(instant);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return date.toDateString() === now.toDateString() ? time : `${day} ${time}`;
}

const verdictColours: Record<Event['verdict'], Colour> = { allowed: 'dim', refused: 'red', asked: 'yellow' };

/** One line: when, verdict, who, what. `name`: the handle of a server id, where it is known. */
export function eventLine(event: Event, terminal: Terminal, name: (id: string) => string = (id) => id): string {
  const { phrase, known, target, reason } = eventSentence(event);
  const object = target === null ? '' : known === null ? ` ${plain(target)}` : ` ${known} (${plain(target)})`;
  const times = event.count > 1 && event.kind !== 'spool.dropped' ? ` ×${event.count}` : '';
  const verdict = terminal.paint(verdictColours[event.verdict], event.verdict.padEnd(7));
  const time = terminal.paint('dim', `${localTime(event.at)}.${event.at.slice(20, 23).padEnd(3, '0')}`);
  return `${time}  ${verdict}  ${plain(name(event.server))} ${phrase}${object}${times}${reason === null ? '' : `  (${reason})`}`;
}

export function runRow(run: Run): Cell[] {
  const end = run.end === null ? 'unknown' : run.end.cause;
  const code = run.end?.signal ?? run.end?.code;
  return [
    run.run,
    run.server,
    localTime(run.startedAt),
    run.live ? { text: 'live', colour: 'green' } : `${end}${code === undefined ? '' : ` ${String(code)}`}`,
    { text: String(run.denials), right: true, ...(run.denials > 0 ? { colour: 'red' as const } : {}) },
    run.start?.level ?? '',
    run.start?.program ?? '',
  ];
}

export const runHead = ['RUN', 'SERVER', 'STARTED', 'STATE', 'DENIED', 'LEVEL', 'PROGRAM'];

export function unifiedLines(unified: string, terminal: Terminal): string {
  return unified
    .trimEnd()
    .split('\n')
    .map((line) => {
      // A tab, by which many files are indented, moves nothing that was printed.
      const text = plainLines(line);
      if (line.startsWith('+++') || line.startsWith('---')) return terminal.paint('bold', text);
      if (line.startsWith('+')) return terminal.paint('green', text);
      if (line.startsWith('-')) return terminal.paint('red', text);
      return line.startsWith('@@') ? terminal.paint('blue', text) : text;
    })
    .join('\n');
}
