/**
 * `belljar events`: what runs did and were refused. With `--follow` the feed is opened before the past is asked for, so
 * that nothing falls between the two; what both tell is told once.
 */
import { BelljarError, exitCodes } from '#contract/errors.ts';
import type { Event } from '#contract/event.ts';
import { exportHead, exportLine } from '#contract/event-export.ts';
import type { Behind, EventGrouping, EventSearch } from '#contract/event-search.ts';
import { groupsMax, searchPageMax } from '#contract/event-search.ts';
import type { EventFilter, Output } from '#contract/methods.ts';
import { eventSentence, storageWords } from '#contract/sentences.ts';
import type { Verdict } from '#contract/words.ts';
import { serverIdPattern } from '#contract/words.ts';
import type { Session } from '#host/session.ts';
import type { Command, Context } from '../context.ts';
import { choiceOption, given, kindOption, numberOption, textOption, usageError } from '../context.ts';
import { eventLine, localTime } from '../format.ts';
import type { Cell } from '../terminal.ts';

const defaultLimit = 10_000;
const limitMost = 100_000;
/** Without a limit, following starts with what just happened, not with all there ever was. */
const followLimit = 20;

function filterOf(context: Context): EventFilter {
  return given({
    server: textOption(context, 'server'),
    run: textOption(context, 'run'),
    kind: kindOption(context),
    verdict: choiceOption<Verdict>(context, 'verdict'),
    since: textOption(context, 'since'),
    limit: numberOption(context, 'limit', limitMost),
  });
}

/** Options that only the history answers. */
const searchOptions = ['until', 'text', 'target', 'group', 'all', 'csv', 'hide-muted'];

type Criteria = EventGrouping & EventSearch;

function criteriaOf(context: Context, { server, run, kind, verdict, since }: EventFilter): Omit<Criteria, 'limit'> {
  return given({
    server,
    run,
    kinds: kind === undefined ? undefined : [kind],
    verdict,
    since,
    until: textOption(context, 'until'),
    text: textOption(context, 'text'),
    target: textOption(context, 'target'),
    hideMuted: context.values['hide-muted'] === true ? true : undefined,
  });
}

/** Pages of a search, one after the other; a history that is still being read is waited for. */
async function* pagesOf(
  { api }: Session,
  query: EventSearch,
  signal: AbortSignal,
): AsyncGenerator<Output<'events.search'>> {
  let after: string | undefined;
  for (;;) {
    const page = await api['events.search']({ ...query, ...given({ after }) }, signal);
    if (after === undefined && page.behind === 'reading') continue;
    yield page;
    if (page.next === null || signal.aborted) return;
    after = page.next;
  }
}

async function searchEvents(
  context: Context,
  session: Session,
  filter: EventFilter,
  tell: (event: Event) => void,
): Promise<{ told: number; behind: Behind | null }> {
  const criteria = criteriaOf(context, filter);
  let told = 0;
  let behind: Behind | null = null;
  if (context.values['all'] === true) {
    for await (const page of pagesOf(session, { ...criteria, order: 'oldest', limit: searchPageMax }, context.signal)) {
      page.events.forEach(tell);
      told += page.events.length;
      behind = page.behind;
    }
    return { told, behind };
  }
  const wanted = filter.limit ?? defaultLimit;
  const newest: Event[] = [];
  const query = { ...criteria, order: 'newest' as const, limit: Math.min(wanted, searchPageMax) };
  for await (const page of pagesOf(session, query, context.signal)) {
    newest.push(...page.events);
    behind = page.behind;
    if (newest.length >= wanted) break;
  }
  const shown = newest.slice(0, wanted).reverse();
  shown.forEach(tell);
  return { told: shown.length, behind };
}

async function showGroups(context: Context, session: Session, filter: EventFilter): Promise<number> {
  const { terminal } = context;
  const limit = filter.limit === undefined ? undefined : Math.min(filter.limit, groupsMax);
  const query = { ...criteriaOf(context, filter), ...given({ limit }) };
  let answer = await session.api['events.groups'](query, context.signal);
  while (answer.behind === 'reading') answer = await session.api['events.groups'](query, context.signal);
  if (context.json) answer.groups.forEach((group) => terminal.jsonLine(group));
  else if (answer.groups.length === 0) terminal.note('No such events.');
  else {
    const rows = answer.groups.map(({ event, count }): Cell[] => {
      const { phrase, known, target } = eventSentence(event);
      const object = target === null ? '' : known === null ? target : `${known} (${target})`;
      return [
        { text: count.toString(), right: true },
        localTime(event.at),
        event.server,
        event.verdict,
        `${phrase} ${object}`,
      ];
    });
    terminal.out(terminal.table(['COUNT', 'LAST', 'SERVER', 'VERDICT', 'WHAT'], rows));
  }
  if (answer.countedSince !== null) terminal.note(storageWords.countedSince(answer.countedSince));
  if (answer.behind !== null) terminal.note(storageWords.behind[answer.behind]);
  return exitCodes.done;
}

/** The id behind a handle. One that is known only from its events, or will come, is taken as it is. */
async function resolveServer(session: Session, handle: string): Promise<string> {
  try {
    return (await session.api['servers.show']({ server: handle })).server.id;
  } catch (error) {
    if (error instanceof BelljarError && error.code === 'not-found' && serverIdPattern.test(handle)) return handle;
    throw error;
  }
}

async function follow(context: Context, filter: EventFilter, tell: (event: Event) => void): Promise<number> {
  const session = await context.session({ serve: true });
  const { followFeed } = await import('#host/client.ts');
  const server = filter.server === undefined ? undefined : await resolveServer(session, filter.server);
  /** The last `seq` that was told, a run. */
  const told = new Map<string, number>();

  const fits = (event: Event): boolean =>
    (server === undefined || event.server === server) &&
    (filter.run === undefined || event.run === filter.run) &&
    (filter.kind === undefined || event.kind === filter.kind) &&
    (filter.verdict === undefined || event.verdict === filter.verdict);

  function tellOnce(event: Event): void {
    if (event.seq <= (told.get(event.run) ?? 0)) return;
    told.set(event.run, event.seq);
    if (fits(event)) tell(event);
  }

  let latest = '';
  async function catchUp(): Promise<void> {
    const past: EventFilter =
      latest === ''
        ? { ...filter, limit: filter.limit ?? followLimit }
        : {
            ...given({ server: filter.server, run: filter.run, kind: filter.kind, verdict: filter.verdict }),
            since: latest,
          };
    try {
      for (const event of (await session.api['events.list'](past)).events) tellOnce(event);
    } catch (error) {
      // A server that has no events yet is followed all the same.
      if (!(error instanceof BelljarError && error.code === 'not-found' && server !== undefined)) throw error;
    }
    latest = new Date(Date.now() - 1000).toISOString();
  }

  let caughtUp = false;
  for await (const message of followFeed({ connect: session.connect, signal: context.signal })) {
    if (message.type === 'event') tellOnce(message.event);
    else if (message.type === 'snapshot-needed' || (message.type === 'hello' && !caughtUp)) {
      caughtUp = true;
      await catchUp();
    }
    latest = latest === '' ? '' : new Date(Date.now() - 1000).toISOString();
  }
  return exitCodes.done;
}

export const events: Command = async (context) => {
  const { terminal } = context;
  const filter = filterOf(context);
  const tell = (event: Event): void => {
    if (context.values['csv'] === true) terminal.raw(exportLine('csv', event));
    else if (context.json) terminal.jsonLine(event);
    else terminal.out(eventLine(event, terminal));
  };
  const search = searchOptions.filter((name) => context.values[name] !== undefined);
  if (context.values['follow'] === true) {
    if (search.length > 0) throw usageError(`--follow does not go with --${search.join(', --')}.`);
    return await follow(context, filter, tell);
  }
  if (context.values['csv'] === true && (context.json || context.values['group'] === true)) {
    throw usageError('--csv goes with neither --json nor --group.');
  }
  if (context.values['all'] === true && filter.limit !== undefined)
    throw usageError('--all and --limit exclude each other.');
  const session = await context.session({ serve: false });
  if (context.values['group'] === true) return await showGroups(context, session, filter);
  if (context.values['csv'] === true) terminal.raw(exportHead('csv'));
  const { told, behind } = await searchEvents(context, session, filter, tell);
  if (behind !== null) terminal.note(storageWords.behind[behind]);
  if (told === 0 && !context.json) {
    const any = Object.keys(filter).length > 0 || search.length > 0;
    terminal.note(any ? 'No such events.' : 'No contained server has done anything yet.');
  }
  return exitCodes.done;
};
